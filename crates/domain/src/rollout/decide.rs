//! What should happen to a rollout next.
//!
//! [`decide`] is pure and total: same arguments, same answer, and always an answer. Carrying it
//! out is the scheduler's business.
//!
//! # Invariants
//!
//! 1. Rings open in order; ring `n + 1` opens only after the gate of ring `n` passed or a person
//!    vouched for it (I1).
//! 2. Missing or old data never moves a rollout into the next ring (I8).
//! 3. Hold, cancel and withdraw outrank every gate; run overrides none.
//! 4. No wave lifts the devices in flight of a ring above its limit (I18).
//! 5. Evidence at the watch level stops waves and rings; at the pause level the release.
//! 6. Every event returned is one that [`Phase::apply`] accepts in the given phase.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::observations::{Observations, RingObservation, Wish};
use super::phase::{Event, PauseCause, PausedBy, Pauser, Phase};
use super::plan::{OnGateFailure, Plan};
use crate::approval;
use crate::evidence::{EValue, Level};
use crate::gate::weigh::{Weighed, cohort, weigh};
use crate::gate::{ConditionKind, GateInput, GateReport, Verdict};
use crate::ring::RingIndex;
use crate::tally::Tally;

/// Devices in the first removal wave: a bad uninstall must not storm (quality.md A5).
const FIRST_REMOVAL_WAVE: u32 = 10;

/// How long a rollback goes on looking for devices that installed although the offer was taken
/// back: a device hears of that at its next check-in, up to 8 hours later, and what it has
/// downloaded by then may still be installed at the next restart.
pub const LATE_INSTALLS: TimeDelta = TimeDelta::hours(24);

/// The answer: one event to record, or the one thing being waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an unread decision stalls the rollout"]
pub enum Decision {
    /// Record this event, then decide again.
    Act(Event),
    /// Nothing to do yet. Shown to operators as it is.
    Wait(WaitingOn),
}

/// Why a rollout is not moving.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum WaitingOn {
    /// It has nowhere left to go.
    Nothing,
    /// A person, who paused it.
    Person,
    /// A person, to look at what made the service pause it, and how far the evidence is by now.
    Review { cause: PauseCause, level: Level },
    /// The day `ring` may open.
    Opening { ring: RingIndex, at: DateTime<Utc> },
    /// Members for `ring`, which has none.
    Members { ring: RingIndex },
    /// The gate of `ring`.
    Gate { ring: RingIndex, report: GateReport },
    /// The last offers: every gate passed, `devices` members are still to be offered.
    LastOffers { devices: u32 },
    /// A person, to let the held segments go on, or to cancel what is left: everybody else was served.
    HeldSegments { segments: Vec<u16>, devices: u32 },
    /// Devices that were told to uninstall, and those still to be told.
    Removal { removing: u32, to_go: u32 },
    /// Nothing is left to uninstall; devices that heard late may still have installed.
    LateInstalls { until: DateTime<Utc> },
}

impl WaitingOn {
    /// The word used in JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Person => "person",
            Self::Review { .. } => "review",
            Self::Opening { .. } => "opening",
            Self::Members { .. } => "members",
            Self::Gate { .. } => "gate",
            Self::LastOffers { .. } => "last_offers",
            Self::HeldSegments { .. } => "held_segments",
            Self::Removal { .. } => "removal",
            Self::LateInstalls { .. } => "late_installs",
        }
    }

    /// When to look again though nothing happened; none when only an event can help.
    #[must_use]
    pub fn next_look(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Opening { at, .. } => Some(*at),
            Self::Gate { report, .. } => report.next_look(),
            Self::LateInstalls { until } => Some(*until),
            Self::Nothing | Self::Person | Self::Review { .. } | Self::Members { .. } => None,
            Self::LastOffers { .. } | Self::Removal { .. } | Self::HeldSegments { .. } => None,
        }
    }
}

/// Says what should happen next to a rollout that stands at `phase`. Cost: the rings of the plan.
pub fn decide(plan: &Plan, phase: Phase, seen: &Observations, now: DateTime<Utc>) -> Decision {
    use Decision::{Act, Wait};
    match phase {
        Phase::Scheduled => match seen.intent.wish {
            Wish::Withdraw | Wish::Cancel => Act(Event::Cancelled),
            Wish::Hold => Act(Event::Paused { by: Pauser::Person }),
            Wish::Run => open(plan, RingIndex::FIRST, seen, now),
        },
        Phase::Offering { ring, since } => active(plan, (ring, since, None), seen, now),
        Phase::Soaking { ring, opened_at, since } => {
            active(plan, (ring, opened_at, Some(since)), seen, now)
        }
        Phase::Paused { ring, since, by } => paused(plan, (ring, since, by), seen),
        Phase::Completed { .. } => match seen.intent.wish {
            Wish::Withdraw => Act(Event::RollbackStarted),
            Wish::Run | Wish::Hold | Wish::Cancel => Wait(WaitingOn::Nothing),
        },
        Phase::RollingBack { ring, since } => rolling_back(plan, ring, since, seen),
        Phase::RolledBack { .. } => Wait(WaitingOn::Nothing),
        Phase::Cancelled { ring, .. } => match seen.intent.wish {
            Wish::Withdraw if ring.is_some() => Act(Event::RollbackStarted),
            Wish::Run | Wish::Hold | Wish::Cancel | Wish::Withdraw => Wait(WaitingOn::Nothing),
        },
    }
}

