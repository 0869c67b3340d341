//! Rings that chance left empty.

use super::{Placed, Why};
use crate::ring::RingSet;

/// Gives every ring that has a percentage at least one of the devices just placed by percentage,
/// as far as there are enough: in a small fleet, chance leaves a ring of 1 % empty, and a rollout
/// would wait for its members for ever. Takes the device first in order of place from the
/// fullest ring, so that the result is as deterministic as the rest, and sticky from then on.
///
/// `taken` says how many members each ring has already besides `placed`; only candidates that
/// neither a pin, a group, an earlier placement nor coverage decided may be in `placed`.
pub fn fill_rings(set: &RingSet, taken: &[u32], placed: &mut [Placed]) {
    let mut members: Vec<u32> = taken.to_vec();
    members.resize(set.rings().len(), 0);
    for one in placed.iter() {
        if let Some(count) = members.get_mut(one.ring.slot()) {
            *count += 1;
        }
    }
    for (index, ring) in set.indexed() {
        if ring.membership.percent == 0 || members[index.slot()] > 0 {
            continue;
        }
        // From the fullest ring, so that no other ring is emptied for this one.
        let donor = placed
            .iter_mut()
            .filter(|one| members[one.ring.slot()] > 1)
            .max_by_key(|one| (members[one.ring.slot()], std::cmp::Reverse(one.place)));
        if let Some(one) = donor {
            members[one.ring.slot()] -= 1;
            members[index.slot()] += 1;
            (one.ring, one.why) = (index, Why::Fills);
        }
    }
}
