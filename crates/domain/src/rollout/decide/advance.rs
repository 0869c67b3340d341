//! Going on: waves, gates, and the ring after this one.

use chrono::{DateTime, Utc};

use super::{Decision, WaitingOn};
use crate::approval;
use crate::evidence::{EValue, Level};
use crate::gate::weigh::{Weighed, cohort, weigh};
use crate::gate::{ConditionKind, GateInput, GateReport, Verdict};
use crate::ring::RingIndex;
use crate::rollout::budget::{Short, cut};
use crate::rollout::observations::{Observations, Wish};
use crate::rollout::phase::{Event, PauseCause, Pauser};
use crate::rollout::plan::Plan;

pub(super) fn open(
    plan: &Plan,
    ring: RingIndex,
    seen: &Observations,
    now: DateTime<Utc>,
) -> Decision {
    let at = plan.opens_at(ring);
    // A ring of held devices opens, so that people can let them go on, or vouch for the ring.
    if seen.tally(ring).members() == 0 && seen.ring(ring).aside.members() == 0 {
        Decision::Wait(WaitingOn::Members { ring })
    } else if now < at {
        Decision::Wait(WaitingOn::Opening { ring, at })
    } else {
        Decision::Act(Event::RingOpened { ring })
    }
}

/// A ring of which all devices are held, if nobody vouched for it: it proves nothing, so the next one
/// would open unproven.
fn all_held(ring: RingIndex, seen: &Observations) -> Option<WaitingOn> {
    let aside = seen.ring(ring).aside.members();
    let nobody_else = seen.tally(ring).members() == 0 && aside > 0;
    (nobody_else && !seen.intent.vouches_for(ring)).then(|| WaitingOn::HeldSegments {
        ring: Some(ring),
        segments: seen.held.clone(),
        devices: aside,
    })
}

/// The current ring, when it opened and since when it soaks.
pub type Stage = (RingIndex, DateTime<Utc>, Option<DateTime<Utc>>);

pub(super) fn active(
    plan: &Plan,
    stage: Stage,
    seen: &Observations,
    now: DateTime<Utc>,
) -> Decision {
    use Decision::Act;
    match seen.intent.wish {
        Wish::Withdraw => Act(Event::RollbackStarted),
        Wish::Cancel => Act(Event::Cancelled),
        Wish::Hold => Act(Event::Paused { by: Pauser::Person }),
        Wish::Run => running(plan, stage, seen, now),
    }
}

fn running(plan: &Plan, stage: Stage, seen: &Observations, now: DateTime<Utc>) -> Decision {
    use Decision::{Act, Wait};
    let (ring, ..) = stage;
    let weighed = weigh(plan, seen);
    if let Some(event) = moved(seen, &weighed) {
        return Act(event);
    }
    // Before anything else: no one waits out a bake to stop a bad release, and an earlier ring
    // that turns bad late stops a later one.
    if let Some(cause) = failed_gate(plan, stage, seen, &weighed, now) {
        let suspect = match cause.condition {
            ConditionKind::NoHalt => cohort(plan, seen, &weighed),
            ConditionKind::Exposure | ConditionKind::Bake | ConditionKind::Success => None,
            ConditionKind::Stall | ConditionKind::Signals => None,
            ConditionKind::Approvals | ConditionKind::Calendar => None,
        };
        return Act(match suspect {
            Some(segment) => Event::SegmentHeld { segment },
            None => Event::Paused { by: Pauser::Service(cause) },
        });
    }
    let wave = ring
        .up_to_here()
        .filter(|ring| may_offer(plan, *ring, seen, &weighed))
        .find_map(|ring| next_wave(plan, ring, seen));
    let short = match wave {
        None => None,
        Some((ring, wanted)) => match cut(seen.budget, ring, wanted) {
            Ok(devices) => {
                let wave = seen.ring(ring).waves;
                return Act(Event::WaveOffered { ring, wave, devices });
            }
            Err(short) => Some(short),
        },
    };
    match (beyond_waves(plan, stage, seen, &weighed, now), short) {
        // Whatever else is missing: there would be offers but for the budget.
        (Wait(on), Some(Short { ring, needs, limit })) => {
            Wait(WaitingOn::Budget { ring, needs, limit, look_at: on.next_look() })
        }
        (decision, _) => decision,
    }
}

