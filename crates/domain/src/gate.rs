//! The gate of a ring: what must be true before the next ring opens.
//!
//! Every condition is always evaluated and answers pass, wait, fail or unknown with its
//! evidence; the screen needs them all. Missing data is never a pass and never a failure.
//! Statistical conditions join this list with their own module; the shape is theirs too.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::seconds;
use crate::tally::Tally;

/// The conditions of one ring. Rates are in hundredths of a percent (basis points).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Least share of eligible devices whose outcome is known.
    pub min_judged_bp: u16,
    /// How long to watch after that share is reached.
    #[serde(with = "seconds")]
    pub bake: TimeDelta,
    /// Most failed devices, as a share of the eligible ones.
    pub max_failed_bp: u16,
    /// Most devices lost during install, as a share of the eligible ones.
    pub max_lost_bp: u16,
    /// How old the newest observation of the fleet may be.
    #[serde(with = "seconds")]
    pub max_data_age: TimeDelta,
    /// How long after the offer, or after the last sign of life of an install, a device's
    /// outcome is waited for.
    #[serde(with = "seconds")]
    pub observation_window: TimeDelta,
}

impl Gate {
    /// 80 % judged, one day of bake, 5 % failed, 2 % lost, data at most 12 hours old, five days of
    /// observation.
    pub const DEFAULT: Self = Self {
        min_judged_bp: 8_000,
        bake: TimeDelta::hours(24),
        max_failed_bp: 500,
        max_lost_bp: 200,
        max_data_age: TimeDelta::hours(12),
        observation_window: TimeDelta::days(5),
    };

    pub(crate) fn check(&self) -> Result<(), &'static str> {
        if !(1..=10_000).contains(&self.min_judged_bp) {
            return Err("the least judged share must be above 0 and at most 100 percent");
        }
        if self.max_failed_bp >= 10_000 || self.max_lost_bp >= 10_000 {
            return Err("a gate that allows every device to fail decides nothing");
        }
        if self.bake < TimeDelta::zero() {
            return Err("the bake time cannot be negative");
        }
        if self.max_data_age <= TimeDelta::zero() || self.observation_window <= TimeDelta::zero() {
            return Err("the age of data and the observation window must be above zero");
        }
        Ok(())
    }
}

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
    /// Few enough devices went silent after they had started to install.
    Silence,
    /// The data is recent enough to say anything.
    Data,
}

impl ConditionKind {
    /// The word used in JSON, tables and pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exposure => "exposure",
            Self::Bake => "bake",
            Self::Success => "success",
            Self::Silence => "silence",
            Self::Data => "data",
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
    /// Past its limit: stop now. Only devices that come back after they were given up can undo it.
    Fail,
    /// Cannot be told.
    Unknown,
}

/// The numbers a condition looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// `count` devices of `of`, against a limit of `limit` devices.
    Devices { count: u32, of: u32, limit: u32 },
    /// A time that started (or not yet) and has to last.
    Time {
        since: Option<DateTime<Utc>>,
        #[serde(with = "seconds")]
        lasts: TimeDelta,
    },
}

/// One condition, answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

/// What a gate looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateInput {
    pub tally: Tally,
    /// When the ring opened, or was resumed.
    pub opened_at: DateTime<Utc>,
    /// When the soak started; none while outcomes are still being gathered.
    pub soaking_since: Option<DateTime<Utc>>,
    /// When the fleet was last read completely; none if never.
    pub observed_at: Option<DateTime<Utc>>,
}

impl Gate {
    /// Answers every condition. Pure; cost independent of the size of the ring.
    #[must_use]
    pub fn judge(&self, input: &GateInput, now: DateTime<Utc>) -> GateReport {
        let conditions = vec![
            self.exposure(&input.tally),
            self.bake(input.soaking_since, now),
            limit(ConditionKind::Success, input.tally.failed(), self.max_failed_bp, &input.tally),
            limit(ConditionKind::Silence, input.tally.lost(), self.max_lost_bp, &input.tally),
            self.data(input, now),
        ];
        GateReport { conditions }
    }

    fn exposure(&self, tally: &Tally) -> Condition {
        let of = tally.eligible();
        let needed = share_up(of, self.min_judged_bp);
        let count = tally.judged();
        let verdict = if of == 0 {
            Verdict::Unknown
        } else if count >= needed {
            Verdict::Pass
        } else {
            Verdict::Wait { until: None }
        };
        Condition {
            kind: ConditionKind::Exposure,
            verdict,
            evidence: Evidence::Devices { count, of, limit: needed },
        }
    }

    fn bake(&self, since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Condition {
        let verdict = match since {
            None => Verdict::Wait { until: None },
            Some(since) if now >= since + self.bake => Verdict::Pass,
            Some(since) => Verdict::Wait { until: Some(since + self.bake) },
        };
        let evidence = Evidence::Time { since, lasts: self.bake };
        Condition { kind: ConditionKind::Bake, verdict, evidence }
    }

    fn data(&self, input: &GateInput, now: DateTime<Utc>) -> Condition {
        let verdict = match input.observed_at {
            None => Verdict::Unknown,
            Some(at) if at < input.opened_at || now - at > self.max_data_age => Verdict::Unknown,
            Some(_) => Verdict::Pass,
        };
        let evidence = Evidence::Time { since: input.observed_at, lasts: self.max_data_age };
        Condition { kind: ConditionKind::Data, verdict, evidence }
    }
}

/// Fails as soon as `count` is more than the eligible devices together may end with. Only a device
/// given up before (lost, unresolved) that comes back can bring it under the limit again; a
/// pause outlives that, for a person to look at. Counting over all eligible devices, not
/// over those that reported, is what keeps early failures from looking like a high rate
/// (quality.md A2, "Report-delay bias").
fn limit(kind: ConditionKind, count: u32, limit_bp: u16, tally: &Tally) -> Condition {
    let of = tally.eligible();
    let limit = share_down(of, limit_bp);
    let verdict = if count > limit {
        Verdict::Fail
    } else if of == 0 {
        Verdict::Unknown
    } else {
        Verdict::Pass
    };
    Condition { kind, verdict, evidence: Evidence::Devices { count, of, limit } }
}

fn share_down(of: u32, basis_points: u16) -> u32 {
    u32::try_from(u64::from(of) * u64::from(basis_points) / 10_000).unwrap_or(u32::MAX)
}

fn share_up(of: u32, basis_points: u16) -> u32 {
    u32::try_from((u64::from(of) * u64::from(basis_points)).div_ceil(10_000)).unwrap_or(u32::MAX)
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
