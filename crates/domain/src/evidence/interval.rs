//! The failure rates that the reports do not speak against: a band that is safe to show live.

use super::bounds::{Alpha, Limit};
use super::certificate::CertificateTest;
use super::rate::RateTest;

/// A band of rates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    pub low: f64,
    pub high: f64,
}

/// Enough halvings for every digit of a share.
const HALVINGS: u32 = 60;

/// The rates that neither T1 nor its mirror rejects, with half of `alpha` for each side: whatever the
/// true rate, the band misses it at any time with probability at most `alpha`.
#[must_use]
pub fn confidence_band(failures: u64, successes: u64, alpha: Alpha) -> Band {
    let half = Alpha::new(alpha.get() / 2.0).unwrap_or(alpha).threshold();
    let too_low = |rate| RateTest::new(rate).evidence(failures, successes).reaches(half);
    let too_high = |rate| CertificateTest::new(rate).evidence(failures, successes).reaches(half);
    Band { low: turn(too_low, true), high: turn(too_high, false) }
}

/// Where `holds` changes its answer between 0, where it says `below`, and 1; 0 or 1 if it does not.
fn turn(holds: impl Fn(Limit) -> bool, below: bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        let Ok(rate) = Limit::new(middle) else { break };
        if holds(rate) == below { low = middle } else { high = middle }
    }
    if below { low } else { high }
}
