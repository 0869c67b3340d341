//! How much of a fleet each ring has an example of.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::StratumKey;
use crate::ring::{RingCount, RingIndex, RingSet};

/// What the rings of a set have seen of the fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Strata of the fleet, whatever ring their devices are in.
    pub strata: u32,
    /// In the order of the rings.
    pub rings: Vec<RingCoverage>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RingCoverage {
    pub members: u32,
    /// Strata that one of the members is of.
    pub covered: u32,
    /// The other ones, largest first; whoever has the devices knows their names.
    pub uncovered: Vec<StratumKey>,
}

impl Coverage {
    /// What [`RingSet::lint`] looks at.
    #[must_use]
    pub fn counts(&self) -> Vec<RingCount> {
        let count = |ring: &RingCoverage| RingCount {
            members: ring.members,
            uncovered: u32::try_from(ring.uncovered.len()).unwrap_or(u32::MAX),
        };
        self.rings.iter().map(count).collect()
    }
}

#[derive(Default)]
struct Spread {
    size: u32,
    /// Bit n: ring n has a device of it. Sets have at most 15 rings.
    rings: u16,
}

/// Counts a whole fleet, each device with its ring and its stratum. O(devices + strata log strata).
#[must_use]
pub fn coverage(
    set: &RingSet,
    devices: impl IntoIterator<Item = (Option<RingIndex>, Option<StratumKey>)>,
) -> Coverage {
    let mut rings = vec![RingCoverage::default(); set.rings().len()];
    let mut strata: HashMap<StratumKey, Spread> = HashMap::new();
    for (ring, stratum) in devices {
        let ring = ring.filter(|ring| ring.slot() < rings.len());
        if let Some(ring) = ring {
            rings[ring.slot()].members += 1;
        }
        if let Some(stratum) = stratum {
            let spread = strata.entry(stratum).or_default();
            spread.size += 1;
            spread.rings |= ring.map_or(0, |ring| 1 << ring.slot());
        }
    }
    let mut strata: Vec<(StratumKey, Spread)> = strata.into_iter().collect();
    strata.sort_unstable_by_key(|(key, spread)| (Reverse(spread.size), *key));
    for (slot, ring) in rings.iter_mut().enumerate() {
        let missing = strata.iter().filter(|(_, spread)| spread.rings & (1 << slot) == 0);
        ring.uncovered = missing.map(|(key, _)| *key).collect();
        let covered = strata.len() - ring.uncovered.len();
        ring.covered = u32::try_from(covered).unwrap_or(u32::MAX);
    }
    Coverage { strata: u32::try_from(strata.len()).unwrap_or(u32::MAX), rings }
}
