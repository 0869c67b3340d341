//! What a person can do to a rollout now, and what it would do.
//!
//! The endpoints refuse with the very sentence that the explanation shows (the store has the last
//! word where two requests race).

use api_types as wire;
use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::ring::RingIndex;
use domain::rollout::decide::removal_fails;
use domain::rollout::observations::{Intent, Wish};
use domain::rollout::phase::{PauseCause, PausedBy, Phase};
use domain::tally::Tally;
use store::journal::Snapshot;
use store::rollouts::RolloutRow;

use super::{Rings, capital, devices};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Pause,
    Resume,
    Promote,
    Rollback,
    Cancel,
}

/// What comes of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    Does(String),
    /// What is asked for is so already; asking again is fine.
    Already(String),
    Refused(String),
}

/// All that an effect depends on.
#[derive(Debug, Clone)]
pub struct Scene {
    pub phase: Phase,
    pub intent: Intent,
    pub rings: Rings,
    /// By ring, in order.
    pub tallies: Vec<Tally>,
}

impl Action {
    pub const ALL: [Self; 5] =
        [Self::Pause, Self::Resume, Self::Promote, Self::Rollback, Self::Cancel];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Promote => "promote",
            Self::Rollback => "rollback",
            Self::Cancel => "cancel",
        }
    }
}

impl From<&RolloutRow> for Scene {
    fn from(row: &RolloutRow) -> Self {
        Self {
            phase: row.phase,
            intent: row.intent.clone(),
            rings: Rings::new(row.rings.iter().map(|ring| ring.name.as_str()))
                .with_segments(&row.segments),
            tallies: row.rings.iter().map(|ring| ring.tally).collect(),
        }
    }
}

impl From<&Snapshot> for Scene {
    fn from(snapshot: &Snapshot) -> Self {
        Self {
            phase: snapshot.phase,
            intent: snapshot.observations.intent.clone(),
            rings: Rings::new(snapshot.plan.rings().iter().map(|ring| ring.name.as_str()))
                .with_segments(&snapshot.plan.policy().segments),
            tallies: snapshot.observations.rings.iter().map(|ring| ring.tally).collect(),
        }
    }
}

impl Scene {
    /// Every action with what it would do, or why it cannot be taken.
    #[must_use]
    pub fn actions(&self) -> Vec<wire::ActionState> {
        let state = |action: Action| {
            let (allowed, text) = match self.effect(action) {
                Effect::Does(text) => (true, text),
                Effect::Already(text) | Effect::Refused(text) => (false, text),
            };
            wire::ActionState { action: action.name().to_owned(), allowed, text }
        };
        Action::ALL.into_iter().map(state).collect()
    }

    #[must_use]
    pub fn effect(&self, action: Action) -> Effect {
        match action {
            Action::Pause => self.pause(),
            Action::Resume => self.resume(),
            Action::Promote => self.promote(),
            Action::Rollback => self.rollback(),
            Action::Cancel => self.cancel(),
        }
    }

    fn count(&self, of: impl Fn(&Tally) -> u32) -> u32 {
        self.tallies.iter().map(of).sum()
    }

    fn ended(&self) -> Effect {
        let phase = self.phase.name().replace('_', " ");
        Effect::Refused(format!("The rollout is {phase}: this has no effect any more."))
    }

    fn pause(&self) -> Effect {
        match self.phase {
            Phase::Scheduled => Effect::Does("No ring opens until it is resumed.".to_owned()),
            Phase::Offering { .. } | Phase::Soaking { .. } => {
                let text = match self.count(Tally::in_flight) {
                    0 => "Stops new offers; no device is between offer and outcome.".to_owned(),
                    1 => "Stops new offers; 1 device already offered keeps going unless it \
                          checks in first."
                        .to_owned(),
                    count => format!(
                        "Stops new offers; {} already offered keep going unless they check in \
                         first.",
                        devices(count)
                    ),
                };
                Effect::Does(text)
            }
            Phase::Paused { by: PausedBy::Service(_), .. } => Effect::Does(
                "Adds a person's pause to the service's; only a person can lift it.".to_owned(),
            ),
            Phase::Paused { by: PausedBy::Person | PausedBy::Both(_), .. } => {
                Effect::Already("It is paused by a person already.".to_owned())
            }
            Phase::RollingBack { .. } if self.intent.wish == Wish::Hold => {
                Effect::Already("The rollback is held already.".to_owned())
            }
            Phase::RollingBack { .. } => Effect::Does(format!(
                "Tells no further device to uninstall; {} already told go on.",
                devices(self.count(Tally::removing))
            )),
            Phase::Completed { .. } | Phase::RolledBack { .. } | Phase::Cancelled { .. } => {
                self.ended()
            }
        }
    }

    fn resume(&self) -> Effect {
        match self.phase {
            Phase::Scheduled | Phase::Offering { .. } | Phase::Soaking { .. } => {
                match self.intent.wish {
                    Wish::Run => Effect::Already("It is not paused.".to_owned()),
                    Wish::Hold | Wish::Cancel | Wish::Withdraw => {
                        Effect::Does("It goes on as its gates allow.".to_owned())
                    }
                }
            }
            Phase::Paused { ring, by, .. } => {
                let goes_on = match ring {
                    Some(ring) => format!(
                        "It goes on: {} gathers outcomes and is watched again.",
                        self.rings.name(ring)
                    ),
                    None => "It goes on: the first ring opens when its day has come.".to_owned(),
                };
                Effect::Does(match by {
                    PausedBy::Person => goes_on,
                    PausedBy::Service(why) | PausedBy::Both(why) => self.again(&goes_on, why),
                })
            }
            Phase::RollingBack { .. } if self.intent.wish == Wish::Hold => {
                Effect::Does("It goes on taking the update back.".to_owned())
            }
            Phase::RollingBack { since, .. } if self.removal_waits(since) => Effect::Does(
                "It goes on taking the update back, however many devices cannot uninstall."
                    .to_owned(),
            ),
            Phase::RollingBack { .. } => Effect::Refused(
                "It is being rolled back, which goes on by itself and cannot be turned around."
                    .to_owned(),
            ),
            Phase::Completed { .. } | Phase::RolledBack { .. } | Phase::Cancelled { .. } => {
                self.ended()
            }
        }
    }