fn open(plan: &Plan, ring: RingIndex, seen: &Observations, now: DateTime<Utc>) -> Decision {
    let at = plan.opens_at(ring);
    if seen.tally(ring).members() == 0 {
        Decision::Wait(WaitingOn::Members { ring })
    } else if now < at {
        Decision::Wait(WaitingOn::Opening { ring, at })
    } else {
        Decision::Act(Event::RingOpened { ring })
    }
}

/// The current ring, when it opened and since when it soaks.
pub type Stage = (RingIndex, DateTime<Utc>, Option<DateTime<Utc>>);

fn active(plan: &Plan, stage: Stage, seen: &Observations, now: DateTime<Utc>) -> Decision {
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
    let (ring, _, soaking_since) = stage;
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
    if let Some(wave) = wave {
        return Act(wave);
    }
    let report = report(plan, stage, ring, seen, &weighed, now);
    let vouched = seen.intent.vouches_for(ring);
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
            segments: seen.held.clone(),
            devices: held.fold(0, u32::saturating_add),
        }),
        devices => Wait(WaitingOn::LastOffers { devices }),
    }
}

/// What has to be put on record before anything is decided by it: a person's word about a segment,
/// and evidence that reached a level, or fell back to where it began.
fn moved(seen: &Observations, weighed: &Weighed) -> Option<Event> {
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

/// The next wave of `ring`. Waves are sent when half of the limit is free, so that a trickle of
/// outcomes does not become a trickle of one-device waves.
fn next_wave(plan: &Plan, ring: RingIndex, seen: &Observations) -> Option<Event> {
    let observed = seen.ring(ring);
    let tally = observed.tally;
    let limit = plan.ring(ring)?.waves.for_ring(tally.members());
    let room = limit.saturating_sub(tally.in_flight());
    let devices = tally.waiting().min(room);
    let worth_it = devices == tally.waiting() || room >= limit.div_ceil(2);
    (devices > 0 && worth_it).then_some(Event::WaveOffered { ring, wave: observed.waves, devices })
}

fn paused(
    plan: &Plan,
    (ring, since, by): (Option<RingIndex>, DateTime<Utc>, PausedBy),
    seen: &Observations,
) -> Decision {
    use Decision::{Act, Wait};
    let weighed = weigh(plan, seen);
    if let Some(event) = ring.and_then(|_| moved(seen, &weighed)) {
        return Act(event);
    }
    match seen.intent.wish {
        Wish::Withdraw if ring.is_some() => Act(Event::RollbackStarted),
        Wish::Withdraw | Wish::Cancel => Act(Event::Cancelled),
        Wish::Hold => match by {
            PausedBy::Service(_) => Act(Event::Paused { by: Pauser::Person }),
            PausedBy::Person | PausedBy::Both(_) => Wait(WaitingOn::Person),
        },
        Wish::Run if seen.intent.given_at > since => Act(Event::Resumed),
        Wish::Run => match by {
            PausedBy::Person => Wait(WaitingOn::Person),
            PausedBy::Service(cause) | PausedBy::Both(cause) => {
                let enough = weighed.level == Level::RollBack && ring.is_some();
                match plan.on_gate_failure() {
                    OnGateFailure::RollBack if enough => Act(Event::RollbackStarted),
                    OnGateFailure::RollBack | OnGateFailure::Pause => {
                        Wait(WaitingOn::Review { cause, level: weighed.level })
                    }
                }
            }
        },
    }
}

/// Waves of removals, one ring after the other, first ring first; the first wave is small and
/// must come back before the second.
fn rolling_back(
    plan: &Plan,
    last: RingIndex,
    since: DateTime<Utc>,
    seen: &Observations,
) -> Decision {
    let count = |of: fn(&Tally) -> u32| -> u32 {
        let both = |ring: &RingObservation| [of(&ring.tally), of(&ring.aside)];
        last.up_to_here().flat_map(|ring| both(&seen.ring(ring))).fold(0, u32::saturating_add)
    };
    let removing = count(Tally::removing);
    let to_go = count(Tally::removable).saturating_add(count(Tally::installing));
    if removing == 0 && to_go == 0 {
        let until = since + LATE_INSTALLS;
        // What matters is that devices were read after that moment, not that it has passed.
        return match seen.observed_at {
            Some(at) if at >= until => Decision::Act(Event::RolledBack),
            Some(_) | None => Decision::Wait(WaitingOn::LateInstalls { until }),
        };
    }
    let waiting = Decision::Wait(WaitingOn::Removal { removing, to_go });
    if seen.intent.wish == Wish::Hold {
        return Decision::Wait(WaitingOn::Person);
    }
    let waves: u32 = last.up_to_here().map(|ring| seen.ring(ring).removal_waves).sum();
    if waves == 1 && removing > 0 {
        return waiting;
    }
    last.up_to_here()
        .find_map(|ring| {
            let observed = seen.ring(ring);
            let limit = match waves {
                0 => FIRST_REMOVAL_WAVE,
                _ => plan.ring(ring)?.waves.for_ring(observed.tally.members()),
            };
            let removing = observed.tally.removing().saturating_add(observed.aside.removing());
            let removable = observed.tally.removable().saturating_add(observed.aside.removable());
            let room = limit.saturating_sub(removing);
            let devices = removable.min(room);
            let worth_it = devices == removable || room >= limit.div_ceil(2);
            let wave = observed.removal_waves;
            (devices > 0 && worth_it).then_some(Event::RemovalWave { ring, wave, devices })
        })
        .map_or(waiting, Decision::Act)
}
