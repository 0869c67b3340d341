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
//! 3. Hold, cancel and withdraw outrank every gate; run overrides none. A newer release that takes the
//!    place of this one ends it whatever else is wished, except that it be withdrawn.
//! 4. No wave lifts the devices in flight of a ring above its limit, nor those of all rollouts above
//!    the budget of the tenant (I18).
//! 5. Evidence at the watch level stops waves and rings; at the pause level the release.
//! 6. No wave and no opening of a ring that a standing pause covers, nor of the ring after it.
//! 7. Every event returned is one that [`Phase::apply`] accepts in the given phase.

mod advance;
mod remove;
mod stops;
mod waiting;

use chrono::{DateTime, Utc};

use super::observations::{Observations, Wish};
use super::phase::{Event, PausedBy, Pauser, Phase};
use super::plan::{OnGateFailure, Plan};
use crate::evidence::Level;
use crate::gate::weigh::weigh;
use crate::ring::RingIndex;
use advance::{active, moved, open};
use remove::rolling_back;
use stops::taken_back;

pub use advance::{Stage, report};
pub use remove::{LATE_INSTALLS, removal_fails};
pub use waiting::WaitingOn;

/// The answer: one event to record, or the one thing being waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an unread decision stalls the rollout"]
pub enum Decision {
    /// Record this event, then decide again.
    Act(Event),
    /// Nothing to do yet. Shown to operators as it is.
    Wait(WaitingOn),
}

/// Says what should happen next to a rollout that stands at `phase`. Cost: the rings of the plan.
pub fn decide(plan: &Plan, phase: Phase, seen: &Observations, now: DateTime<Utc>) -> Decision {
    use Decision::{Act, Wait};
    if let Some(event) = superseded(phase, seen) {
        return Act(event);
    }
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

/// Whether a newer release ends this one now. What is being taken back goes on being taken back.
fn superseded(phase: Phase, seen: &Observations) -> Option<Event> {
    let offers = match phase {
        Phase::Scheduled | Phase::Offering { .. } | Phase::Soaking { .. } => true,
        Phase::Paused { .. } => true,
        Phase::Completed { .. } | Phase::RollingBack { .. } | Phase::RolledBack { .. } => false,
        Phase::Cancelled { .. } => false,
    };
    let wanted_back = seen.intent.wish == Wish::Withdraw && phase.ring().is_some();
    let by = seen.superseded_by.filter(|_| offers && !wanted_back)?;
    Some(Event::Superseded { by })
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
    if let Some(event) = ring.and_then(|ring| taken_back(ring, seen)) {
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
                // What a person has stopped does not move by itself, backwards either.
                let enough = weighed.level == Level::RollBack
                    && ring.is_some_and(|ring| !seen.is_paused(ring));
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
