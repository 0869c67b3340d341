//! When something is done again and again: on the days of a rule, at a local time of a zone.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Rule, Window, WindowError, Zone};

/// Moments that recur without end. A time that a clock skips is the moment it goes on at; of a time that it shows
/// twice the first is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recurrence {
    zone: Zone,
    /// Of one minute: only its beginning counts.
    at: Window,
}

impl Recurrence {
    /// `first_day`: what a rule that counts begins at.
    pub fn new(
        rule: Rule,
        first_day: Option<NaiveDate>,
        start: NaiveTime,
        zone: Zone,
    ) -> Result<Self, WindowError> {
        Ok(Self { zone, at: Window::new(rule, first_day, start, 1)? })
    }

    #[must_use]
    pub fn zone(&self) -> Zone {
        self.zone
    }

    #[must_use]
    pub fn rule(&self) -> &Rule {
        self.at.rule()
    }

    #[must_use]
    pub fn first_day(&self) -> Option<NaiveDate> {
        self.at.first_day()
    }

    /// By the clock of the zone.
    #[must_use]
    pub fn start(&self) -> NaiveTime {
        self.at.start()
    }

    /// The first moment after `at`. What was missed meanwhile is not made up for one by one.
    #[must_use]
    pub fn next_after(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.at.spans(self.zone, at).map(|(from, _)| from).find(|from| *from > at)
    }
}
