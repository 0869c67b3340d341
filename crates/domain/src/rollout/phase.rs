//! Where a rollout stands, and which moves are legal from there.
//!
//! [`Phase::apply`] is the only way from one phase to another (I4). Its matches are nested and
//! name every variant, so a new phase or event does not compile until each pairing has been
//! thought about.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::evidence::Level;
use crate::gate::ConditionKind;
use crate::gate::weigh::Culprit;
use crate::ids::RolloutId;
use crate::ring::RingIndex;

/// Where a rollout stands. Each variant says what is true of the devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Phase {
    /// Approved; no device has been offered the update.
    Scheduled,
    /// Rings up to `ring` are offered the update in waves; outcomes of `ring` are gathered.
    Offering { ring: RingIndex, since: DateTime<Utc> },
    /// As offering, and enough outcomes of `ring` are known: it is being watched.
    Soaking { ring: RingIndex, opened_at: DateTime<Utc>, since: DateTime<Utc> },
    /// Nothing new is offered; rings up to `ring` keep what they have. None: no ring opened yet.
    Paused { ring: Option<RingIndex>, since: DateTime<Utc>, by: PausedBy },
    /// Every ring passed its gate and every member was offered the update.
    Completed { ring: RingIndex, since: DateTime<Utc> },
    /// The update is being taken back from rings up to `ring`.
    RollingBack { ring: RingIndex, since: DateTime<Utc> },
    /// No reachable device of the rings up to `ring` runs the update any more.
    RolledBack { ring: RingIndex, since: DateTime<Utc> },
    /// Stopped for good; rings up to `ring` keep what they have.
    Cancelled { ring: Option<RingIndex>, since: DateTime<Utc> },
}

/// Who holds a paused rollout. Two independent pauses: the service never clears a person's (I3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PausedBy {
    Person,
    Service(PauseCause),
    Both(PauseCause),
}

/// Why the service paused a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseCause {
    /// The ring whose gate failed.
    pub ring: RingIndex,
    /// The condition that failed.
    pub condition: ConditionKind,
    /// What the strongest evidence spoke of.
    #[serde(default)]
    pub culprit: Option<Culprit>,
}

/// Who pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pauser {
    Person,
    Service(PauseCause),
}

/// Something that happened to a rollout. Appended to its history, never edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// `ring` may be offered the update from now on.
    RingOpened { ring: RingIndex },
    /// The next `devices` members of `ring` are offered the update.
    WaveOffered { ring: RingIndex, wave: u32, devices: u32 },
    /// Enough outcomes of the current ring are known; the bake time runs.
    SoakStarted { ring: RingIndex },
    /// Progress stopped.
    Paused { by: Pauser },
    /// A person let it continue; the current ring gathers and soaks again.
    Resumed,
    /// The last ring passed its gate.
    Completed,
    /// Withdrawal from every ring opened so far began; open offers are taken back.
    RollbackStarted,
    /// The next `devices` members of `ring` are told to uninstall.
    RemovalWave { ring: RingIndex, wave: u32, devices: u32 },
    /// Withdrawal finished.
    RolledBack,
    /// Stopped for good.
    Cancelled,
    /// Stopped for good, because the rollout of a newer release took its place: devices that were not
    /// offered the update, or have not begun to install it, are left to that one.
    Superseded { by: RolloutId },
    /// The evidence against the release reached or left a level. Approvals given before are void.
    EvidenceMoved { level: Level },
    /// The devices of one segment are set aside: not offered the update, and no part of any count. Its
    /// position in the policy of the plan.
    SegmentHeld { segment: u16 },
    /// A person let the devices of one segment go on.
    SegmentReleased { segment: u16 },
    /// Offers of a paused ring that no device had acted on were taken back, as a person asked.
    OffersTakenBack { ring: RingIndex },
    /// The pause is over: those devices are to be offered the update again.
    OffersReturned { ring: RingIndex },
}

/// An event that makes no sense in the phase it was applied to. A bug or a damaged history,
/// never bad user input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{event:?} cannot happen in {phase:?}")]
pub struct IllegalMove {
    pub phase: Phase,
    pub event: Event,
}

