//! T3, failures against the number expected by now, where there is no control: right as well when a
//! whole ring is offered at once and only early reports are in.
//!
//! Healthy means: at any age, a device that has not failed yet fails at most as fast as one with
//! failure probability `limit` whose failures are reported along the delay curve.
//!
//! The number expected of a device of some age is `-ln(1 - p G(age))`, not the `p G(age)` of
//! quality.md A3. The latter is right for one look; someone who looks all the time and stops at the
//! first failure gets an average above 1 with it, since a device that failed late has already
//! been charged less than its hazard (docs/gate-statistics.md). The difference is p/2 of itself.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::bounds::Limit;
use super::delay::DelayCurve;
use super::exact;
use super::grid::{POINTS, ln_points, ln_ratios, log_sum_exp, real};
use super::value::EValue;

/// How many failures a healthy release may have shown by now: finite, at least 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Expected(#[serde(with = "exact")] f64);

impl Expected {
    /// Over all devices offered so far, whether they failed or not, from (age of the offer,
    /// devices).
    #[must_use]
    pub fn of(
        offers: impl IntoIterator<Item = (TimeDelta, u64)>,
        limit: Limit,
        curve: &DelayCurve,
    ) -> Self {
        let hazard = |age| -(-limit.get() * curve.share(age)).ln_1p();
        Self(offers.into_iter().map(|(age, devices)| real(devices) * hazard(age)).sum())
    }

    /// A number worked out elsewhere; none if it is negative or not finite.
    #[must_use]
    pub fn new(expected: f64) -> Option<Self> {
        (expected.is_finite() && expected >= 0.0).then_some(Self(expected))
    }

    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

/// The evidence that failures come faster than expected.
#[must_use]
pub fn ln_e(failures: u64, expected: Expected) -> EValue {
    let mut terms = [0.0; POINTS];
    for (term, ln_ratio) in terms.iter_mut().zip(ln_ratios()) {
        *term = real(failures) * ln_ratio - ln_ratio.exp_m1() * expected.0.max(0.0);
    }
    EValue::from_finite(log_sum_exp(&terms) - ln_points())
}
