//! Which ring a device belongs to: deterministic, sticky, the same on every machine.
//!
//! A device's place is XXH3-64 of its Entra device id, seeded by the ring set, so it depends on
//! nothing else: not on the other devices, the order of arrival or the database. Percentages cut
//! the range of places into stretches. A device that has a ring keeps it; only its groups can
//! move it. The hash is computed here and nowhere else (PostgreSQL's own hash functions may
//! change between major versions).

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::ids::{EntraDeviceId, RingSetId};
use crate::ring::{RingIndex, RingSet};

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
#[derive(Debug, Clone, Copy)]
pub struct Candidate {
    pub device: EntraDeviceId,
    /// The ring that the device's Entra groups assign, if any.
    pub assigned: Option<RingIndex>,
    /// The ring it has now, if any.
    pub current: Option<RingIndex>,
}

/// The ring of each candidate, in the same order. O(candidates), no allocation per device.
///
/// Groups win over stickiness, stickiness over percentages. A candidate's current ring no longer
/// counts when the set has become shorter. `fill_rings` is for a whole fleet placed at once.
#[must_use]
pub fn place(
    ring_set: RingSetId,
    set: &RingSet,
    candidates: &[Candidate],
) -> Vec<(RingIndex, Place)> {
    let upper_bounds = upper_bounds(set);
    let exists = |ring: RingIndex| (ring.slot() < set.rings().len()).then_some(ring);
    candidates
        .iter()
        .map(|candidate| {
            let place = Place::of(ring_set, candidate.device);
            let ring = candidate
                .assigned
                .and_then(exists)
                .or(candidate.current.and_then(exists))
                .unwrap_or_else(|| by_percentage(&upper_bounds, place));
            (ring, place)
        })
        .collect()
}

/// Upper end (exclusive) of each ring's stretch in hundredths of the range.
fn upper_bounds(set: &RingSet) -> Vec<(RingIndex, u32)> {
    let mut sum = 0;
    (0u8..)
        .zip(set.rings())
        .map(|(index, ring)| {
            sum += u32::from(ring.membership.percent);
            (RingIndex(index), sum)
        })
        .collect()
}

fn by_percentage(upper_bounds: &[(RingIndex, u32)], place: Place) -> RingIndex {
    // Multiply-shift maps the place onto 0..100 without the bias of a remainder.
    let percentile = u32::try_from((u128::from(place.0) * 100) >> 64).unwrap_or(99);
    upper_bounds
        .iter()
        .find(|(_, upper)| percentile < *upper)
        .or(upper_bounds.last())
        .map_or(RingIndex::FIRST, |(ring, _)| *ring)
}

/// [`place`] for a fleet that is here as a whole, with no percentage ring left empty
/// ([`fill_rings`]).
#[must_use]
pub fn place_fleet(
    ring_set: RingSetId,
    set: &RingSet,
    candidates: &[Candidate],
) -> Vec<(RingIndex, Place)> {
    let mut placed = place(ring_set, set, candidates);
    let exists = |ring: Option<RingIndex>| ring.is_some_and(|ring| ring.slot() < set.rings().len());
    let is_free = |candidate: &Candidate| !exists(candidate.assigned) && !exists(candidate.current);
    let mut taken = vec![0; set.rings().len()];
    let mut free = Vec::new();
    for (candidate, placed) in candidates.iter().zip(&placed) {
        if is_free(candidate) {
            free.push(*placed);
        } else {
            taken[placed.0.slot()] += 1;
        }
    }
    fill_rings(set, &taken, &mut free);
    let mut filled = free.into_iter();
    for (_, placed) in candidates.iter().zip(&mut placed).filter(|(one, _)| is_free(one)) {
        if let Some(there) = filled.next() {
            *placed = there;
        }
    }
    placed
}

/// Gives every ring that has a percentage at least one of the devices just placed by percentage,
/// as far as there are enough: in a small fleet, chance leaves a ring of 1 % empty, and a rollout
/// would wait for its members for ever. Takes the device first in order of place from the
/// fullest ring, so that the result is as deterministic as the rest, and sticky from then on.
///
/// `taken` says how many members each ring has already besides `placed`; only candidates that
/// neither a group nor an earlier placement decided may be in `placed`.
pub fn fill_rings(set: &RingSet, taken: &[u32], placed: &mut [(RingIndex, Place)]) {
    let mut members: Vec<u32> = taken.to_vec();
    members.resize(set.rings().len(), 0);
    for (ring, _) in placed.iter() {
        if let Some(count) = members.get_mut(ring.slot()) {
            *count += 1;
        }
    }
    for (index, ring) in (0u8..).map(RingIndex).zip(set.rings()) {
        if ring.membership.percent == 0 || members[index.slot()] > 0 {
            continue;
        }
        // From the fullest ring, so that no other ring is emptied for this one.
        let donor = placed
            .iter_mut()
            .filter(|(from, _)| members[from.slot()] > 1)
            .max_by_key(|(from, place)| (members[from.slot()], std::cmp::Reverse(*place)));
        if let Some((from, _)) = donor {
            members[from.slot()] -= 1;
            members[index.slot()] += 1;
            *from = index;
        }
    }
}
