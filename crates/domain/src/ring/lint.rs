//! What is unwise about a ring set, given how many devices its rings hold.
//!
//! Never refuses anything: a set that lints may be used.

use std::fmt;

use super::{RingIndex, RingSet};

/// What a ring holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RingCount {
    pub members: u32,
    /// Strata of the fleet that none of the members is of (`placement::coverage`).
    pub uncovered: u32,
}

/// Something unwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lint {
    /// A rollout passes the ring without learning anything, or waits for its members.
    Empty { ring: RingIndex },
    /// The ring is too small to tell a bad update from bad luck.
    Small { ring: RingIndex, members: u32, least: u32 },
    /// Later rings hold what this one, which should cover the fleet, has no example of.
    Uncovered { ring: RingIndex, strata: u32 },
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Empty { ring } => write!(f, "ring {} has no device", ring.0),
            Self::Small { ring, members, least } => {
                write!(f, "ring {} has {members} devices, advised are {least} or more", ring.0)
            }
            Self::Uncovered { ring, strata } => {
                write!(f, "ring {} has no example of {strata} strata of the fleet", ring.0)
            }
        }
    }
}

/// Devices that a ring in front of others should have at least, in a fleet of this size: what
/// Microsoft advises for the Test ring (facts/autopatch.md 3.5).
#[must_use]
pub const fn minimum_members(fleet: u32) -> u32 {
    match fleet {
        0..=500 => 1,
        501..=5_000 => 5,
        _ => 50,
    }
}

impl RingSet {
    /// What is unwise about this set, ring by ring. `counts` is in the order of the rings; a ring it
    /// leaves out is empty. The last ring may be small: nothing comes after it to be warned.
    #[must_use]
    pub fn lint(&self, counts: &[RingCount]) -> Vec<Lint> {
        let fleet = counts.iter().fold(0_u32, |sum, count| sum.saturating_add(count.members));
        let least = minimum_members(fleet);
        let mut lints = Vec::new();
        for (ring, of) in self.indexed() {
            let RingCount { members, uncovered } =
                counts.get(ring.slot()).copied().unwrap_or_default();
            let before_others = ring.slot() + 1 < self.rings().len();
            if members == 0 {
                lints.push(Lint::Empty { ring });
            } else if members < least && before_others {
                lints.push(Lint::Small { ring, members, least });
            }
            // A ring that only groups fill has whom they give it.
            if uncovered > 0 && self.covers(ring) && of.membership.percent > 0 {
                lints.push(Lint::Uncovered { ring, strata: uncovered });
            }
        }
        lints
    }
}
