//! Which ring a device belongs to: deterministic, sticky, the same on every machine.
//!
//! A device's place is XXH3-64 of its Entra device id, seeded by the ring set, so it depends on
//! nothing else: not on the other devices, the order of arrival or the database. Percentages cut
//! the range of places into stretches. A device that has a ring keeps it; only a pin or its groups
//! can move it. Early rings may be told to cover the fleet ([`PlacementRules`]); then, and only then,
//! a device's ring depends on the other devices placed with it. The hash is computed here and nowhere
//! else (PostgreSQL's own hash functions may change between major versions).
//!
//! [`PlacementRules`]: crate::ring::PlacementRules

mod cover;
mod coverage;
mod fill;
mod share;
mod stratum;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::ids::{EntraDeviceId, RingSetId};
use crate::ring::{RingIndex, RingSet};
use cover::Quotas;
use share::Shares;

pub use coverage::{Coverage, RingCoverage, coverage};
pub use fill::fill_rings;
pub use stratum::{StratumKey, StratumOf};

/// A device's place in the order of a ring set. Also the order of offers inside a ring: places
/// are random with respect to site, model and age, which keeps early waves representative
/// (quality.md A4, "Clusters").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(u64);

impl Place {
    /// The place of `device` in `ring_set`.
    #[must_use]
    pub fn of(ring_set: RingSetId, device: EntraDeviceId) -> Self {
        let seed = xxh3_64(ring_set.0.as_bytes());
        Self(xxh3_64_with_seed(device.0.as_bytes(), seed))
    }

    /// The upper 31 bits: what the database keeps as offer order, in a positive `int4`.
    #[must_use]
    pub fn position(self) -> i32 {
        i32::try_from(self.0 >> 33).unwrap_or(i32::MAX)
    }
}

/// One device to be placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    pub device: EntraDeviceId,
    /// The ring an administrator put it in, if any.
    pub pinned: Option<RingIndex>,
    /// The ring that the device's Entra groups assign, if any ([`assigned`]).
    pub assigned: Option<RingIndex>,
    /// The ring it has now, if any.
    pub current: Option<RingIndex>,
    /// Which part of the fleet it is an example of; none: the set does not cover.
    pub stratum: Option<StratumKey>,
}

/// Why a device is in its ring. Of a device that is [`Why::Kept`], what is recorded from its first
/// placement tells more, and should stay recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// An administrator put it there.
    Pinned,
    /// One of its Entra groups belongs to the ring.
    Group,
    /// It was there before.
    Kept,
    /// The ring had no device of its stratum.
    Covers,
    /// The ring would have been empty.
    Fills,
    /// Its place lies in the ring's share.
    Percentage,
}

impl Why {
    pub const ALL: [Self; 6] =
        [Self::Pinned, Self::Group, Self::Kept, Self::Covers, Self::Fills, Self::Percentage];

    /// The number it is stored under.
    #[must_use]
    pub const fn code(self) -> i16 {
        match self {
            Self::Pinned => 0,
            Self::Group => 1,
            Self::Kept => 2,
            Self::Covers => 3,
            Self::Fills => 4,
            Self::Percentage => 5,
        }
    }

    #[must_use]
    pub fn from_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }

    /// The word for it in JSON and pages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pinned => "pinned",
            Self::Group => "group",
            Self::Kept => "kept",
            Self::Covers => "covers",
            Self::Fills => "fills",
            Self::Percentage => "percentage",
        }
    }
}

/// Where a device is, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    pub ring: RingIndex,
    pub place: Place,
    pub why: Why,
}

/// What a set already holds besides the candidates, by ring. [`place`] adds what it places, so that a
/// fleet can go through it in chunks; each device counts once, as a candidate or here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    pub members: Vec<u32>,
    /// The strata that the ring has a device of. Only looked at for rings that cover.
    pub covered: Vec<HashSet<StratumKey>>,
}

impl Seen {
    fn fit(&mut self, rings: usize) {
        self.members.resize(rings, 0);
        self.covered.resize_with(rings, HashSet::new);
    }

    /// Counts one more device of `ring`, which exists.
    fn add(&mut self, set: &RingSet, ring: RingIndex, stratum: Option<StratumKey>) {
        self.members[ring.slot()] += 1;
        if let Some(stratum) = stratum.filter(|_| set.covers(ring)) {
            self.covered[ring.slot()].insert(stratum);
        }
    }

