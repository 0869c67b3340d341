//! Windows versions: what a device makes of an upgrade, and how it goes back.

use crate::choice::Purpose;
use crate::clock::{DAY, MINUTE, Packed, Seconds};
use crate::fleet::life::Surroundings;
use crate::fleet::{Fleet, Phase};
use crate::ledger::Event;
use crate::tenant::Tenant;
use crate::tenant::catalog::{FEATURE, Release};

/// How long Windows keeps the version before where nobody says otherwise, in days.
pub(crate) const USUAL_WINDOW: u8 = 10;

/// The version of Windows a device has got beside its first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Upgrade {
    pub(crate) installed: bool,
    /// As the device reported last.
    pub(crate) reported: bool,
    /// How long it can go back after an upgrade made now, in days.
    pub(crate) window: u8,
    /// Until when it can go back.
    until: Packed,
}

impl Upgrade {
    pub(crate) const NONE: Self =
        Self { installed: false, reported: false, window: USUAL_WINDOW, until: Packed::LONG_AGO };
}

impl Fleet {
    /// Whether Microsoft holds the device back from the Windows version.
    pub(crate) fn is_safeguarded(&self, tenant: &Tenant, index: u32) -> bool {
        tenant.safeguard.as_ref().is_some_and(|hold| hold.model == self.model(index).name)
    }

    /// What the device last reported to run.
    pub(crate) fn shown_release(&self, index: u32) -> Release {
        if self.device(index).upgrade.reported { Release::Windows25H2 } else { self.release(index) }
    }

    /// The device starts into the new version. The window counts as the device knows it now.
    pub(super) fn upgraded(&mut self, index: u32, now: Seconds) {
        let upgrade = &mut self.device_mut(index).upgrade;
        upgrade.installed = true;
        upgrade.until = Packed::from(now + Seconds::from(upgrade.window) * DAY);
    }

    /// An assigned configuration says to go back: the device does, if it still can.
    pub(super) fn go_back(&mut self, around: &mut Surroundings<'_>, index: u32, now: Seconds) {
        let device = self.device(index);
        let can = match device.phase {
            Phase::Idle | Phase::Installed | Phase::Failed | Phase::Held | Phase::Uninstalled => {
                device.upgrade.installed && now <= device.upgrade.until.seconds()
            }
            Phase::RebootPending => device.target == FEATURE,
            Phase::Offered
            | Phase::Downloading
            | Phase::Installing
            | Phase::Uninstalling
            | Phase::UninstallRebootPending => false,
        };
        if !can {
            return;
        }
        self.device_mut(index).target = FEATURE;
        self.enter(index, Phase::Uninstalling, now);
        self.note(around, index, Event::UninstallStarted, now);
        self.step_after(index, Purpose::Uninstall, (10 * MINUTE, 60 * MINUTE), now);
    }
}
