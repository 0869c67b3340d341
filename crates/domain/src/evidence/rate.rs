//! T1, a rate against a limit: failed installs, lost devices, devices that rolled back.
//!
//! Healthy means: each device fails with probability at most the limit, whatever happened to the
//! devices before it. Devices are counted once each, in the order of their offers.
//!
//! The formula of quality.md A3 with its odds multiplied out, which keeps it stable: with
//! `q/(1-q) = r p/(1-p)` the factors are `q/p = r/(1+p(r-1))` and `(1-q)/(1-p) = 1/(1+p(r-1))`.

use super::bounds::{Alpha, Limit};
use super::grid::{POINTS, ln_points, ln_ratios, log_sum_exp, real};
use super::value::EValue;

/// The test for one limit, with what does not depend on counts worked out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateTest {
    ln_ratios: [f64; POINTS],
    /// What one more device costs each alternative: `ln(1 + p (r - 1))`.
    costs: [f64; POINTS],
}

impl RateTest {
    #[must_use]
    pub fn new(limit: Limit) -> Self {
        let ln_ratios = ln_ratios();
        Self { ln_ratios, costs: ln_ratios.map(|ln| (limit.get() * ln.exp_m1()).ln_1p()) }
    }

    /// The evidence that the failure rate is above the limit. Grows with failures, shrinks with
    /// successes; finite for any counts.
    #[must_use]
    pub fn evidence(&self, failures: u64, successes: u64) -> EValue {
        let (failures, all) = (real(failures), real(failures) + real(successes));
        let mut terms = [0.0; POINTS];
        for ((term, ln_ratio), cost) in terms.iter_mut().zip(self.ln_ratios).zip(self.costs) {
            *term = failures * ln_ratio - all * cost;
        }
        EValue::from_finite(log_sum_exp(&terms) - ln_points())
    }

    /// The last device by which the `failures`-th failure still reaches `threshold`; 0 if it never
    /// does, however early it comes.
    #[must_use]
    pub fn halts_by(&self, failures: u64, threshold: EValue) -> u64 {
        let halts = |device: u64| self.evidence(failures, device - failures).reaches(threshold);
        if failures == 0 || !halts(failures) {
            return 0;
        }
        let mut good = failures;
        let mut bad = failures.saturating_mul(2);
        while halts(bad) && bad < u64::MAX / 2 {
            (good, bad) = (bad, bad * 2);
        }
        while bad - good > 1 {
            let middle = good + (bad - good) / 2;
            if halts(middle) { good = middle } else { bad = middle }
        }
        good
    }
}

/// The evidence that devices fail at a rate above `limit`.
#[must_use]
pub fn ln_e(failures: u64, successes: u64, limit: Limit) -> EValue {
    RateTest::new(limit).evidence(failures, successes)
}

/// The rule as a line people can read: entry `k - 1` is the last device by which the `k`-th
/// failure halts, 0 where it never does. Ends with the first entry that reaches `upto` devices.
#[must_use]
pub fn halt_line(limit: Limit, alpha: Alpha, upto: u64) -> Vec<u64> {
    let test = RateTest::new(limit);
    let threshold = alpha.threshold();
    let mut line = Vec::new();
    for failures in 1..=upto {
        let device = test.halts_by(failures, threshold);
        line.push(device);
        if device >= upto {
            break;
        }
    }
    line
}
