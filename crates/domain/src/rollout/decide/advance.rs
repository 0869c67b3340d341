//! Going on: waves, gates, and the ring after this one.

use chrono::{DateTime, Utc};

use super::stops::{covered, returned, taken_back, unfinished};
use super::{Decision, WaitingOn};
use crate::approval;
use crate::calendar::{Held, Why, rate};
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
    // A ring of held devices opens, so that people can let them go on, or vouch for the ring.
    if seen.tally(ring).members() == 0 && seen.ring(ring).aside.members() == 0 {
        return Decision::Wait(WaitingOn::Members { ring });
    }
    if seen.is_paused(ring) {
        return Decision::Wait(covered(ring, seen));
    }
    match plan.opening(ring, &seen.calendar, now) {
        None => Decision::Act(Event::RingOpened { ring }),
        Some(Held { until: Some(at), why: Why::Deferral }) => {
            Decision::Wait(WaitingOn::Opening { ring, at })
        }
        Some(held) => Decision::Wait(WaitingOn::Calendar { ring, held }),
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
    if let Some(event) = taken_back(ring, seen).or_else(|| returned(ring, seen)) {
        return Act(event);
    }
    let offers = ring
        .up_to_here()
        .filter(|ring| !seen.is_paused(*ring))
        .filter(|ring| may_offer(plan, *ring, seen, &weighed))
        .filter_map(|ring| next_offers(plan, ring, seen, now).map(|offers| (ring, offers)));
    let mut held: Option<(RingIndex, Held)> = None;
    let mut short = None;
    for (ring, offers) in offers {
        match offers {
            Offers::Wave(wanted) => match cut(seen.budget, ring, wanted) {
                Ok(devices) => {
                    let wave = seen.ring(ring).waves;
                    return Act(Event::WaveOffered { ring, wave, devices });
                }
                // Later rings would only take what this one waits for.
                Err(lacking) => {
                    short = Some(lacking);
                    break;
                }
            },
            // Of several the one that goes on first; one that no time lets go on is last.
            Offers::Held(other) => {
                let first = held.as_ref().is_none_or(|(_, held)| sooner(&other, held));
                held = if first { Some((ring, other)) } else { held };
            }
        }
    }
    match (go_on(plan, stage, seen, &weighed, now), short, held) {
        // Whatever else is missing: there would be offers but for the budget.
        (Wait(on), Some(Short { ring, needs, limit }), held) => {
            let until = held.and_then(|(_, held)| held.until);
            let look_at = on.next_look().into_iter().chain(until).min();
            Wait(WaitingOn::Budget { ring, needs, limit, look_at })
        }
        (Wait(then), None, Some((ring, held))) => {
            Wait(WaitingOn::Offers { ring, held, then: Box::new(then) })
        }
        (decision, _, _) => decision,
    }
}

fn sooner(one: &Held, other: &Held) -> bool {
    match (one.until, other.until) {
        (Some(one), Some(other)) => one < other,
        (Some(_), None) => true,
        (None, Some(_) | None) => false,
    }
}

/// What the gate of the current ring lets happen.
fn go_on(
    plan: &Plan,
    stage: Stage,
    seen: &Observations,
    weighed: &Weighed,
    now: DateTime<Utc>,
) -> Decision {
    use Decision::{Act, Wait};
    let (ring, _, soaking_since) = stage;
    if seen.is_paused(ring) {
        return Wait(covered(ring, seen));
    }
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
        devices => Wait(match unfinished(ring, seen) {
            Some(paused) => covered(paused, seen),
            None => WaitingOn::LastOffers { devices },
        }),
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
    let next = plan.after(ring);
    // An earlier ring has opened the one after it already.
    let held = next.filter(|_| ring == current);
    let held = held.and_then(|next| plan.opening(next, &seen.calendar, now));
    let input = GateInput {
        policy: plan.policy(),
        weighed,
        ring: &observed,
        opened_at,
        soaking_since: if ring == current { soaking_since } else { Some(opened_at) },
        observed_at: seen.observed_at,
        heard_at: seen.heard_at,
        next_opens_at: next.map(|next| plan.opens_at(next)),
        next_held: held.as_ref(),
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

/// What is to be offered to a ring next.
enum Offers {
    /// So many devices.
    Wave(u32),
    Held(Held),
}

/// The next wave of `ring`, unless its calendar holds it back. Waves are sent when half of the limit is free,
/// so that a trickle of outcomes does not become a trickle of one-device waves.
fn next_offers(
    plan: &Plan,
    ring: RingIndex,
    seen: &Observations,
    now: DateTime<Utc>,
) -> Option<Offers> {
    let observed = seen.ring(ring);
    let (tally, planned) = (observed.tally, plan.ring(ring)?);
    let most = planned.calendar.as_ref().and_then(|calendar| calendar.max_per_hour);
    let limit = planned.waves.for_ring(tally.members());
    let limit = most.map_or(limit, |most| limit.min(most.get()));
    let wave = |room: u32| {
        let devices = tally.waiting().min(room);
        let worth_it = devices == tally.waiting() || room >= limit.div_ceil(2);
        (devices > 0 && worth_it).then_some(devices)
    };
    let room = limit.saturating_sub(tally.in_flight());
    let wanted = wave(room)?;
    if let Some(held) = plan.times(ring, &seen.calendar).offers(now) {
        return Some(Offers::Held(held));
    }
    let paced = most.map_or(room, |most| room.min(rate::room(most, &observed.offered, now)));
    if let Some(devices) = wave(paced) {
        return Some(Offers::Wave(devices));
    }
    most.map(|most| {
        let enough = wanted.min(limit.div_ceil(2));
        let until = Some(rate::room_at(most, &observed.offered, enough, now));
        Offers::Held(Held { until, why: Why::Rate { per_hour: most.get() } })
    })
}
