//! What each device looks like from outside, with what is wrong with it. Intune and the directory
//! show the same look, each in its own words.

use crate::choice::Purpose;
use crate::clock::{DAY, Seconds};
use crate::defect::Defect;
use crate::fleet::{Fleet, models};

/// The earliest enrolment; nothing about it depends on the start.
const FIRST_ENROLMENT: Seconds = 1_672_531_200;

/// An edition of Windows by the number the operating system gives it (`GetProductInfo`), and by
/// the name Intune shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edition {
    pub(crate) family: &'static str,
    pub(crate) number: u8,
}

/// Workloads of a co-managed device that Intune has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Workloads {
    pub(crate) updates: bool,
    pub(crate) configuration: bool,
    pub(crate) office: bool,
}

impl Fleet {
    fn has(&self, index: u32, defect: Defect) -> bool {
        self.defect(index) == Some(defect)
    }

    pub(crate) fn defect(&self, index: u32) -> Option<Defect> {
        self.defects.of_device(index)
    }

    pub(crate) fn in_intune(&self, index: u32) -> bool {
        !self.is_gone(index) && !self.has(index, Defect::NotInIntune)
    }

    pub(crate) fn in_entra(&self, index: u32) -> bool {
        !self.is_gone(index) && !self.has(index, Defect::NotInEntra)
    }

    pub(crate) fn is_silent(&self, index: u32) -> bool {
        self.has(index, Defect::Silent28Days)
    }

    pub(crate) fn last_sync(&self, index: u32) -> Seconds {
        if self.is_silent(index) {
            self.start - 40 * DAY
        } else {
            self.device(index).last_sync.seconds()
        }
    }

    pub(crate) fn enrolled(&self, index: u32) -> Seconds {
        let days = self.choices.below(index, Purpose::Enrolled, 0, 1000);
        FIRST_ENROLMENT + Seconds::from(days) * DAY
    }

    /// What the device last reported to Intune.
    pub(crate) fn os_version(&self, index: u32) -> String {
        match self.defect(index) {
            Some(Defect::BuildTooOld) => "10.0.17134.1".to_owned(),
            Some(Defect::ServerEdition) => "10.0.20348.2849".to_owned(),
            Some(Defect::NotWindows) => "15.1 (24B83)".to_owned(),
            _ => self.shown_release(index).os_version(self.device(index).reported),
        }
    }

    pub(crate) fn operating_system(&self, index: u32) -> &'static str {
        if self.has(index, Defect::NotWindows) { "macOS" } else { "Windows" }
    }

    /// Maker and model as the firmware tells them; nothing where it tells nothing.
    pub(crate) fn make(&self, index: u32) -> (&'static str, &'static str) {
        let model = models::of(self.choices, index);
        match self.defect(index) {
            Some(Defect::ManufacturerMissing) => ("", model.name),
            Some(Defect::ModelMissing) => (model.manufacturer, ""),
            Some(Defect::NotWindows) => ("Apple", "MacBook Air"),
            Some(Defect::MultiSession) => ("Microsoft Corporation", "Virtual Machine"),
            Some(Defect::CloudPc) => {
                ("Microsoft Corporation", "Cloud PC Enterprise 2vCPU/8GB/128GB")
            }
            _ => (model.manufacturer, model.name),
        }
    }

    pub(crate) fn serial(&self, index: u32) -> String {
        let like = match self.defect(index) {
            Some(Defect::SerialMissing) => return String::new(),
            Some(Defect::SerialDuplicate) => Defect::SerialDuplicate.strikes().start,
            _ => index,
        };
        format!("{:012X}", self.choices.hash(like, Purpose::Serial, 0) >> 16)
    }

    /// `None` for what is no Windows.
    pub(crate) fn edition(&self, index: u32) -> Option<Edition> {
        let (family, number) = match self.defect(index) {
            Some(Defect::NotWindows) => return None,
            Some(Defect::EditionHome) => ("Core", 101),
            Some(Defect::Ltsc) => ("EnterpriseS", 125),
            Some(Defect::ServerEdition) => ("ServerStandard", 7),
            Some(Defect::MultiSession) => ("ServerRdsh", 175),
            _ => ("Enterprise", 4),
        };
        Some(Edition { family, number })
    }

    pub(crate) fn architecture(&self, index: u32) -> &'static str {
        match self.defect(index) {
            Some(Defect::ArchX86) => "x86",
            Some(Defect::ArchArm) => "arm",
            Some(Defect::NotWindows) => "arM64",
            _ => "x64",
        }
    }

    pub(crate) fn device_type(&self, index: u32) -> &'static str {
        match self.defect(index) {
            Some(Defect::NotWindows) => "macMDM",
            Some(Defect::CloudPc) => "cloudPC",
            _ => "windowsRT",
        }
    }

    pub(crate) fn chassis(&self, index: u32) -> &'static str {
        match self.defect(index) {
            Some(Defect::CloudPc | Defect::MultiSession) => "unknown",
            _ if self.choices.chance(index, Purpose::Chassis, 0, 70_000) => "laptop",
            _ => "desktop",
        }
    }

    pub(crate) fn came_by_autopilot(&self, index: u32) -> bool {
        self.choices.chance(index, Purpose::Autopilot, 0, 60_000)
    }

    pub(crate) fn is_personal(&self, index: u32) -> bool {
        self.has(index, Defect::Personal)
    }

    pub(crate) fn is_enabled(&self, index: u32) -> bool {
        !self.has(index, Defect::AccountDisabled)
    }

    /// Known to the directory only because somebody works with it.
    pub(crate) fn is_workplace_joined(&self, index: u32) -> bool {
        self.has(index, Defect::WorkplaceJoined)
    }

    /// `None` where Configuration Manager has nothing to do with the device.
    pub(crate) fn workloads(&self, index: u32) -> Option<Workloads> {
        let defect = self.defect(index)?;
        matches!(
            defect,
            Defect::ComanagedUpdates | Defect::ComanagedConfiguration | Defect::ComanagedOffice
        )
        .then_some(Workloads {
            updates: defect != Defect::ComanagedUpdates,
            configuration: defect != Defect::ComanagedConfiguration,
            office: defect != Defect::ComanagedOffice,
        })
    }

    pub(crate) fn agent(&self, index: u32) -> &'static str {
        if self.workloads(index).is_some() {
            "configurationManagerClientMdm"
        } else if self.has(index, Defect::ConfigmgrOnly) {
            "configurationManagerClient"
        } else {
            "mdm"
        }
    }
}
