//! One reading of a signal.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::number::Number;

/// What a reading comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Pass,
    Fail,
    /// The source asks to wait.
    Hold,
    /// The source answered and has nothing to say.
    NoData,
    /// The source could not be asked, or what it said cannot be used.
    Error,
}

impl Outcome {
    /// The word used in JSON, tables and pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Hold => "hold",
            Self::NoData => "no_data",
            Self::Error => "error",
        }
    }
}

/// Devices that failed, of those there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub failures: u64,
    pub devices: u64,
}

/// What a source said at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// When it was asked, by the service's clock.
    pub at: DateTime<Utc>,
    pub outcome: Outcome,
    pub value: Option<Number>,
    pub counts: Option<Counts>,
    /// For people.
    pub reason: String,
    pub evidence_url: Option<String>,
    /// The source takes its word back then, if it is not too old before.
    pub valid_until: Option<DateTime<Utc>>,
}

impl Reading {
    /// The most characters of a reason.
    pub const MOST_REASON: usize = 500;

    /// A reading without a number. A reason that is too long is cut, and cannot steer a terminal.
    #[must_use]
    pub fn new(at: DateTime<Utc>, outcome: Outcome, reason: &str) -> Self {
        let reason = reason.chars().map(|c| if c.is_control() { ' ' } else { c });
        let reason = reason.take(Self::MOST_REASON).collect();
        let (value, counts) = (None, None);
        Self { at, outcome, value, counts, reason, evidence_url: None, valid_until: None }
    }
}
