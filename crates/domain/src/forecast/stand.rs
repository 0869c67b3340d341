//! Where a rollout stands when it is forecast, and what keeps it from going on.

use chrono::{DateTime, Utc};

use super::scene::Scene;
use super::{Awaited, Unknown};
use crate::ring::RingIndex;
use crate::rollout::observations::Wish;
use crate::rollout::phase::{PausedBy, Phase};

/// Where a rollout stands.
#[derive(Clone)]
pub(super) struct Stand {
    /// The last ring opened.
    pub(super) ring: Option<RingIndex>,
    /// When that opened, or was resumed, and since when it soaks.
    pub(super) opened_at: DateTime<Utc>,
    pub(super) soaks_since: Option<DateTime<Utc>>,
    /// Every ring has passed.
    pub(super) completed: bool,
    pub(super) awaited: Option<Awaited>,
    pub(super) obstacle: Option<Unknown>,
}

pub(super) fn stand(scene: &Scene<'_>) -> Stand {
    let now = scene.now;
    let still = Stand {
        ring: scene.phase.ring(),
        opened_at: now,
        soaks_since: None,
        completed: false,
        awaited: None,
        obstacle: scene.obstacle(),
    };
    let ends = |unknown| Stand { obstacle: Some(unknown), ..still.clone() };
    let wished = match scene.seen.intent.wish {
        Wish::Run => None,
        Wish::Hold => Some(Ok(Awaited::Resume)),
        Wish::Cancel => Some(Err(Unknown::Ended)),
        Wish::Withdraw => Some(Err(Unknown::RollingBack)),
    };
    match scene.phase {
        Phase::RollingBack { .. } => return ends(Unknown::RollingBack),
        Phase::RolledBack { .. } | Phase::Cancelled { .. } => return ends(Unknown::Ended),
        Phase::Completed { .. } => {
            return Stand { completed: true, obstacle: None, ..still };
        }
        Phase::Scheduled | Phase::Offering { .. } | Phase::Soaking { .. } => {}
        Phase::Paused { .. } => {}
    }
    let awaited = match (scene.phase, wished) {
        (_, Some(Err(unknown))) => return ends(unknown),
        // A word that is newer than the pause is about to end it.
        (Phase::Paused { since, .. }, None) if scene.seen.intent.given_at > since => None,
        (Phase::Paused { by: PausedBy::Service(_) | PausedBy::Both(_), .. }, _) => {
            Some(Awaited::Review)
        }
        (Phase::Paused { by: PausedBy::Person, .. }, None) => Some(Awaited::Resume),
        (_, Some(Ok(awaited))) => Some(awaited),
        (_, None) => None,
    };
    match scene.phase {
        Phase::Offering { since, .. } => Stand { opened_at: since, awaited, ..still },
        Phase::Soaking { opened_at, since, .. } => {
            // A pause ends the soak; after it the ring gathers anew.
            let soaks_since = Some(since).filter(|_| awaited.is_none());
            Stand { opened_at, soaks_since, awaited, ..still }
        }
        Phase::Scheduled | Phase::Paused { .. } | Phase::Completed { .. } => {
            Stand { awaited, ..still }
        }
        Phase::RollingBack { .. } | Phase::RolledBack { .. } | Phase::Cancelled { .. } => still,
    }
}

impl Stand {
    pub(super) fn is_open(&self, ring: RingIndex) -> bool {
        self.ring.is_some_and(|last| ring <= last)
    }
}
