//! Whether an update can be taken back from a device: until when, or why not.
//!
//! A table by kind, from what Microsoft documents (facts/autopatch.md 5.5, facts/graph.md 4.4, and the
//! conditions of `Rollback` in Windows' Update CSP). Said before a rollback starts, not found out by it.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::attempt::AttemptState;
use crate::update::Delivery;

/// How an update of one kind is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "way", rename_all = "snake_case")]
pub enum Reversal {
    /// Windows uninstalls it, as long as it is the newest quality update of the device. Microsoft
    /// names no time after which it cannot.
    Uninstall,
    /// Windows goes back to the version before, for so many days after the upgrade. Not where the
    /// upgrade was a mere enablement package, which Graph does not tell.
    GoBack { days: u8 },
    /// The policy names the version before, and the app follows at its next update.
    EarlierVersion,
    /// Microsoft offers no way.
    Never,
}

impl Reversal {
    /// The row of the table.
    #[must_use]
    pub const fn of(delivery: &Delivery) -> Self {
        match delivery {
            Delivery::Quality { .. } => Self::Uninstall,
            Delivery::Feature { uninstall_window_days } => {
                Self::GoBack { days: *uninstall_window_days }
            }
            Delivery::Edge | Delivery::Microsoft365Apps { .. } => Self::EarlierVersion,
            Delivery::Driver => Self::Never,
        }
    }

    /// When a device that was offered the update at `offered_at` can no longer give it back, at the
    /// earliest: it installed later than it was offered, and the days count from then. None: never.
    #[must_use]
    pub fn closes_at(self, offered_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::GoBack { days } => Some(offered_at + TimeDelta::days(days.into())),
            Self::Uninstall | Self::EarlierVersion | Self::Never => None,
        }
    }
}

/// What is known of one device of a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    pub state: AttemptState,
    /// None: never offered.
    pub offered_at: Option<DateTime<Utc>>,
    /// It is still in the directory, so that it can be told.
    pub is_there: bool,
    /// It runs a newer build of the same Windows version, or a newer version of the program, than the
    /// update brings.
    pub is_newer: bool,
    /// It runs the build of the update, or a newer one.
    pub has_build: bool,
}

/// What a rollback can do for one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "prospect", rename_all = "snake_case")]
pub enum Prospect {
    /// It has the update and can give it back, at least until then; none: nothing says until when.
    Removable { until: Option<DateTime<Utc>> },
    /// In the middle of the install; told to give it back once it has it.
    Installing,
    /// It does not have the update; an open offer is taken back.
    NotInstalled,
    /// Told to give it back.
    Removing,
    /// It gave the update back.
    Removed,
    /// It gave the update back, and has it again.
    Reinstalled,
    /// It was told to and did not.
    CouldNot,
    /// It has the update and keeps it.
    Impossible { why: Obstacle },
}

/// Why a device keeps the update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Obstacle {
    /// Nothing takes an update of this kind back.
    Kind,
    /// The days in which it could go back are over.
    WindowOver { since: DateTime<Utc> },
    /// It has a newer update by now, and only the newest is taken back.
    Newer,
    /// It is not in the directory any more.
    Gone,
}

/// What a rollback at `now` can do for a device. Pure: a device that cannot be told fails for that reason
/// first, since nothing else matters then.
#[must_use]
pub fn prospect(reversal: Reversal, known: &Known, now: DateTime<Utc>) -> Prospect {
    match known.state {
        AttemptState::Assigned | AttemptState::Offered | AttemptState::Unresolved => {
            Prospect::NotInstalled
        }
        AttemptState::Withdrawn | AttemptState::Failed | AttemptState::Excluded => {
            Prospect::NotInstalled
        }
        AttemptState::Installing => Prospect::Installing,
        AttemptState::Removing => Prospect::Removing,
        AttemptState::Removed if known.has_build => Prospect::Reinstalled,
        AttemptState::Removed => Prospect::Removed,
        AttemptState::Stranded => Prospect::CouldNot,
        AttemptState::Installed | AttemptState::Lost | AttemptState::Confirmed => {
            obstacle(reversal, known, now)
                .map_or_else(|| removable(reversal, known), |why| Prospect::Impossible { why })
        }
    }
}

fn removable(reversal: Reversal, known: &Known) -> Prospect {
    Prospect::Removable { until: known.offered_at.and_then(|at| reversal.closes_at(at)) }
}

fn obstacle(reversal: Reversal, known: &Known, now: DateTime<Utc>) -> Option<Obstacle> {
    if !known.is_there {
        return Some(Obstacle::Gone);
    }
    match reversal {
        Reversal::Never => Some(Obstacle::Kind),
        // Told to go back, a program goes back from whatever is newer.
        Reversal::Uninstall | Reversal::EarlierVersion => known.is_newer.then_some(Obstacle::Newer),
        Reversal::GoBack { .. } => {
            let since = known.offered_at.and_then(|at| reversal.closes_at(at));
            since.filter(|since| *since <= now).map(|since| Obstacle::WindowOver { since })
        }
    }
}
