//! Why a device is not up to date: exactly one primary reason for each, with whose turn it is, since when,
//! and what to do.
//!
//! Whether a device is up to date, [`health`](crate::health) says from its standing, its build and its
//! ring. This says why not, from everything that is stored of it. Total: no device is without an answer,
//! and none has two.

mod failure_class;
mod find;
mod reason;

use chrono::{DateTime, TimeDelta, Utc};

pub use failure_class::FailureClass;
pub use find::find;
pub use reason::{Owner, PrimaryReason, Row};

use crate::attempt::AttemptState;
use crate::ids::RolloutId;
use crate::registration::{Reasons, Standing};

/// A device that was not heard of for longer is silent: Autopatch asks for a contact within five days
/// (facts/autopatch.md 5.4, "Intune Sync Older Than 5 Days").
pub const SILENT_AFTER: TimeDelta = TimeDelta::days(5);

/// What is stored of one device that is not up to date, for one kind of update in one ring set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stands<'a> {
    /// None: registration has not looked at it yet.
    pub standing: Option<(Standing, Reasons)>,
    /// Since when it stands so.
    pub standing_at: Option<DateTime<Utc>>,
    pub last_sync: Option<DateTime<Utc>>,
    /// It is in a ring of the set.
    pub has_ring: bool,
    /// The newest update of the catalogue that its Windows version should have.
    pub wanted: Wanted<'a>,
    /// What became of it in the rollout of that; none: it is in no such rollout.
    pub attempt: Option<Attempt<'a>>,
}

/// What is wanted of a device, and what brings it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// The catalogue has nothing for its Windows version.
    Nothing,
    /// There is an update, and no rollout of it over this ring set.
    Unreleased { released_at: DateTime<Utc> },
    /// There is a rollout.
    Rollout(Stage<'a>),
}

/// The rollout, as the ring of the device sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage<'a> {
    pub rollout: RolloutId,
    pub created_at: DateTime<Utc>,
    pub course: Course,
    /// The oldest standing pause that covers the ring.
    pub pause: Option<Pause<'a>>,
    /// What the last decision waits for, if that keeps offers from the ring.
    pub wait: Option<Wait<'a>>,
    /// Since when the ring may be offered the update; none: it has not opened.
    pub opened_at: Option<DateTime<Utc>>,
}

/// Where the rollout stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    Running,
    PausedByPerson { since: DateTime<Utc> },
    PausedByService { since: DateTime<Utc> },
    TakenBack { since: DateTime<Utc> },
    Cancelled { since: DateTime<Utc> },
    Superseded { since: DateTime<Utc> },
}

/// A standing pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause<'a> {
    pub scope: PauseScope,
    pub at: DateTime<Utc>,
    pub by: &'a str,
    pub reason: Option<&'a str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PauseScope {
    Tenant,
    Release,
    Ring,
}

/// Why the ring is offered nothing although nobody paused it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait<'a> {
    Deferral,
    Window,
    Freeze { owner: &'a str, reason: &'a str },
    Holiday { name: &'a str },
    Budget,
}

/// What became of the device in the rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt<'a> {
    pub state: AttemptState,
    pub state_at: DateTime<Utc>,
    /// Error code of a failure, reason of an exclusion.
    pub code: Option<&'a str>,
    /// One of its segments is held.
    pub aside: bool,
    /// The id of Microsoft's hold, or `unknown`.
    pub safeguard: Option<&'a str>,
}

/// The one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub reason: PrimaryReason,
    /// Since when it holds; none: that is not known.
    pub since: Option<DateTime<Utc>>,
    pub rollout: Option<RolloutId>,
    /// What it was found by: an error code, who paused and why, the reason of an exclusion.
    pub evidence: Option<String>,
}

impl Finding {
    /// How long it has held at `now`, in whole days.
    #[must_use]
    pub fn age_days(&self, now: DateTime<Utc>) -> Option<i64> {
        self.since.map(|since| (now - since).num_days().max(0))
    }
}
