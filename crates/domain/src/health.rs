//! How a fleet stands: statuses, and objectives that are met or not.
//!
//! Everything comes from counters of devices by ring, standing and build, from the catalogue and from the
//! clock: no answer costs more for a larger fleet, and a new update or the passing of time changes
//! statuses without a single counter being touched. The status of one device comes from the same
//! [`status`], so that a list and the counts above it cannot differ.
//!
//! Statuses and objectives: facts/autopatch.md 5.4, 6.1 and 6.2.

mod assess;
mod lifecycle;
mod yardstick;

use serde::{Deserialize, Serialize};

pub use assess::{
    AppCount, Bucket, Counts, Facts, Health, Measure, RingFacts, RingHealth, SetFacts, SetHealth,
    assess,
};
pub use lifecycle::{Version, in_service, version_of};
pub use yardstick::{Published, REPORTING, Yardstick, yardstick};

use crate::build::Build;
use crate::registration::Standing;

/// Where a device stands with the newest quality update of its Windows version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// On the newest quality update, or a later build.
    UpToDate,
    /// Behind it, and its time (deferral, deadline and five days to report) has not run out.
    InProgress,
    /// Behind it, and its ring stands still. While a ring stands still, no time runs out.
    Paused,
    /// Behind what it should have by now.
    NotUpToDate,
    /// Registered, and not served for now.
    NotReady,
    /// Not registered, or not looked at yet.
    NotRegistered,
}

impl Status {
    pub const ALL: [Self; 6] = [
        Self::UpToDate,
        Self::InProgress,
        Self::Paused,
        Self::NotUpToDate,
        Self::NotReady,
        Self::NotRegistered,
    ];

    /// The word used in JSON, filters and pages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::UpToDate => "up_to_date",
            Self::InProgress => "in_progress",
            Self::Paused => "paused",
            Self::NotUpToDate => "not_up_to_date",
            Self::NotReady => "not_ready",
            Self::NotRegistered => "not_registered",
        }
    }

    /// The status of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

/// The status of a device. `yardstick`: of its Windows version and its ring.
#[must_use]
pub fn status(
    standing: Option<Standing>,
    build: Option<Build>,
    yardstick: Yardstick,
    is_paused: bool,
) -> Status {
    match standing {
        None => return Status::NotRegistered,
        Some(Standing::PrerequisiteFailed | Standing::GroupConflict | Standing::Excluded) => {
            return Status::NotRegistered;
        }
        Some(Standing::NotReady) => return Status::NotReady,
        Some(Standing::Ready) => {}
    }
    let Some(build) = build else { return Status::NotUpToDate };
    if yardstick.is_latest(build) {
        Status::UpToDate
    } else if !yardstick.is_in_time(build) {
        Status::NotUpToDate
    } else if is_paused {
        Status::Paused
    } else {
        Status::InProgress
    }
}
