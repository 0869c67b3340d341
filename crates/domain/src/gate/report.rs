//! What a gate answers: one condition after the other, each with its evidence.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::success::{Share, SuccessBy};
use super::weigh::Weighed;
use crate::calendar::Held;
use crate::seconds;
use crate::{approval, signal};

/// Which condition a result speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConditionKind {
    /// Enough outcomes are known.
    Exposure,
    /// The ring has been watched long enough since.
    Bake,
    /// Few enough devices failed.
    Success,
    /// Nothing says that the release is worse than it may be.
    NoHalt,
    /// Devices and our own reading of them go on.
    Stall,
    /// Other systems have nothing against it.
    Signals,
    /// Enough people agree.
    Approvals,
    /// The next ring may open by its calendar.
    Calendar,
}

impl ConditionKind {
    /// The word used in JSON, tables and pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exposure => "exposure",
            Self::Bake => "bake",
            Self::Success => "success",
            Self::NoHalt => "no_halt",
            Self::Stall => "stall",
            Self::Signals => "signals",
            Self::Approvals => "approvals",
            Self::Calendar => "calendar",
        }
    }
}

/// What a condition answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Pass,
    /// Not yet; `until` when the passage of time alone can change that.
    Wait {
        until: Option<DateTime<Utc>>,
    },
    /// Beyond chance: stop now.
    Fail,
    /// Cannot be told, or not any more. Holds, and a person decides.
    Unknown,
}

/// The numbers a condition looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Outcomes known, of those that count, and how many are needed. `in_install`: devices in the
    /// middle of an install, which a small ring waits for.
    Exposure { judged: u32, of: u32, needed: u32, in_install: u32 },
    /// When the soak started (not yet: none), how long it has to last, and the time devices have
    /// run the update, together, in hours, with what is needed of it.
    Bake {
        since: Option<DateTime<Utc>>,
        #[serde(with = "seconds")]
        lasts: TimeDelta,
        device_hours: u64,
        needed_hours: u64,
    },
    /// Outcomes against a limit. `upper`: Wilson's bound of the failure rate.
    Success {
        failed: u32,
        lost: u32,
        confirmed: u32,
        of: u32,
        limit_bp: u16,
        most: u32,
        upper: Share,
        by: SuccessBy,
    },
    /// All evidence against the release.
    Weighed(Weighed),
    /// When the fleet was last read, when any device was last heard of, and how old both may be;
    /// devices lost during the install against their limit;
    /// devices that are silent against how many usually are (none: not known).
    Stall {
        observed_at: Option<DateTime<Utc>>,
        heard_at: Option<DateTime<Utc>>,
        #[serde(with = "seconds")]
        max_age: TimeDelta,
        lost: u32,
        of: u32,
        most: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        silent: Option<Silent>,
    },
    /// What each custom signal answers.
    Signals { answers: Vec<signal::Answer> },
    /// How approvals were counted.
    Approvals(approval::Tally),
    /// When the next ring may open by its deferral, none after the last ring; and what holds it now, by its
    /// whole calendar.
    Calendar {
        opens_at: Option<DateTime<Utc>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        held: Option<Held>,
    },
}

/// Devices that were offered the update and said nothing since, and how many may be so by now, going
/// by past releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silent {
    pub devices: u32,
    pub most: u32,
}

impl Silent {
    #[must_use]
    pub fn is_unusual(self) -> bool {
        self.devices > self.most
    }
}

/// One condition, answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    pub kind: ConditionKind,
    pub verdict: Verdict,
    pub evidence: Evidence,
}

/// All conditions of a ring, answered at one moment from one set of counters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateReport {
    pub conditions: Vec<Condition>,
}

impl GateReport {
    /// The answer of one condition.
    #[must_use]
    pub fn condition(&self, kind: ConditionKind) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }

    /// Whether every condition passes.
    #[must_use]
    pub fn passes(&self) -> bool {
        !self.conditions.is_empty()
            && self.conditions.iter().all(|condition| condition.verdict == Verdict::Pass)
    }

    /// The first condition that failed.
    #[must_use]
    pub fn failure(&self) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.verdict == Verdict::Fail)
    }

    /// The earliest moment at which time alone may change an answer.
    #[must_use]
    pub fn next_look(&self) -> Option<DateTime<Utc>> {
        self.conditions
            .iter()
            .filter_map(|condition| match condition.verdict {
                Verdict::Wait { until } => until,
                Verdict::Pass | Verdict::Fail | Verdict::Unknown => None,
            })
            .min()
    }
}
