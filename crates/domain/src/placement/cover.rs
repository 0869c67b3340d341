//! Rings that cover the fleet: an early ring gets a device of every stratum, within its share.
//!
//! Never takes a device from a ring, and never makes a ring larger than its share for the sake of
//! coverage: a ring that cannot hold all strata holds the largest.

use super::share::Shares;
use super::{Candidate, Free, Placed, Seen, StratumKey, Why};
use crate::ring::{RingIndex, RingSet, minimum_members};

/// How many more devices each ring may take; none: as many as its stretch of places brings.
#[derive(Debug)]
pub(super) struct Quotas(Vec<Option<u32>>);

impl Quotas {
    /// Covering rings with a percentage may hold that share of the `fleet`, rounded up, and what a
    /// ring of use should have at least.
    pub(super) fn of(set: &RingSet, fleet: u32, seen: &Seen) -> Self {
        let quota = |(ring, of): (RingIndex, &crate::ring::Ring)| {
            let percent = of.membership.percent;
            (percent > 0 && set.covers(ring)).then(|| {
                let share = (u64::from(fleet) * u64::from(percent)).div_ceil(100);
                let share = u32::try_from(share).unwrap_or(u32::MAX);
                share.max(minimum_members(fleet)).saturating_sub(seen.members[ring.slot()])
            })
        };
        Self(set.indexed().map(quota).collect())
    }

    /// Whether any ring covers.
    pub(super) fn any(&self) -> bool {
        self.0.iter().any(Option::is_some)
    }

    fn room(&mut self, ring: RingIndex) -> Option<&mut u32> {
        self.0[ring.slot()].as_mut()
    }

    /// The ring that a place in the stretch of `ring` gets: this one, or the next that has room. The
    /// last ring with a percentage takes whatever is left.
    pub(super) fn spend(&mut self, shares: &Shares, ring: RingIndex) -> RingIndex {
        let mut last = ring;
        for one in shares.from(ring) {
            last = one;
            match self.room(one) {
                Some(0) => {}
                Some(room) => {
                    *room -= 1;
                    return one;
                }
                None => return one,
            }
        }
        last
    }
}

/// The candidates of one stratum.
struct Run {
    key: StratumKey,
    size: usize,
    /// Those that are free and not taken yet, as a range of the sorted candidates.
    next: usize,
    end: usize,
}

/// Gives covering rings a free device of every stratum they have none of: rings in order, strata
/// largest first, the device first in place. Leaves in `free` who is left, in order of place.
pub(super) fn cover(
    set: &RingSet,
    candidates: &[Candidate],
    free: &mut Vec<Free>,
    quotas: &mut Quotas,
    seen: &mut Seen,
    placed: &mut [Option<Placed>],
) {
    free.sort_unstable();
    let mut sorted: Vec<(StratumKey, Free)> =
        free.iter().filter_map(|one| Some((candidates[one.at].stratum?, *one))).collect();
    // Stable: within a stratum the order of place stays.
    sorted.sort_by_key(|(key, _)| *key);
    let mut runs = runs(candidates, &sorted);
    runs.sort_unstable_by_key(|run| (std::cmp::Reverse(run.size), run.key));
    for (ring, _) in set.indexed() {
        for run in &mut runs {
            let Some(room) = quotas.room(ring).filter(|room| **room > 0) else { break };
            if run.next == run.end || seen.covered[ring.slot()].contains(&run.key) {
                continue;
            }
            let (key, taken) = sorted[run.next];
            run.next += 1;
            *room -= 1;
            seen.add(set, ring, Some(key));
            placed[taken.at] = Some(Placed { ring, place: taken.place, why: Why::Covers });
        }
    }
    free.retain(|one| placed[one.at].is_none());
}

/// The strata of free candidates; their sizes count decided candidates too.
fn runs(candidates: &[Candidate], sorted: &[(StratumKey, Free)]) -> Vec<Run> {
    let mut all: Vec<StratumKey> = candidates.iter().filter_map(|one| one.stratum).collect();
    all.sort_unstable();
    let mut sizes = all.chunk_by(|a, b| a == b).peekable();
    let mut end = 0;
    let mut runs = Vec::new();
    for run in sorted.chunk_by(|a, b| a.0 == b.0) {
        let key = run[0].0;
        while sizes.next_if(|size| size[0] < key).is_some() {}
        let size = sizes.peek().map_or(0, |size| size.len());
        runs.push(Run { key, size, next: end, end: end + run.len() });
        end += run.len();
    }
    runs
}
