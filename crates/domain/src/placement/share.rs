//! Percentages as stretches of the range of places.

use super::Place;
use crate::ring::{RingIndex, RingSet};

/// The rings that have a percentage, each with the upper end (exclusive) of its stretch in
/// hundredths of the range.
#[derive(Debug)]
pub(super) struct Shares(Vec<(RingIndex, u32)>);

impl Shares {
    pub(super) fn of(set: &RingSet) -> Self {
        let mut sum = 0;
        let with_share = set.indexed().filter(|(_, ring)| ring.membership.percent > 0);
        let stretch = |(index, ring): (RingIndex, &crate::ring::Ring)| {
            sum += u32::from(ring.membership.percent);
            (index, sum)
        };
        Self(with_share.map(stretch).collect())
    }

    /// The ring in whose stretch `place` lies; none: no ring has a percentage.
    pub(super) fn ring(&self, place: Place) -> Option<RingIndex> {
        // Multiply-shift maps the place onto 0..100 without the bias of a remainder.
        let percentile = u32::try_from((u128::from(place.0) * 100) >> 64).unwrap_or(99);
        self.0.iter().find(|(_, upper)| percentile < *upper).map(|(ring, _)| *ring)
    }

    /// The rings that have a percentage from `ring` on.
    pub(super) fn from(&self, ring: RingIndex) -> impl Iterator<Item = RingIndex> {
        self.0.iter().map(|(ring, _)| *ring).filter(move |one| *one >= ring)
    }
}
