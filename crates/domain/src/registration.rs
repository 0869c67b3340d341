//! Whether a device may be served: prerequisite checks in order, with every failing reason kept.
//!
//! Pure: a function of what was read of one device, of what other devices have in common with it, and
//! of the time. Rules: facts/autopatch.md 3.2 (Windows Autopatch, "Register your devices").

pub mod edition;
pub mod facts;
pub mod reason;
pub mod rules;
mod sort;

use serde::{Deserialize, Serialize};

pub use edition::Edition;
pub use facts::{DeviceFacts, Traits};
pub use reason::{Reason, Reasons, Turn};
pub use rules::register;

/// Where a device stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Registered, and served.
    Ready,
    /// Registered, but not served for now: it was, and its reasons may pass (inactive, held).
    NotReady,
    /// A prerequisite fails.
    PrerequisiteFailed,
    /// Groups of two ring sets claim it.
    GroupConflict,
    /// An administrator excluded it.
    Excluded,
}

impl Standing {
    /// From served to unwanted.
    pub const ALL: [Self; 5] = [
        Self::Ready,
        Self::NotReady,
        Self::PrerequisiteFailed,
        Self::GroupConflict,
        Self::Excluded,
    ];

    /// The standing of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.word() == word)
    }

    /// The word for it in filters, JSON and pages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::NotReady => "not_ready",
            Self::PrerequisiteFailed => "prerequisite_failed",
            Self::GroupConflict => "group_conflict",
            Self::Excluded => "excluded",
        }
    }
}

/// What sort of machine a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    Physical,
    /// Windows 365.
    CloudPc,
    /// A machine of Azure Virtual Desktop, as far as its edition gives it away.
    VirtualDesktop,
    /// Any other virtual machine.
    Virtual,
}

impl Sort {
    pub const ALL: [Self; 4] = [Self::Physical, Self::CloudPc, Self::VirtualDesktop, Self::Virtual];

    /// The word for it in filters, JSON and pages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Physical => "physical",
            Self::CloudPc => "cloud_pc",
            Self::VirtualDesktop => "virtual_desktop",
            Self::Virtual => "virtual",
        }
    }
}

/// The answer for one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registration {
    pub standing: Standing,
    /// Everything that fails, not only the first thing. Empty when ready.
    pub reasons: Reasons,
    pub sort: Sort,
    /// Long-term servicing: quality updates only.
    pub quality_only: bool,
}
