//! What can be wrong with a tenant or with single devices before anybody rolls out updates. Names
//! and places only: what a defect looks like is told where the healthy thing is shown, and nothing
//! here knows of Graph.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! defects {
    ($($(#[$meta:meta])* $variant:ident = $name:literal,)*) => {
        /// One thing that is wrong. Those from [`Defect::NotInIntune`] on strike devices, those
        /// before it the tenant.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[repr(u8)]
        pub enum Defect {
            $($(#[$meta])* #[serde(rename = $name)] $variant,)*
        }

        impl Defect {
            /// All defects; the order says which device each of them strikes.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in configurations and on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

defects! {
    /// No subscription has the plan of Windows Enterprise.
    NoWindowsLicence = "no-windows-licence",
    NoIntuneLicence = "no-intune-licence",
    NoEntraP1 = "no-entra-p1",
    /// The plans are there, in a subscription that was not paid.
    LicenceSuspended = "licence-suspended",
    MdmAuthorityUnset = "mdm-authority-unset",
    /// Configuration Manager is the authority.
    MdmAuthorityOther = "mdm-authority-other",
    /// Intune has locked the organisation out.
    IntuneInactive = "intune-inactive",
    /// Synchronisation with an on-premises directory has stood still for five days.
    DirectorySyncStale = "directory-sync-stale",
    UnlicensedAdminsOff = "unlicensed-admins-off",
    /// The organisation has an update ring of its own that reaches all devices.
    UpdateRingForAllDevices = "update-ring-for-all-devices",
    UpdateRingForAllUsers = "update-ring-for-all-users",
    /// A policy blocks all service principals of the tenant.
    ConditionalAccessBlocksService = "conditional-access-blocks-service",
    /// A policy that concerns people only.
    ConditionalAccessMfaForAll = "conditional-access-mfa-for-all",
    SecurityDefaultsOn = "security-defaults-on",
    UserMsadmin = "user-msadmin",
    UserMsadminint = "user-msadminint",
    UserMstest = "user-mstest",
    /// A group of the organisation has a name the service would give.
    GroupNameTaken = "group-name-taken",
    PolicyNameTaken = "policy-name-taken",
    /// The service principal of the client is disabled.
    PrincipalDisabled = "principal-disabled",
    /// `WindowsUpdates.ReadWrite.All` is not granted.
    ConsentMissing = "consent-missing",
    /// `Policy.Read.All` is not granted.
    PolicyReadDenied = "policy-read-denied",
    NotInIntune = "not-in-intune",
    NotInEntra = "not-in-entra",
    AccountDisabled = "account-disabled",
    /// Last heard of forty days before the start.
    Silent28Days = "silent-28-days",
    Personal = "personal",
    NotWindows = "not-windows",
    WorkplaceJoined = "workplace-joined",
    EditionHome = "edition-home",
    Ltsc = "ltsc",
    ServerEdition = "server-edition",
    /// Windows 10, version 1803.
    BuildTooOld = "build-too-old",
    ArchX86 = "arch-x86",
    ArchArm = "arch-arm",
    /// Co-managed, and Configuration Manager keeps the workload of Windows Update.
    ComanagedUpdates = "comanaged-updates",
    ComanagedConfiguration = "comanaged-configuration",
    ComanagedOffice = "comanaged-office",
    ConfigmgrOnly = "configmgr-only",
    SerialMissing = "serial-missing",
    /// Two devices with one serial number.
    SerialDuplicate = "serial-duplicate",
    ModelMissing = "model-missing",
    ManufacturerMissing = "manufacturer-missing",
    /// Azure Virtual Desktop with several people on one machine.
    MultiSession = "multi-session",
    /// No defect but a mark: a Windows 365 machine.
    CloudPc = "cloud-pc",
}

// A set of defects is one word.
const _: () = assert!(Defect::ALL.len() <= 64);

/// A defect name that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownDefect(pub String);

impl fmt::Display for UnknownDefect {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "unknown defect {:?}", self.0)
    }
}

impl std::error::Error for UnknownDefect {}

impl FromStr for Defect {
    type Err = UnknownDefect;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.iter().find(|defect| defect.name() == text);
        named.copied().ok_or_else(|| UnknownDefect(text.to_owned()))
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl Defect {
    /// The indices of the devices it strikes; none for defects of the tenant. No device is struck
    /// by two.
    pub(crate) fn strikes(self) -> Range<u32> {
        let Some(place) = (self as u32).checked_sub(Self::NotInIntune as u32) else { return 0..0 };
        let first = place + u32::from(self > Self::SerialDuplicate);
        first..first + 1 + u32::from(self == Self::SerialDuplicate)
    }
}

/// A set of defects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Defects(u64);

impl Defects {
    pub(crate) fn has(self, defect: Defect) -> bool {
        self.0 & (1 << defect as u8) != 0
    }

    /// What strikes the device.
    pub(crate) fn of_device(self, index: u32) -> Option<Defect> {
        if self.0 == 0 || index > u64::BITS {
            return None;
        }
        let mut all = Defect::ALL.iter().copied();
        all.find(|defect| self.has(*defect) && defect.strikes().contains(&index))
    }

    /// What is in one of the two sets but not in the other.
    pub(crate) fn changed(self, other: Self) -> impl Iterator<Item = Defect> {
        let changed = Self(self.0 ^ other.0);
        Defect::ALL.iter().copied().filter(move |defect| changed.has(*defect))
    }
}

impl FromIterator<Defect> for Defects {
    fn from_iter<All: IntoIterator<Item = Defect>>(all: All) -> Self {
        Self(all.into_iter().fold(0, |set, defect| set | 1 << defect as u8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_in_both_spellings() {
        for defect in Defect::ALL {
            assert_eq!(defect.name().parse(), Ok(*defect));
            let json = serde_json::to_value(defect).unwrap();
            assert_eq!(json, defect.name());
        }
        assert!("none".parse::<Defect>().is_err());
    }

    #[test]
    fn every_device_is_struck_once() {
        let everything: Defects = Defect::ALL.iter().copied().collect();
        let struck: Vec<u32> = Defect::ALL.iter().flat_map(|defect| defect.strikes()).collect();
        assert_eq!(struck, (0..24).collect::<Vec<_>>());
        for defect in Defect::ALL {
            for index in defect.strikes() {
                assert_eq!(everything.of_device(index), Some(*defect));
            }
        }
        assert_eq!(everything.of_device(24), None);
        assert_eq!(Defects::default().of_device(0), None);
    }
}