    fn fleet(&self) -> u32 {
        self.members.iter().fold(0, |sum, members| sum.saturating_add(*members))
    }
}

/// A candidate that no pin, group or earlier placement decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Free {
    place: Place,
    /// Decides between equal places, so that the order of the candidates never does.
    device: EntraDeviceId,
    /// Its index among the candidates.
    at: usize,
}

/// The ring that groups assign, of the rings that name one of a device's groups: the later one wins
/// (facts/autopatch.md 3.5; Microsoft, "Manage Windows Autopatch groups": assigned against assigned,
/// and combined against combined, go to the later ring). Rings the set does not have are passed over.
#[must_use]
pub fn assigned(set: &RingSet, naming: impl Iterator<Item = RingIndex>) -> Option<RingIndex> {
    naming.filter(|ring| ring.slot() < set.rings().len()).max()
}

/// The ring of each candidate, in the same order; none: no group assigns it and the set has no
/// percentages. O(n log n), no allocation per device.
///
/// A pin wins over groups, groups over stickiness, stickiness over coverage and percentages. A
/// candidate's current ring no longer counts when the set has become shorter, or when that ring has
/// no percentage: such a ring holds only whom pins and groups give it. [`place_fleet`] is for a whole
/// fleet placed at once.
#[must_use]
pub fn place(
    ring_set: RingSetId,
    set: &RingSet,
    candidates: &[Candidate],
    seen: &mut Seen,
) -> Vec<Option<Placed>> {
    seen.fit(set.rings().len());
    let arriving = u32::try_from(candidates.len()).unwrap_or(u32::MAX);
    let fleet = seen.fleet().saturating_add(arriving);
    let mut placed = Vec::with_capacity(candidates.len());
    let mut free = Vec::new();
    for (at, candidate) in candidates.iter().enumerate() {
        let place = Place::of(ring_set, candidate.device);
        let decided = decided(set, candidate);
        match decided {
            Some((ring, _)) => seen.add(set, ring, candidate.stratum),
            None => free.push(Free { place, device: candidate.device, at }),
        }
        placed.push(decided.map(|(ring, why)| Placed { ring, place, why }));
    }
    let shares = Shares::of(set);
    let mut quotas = Quotas::of(set, fleet, seen);
    if quotas.any() {
        cover::cover(set, candidates, &mut free, &mut quotas, seen, &mut placed);
    }
    for one in free {
        let Some(ring) = shares.ring(one.place).map(|ring| quotas.spend(&shares, ring)) else {
            continue;
        };
        seen.add(set, ring, candidates[one.at].stratum);
        placed[one.at] = Some(Placed { ring, place: one.place, why: Why::Percentage });
    }
    placed
}

/// What decides a candidate's ring whatever the other devices are.
fn decided(set: &RingSet, candidate: &Candidate) -> Option<(RingIndex, Why)> {
    let exists = |ring: &RingIndex| ring.slot() < set.rings().len();
    let keeps = |ring: &RingIndex| {
        set.rings().get(ring.slot()).is_some_and(|ring| ring.membership.percent > 0)
    };
    let pinned = candidate.pinned.filter(exists).map(|ring| (ring, Why::Pinned));
    let assigned = candidate.assigned.filter(exists).map(|ring| (ring, Why::Group));
    let current = candidate.current.filter(keeps).map(|ring| (ring, Why::Kept));
    pinned.or(assigned).or(current)
}

/// [`place`] for a fleet that is here as a whole, with no percentage ring left empty
/// ([`fill_rings`]).
#[must_use]
pub fn place_fleet(
    ring_set: RingSetId,
    set: &RingSet,
    candidates: &[Candidate],
) -> Vec<Option<Placed>> {
    let mut placed = place(ring_set, set, candidates, &mut Seen::default());
    let by_chance = |placed: &Placed| placed.why == Why::Percentage;
    let mut taken = vec![0; set.rings().len()];
    let mut free = Vec::new();
    for one in placed.iter().flatten() {
        if by_chance(one) {
            free.push(*one);
        } else {
            taken[one.ring.slot()] += 1;
        }
    }
    fill_rings(set, &taken, &mut free);
    let mut filled = free.into_iter();
    for one in placed.iter_mut().flatten().filter(|one| by_chance(one)) {
        if let Some(there) = filled.next() {
            *one = there;
        }
    }
    placed
}
