//! What a rollout waits for when there is nothing to do.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::calendar::Held;
use crate::evidence::Level;
use crate::gate::GateReport;
use crate::pause::StandingPause;
use crate::ring::RingIndex;
use crate::rollout::phase::PauseCause;

/// Why a rollout is not moving.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum WaitingOn {
    /// It has nowhere left to go.
    Nothing,
    /// A person, who paused it.
    Person,
    /// A person, to let `ring` go on: these pauses cover it, oldest first.
    StandingPause { ring: RingIndex, pauses: Vec<StandingPause> },
    /// A person, to look at what made the service pause it, and how far the evidence is by now.
    Review { cause: PauseCause, level: Level },
    /// The day `ring` may open.
    Opening { ring: RingIndex, at: DateTime<Utc> },
    /// The calendar of `ring`, which may open by its gate and its day: a window, another day, the end of a
    /// freeze or a holiday.
    Calendar { ring: RingIndex, held: Held },
    /// The next offers to `ring`, held back by its calendar or its rate; besides them, what `then` says.
    Offers { ring: RingIndex, held: Held, then: Box<WaitingOn> },
    /// Members for `ring`, which has none.
    Members { ring: RingIndex },
    /// The gate of `ring`.
    Gate { ring: RingIndex, report: GateReport },
    /// Room in the budget of the tenant: a wave of `ring` needs so many devices to be free. `look_at`:
    /// when to look again for another reason.
    Budget { ring: RingIndex, needs: u32, limit: u32, look_at: Option<DateTime<Utc>> },
    /// The last offers: every gate passed, `devices` members are still to be offered.
    LastOffers { devices: u32 },
    /// A person, to let the held segments go on. With a ring: all of its devices are held, so that it
    /// proves nothing, unless a person vouches for it. Without: everybody else was served, and what is
    /// left may also be cancelled.
    HeldSegments { ring: Option<RingIndex>, segments: Vec<u16>, devices: u32 },
    /// Devices that were told to uninstall, and those still to be told.
    Removal { removing: u32, to_go: u32 },
    /// A person, to see why so many devices cannot uninstall, before more are told to.
    RemovalReview { removed: u32, stranded: u32 },
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
            Self::StandingPause { .. } => "standing_pause",
            Self::Review { .. } => "review",
            Self::Opening { .. } => "opening",
            Self::Calendar { .. } => "calendar",
            Self::Offers { .. } => "offers",
            Self::Members { .. } => "members",
            Self::Gate { .. } => "gate",
            Self::Budget { .. } => "budget",
            Self::LastOffers { .. } => "last_offers",
            Self::HeldSegments { .. } => "held_segments",
            Self::Removal { .. } => "removal",
            Self::RemovalReview { .. } => "removal_review",
            Self::LateInstalls { .. } => "late_installs",
        }
    }

    /// When to look again though nothing happened; none when only an event can help.
    #[must_use]
    pub fn next_look(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Opening { at, .. } => Some(*at),
            Self::Calendar { held, .. } => held.until,
            Self::Offers { held, then, .. } => held.until.into_iter().chain(then.next_look()).min(),
            Self::Gate { report, .. } => report.next_look(),
            Self::LateInstalls { until } => Some(*until),
            Self::Budget { look_at, .. } => *look_at,
            Self::Nothing | Self::Person | Self::Review { .. } | Self::Members { .. } => None,
            Self::LastOffers { .. } | Self::Removal { .. } | Self::HeldSegments { .. } => None,
            Self::StandingPause { .. } | Self::RemovalReview { .. } => None,
        }
    }
}
