//! The e-value itself, kept as its logarithm: after a million reports it is past every `f64`.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::exact;
use super::grid::log_sum_exp;

/// Evidence against "this release is healthy". 1 is none; 100 says that a healthy release gets
/// this far at most once in a hundred.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EValue {
    /// Never NaN, never infinite.
    #[serde(with = "exact")]
    ln: f64,
}

impl EValue {
    /// Nothing was seen yet.
    pub const ONE: Self = Self { ln: 0.0 };

    /// The e-value with this natural logarithm; none if that is no finite number.
    #[must_use]
    pub fn from_ln(ln: f64) -> Option<Self> {
        ln.is_finite().then_some(Self { ln })
    }

    /// For sums of finite terms. A NaN, which only a mistake here could make, is no evidence.
    pub(super) fn from_finite(ln: f64) -> Self {
        debug_assert!(!ln.is_nan());
        Self { ln: if ln.is_nan() { 0.0 } else { ln.clamp(f64::MIN, f64::MAX) } }
    }

    /// The natural logarithm.
    #[must_use]
    pub fn ln(self) -> f64 {
        self.ln
    }

    /// The plain number, for people; the largest `f64` where it is larger.
    #[must_use]
    pub fn value(self) -> f64 {
        self.ln.exp().min(f64::MAX)
    }

    /// Whether this is at least `threshold`.
    #[must_use]
    pub fn reaches(self, threshold: Self) -> bool {
        self.ln >= threshold.ln
    }

    /// The part that counts when this evidence shares its error with others.
    #[must_use]
    pub fn weighted(self, weight: Weight) -> Self {
        Self::from_finite(self.ln + weight.0.ln())
    }

    /// The weighted average, an e-value again if the parts know of the same reports. Weights that
    /// sum to more than 1 are scaled down to 1; what they leave of 1 stays unused.
    #[must_use]
    pub fn average(parts: &[(Weight, Self)]) -> Self {
        if parts.is_empty() {
            return Self::ONE;
        }
        let total: f64 = parts.iter().map(|(weight, _)| weight.0).sum();
        let terms: Vec<f64> = parts.iter().map(|(weight, part)| weight.0.ln() + part.ln).collect();
        Self::from_finite(log_sum_exp(&terms) - total.max(1.0).ln())
    }
}

impl PartialEq for EValue {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for EValue {}

impl PartialOrd for EValue {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for EValue {
    fn cmp(&self, other: &Self) -> Ordering {
        self.ln.total_cmp(&other.ln)
    }
}

/// A share of the error that a release may spend: above 0, at most 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "Text", into = "Text")]
pub struct Weight(f64);

#[derive(Serialize, Deserialize)]
struct Text(#[serde(with = "exact")] f64);

/// A weight that is no share.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("a weight must be above 0 and at most 1; {0} is not")]
pub struct WeightError(f64);

impl Weight {
    pub const WHOLE: Self = Self(1.0);
    pub const THREE_QUARTERS: Self = Self(0.75);
    pub const HALF: Self = Self(0.5);
    pub const QUARTER: Self = Self(0.25);
    pub const TENTH: Self = Self(0.1);

    pub fn new(weight: f64) -> Result<Self, WeightError> {
        let good = weight > f64::MIN_POSITIVE && weight <= 1.0;
        if good { Ok(Self(weight)) } else { Err(WeightError(weight)) }
    }

    /// One of `parts` equal shares; the whole where there are no parts.
    #[must_use]
    pub fn one_of(parts: usize) -> Self {
        let parts = u32::try_from(parts).unwrap_or(u32::MAX).max(1);
        Self(1.0 / f64::from(parts))
    }

    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }

    /// The part `other` of this part.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        Self((self.0 * other.0).max(f64::MIN_POSITIVE))
    }
}

impl TryFrom<Text> for Weight {
    type Error = WeightError;
    fn try_from(value: Text) -> Result<Self, WeightError> {
        Self::new(value.0)
    }
}

impl From<Weight> for Text {
    fn from(weight: Weight) -> Self {
        Self(weight.0)
    }
}
