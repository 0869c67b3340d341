//! Programs that are updated beside Windows: which they are, their versions, and what a policy says of
//! them to devices.

use std::fmt;
use std::str::FromStr;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::ids::IntuneDeviceId;
use crate::update::UpdateKind;

/// How old a row of Intune's inventory of applications may be: programs are collected from a device once a
/// day (the management extension; other sorts of applications once a week).
pub const INVENTORY_AGE: TimeDelta = TimeDelta::hours(24);

/// How soon the inventory can show, at the latest and over a weekend, that a device took what it was
/// offered: 8 hours to the next check-in, 10 until the updater looks, a day until the device sends its
/// inventory, 4 hours until that is read, and two days on which it is switched off.
pub const SHOWN_WITHIN: TimeDelta = TimeDelta::hours(8 + 10 + 24 + 4 + 48);

/// A program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum App {
    Edge,
    #[serde(rename = "microsoft_365_apps")]
    Microsoft365Apps,
}

impl App {
    pub const ALL: [Self; 2] = [Self::Edge, Self::Microsoft365Apps];

    /// What updates of this kind are versions of; none: of Windows, or of drivers.
    #[must_use]
    pub const fn of(kind: UpdateKind) -> Option<Self> {
        match kind {
            UpdateKind::Edge => Some(Self::Edge),
            UpdateKind::Microsoft365Apps => Some(Self::Microsoft365Apps),
            UpdateKind::Quality | UpdateKind::Feature | UpdateKind::Driver => None,
        }
    }

    #[must_use]
    pub const fn kind(self) -> UpdateKind {
        match self {
            Self::Edge => UpdateKind::Edge,
            Self::Microsoft365Apps => UpdateKind::Microsoft365Apps,
        }
    }
}

/// The four numbers of a version: `131.0.2903.86`. Compared as numbers, first to last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppVersion(pub [u32; 4]);

/// A text that is no whole version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no version of four numbers, such as 131.0.2903.86")]
pub struct AppVersionError(pub String);

impl FromStr for AppVersion {
    type Err = AppVersionError;

    fn from_str(text: &str) -> Result<Self, AppVersionError> {
        let odd = || AppVersionError(text.to_owned());
        let numbers: Result<Vec<u32>, _> = text.trim().split('.').map(str::parse).collect();
        numbers.ok().and_then(|numbers| numbers.try_into().ok()).map(Self).ok_or_else(odd)
    }
}

impl fmt::Display for AppVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, build, patch] = self.0;
        write!(f, "{major}.{minor}.{build}.{patch}")
    }
}

/// A device has a program, by Intune's inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppSeen {
    pub intune: IntuneDeviceId,
    pub version: AppVersion,
}

/// What becomes of the program on the devices that a policy reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// Those below the version are brought to it; those above stay.
    Forward,
    /// None is updated.
    Still,
    /// All are brought to the version, those above too.
    Back,
}

/// A policy that names a version of Microsoft Edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgePin {
    /// None: what stands there is not as we would write it.
    pub version: Option<AppVersion>,
    pub course: Course,
}

/// A policy that names a version of Microsoft 365 Apps. Their updater goes to the version that is named,
/// also when it is an earlier one: there is no difference between forward and back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficePin {
    /// None: what stands there is not as we would write it.
    pub version: Option<AppVersion>,
    /// None of the devices is updated.
    pub still: bool,
    /// Days until the update is forced.
    pub deadline_days: Option<u8>,
}

#[cfg(test)]
mod tests {
    use super::AppVersion;

    #[test]
    fn versions_are_compared_as_numbers() {
        let version = |text: &str| text.parse::<AppVersion>().expect("a version");
        assert!(version("131.0.2903.86") > version("131.0.2903.9"));
        assert!(version("16.0.18129.20158") < version("16.0.18227.20004"));
        assert_eq!(version("131.0.2903.86").to_string(), "131.0.2903.86");
        for odd in ["", "131", "131.0.2903", "131.0.2903.86.1", "131.0.x.86", "131.0.-1.86"] {
            assert!(odd.parse::<AppVersion>().is_err(), "{odd}");
        }
    }
}
