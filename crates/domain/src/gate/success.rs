//! Whether few enough devices failed, by what a ring of its size can say.
//!
//! # Rules
//!
//! - Past its limit beyond chance (evidence at the pause level that the failure rate is above the
//!   limit): fail.
//! - `Point`, in a ring that is large enough: Wilson's upper bound is within the limit. Large enough
//!   is a ring in which a release that fails as often as is healthy would pass 19 times in 20; a smaller
//!   one would hold most healthy releases, so there the rate itself has to be within the limit.
//! - `Certified`: the anytime certificate (quality.md A5).
//! - A ring that cannot pass any more holds, and a person decides: that it is above its limit is
//!   known, that the release is worse than it may be is not.

use serde::{Deserialize, Serialize};

use super::judge::share_down;
use super::{Condition, ConditionKind, Evidence, Gate, Verdict};
use crate::attempt::AttemptState;
use crate::evidence::certificate::{Z_95, certified, wilson_upper};
use crate::evidence::{Alpha, EValue, Limit, exact, rate};
use crate::tally::Tally;

/// How a gate wants success shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuccessRule {
    /// By the rate at the time of the gate, with Wilson's bound where the ring is large enough.
    #[default]
    Point,
    /// By a certificate that the rate is below the limit.
    Certified,
}

/// How it was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuccessBy {
    /// The rate itself: the ring is too small for a bound.
    Rate,
    /// Wilson's upper bound, one-sided at 95 %.
    Wilson,
    /// A certificate at 5 %.
    Certificate,
}

/// A share of devices.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Share(#[serde(with = "exact")] f64);

/// Never NaN: made here, of finite numbers.
impl Eq for Share {}

impl Share {
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

/// Whether a ring of `eligible` devices that fails at the `healthy` rate has Wilson's bound within
/// `limit` 19 times in 20.
#[must_use]
pub fn wilson_can_tell(eligible: u32, healthy: Limit, limit: Limit) -> bool {
    let devices = f64::from(eligible);
    let spread = Z_95 * (devices * healthy.get() * (1.0 - healthy.get())).sqrt();
    // The failures that a healthy ring stays within 19 times in 20.
    let failures = (devices * healthy.get() + spread).ceil().min(devices);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 2^32")]
    let failures = failures as u64;
    wilson_upper(failures, u64::from(eligible).saturating_sub(failures)) <= limit.get()
}

impl Gate {
    pub(super) fn success(&self, tally: &Tally, healthy: Limit, pause: EValue) -> Condition {
        let (failed, of) = (u64::from(tally.failed()) + u64::from(tally.lost()), tally.eligible());
        let good = u64::from(tally.confirmed());
        let most = share_down(of, self.max_failed_bp);
        let judged = failed + good;
        let open = u64::from(of).saturating_sub(judged) > 0;
        let limit = self.failed_limit();
        let upper = Share(wilson_upper(failed, good));
        let by = match self.success {
            SuccessRule::Certified => SuccessBy::Certificate,
            SuccessRule::Point if wilson_can_tell(of, healthy, limit) => SuccessBy::Wilson,
            SuccessRule::Point => SuccessBy::Rate,
        };
        let within = match by {
            // What fails of the whole ring, and of those that are known.
            SuccessBy::Rate => {
                failed <= u64::from(most)
                    && failed * 10_000 <= judged.max(1) * u64::from(self.max_failed_bp)
                    || failed == 0
            }
            SuccessBy::Wilson => upper.0 <= limit.get(),
            SuccessBy::Certificate => certified(failed, good, limit, Alpha::CERTIFICATE),
        };
        let beyond = rate::ln_e(failed, u64::from(of).saturating_sub(failed), limit);
        let verdict = if of == 0 || judged == 0 {
            if open { Verdict::Wait { until: None } } else { Verdict::Unknown }
        } else if beyond.reaches(pause) {
            Verdict::Fail
        } else if within {
            Verdict::Pass
        } else if open && failed <= u64::from(most) {
            Verdict::Wait { until: None }
        } else {
            Verdict::Unknown
        };
        let evidence = Evidence::Success {
            failed: tally.failed(),
            lost: tally.lost(),
            confirmed: tally.confirmed(),
            of,
            limit_bp: self.max_failed_bp,
            most,
            upper,
            by,
        };
        Condition { kind: ConditionKind::Success, verdict, evidence }
    }

    /// How many devices have to be confirmed until few enough failed, if no other one fails; none: that many
    /// there are not. Cost: the logarithm of the devices.
    pub(crate) fn confirmed_to_pass(
        &self,
        tally: &Tally,
        healthy: Limit,
        pause: EValue,
    ) -> Option<u32> {
        let bad = tally.failed().saturating_add(tally.lost());
        let open = tally.eligible().saturating_sub(bad);
        let passes = |confirmed: u32| {
            let states = [
                (AttemptState::Confirmed, confirmed),
                (AttemptState::Failed, tally.failed()),
                (AttemptState::Lost, tally.lost()),
                (AttemptState::Assigned, open.saturating_sub(confirmed)),
            ];
            self.success(&Tally::of(states), healthy, pause).verdict == Verdict::Pass
        };
        if !passes(open) {
            return None;
        }
        // What passes with some passes with more.
        let (mut low, mut high) = (0, open);
        while low < high {
            let middle = low.midpoint(high);
            if passes(middle) { high = middle } else { low = middle + 1 }
        }
        Some(high)
    }

    fn failed_limit(&self) -> Limit {
        limit_of(self.max_failed_bp)
    }
}

/// The rate of so many hundredths of a percent; the least rate there is for none.
pub(super) fn limit_of(basis_points: u16) -> Limit {
    Limit::new(f64::from(basis_points) / 10_000.0).unwrap_or(Limit::LEAST)
}
