//! The gate of a ring: what must be true before the next ring opens.
//!
//! Eight conditions (quality.md A5). Every one is always evaluated and answers pass, wait, fail or
//! unknown with its evidence; the screen needs them all. Missing data is never a pass and never a
//! failure. Failing pauses the release, so only what is beyond chance fails; what merely cannot pass
//! is unknown, and holds until a person decides.

pub mod policy;
pub mod success;
pub mod weigh;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::evidence::{Level, rate};
use crate::rollout::observations::RingObservation;
use crate::seconds;
use crate::tally::Tally;
use crate::{approval, signal};
use policy::Policy;
use success::{Share, SuccessBy, SuccessRule, limit_of};
use weigh::Weighed;

/// What the conditions of one ring are held against. Rates are in hundredths of a percent (basis
/// points).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Least share of eligible devices whose outcome is known.
    pub min_judged_bp: u16,
    /// How long to watch after that share is reached; and on average every device that has to be
    /// judged ran the update for so long.
    #[serde(with = "seconds")]
    pub bake: TimeDelta,
    /// Most devices that failed or were lost, as a share of the eligible ones.
    pub max_failed_bp: u16,
    /// How that is shown.
    #[serde(default)]
    pub success: SuccessRule,
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
        success: SuccessRule::Point,
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
    /// Nothing says that the release is worse than it may be.
    NoHalt,
    /// Devices and our own reading of them go on.
    Stall,
    /// Other systems have nothing against it.
    Signals,
    /// Enough people agree.
    Approvals,
    /// The day on which the next ring may open has come.
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
    /// devices lost during the install against their limit.
    Stall {
        observed_at: Option<DateTime<Utc>>,
        heard_at: Option<DateTime<Utc>>,
        #[serde(with = "seconds")]
        max_age: TimeDelta,
        lost: u32,
        of: u32,
        most: u32,
    },
    /// What each custom signal answers.
    Signals { answers: Vec<signal::Answer> },
    /// How approvals were counted.
    Approvals(approval::Tally),
    /// The day the next ring may open; none after the last ring.
    Calendar { opens_at: Option<DateTime<Utc>> },
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

/// What a gate looks at.
#[derive(Debug, Clone, Copy)]
pub struct GateInput<'a> {
    pub policy: &'a Policy,
    /// All evidence about the release.
    pub weighed: &'a Weighed,
    pub ring: &'a RingObservation,
    /// When the ring opened, or was resumed.
    pub opened_at: DateTime<Utc>,
    /// When the soak started; none while outcomes are still being gathered.
    pub soaking_since: Option<DateTime<Utc>>,
    /// When the fleet was last read completely; none if never.
    pub observed_at: Option<DateTime<Utc>>,
    /// The newest sign of life of any device of the fleet; none if there never was one.
    pub heard_at: Option<DateTime<Utc>>,
    /// When the next ring may open; none if there is no next ring.
    pub next_opens_at: Option<DateTime<Utc>>,
    pub signals: &'a [signal::Seen],
    /// Who has to agree that the next ring opens; none: nobody.
    pub quorum: Option<&'a approval::Quorum>,
    pub approvals: &'a [approval::Approval],
    pub approving: approval::Context<'a>,
}

/// Below this size a ring wants more of itself judged, and nobody in the middle of an install.
const SMALL_RING: u32 = 50;
/// What a small ring wants judged at least, in hundredths of a percent.
const SMALL_RING_JUDGED_BP: u16 = 9_000;

impl Gate {
    /// Answers every condition. Pure; cost independent of the size of the ring.
    #[must_use]
    pub fn judge(&self, input: &GateInput<'_>, now: DateTime<Utc>) -> GateReport {
        let tally = &input.ring.tally;
        let policy = input.policy;
        let conditions = vec![
            self.exposure(tally),
            self.bake(input, now),
            self.success(tally, policy.failed.limit(), policy.levels.pause()),
            no_halt(input.weighed),
            self.stall(input, now),
            signals(input.signals, now),
            approvals(input),
            calendar(input.next_opens_at, now),
        ];
        GateReport { conditions }
    }

    /// Outcomes that have to be known in a ring of `eligible` devices.
    fn needed(&self, eligible: u32) -> u32 {
        let share = if eligible < SMALL_RING {
            self.min_judged_bp.max(SMALL_RING_JUDGED_BP)
        } else {
            self.min_judged_bp
        };
        share_up(eligible, share)
    }

    /// Whether no limit of the ring is passed for good, beyond chance or not.
    #[must_use]
    pub fn within_limits(&self, tally: &Tally) -> bool {
        let of = tally.eligible();
        tally.failed().saturating_add(tally.lost()) <= share_down(of, self.max_failed_bp)
            && tally.lost() <= share_down(of, self.max_lost_bp)
    }

