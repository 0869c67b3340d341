//! Whether a tenant is ready: checks as data, facts as they were read, findings as a pure function of
//! the two.
//!
//! Never reads anything itself, and never decides to change a tenant; a fix is a proposal.

pub mod check;
pub mod compare;
pub mod evaluate;
pub mod facts;
pub mod network;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use check::{CHECKS, Check, CheckId, Fix};
pub use compare::{Change, ChangeKind, compare, regressions};
pub use evaluate::assess;

/// How bad a finding is (facts/autopatch.md 1.3). Ordered from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Ready,
    /// Enrollment may go on; to be mended before the first device is served.
    Advisory,
    /// Blocks enrollment.
    NotReady,
    /// The check could not be run; says which permission is missing, or what went wrong.
    Error,
}

impl Level {
    pub const ALL: [Self; 4] = [Self::Ready, Self::Advisory, Self::NotReady, Self::Error];

    /// The word used in JSON, tables and metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Advisory => "advisory",
            Self::NotReady => "not_ready",
            Self::Error => "error",
        }
    }

    /// The level of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.word() == word)
    }
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub check: CheckId,
    pub level: Level,
    /// One sentence: what was found.
    pub summary: String,
    /// What it rests on, most telling first: names, counts, ids. At most 20.
    pub evidence: Vec<String>,
    /// The permission whose lack made this an error.
    pub missing_permission: Option<String>,
}

/// One run of all checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    pub at: DateTime<Utc>,
    /// The worst finding.
    pub level: Level,
    /// One for every check, in the order of the checks.
    pub findings: Vec<Finding>,
}
