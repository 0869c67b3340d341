//! What another policy would have decided on a past release.
//!
//! Each decision on record carries the phase and the observations it was made from. Another policy is
//! asked what it makes of the same. What it says is true up to the first time it stops the release:
//! from there on the record tells of devices that it would never have offered the update, so the
//! replay ends. Where it would have gone on instead of stopping, the record goes on as it was.

use chrono::{DateTime, Utc};

use super::decide::{Decision, WaitingOn, decide};
use super::observations::Observations;
use super::phase::{Event, Pauser, Phase};
use super::plan::Plan;
use crate::evidence::level::LevelsError;
use crate::evidence::{Level, Limit};
use crate::gate::policy::{Choices, OnSuspect, Policy};
use crate::ids::PlanId;
use crate::tally::Tally;

/// A decision, with what it was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its place in the history.
    pub seq: i64,
    pub event: Event,
    /// Before the event.
    pub phase: Phase,
    /// The revision that was followed.
    pub plan: PlanId,
    pub observations: Observations,
    pub now: DateTime<Utc>,
}

/// What another policy says where one was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Same,
    Event(Event),
    Waits(WaitingOn),
}

/// One decision on record, and what the other policy says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub seq: i64,
    pub at: DateTime<Utc>,
    pub decided: Event,
    pub would: Outcome,
}

/// A moment at which a policy, not a person, paused the release or held a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    pub seq: i64,
    pub at: DateTime<Utc>,
    pub event: Event,
    /// Devices that had been offered the update by then.
    pub offered: u32,
}

/// A record and another policy, side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// One for each decision that can be compared, oldest first.
    pub steps: Vec<Step>,
    /// Decisions that came after the other policy stopped the release, and were not compared.
    pub beyond: usize,
    /// The first stop on record.
    pub stopped: Option<Stop>,
    /// The first stop of the other policy: at the latest then, for between two decisions on record
    /// nothing is known.
    pub stops: Option<Stop>,
}

impl Replay {
    /// The steps that came out differently.
    pub fn differences(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.would != Outcome::Same)
    }
}

/// What is different in another policy; the rest is as the plan has it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Changes {
    /// Also takes the place of what was learnt from past releases.
    pub failed: Option<Limit>,
    pub lost: Option<Limit>,
    /// Plain e-values.
    pub watch: Option<f64>,
    pub pause: Option<f64>,
    pub roll_back: Option<f64>,
    pub on_suspect: Option<OnSuspect>,
}

impl Plan {
    /// The same rings, days and segments under another policy. Cost: that of `Policy::settle`.
    pub fn changed(&self, changes: &Changes) -> Result<Self, LevelsError> {
        let old = self.policy();
        let choices = Choices {
            failed: changes.failed.unwrap_or(old.failed.limit()),
            lost: changes.lost.unwrap_or(old.lost),
            levels: old.levels.with(changes.watch, changes.pause, changes.roll_back)?,
            on_suspect: changes.on_suspect.unwrap_or(old.on_suspect),
        };
        let settled =
            Policy::settle(choices, &[], old.segments.clone()).with_reported(old.reported.clone());
        let failed = if changes.failed.is_some() { settled.failed } else { old.failed };
        Ok(self.with_policy(Policy { failed, dark: old.dark, ..settled }))
    }
}

/// Asks, at every decision of `recorded`, which is all of a rollout in order, what `plan_of` gives for the
/// revision that was followed. Cost: one `decide` or two for each.
#[must_use]
pub fn replay<'a>(plan_of: impl Fn(PlanId) -> &'a Plan, recorded: &[Recorded]) -> Replay {
    let stopped = recorded.iter().find_map(|one| stop(one, one.event));
    let mut known = Known { level: Level::Calm, watched_at: None };
    let mut replay = Replay { steps: Vec::new(), beyond: 0, stopped, stops: None };
    for (one, at) in recorded.iter().zip(1_usize..) {
        let would = known.ask(plan_of(one.plan), one);
        let event = match &would {
            Outcome::Same => Some(one.event),
            Outcome::Event(event) => Some(*event),
            Outcome::Waits(_) => None,
        };
        let ends = would != Outcome::Same;
        replay.steps.push(Step { seq: one.seq, at: one.now, decided: one.event, would });
        if let Some(stop) = event.and_then(|event| stop(one, event)) {
            replay.stops.get_or_insert(stop);
            if ends {
                replay.beyond = recorded.len() - at;
                break;
            }
        }
    }
    replay
}

fn stop(recorded: &Recorded, event: Event) -> Option<Stop> {
    let seen = &recorded.observations;
    let by_itself = match event {
        Event::Paused { by: Pauser::Service(_) } => true,
        Event::SegmentHeld { segment } => !seen.intent.held.contains(&segment),
        Event::Paused { by: Pauser::Person } | Event::Resumed | Event::Completed => false,
        Event::RingOpened { .. } | Event::WaveOffered { .. } | Event::SoakStarted { .. } => false,
        Event::RollbackStarted | Event::RemovalWave { .. } | Event::RolledBack => false,
        Event::Cancelled | Event::EvidenceMoved { .. } | Event::SegmentReleased { .. } => false,
        Event::OffersTakenBack { .. } | Event::OffersReturned { .. } => false,
        Event::Superseded { .. } => false,
    };
    by_itself.then(|| {
        let of = |tally: &Tally| tally.offered();
        let each = seen.rings.iter().map(|ring| of(&ring.tally).saturating_add(of(&ring.aside)));
        let offered = each.fold(0, u32::saturating_add);
        Stop { seq: recorded.seq, at: recorded.now, event, offered }
    })
}

/// What the other policy would have put on record of the evidence.
struct Known {
    level: Level,
    watched_at: Option<DateTime<Utc>>,
}

impl Known {
    fn ask(&mut self, plan: &Plan, recorded: &Recorded) -> Outcome {
        let mut seen = recorded.observations.clone();
        if seen.level != self.level {
            seen.level = self.level;
            seen.watched_at = self.watched_at;
        }
        let mut decision = decide(plan, recorded.phase, &seen, recorded.now);
        // That evidence moved is a note; what is done about it is the decision.
        while let Decision::Act(Event::EvidenceMoved { level }) = decision {
            let is_recorded = recorded.event == Event::EvidenceMoved { level };
            let moved = level != seen.level;
            if seen.level == Level::Calm {
                seen.watched_at = Some(recorded.now);
            }
            seen.level = level;
            if is_recorded || !moved {
                break;
            }
            decision = decide(plan, recorded.phase, &seen, recorded.now);
        }
        (self.level, self.watched_at) = (seen.level, seen.watched_at);
        match decision {
            Decision::Act(event) if event == recorded.event => Outcome::Same,
            Decision::Act(event) => Outcome::Event(event),
            Decision::Wait(on) => Outcome::Waits(on),
        }
    }
}

#[cfg(test)]
mod tests;