    fn exposure(&self, tally: &Tally) -> Condition {
        let of = tally.eligible();
        let (judged, needed, in_install) = (tally.judged(), self.needed(of), tally.in_install());
        let verdict = if of == 0 {
            Verdict::Unknown
        } else if judged < needed || of < SMALL_RING && in_install > 0 {
            Verdict::Wait { until: None }
        } else {
            Verdict::Pass
        };
        let evidence = Evidence::Exposure { judged, of, needed, in_install };
        Condition { kind: ConditionKind::Exposure, verdict, evidence }
    }

    /// Time passed, and time on devices: enough of them to show a doubled failure rate, or as many
    /// as have to be judged, ran the update for the bake time on average.
    fn bake(&self, input: &GateInput<'_>, now: DateTime<Utc>) -> Condition {
        let needed = self.needed(input.ring.tally.eligible());
        let enough = input.policy.enough.map_or(needed, |enough| enough.min(needed));
        let confirmed = i64::from(input.ring.tally.confirmed());
        // Failures do not run the update; a ring that may go on must not wait for their hours.
        let enough = i64::from(enough).min(confirmed);
        let needed_seconds = enough.saturating_mul(self.bake.num_seconds());
        let seconds = confirmed
            .saturating_mul(now.timestamp())
            .saturating_sub(input.ring.confirmed_seconds)
            .max(0);
        let missing = needed_seconds.saturating_sub(seconds).max(0);
        let verdict = match input.soaking_since {
            None => Verdict::Wait { until: None },
            Some(since) => {
                let passed = since + self.bake;
                // Devices confirmed by now go on running it; each second brings one of each.
                let ran = now
                    + TimeDelta::seconds(missing.saturating_add(confirmed - 1) / confirmed.max(1));
                let until = if missing == 0 { passed } else { passed.max(ran) };
                if now >= until { Verdict::Pass } else { Verdict::Wait { until: Some(until) } }
            }
        };
        let hours = |seconds: i64| u64::try_from(seconds / 3_600).unwrap_or(0);
        let evidence = Evidence::Bake {
            since: input.soaking_since,
            lasts: self.bake,
            device_hours: hours(seconds),
            needed_hours: hours(needed_seconds),
        };
        Condition { kind: ConditionKind::Bake, verdict, evidence }
    }

    fn stall(&self, input: &GateInput<'_>, now: DateTime<Utc>) -> Condition {
        let tally = &input.ring.tally;
        let (lost, of) = (tally.lost(), tally.eligible());
        let most = share_down(of, self.max_lost_bp);
        let read = input.observed_at.is_some_and(|at| at >= input.opened_at);
        let old = |at: Option<DateTime<Utc>>| at.is_none_or(|at| now - at > self.max_data_age);
        let beyond = rate::ln_e(
            lost.into(),
            u64::from(of).saturating_sub(lost.into()),
            limit_of(self.max_lost_bp),
        );
        let verdict = if lost > most && beyond.reaches(input.policy.levels.pause()) {
            Verdict::Fail
        } else if !read || old(input.observed_at) || old(input.heard_at) || lost > most {
            Verdict::Unknown
        } else {
            Verdict::Pass
        };
        let evidence = Evidence::Stall {
            observed_at: input.observed_at,
            heard_at: input.heard_at,
            max_age: self.max_data_age,
            lost,
            of,
            most,
        };
        Condition { kind: ConditionKind::Stall, verdict, evidence }
    }
}

/// Watching holds; what would stop a healthy release once in a hundred times pauses.
fn no_halt(weighed: &Weighed) -> Condition {
    let verdict = match weighed.level {
        Level::Calm => Verdict::Pass,
        Level::Watch => Verdict::Wait { until: None },
        Level::Pause | Level::RollBack => Verdict::Fail,
    };
    let evidence = Evidence::Weighed(weighed.clone());
    Condition { kind: ConditionKind::NoHalt, verdict, evidence }
}

fn signals(seen: &[signal::Seen], now: DateTime<Utc>) -> Condition {
    let (verdict, answers) = signal::judge(seen, now);
    Condition { kind: ConditionKind::Signals, verdict, evidence: Evidence::Signals { answers } }
}

fn approvals(input: &GateInput<'_>) -> Condition {
    let (verdict, tally) = approval::judge(input.quorum, input.approvals, &input.approving);
    Condition { kind: ConditionKind::Approvals, verdict, evidence: Evidence::Approvals(tally) }
}

fn calendar(opens_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Condition {
    let verdict = match opens_at {
        Some(at) if now < at => Verdict::Wait { until: Some(at) },
        Some(_) | None => Verdict::Pass,
    };
    let evidence = Evidence::Calendar { opens_at };
    Condition { kind: ConditionKind::Calendar, verdict, evidence }
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