impl Phase {
    /// The phase after `event` happened at `at`.
    pub fn apply(self, event: Event, at: DateTime<Utc>) -> Result<Self, IllegalMove> {
        let next = match self {
            Self::Scheduled => from_scheduled(event, at),
            Self::Offering { ring, since } => from_active(self, ring, since, event, at),
            Self::Soaking { ring, opened_at, .. } => from_active(self, ring, opened_at, event, at),
            Self::Paused { ring, by, .. } => from_paused(self, ring, by, event, at),
            Self::Completed { ring, .. } => from_completed(ring, event, at),
            Self::RollingBack { ring, .. } => from_rolling_back(self, ring, event, at),
            Self::RolledBack { .. } => None,
            Self::Cancelled { ring, .. } => match ring {
                Some(ring) => from_completed(ring, event, at),
                None => None,
            },
        };
        next.ok_or(IllegalMove { phase: self, event })
    }

    /// The last ring opened so far; none before the first.
    #[must_use]
    pub fn ring(self) -> Option<RingIndex> {
        match self {
            Self::Scheduled => None,
            Self::RolledBack { ring, .. } => Some(ring),
            Self::Offering { ring, .. } | Self::Soaking { ring, .. } => Some(ring),
            Self::Completed { ring, .. } | Self::RollingBack { ring, .. } => Some(ring),
            Self::Paused { ring, .. } | Self::Cancelled { ring, .. } => ring,
        }
    }

    /// The word used in JSON, tables and pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Offering { .. } => "offering",
            Self::Soaking { .. } => "soaking",
            Self::Paused { .. } => "paused",
            Self::Completed { .. } => "completed",
            Self::RollingBack { .. } => "rolling_back",
            Self::RolledBack { .. } => "rolled_back",
            Self::Cancelled { .. } => "cancelled",
        }
    }
}

fn from_scheduled(event: Event, at: DateTime<Utc>) -> Option<Phase> {
    match event {
        Event::RingOpened { ring: RingIndex::FIRST } => {
            Some(Phase::Offering { ring: RingIndex::FIRST, since: at })
        }
        Event::Paused { by } => {
            Some(Phase::Paused { ring: None, since: at, by: PausedBy::from(by) })
        }
        Event::Cancelled | Event::Superseded { .. } => {
            Some(Phase::Cancelled { ring: None, since: at })
        }
        Event::RingOpened { .. } | Event::WaveOffered { .. } | Event::SoakStarted { .. } => None,
        Event::Resumed | Event::Completed | Event::RollbackStarted => None,
        Event::RemovalWave { .. } | Event::RolledBack | Event::EvidenceMoved { .. } => None,
        Event::SegmentHeld { .. } | Event::SegmentReleased { .. } => None,
        Event::OffersTakenBack { .. } | Event::OffersReturned { .. } => None,
    }
}

fn from_active(
    phase: Phase,
    ring: RingIndex,
    opened_at: DateTime<Utc>,
    event: Event,
    at: DateTime<Utc>,
) -> Option<Phase> {
    let soaking = matches!(phase, Phase::Soaking { .. });
    match event {
        // One ring at a time, none skipped (I1). Straight out of offering only when a person
        // vouched for the ring; `decide` sees to that.
        Event::RingOpened { ring: next } => {
            (next == ring.next()).then_some(Phase::Offering { ring: next, since: at })
        }
        Event::WaveOffered { ring: of, .. } => (of <= ring).then_some(phase),
        Event::OffersTakenBack { ring: of } | Event::OffersReturned { ring: of } => {
            (of <= ring).then_some(phase)
        }
        Event::SoakStarted { ring: of } => {
            (of == ring && !soaking).then_some(Phase::Soaking { ring, opened_at, since: at })
        }
        Event::Paused { by } => {
            Some(Phase::Paused { ring: Some(ring), since: at, by: PausedBy::from(by) })
        }
        Event::Completed => Some(Phase::Completed { ring, since: at }),
        Event::RollbackStarted => Some(Phase::RollingBack { ring, since: at }),
        Event::Cancelled | Event::Superseded { .. } => {
            Some(Phase::Cancelled { ring: Some(ring), since: at })
        }
        Event::EvidenceMoved { .. } => Some(phase),
        Event::SegmentHeld { .. } | Event::SegmentReleased { .. } => Some(phase),
        Event::Resumed | Event::RemovalWave { .. } | Event::RolledBack => None,
    }
}

