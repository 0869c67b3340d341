//! Evidence that a release is good enough: "the failure rate is below the limit".
//!
//! The mirror of T1 (quality.md A5): healthy and unhealthy change places, the odds are divided by
//! the ratios. Of the releases that fail at the limit or above, at most a share of beta is ever
//! certified, however often anyone looks. Small rings cannot certify anything; for them there is
//! Wilson's bound, which may be looked at once, when the gate decides.

use super::bounds::{Alpha, Limit};
use super::grid::{POINTS, ln_points, ln_ratios, log_sum_exp, real};
use super::value::EValue;

/// The 95th percentile of the standard normal distribution.
pub(crate) const Z_95: f64 = 1.644_853_626_951_472_2;

/// The test for one limit, with what does not depend on counts worked out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CertificateTest {
    ln_ratios: [f64; POINTS],
    /// What one more device brings each alternative: `-ln(1 - p (1 - 1/r))`.
    gains: [f64; POINTS],
}

impl CertificateTest {
    #[must_use]
    pub fn new(limit: Limit) -> Self {
        let ln_ratios = ln_ratios();
        Self { ln_ratios, gains: ln_ratios.map(|ln| -(limit.get() * (-ln).exp_m1()).ln_1p()) }
    }

    /// The evidence that the failure rate is below the limit. Shrinks with failures, grows with
    /// successes; finite for any counts.
    #[must_use]
    pub fn evidence(&self, failures: u64, successes: u64) -> EValue {
        let (failures, all) = (real(failures), real(failures) + real(successes));
        let mut terms = [0.0; POINTS];
        for ((term, ln_ratio), gain) in terms.iter_mut().zip(self.ln_ratios).zip(self.gains) {
            *term = all * gain - failures * ln_ratio;
        }
        EValue::from_finite(log_sum_exp(&terms) - ln_points())
    }

    /// The first device at which `failures` failures still leave a certificate.
    #[must_use]
    pub fn passes_from(&self, failures: u64, threshold: EValue) -> u64 {
        let passes = |device: u64| self.evidence(failures, device - failures).reaches(threshold);
        if passes(failures) {
            return failures;
        }
        let mut bad = failures;
        let mut good = failures.saturating_mul(2).max(64);
        while !passes(good) && good < u64::MAX / 2 {
            (bad, good) = (good, good * 2);
        }
        while good - bad > 1 {
            let middle = bad + (good - bad) / 2;
            if passes(middle) { good = middle } else { bad = middle }
        }
        good
    }
}

/// The evidence that devices fail at a rate below `limit`.
#[must_use]
pub fn ln_e(failures: u64, successes: u64, limit: Limit) -> EValue {
    CertificateTest::new(limit).evidence(failures, successes)
}

/// Whether the counts certify a rate below `limit`, wrong at most with probability `beta`.
#[must_use]
pub fn certified(failures: u64, successes: u64, limit: Limit, beta: Alpha) -> bool {
    ln_e(failures, successes, limit).reaches(beta.threshold())
}

/// Wilson's upper bound of a rate, one-sided at 95 %; 1 while nothing is known. Valid for one look
/// at a moment chosen beforehand, so never for stopping.
#[must_use]
pub fn wilson_upper(failures: u64, successes: u64) -> f64 {
    let devices = real(failures) + real(successes);
    if devices == 0.0 {
        return 1.0;
    }
    let rate = real(failures) / devices;
    let square = Z_95 * Z_95 / devices;
    let spread = Z_95 * (rate * (1.0 - rate) / devices + square / (4.0 * devices)).sqrt();
    ((rate + square / 2.0 + spread) / (1.0 + square)).min(1.0)
}

/// Devices of a ring whose time has run out: outcome known, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matured {
    pub failures: u64,
    pub successes: u64,
    /// Never heard of again, cause unknown.
    pub unknown: u64,
}

impl Matured {
    /// The failures to judge by: with more than 5 % unknown, the unknown count as failed (quality.md
    /// A5, condition 3).
    #[must_use]
    pub fn failures_to_judge(self) -> u64 {
        let all = u128::from(self.failures) + u128::from(self.successes) + u128::from(self.unknown);
        if u128::from(self.unknown) * 20 > all {
            self.failures.saturating_add(self.unknown)
        } else {
            self.failures
        }
    }
}
