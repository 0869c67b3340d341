//! Holidays of one site.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::days::later;
use super::{Zone, local};

/// The holidays of a site, by a name that rings refer to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holidays {
    pub name: String,
    pub days: Vec<Holiday>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Holiday {
    #[serde(flatten)]
    pub when: When,
    pub name: String,
}

/// Whole days are local to each ring and no business days; a stretch of time is the same for all, and leaves
/// the day a business day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum When {
    Days { first: NaiveDate, last: NaiveDate },
    Hours { from: DateTime<Utc>, until: DateTime<Utc> },
}

impl When {
    /// When it begins and ends in a zone.
    #[must_use]
    pub fn span(self, zone: Zone) -> (DateTime<Utc>, DateTime<Utc>) {
        match self {
            Self::Days { first, last } => {
                (local::start_of(zone, first), local::start_of(zone, later(last, 1)))
            }
            Self::Hours { from, until } => (from, until),
        }
    }
}

impl Holidays {
    /// Whether this whole day is a holiday.
    #[must_use]
    pub fn has(&self, day: NaiveDate) -> bool {
        self.days.iter().any(|holiday| match holiday.when {
            When::Days { first, last } => (first..=last).contains(&day),
            When::Hours { .. } => false,
        })
    }
}