fn from_paused(
    phase: Phase,
    ring: Option<RingIndex>,
    by: PausedBy,
    event: Event,
    at: DateTime<Utc>,
) -> Option<Phase> {
    match event {
        Event::Paused { by: second } => {
            by.and(second).map(|by| Phase::Paused { ring, since: at, by })
        }
        Event::Resumed => Some(match ring {
            Some(ring) => Phase::Offering { ring, since: at },
            None => Phase::Scheduled,
        }),
        Event::RollbackStarted => ring.map(|ring| Phase::RollingBack { ring, since: at }),
        Event::Cancelled | Event::Superseded { .. } => Some(Phase::Cancelled { ring, since: at }),
        // A segment may be held or let go to make a resume possible.
        Event::SegmentHeld { .. } | Event::SegmentReleased { .. } => ring.map(|_| phase),
        Event::OffersTakenBack { ring: of } => ring.is_some_and(|ring| of <= ring).then_some(phase),
        // What comes in after a pause moves the evidence on.
        Event::EvidenceMoved { .. } => ring.map(|_| phase),
        Event::RingOpened { .. } | Event::WaveOffered { .. } | Event::SoakStarted { .. } => None,
        Event::Completed | Event::RemovalWave { .. } | Event::RolledBack => None,
        Event::OffersReturned { .. } => None,
    }
}

fn from_completed(ring: RingIndex, event: Event, at: DateTime<Utc>) -> Option<Phase> {
    match event {
        Event::RollbackStarted => Some(Phase::RollingBack { ring, since: at }),
        Event::RingOpened { .. } | Event::WaveOffered { .. } | Event::SoakStarted { .. } => None,
        Event::Paused { .. } | Event::Resumed | Event::Completed => None,
        Event::RemovalWave { .. } | Event::RolledBack | Event::Cancelled => None,
        Event::EvidenceMoved { .. } | Event::SegmentHeld { .. } => None,
        Event::SegmentReleased { .. } | Event::Superseded { .. } => None,
        Event::OffersTakenBack { .. } | Event::OffersReturned { .. } => None,
    }
}

fn from_rolling_back(
    phase: Phase,
    ring: RingIndex,
    event: Event,
    at: DateTime<Utc>,
) -> Option<Phase> {
    match event {
        Event::RemovalWave { ring: of, .. } => (of <= ring).then_some(phase),
        Event::RolledBack => Some(Phase::RolledBack { ring, since: at }),
        Event::RingOpened { .. } | Event::WaveOffered { .. } | Event::SoakStarted { .. } => None,
        Event::Paused { .. } | Event::Resumed | Event::Completed => None,
        Event::RollbackStarted | Event::Cancelled | Event::EvidenceMoved { .. } => None,
        Event::SegmentHeld { .. } | Event::SegmentReleased { .. } => None,
        Event::OffersTakenBack { .. } | Event::OffersReturned { .. } => None,
        Event::Superseded { .. } => None,
    }
}

impl From<Pauser> for PausedBy {
    fn from(pauser: Pauser) -> Self {
        match pauser {
            Pauser::Person => Self::Person,
            Pauser::Service(cause) => Self::Service(cause),
        }
    }
}

impl PausedBy {
    /// This pause and a second one; none when `second` is there already.
    fn and(self, second: Pauser) -> Option<Self> {
        match self {
            Self::Person => match second {
                Pauser::Person => None,
                Pauser::Service(cause) => Some(Self::Both(cause)),
            },
            Self::Service(cause) => match second {
                Pauser::Person => Some(Self::Both(cause)),
                Pauser::Service(_) => None,
            },
            Self::Both(_) => None,
        }
    }
}
