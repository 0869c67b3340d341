//! Many tests, one error: signals, rings and segments share what a release may spend.

use super::value::{EValue, Weight};

/// The strongest of several weighted pieces of evidence, and which one it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strongest {
    pub evidence: EValue,
    /// Its position; none if there was nothing to choose from.
    pub position: Option<usize>,
}

/// Weighted Bonferroni: the largest `w E`. Right for tests that look at different reports at
/// different times, and it names the culprit. Weights that sum to more than 1 are scaled down.
#[must_use]
pub fn strongest(parts: &[(Weight, EValue)]) -> Strongest {
    let total: f64 = parts.iter().map(|(weight, _)| weight.get()).sum();
    let best = parts
        .iter()
        .map(|(weight, evidence)| evidence.weighted(*weight))
        .enumerate()
        // The first of equals, so that the answer does not hang on the search.
        .max_by(|(at, left), (other, right)| left.cmp(right).then(other.cmp(at)));
    match best {
        None => Strongest { evidence: EValue::ONE, position: None },
        Some((position, evidence)) => {
            let evidence = EValue::from_finite(evidence.ln() - total.max(1.0).ln());
            Strongest { evidence, position: Some(position) }
        }
    }
}

/// One signal over the rings of a release: three quarters for all rings pooled, so that evidence is
/// not thrown away at a border, a quarter for the single rings. (Not halves: early rings, where
/// exposure is decided, live on the pooled evidence; a late ring that turns bad has devices enough.)
///
/// The quarter is spread over all `planned` rings; one that has not opened stands at 1. If
/// each ring had half of the error to itself, evidence would jump up to 1 again with every ring that
/// opens, and a release of five rings could be stopped by chance three times as often as said.
#[must_use]
pub fn rings(pooled: EValue, opened: &[EValue], planned: usize) -> EValue {
    let planned = planned.max(opened.len());
    let share = Weight::QUARTER.times(Weight::one_of(planned));
    let mut parts = vec![(Weight::THREE_QUARTERS, pooled)];
    parts.extend(opened.iter().map(|ring| (share, *ring)));
    parts.extend((opened.len()..planned).map(|_| (share, EValue::ONE)));
    EValue::average(&parts)
}

/// e-BH (Wang & Ramdas, arXiv 2009.02824): the positions of the segments to suspect, strongest
/// first. Of those named, at most a share of `false_share` is innocent on average, however the
/// segments hang together.
#[must_use]
pub fn suspects(segments: &[EValue], false_share: Weight) -> Vec<usize> {
    let mut order: Vec<usize> = (0..segments.len()).collect();
    order.sort_by_key(|position| (std::cmp::Reverse(segments.get(*position)), *position));
    let needed = |rank: usize| {
        // m / (K q) = 1 / (q K / m)
        let part = Weight::one_of(segments.len()).get() / Weight::one_of(rank).get();
        EValue::from_finite(-(part * false_share.get()).ln())
    };
    let named = (1..=segments.len())
        .rev()
        .find(|rank| {
            let evidence = order.get(rank - 1).and_then(|position| segments.get(*position));
            evidence.is_some_and(|evidence| evidence.reaches(needed(*rank)))
        })
        .unwrap_or(0);
    order.truncate(named);
    order
}