    /// Whether the rollback waits for a person to look: as `decide` has it.
    fn removal_waits(&self, since: DateTime<Utc>) -> bool {
        let removed = self.count(|tally| tally.in_state(AttemptState::Removed));
        let stranded = self.count(|tally| tally.in_state(AttemptState::Stranded));
        self.intent.given_at <= since && removal_fails(removed, stranded)
    }

    fn again(&self, goes_on: &str, why: PauseCause) -> String {
        format!(
            "{goes_on} If the {} condition of {} still fails, the service pauses it again; to \
             overrule the gate, promote the ring.",
            why.condition.name(),
            self.rings.name(why.ring)
        )
    }

    fn promote(&self) -> Effect {
        let (ring, is_paused) = match self.phase {
            Phase::Scheduled | Phase::Paused { ring: None, .. } => {
                return Effect::Refused(
                    "No ring has opened yet, so there is no gate to vouch for.".to_owned(),
                );
            }
            Phase::Offering { ring, .. } | Phase::Soaking { ring, .. } => (ring, false),
            Phase::Paused { ring: Some(ring), .. } => (ring, true),
            Phase::RollingBack { .. } => {
                return Effect::Refused("It is being rolled back: no gate decides.".to_owned());
            }
            Phase::Completed { .. } | Phase::RolledBack { .. } | Phase::Cancelled { .. } => {
                return self.ended();
            }
        };
        let name = self.rings.name(ring);
        if !is_paused && self.intent.vouches_for(ring) {
            return Effect::Already(format!("{} is vouched for already.", capital(&name)));
        }
        let after = if is_paused && self.intent.wish == Wish::Hold {
            "The rollout stays paused until it is resumed.".to_owned()
        } else {
            self.after(ring)
        };
        Effect::Does(format!(
            "Vouches for {name}: its gate no longer holds or pauses the rollout. {after}"
        ))
    }

    fn after(&self, ring: RingIndex) -> String {
        if ring.next().slot() < self.tallies.len() {
            let next = capital(&self.rings.name(ring.next()));
            format!("{next} opens next, not before its day.")
        } else {
            "It is completed once every member was offered the update.".to_owned()
        }
    }

    fn rollback(&self) -> Effect {
        match self.phase {
            Phase::Scheduled | Phase::Paused { ring: None, .. } => {
                Effect::Does("Nothing was offered yet, so it is cancelled.".to_owned())
            }
            Phase::Offering { .. } | Phase::Soaking { .. } | Phase::Completed { .. } => {
                self.take_back()
            }
            Phase::Paused { ring: Some(_), .. } | Phase::Cancelled { ring: Some(_), .. } => {
                self.take_back()
            }
            Phase::RollingBack { .. } if self.intent.wish == Wish::Hold => {
                Effect::Does("It goes on taking the update back.".to_owned())
            }
            Phase::RollingBack { .. } => {
                Effect::Already("It is being rolled back already.".to_owned())
            }
            Phase::RolledBack { .. } => Effect::Already("It is rolled back already.".to_owned()),
            Phase::Cancelled { ring: None, .. } => {
                Effect::Refused("It was cancelled before any device was offered it.".to_owned())
            }
        }
    }

    fn take_back(&self) -> Effect {
        use domain::attempt::AttemptState::{Offered, Unresolved};
        let open = self.count(|tally| tally.in_state(Offered) + tally.in_state(Unresolved));
        let mut parts = Vec::new();
        if open > 0 {
            parts.push(format!("takes the offer back from {} not installing yet", devices(open)));
        }
        match self.count(|tally| tally.removable() + tally.installing()) {
            0 => parts.push("no device has the update to uninstall".to_owned()),
            count => parts.push(format!(
                "uninstalls the update from {}, in waves of which the first is small",
                devices(count)
            )),
        }
        Effect::Does(format!("{}.", capital(&parts.join("; "))))
    }

    fn cancel(&self) -> Effect {
        match self.phase {
            Phase::Scheduled | Phase::Paused { ring: None, .. } => {
                Effect::Does("Stops it for good; nothing was offered yet.".to_owned())
            }
            Phase::Offering { .. }
            | Phase::Soaking { .. }
            | Phase::Paused { ring: Some(_), .. } => Effect::Does(format!(
                "Stops it for good: {} still to be offered stay without the update, those \
                     that have it keep it.",
                devices(self.count(Tally::waiting))
            )),
            Phase::Cancelled { .. } => Effect::Already("It is cancelled already.".to_owned()),
            Phase::RollingBack { .. } => Effect::Refused(
                "A rollback cannot be cancelled: devices would be left in two states. It can be \
                 paused."
                    .to_owned(),
            ),
            Phase::Completed { .. } | Phase::RolledBack { .. } => self.ended(),
        }
    }
}
