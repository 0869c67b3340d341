//! What was seen of a signal: everything a gate needs, and nothing that changes by itself.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::NoData;
use super::read::{Outcome, Reading};
use super::rule::CountRule;
use crate::seconds;

/// The part of a signal that judging its readings needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    #[serde(with = "seconds")]
    pub max_age: TimeDelta,
    pub no_data: NoData,
    pub failure_limit: u32,
    pub passes_in_a_row: u32,
    pub consecutive_error_limit: u32,
    /// Of a signal that counts devices.
    pub counts: Option<CountRule>,
}

/// Readings of one signal for one rollout, as far as they still matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// The newest, whatever it came to.
    pub last: Option<Reading>,
    /// The newest that was no error.
    pub measured: Option<Reading>,
    /// Readings in a row that came to the same as the last.
    pub streak: u32,
    /// Passes in a row; errors in between do not break it, anything else does.
    pub passes: u32,
    /// Failed readings since there were passes enough in a row.
    pub failures: u32,
    pub errors_in_a_row: u32,
}

impl History {
    /// After one more reading. One that is not newer than the last changes nothing, so that a late
    /// or repeated report is harmless.
    #[must_use]
    pub fn after(self, reading: Reading, policy: &Policy) -> Self {
        if self.last.as_ref().is_some_and(|last| last.at >= reading.at) {
            return self;
        }
        let same = self.last.as_ref().is_some_and(|last| last.outcome == reading.outcome);
        let mut next =
            Self { streak: if same { self.streak.saturating_add(1) } else { 1 }, ..self };
        let failed = match reading.outcome {
            Outcome::Error => {
                next.errors_in_a_row = next.errors_in_a_row.saturating_add(1);
                next.last = Some(reading);
                return next;
            }
            Outcome::Pass => {
                next.passes = next.passes.saturating_add(1);
                false
            }
            Outcome::Fail => true,
            Outcome::Hold => false,
            Outcome::NoData => match policy.no_data {
                NoData::Fail => true,
                NoData::Hold | NoData::Ignore => false,
            },
        };
        if reading.outcome != Outcome::Pass {
            next.passes = 0;
        }
        if failed {
            next.failures = next.failures.saturating_add(1);
        } else if next.passes >= policy.passes_in_a_row {
            next.failures = 0;
        }
        next.errors_in_a_row = 0;
        next.measured = Some(reading.clone());
        next.last = Some(reading);
        next
    }
}

/// One signal as a gate sees it. Stored as evidence, and replayed bit for bit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    pub name: String,
    pub owner: String,
    pub runbook: Option<String>,
    pub policy: Policy,
    /// Nothing is expected of it before.
    pub first_due: DateTime<Utc>,
    pub history: History,
}
