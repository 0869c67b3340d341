//! The alternatives every test mixes over: 24 ratios from 1.25 to 50, evenly spaced in logarithm,
//! each with weight 1/24 (quality.md A3). A regression within 1.25 of the limit is found late by
//! design; one beyond 50 is found as fast as one of 50.

/// Alternatives in the mixture.
pub(crate) const POINTS: usize = 24;

const FIRST: f64 = 1.25;
const LAST: f64 = 50.0;

/// ln 24: the weight of each alternative is `exp(-LN_POINTS)`.
pub(crate) fn ln_points() -> f64 {
    24_f64.ln()
}

/// The logarithms of the ratios, ascending.
pub(crate) fn ln_ratios() -> [f64; POINTS] {
    let step = (LAST / FIRST).ln() / 23.0;
    let mut next = FIRST.ln();
    let mut place = 0.0;
    [(); POINTS].map(|()| {
        let this = next;
        place += 1.0;
        next = FIRST.ln() + step * place;
        this
    })
}

/// `ln` of the sum of `exp` of `terms`, without leaving the range of `f64`; terms are finite.
pub(crate) fn log_sum_exp(terms: &[f64]) -> f64 {
    let top = terms.iter().copied().fold(f64::MIN, f64::max);
    let sum: f64 = terms.iter().map(|term| (term - top).exp()).sum();
    top + sum.ln()
}

/// A count as a number. Exact up to 2^53, far beyond any fleet.
#[allow(clippy::cast_precision_loss, reason = "no fleet has 2^53 devices")]
pub(crate) fn real(count: u64) -> f64 {
    count as f64
}