/// What comes when there is no wave to send.
fn beyond_waves(
    plan: &Plan,
    stage: Stage,
    seen: &Observations,
    weighed: &Weighed,
    now: DateTime<Utc>,
) -> Decision {
    use Decision::{Act, Wait};
    let (ring, _, soaking_since) = stage;
    let report = report(plan, stage, ring, seen, weighed, now);
    let vouched = seen.intent.vouches_for(ring);
    if let Some(on) = all_held(ring, seen) {
        return Wait(on);
    }
    if soaking_since.is_none() && !vouched {
        let exposed = report
            .condition(ConditionKind::Exposure)
            .is_some_and(|condition| condition.verdict == Verdict::Pass);
        return if exposed {
            Act(Event::SoakStarted { ring })
        } else {
            Wait(WaitingOn::Gate { ring, report })
        };
    }
    if !vouched && !report.passes() {
        return Wait(WaitingOn::Gate { ring, report });
    }
    if let Some(next) = plan.after(ring) {
        return open(plan, next, seen, now);
    }
    let waiting = ring.up_to_here().map(|ring| seen.tally(ring).waiting());
    let held = ring.up_to_here().map(|ring| seen.ring(ring).aside.waiting_or_withdrawn());
    match waiting.fold(0, u32::saturating_add) {
        0 if seen.held.is_empty() => Act(Event::Completed),
        // What is completed takes no word about a segment any more.
        0 => Wait(WaitingOn::HeldSegments {
            ring: None,
            segments: seen.held.clone(),
            devices: held.fold(0, u32::saturating_add),
        }),
        devices => Wait(WaitingOn::LastOffers { devices }),
    }
}

/// What has to be put on record before anything is decided by it: a person's word about a segment,
/// and evidence that reached a level, or fell back to where it began.
pub(super) fn moved(seen: &Observations, weighed: &Weighed) -> Option<Event> {
    if let Some(event) = segment_asked_for(seen) {
        return Some(event);
    }
    let fell = seen.level > Level::Calm && weighed.evidence <= EValue::ONE;
    let level = if fell { Level::Calm } else { weighed.level };
    (fell || level > seen.level).then_some(Event::EvidenceMoved { level })
}

fn segment_asked_for(seen: &Observations) -> Option<Event> {
    let hold = seen.intent.held.iter().find(|segment| !seen.held.contains(segment));
    let release = seen.intent.released.iter().find(|segment| seen.held.contains(segment));
    match (hold, release) {
        (Some(segment), _) => Some(Event::SegmentHeld { segment: *segment }),
        (None, Some(segment)) => Some(Event::SegmentReleased { segment: *segment }),
        (None, None) => None,
    }
}

/// Whether members of `ring` may be offered the update now: not while the release is watched, nor in
/// a ring that is above its limit already.
fn may_offer(plan: &Plan, ring: RingIndex, seen: &Observations, weighed: &Weighed) -> bool {
    let tally = seen.tally(ring);
    let within = plan.ring(ring).is_some_and(|ring| ring.gate.within_limits(&tally));
    seen.intent.vouches_for(ring) || weighed.level == Level::Calm && within
}

/// The report of `ring` at this moment, as shown to people and as decided by.
#[must_use]
pub fn report(
    plan: &Plan,
    (current, opened_at, soaking_since): Stage,
    ring: RingIndex,
    seen: &Observations,
    weighed: &Weighed,
    now: DateTime<Utc>,
) -> GateReport {
    let observed = seen.ring(ring);
    let input = GateInput {
        policy: plan.policy(),
        weighed,
        ring: &observed,
        opened_at,
        soaking_since: if ring == current { soaking_since } else { Some(opened_at) },
        observed_at: seen.observed_at,
        heard_at: seen.heard_at,
        next_opens_at: plan.after(ring).map(|next| plan.opens_at(next)),
        signals: &seen.signals,
        quorum: plan.ring(ring).and_then(|ring| ring.approvals.as_ref()),
        approvals: &seen.approvals,
        approving: approval::Context {
            ring,
            plan: seen.plan_id,
            author: &seen.author,
            void_before: seen.watched_at,
            now,
        },
    };
    plan.ring(ring).map_or(GateReport { conditions: Vec::new() }, |r| r.gate.judge(&input, now))
}

fn failed_gate(
    plan: &Plan,
    stage: Stage,
    seen: &Observations,
    weighed: &Weighed,
    now: DateTime<Utc>,
) -> Option<PauseCause> {
    let (current, ..) = stage;
    // About the release as a whole, so it stands with the ring that is being offered. Nothing is
    // weighed where a person vouched for all of it.
    if weighed.level >= Level::Pause {
        let culprit = weighed.culprit;
        return Some(PauseCause { ring: current, condition: ConditionKind::NoHalt, culprit });
    }
    current.up_to_here().filter(|ring| !seen.intent.vouches_for(*ring)).find_map(|ring| {
        let report = report(plan, stage, ring, seen, weighed, now);
        let condition = report.failure()?.kind;
        Some(PauseCause { ring, condition, culprit: None })
    })
}

/// The ring, if it has a next wave, and how many devices that wants. Waves are sent when half of the
/// limit is free, so that a trickle of outcomes does not become a trickle of one-device waves.
fn next_wave(plan: &Plan, ring: RingIndex, seen: &Observations) -> Option<(RingIndex, u32)> {
    let tally = seen.tally(ring);
    let limit = plan.ring(ring)?.waves.for_ring(tally.members());
    let room = limit.saturating_sub(tally.in_flight());
    let devices = tally.waiting().min(room);
    let worth_it = devices == tally.waiting() || room >= limit.div_ceil(2);
    (devices > 0 && worth_it).then_some((ring, devices))
}
