//! How each condition is answered.

use chrono::{DateTime, TimeDelta, Utc};

use super::policy::Policy;
use super::success::limit_of;
use super::weigh::Weighed;
use super::{Condition, ConditionKind, Evidence, Gate, GateReport, Silent, Verdict};
use crate::calendar::Held;
use crate::evidence::coverage::most_silent;
use crate::evidence::{Level, rate};
use crate::rollout::observations::RingObservation;
use crate::tally::Tally;
use crate::{approval, signal};

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
    /// When the next ring may open by its deferral; none if there is no next ring.
    pub next_opens_at: Option<DateTime<Utc>>,
    /// What else holds the next ring now: the rest of its calendar.
    pub next_held: Option<&'a Held>,
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
            calendar(input.next_opens_at, input.next_held, now),
        ];
        GateReport { conditions }
    }

    /// Outcomes that have to be known in a ring of `eligible` devices.
    pub(crate) fn needed(&self, eligible: u32) -> u32 {
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
        let silent = input.policy.reported.as_ref().and_then(|usual| {
            let most = most_silent(tally.exposed(), &input.ring.offer_times, usual, now)?;
            Some(Silent { devices: tally.in_flight(), most })
        });
        let verdict = if lost > most && beyond.reaches(input.policy.levels.pause()) {
            Verdict::Fail
        } else if !read
            || old(input.observed_at)
            || old(input.heard_at)
            || lost > most
            || silent.is_some_and(Silent::is_unusual)
        {
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
            silent,
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

fn calendar(opens_at: Option<DateTime<Utc>>, held: Option<&Held>, now: DateTime<Utc>) -> Condition {
    let verdict = match (held, opens_at) {
        (Some(held), _) => Verdict::Wait { until: held.until },
        (None, Some(at)) if now < at => Verdict::Wait { until: Some(at) },
        (None, Some(_) | None) => Verdict::Pass,
    };
    let evidence = Evidence::Calendar { opens_at, held: held.cloned() };
    Condition { kind: ConditionKind::Calendar, verdict, evidence }
}

pub(super) fn share_down(of: u32, basis_points: u16) -> u32 {
    u32::try_from(u64::from(of) * u64::from(basis_points) / 10_000).unwrap_or(u32::MAX)
}

fn share_up(of: u32, basis_points: u16) -> u32 {
    u32::try_from((u64::from(of) * u64::from(basis_points)).div_ceil(10_000)).unwrap_or(u32::MAX)
}
