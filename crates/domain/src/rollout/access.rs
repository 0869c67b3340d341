//! What each ring is told, level-triggered: a function of the phase and of the pauses that stand beside it, sent
//! whole every time, so that a lost call repairs itself and a repeated one changes nothing.

use serde::{Deserialize, Serialize};

use super::phase::Phase;
use crate::pause::StandingPause;
use crate::ring::RingIndex;

/// What the devices of one ring may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Nothing was ever said to this ring.
    Closed,
    /// Devices offered so far may take the update.
    Open,
    /// Devices offered so far may not take it (any more); those that have it keep it.
    Held,
    /// Devices offered so far may not take it; those told to uninstall do.
    Withdrawn,
}

/// What `ring` is to be told while the rollout stands at `phase` under `pauses`. A pause stops what is
/// open; it opens nothing, and takes nothing away from what is withdrawn.
#[must_use]
pub fn access(phase: Phase, pauses: &[StandingPause], ring: RingIndex) -> Access {
    if phase.ring().is_none_or(|last_opened| ring > last_opened) {
        return Access::Closed;
    }
    match phase {
        Phase::Scheduled => Access::Closed,
        Phase::Offering { .. } | Phase::Soaking { .. } | Phase::Completed { .. } => {
            let is_paused = pauses.iter().any(|pause| pause.covers(ring));
            if is_paused { Access::Held } else { Access::Open }
        }
        Phase::Paused { .. } | Phase::Cancelled { .. } => Access::Held,
        Phase::RollingBack { .. } | Phase::RolledBack { .. } => Access::Withdrawn,
    }
}
