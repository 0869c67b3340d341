//! The budget of a tenant: most devices between offer and outcome, over all of its rollouts.
//!
//! The planner cuts waves to what was free when it looked; what is recorded is held against the
//! budget once more, under a lock (`store::budget`), because others look at the same time.

use serde::{Deserialize, Serialize};

use crate::ring::RingIndex;

/// How much of the budget is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    pub limit: u32,
    /// Devices of all rollouts of the tenant that were offered an update, outcome not known yet. Above
    /// the limit when that was lowered, or devices that had been given up came back.
    pub in_flight: u32,
}

/// A wave of `ring` that the budget has no room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Short {
    pub(super) ring: RingIndex,
    /// Devices that have to be free for a wave.
    pub(super) needs: u32,
    pub(super) limit: u32,
}

impl Budget {
    /// Devices that may be offered an update now.
    #[must_use]
    pub fn free(self) -> u32 {
        self.limit.saturating_sub(self.in_flight)
    }

    /// Devices that have to be free for a wave that wants so many: all of them, or a tenth of the
    /// budget, so that a trickle of outcomes does not become a trickle of one-device waves, and a
    /// large rollout does not wait behind small ones for ever.
    #[must_use]
    pub fn needs(self, wanted: u32) -> u32 {
        wanted.min(self.limit.div_ceil(10)).max(1)
    }
}

/// Of the devices that a wave of `ring` wants, those that the budget has room for. No budget: no limit.
pub(super) fn cut(budget: Option<Budget>, ring: RingIndex, wanted: u32) -> Result<u32, Short> {
    let Some(budget) = budget else { return Ok(wanted) };
    let (needs, free) = (budget.needs(wanted), budget.free());
    if free < needs {
        return Err(Short { ring, needs, limit: budget.limit });
    }
    Ok(wanted.min(free))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_is_cut_to_what_is_free_and_waits_for_less_than_a_tenth() {
        let ring = RingIndex(1);
        let of = |in_flight, wanted| cut(Some(Budget { limit: 500, in_flight }), ring, wanted);
        let short = |needs| Err(Short { ring, needs, limit: 500 });
        assert_eq!(cut(None, ring, 900), Ok(900));
        assert_eq!(of(0, 900), Ok(500));
        assert_eq!(of(450, 900), Ok(50));
        assert_eq!(of(451, 900), short(50));
        // All it wants is free.
        assert_eq!(of(451, 49), Ok(49));
        assert_eq!(of(700, 3), short(3));
        let nothing = Budget { limit: 0, in_flight: 0 };
        assert_eq!(cut(Some(nothing), ring, 3), Err(Short { ring, needs: 1, limit: 0 }));
    }
}
