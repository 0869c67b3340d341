//! The two numbers a person chooses: how often to be wrong, and which rate is still healthy.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::exact;
use super::value::{EValue, Weight};

/// A probability that is neither 0 nor 1, where one is needed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BoundError {
    #[error("{0} is not between 0 and 1, both left out")]
    Range(f64),
    #[error("{0:?} is neither a share such as 0.02 nor a percentage such as 2%")]
    Text(String),
}

fn share(value: f64) -> Result<f64, BoundError> {
    // `1 - value` has to be a number of its own for the formulas to hold.
    let good = value > f64::MIN_POSITIVE && 1.0 - value > f64::EPSILON;
    if good { Ok(value) } else { Err(BoundError::Range(value)) }
}

fn share_from(text: &str) -> Result<f64, BoundError> {
    let (digits, unit) = match text.strip_suffix('%') {
        Some(digits) => (digits.trim_end(), 100.0),
        None => (text, 1.0),
    };
    let number: f64 = digits.parse().map_err(|_| BoundError::Text(text.to_owned()))?;
    share(number / unit)
}

/// The most often a healthy release may be stopped by chance: 0.01 is one in a hundred.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Share", into = "Share")]
pub struct Alpha(f64);

/// The largest rate that still counts as healthy.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "Share", into = "Share")]
pub struct Limit(f64);

/// How likely something that should be caught has to be caught.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Power(f64);

impl Power {
    /// Nineteen times in twenty.
    pub const DEFAULT: Self = Self(0.95);

    pub fn new(power: f64) -> Result<Self, BoundError> {
        share(power).map(Self)
    }

    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

#[derive(Serialize, Deserialize)]
struct Share(#[serde(with = "exact")] f64);

impl Alpha {
    /// One in a hundred, for a whole release.
    pub const DEFAULT: Self = Self(0.01);

    /// One in twenty, for a certificate: a wrong one only opens the next ring, which has a gate.
    pub const CERTIFICATE: Self = Self(0.05);

    pub fn new(alpha: f64) -> Result<Self, BoundError> {
        share(alpha).map(Self)
    }

    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }

    /// The part of this error that goes with a weight.
    #[must_use]
    pub fn times(self, weight: Weight) -> Self {
        Self((self.0 * weight.get()).max(f64::MIN_POSITIVE))
    }

    /// The evidence at which a test at this level rejects: 1/alpha.
    #[must_use]
    pub fn threshold(self) -> EValue {
        EValue::from_finite(-self.0.ln())
    }
}

impl Limit {
    /// For "none at all", which is no rate that can be tested.
    pub const LEAST: Self = Self(1e-9);
    pub const HALF_PERCENT: Self = Self(0.005);
    pub const ONE_PERCENT: Self = Self(0.01);
    pub const TWO_PERCENT: Self = Self(0.02);

    pub fn new(limit: f64) -> Result<Self, BoundError> {
        share(limit).map(Self)
    }

    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<Share> for Alpha {
    type Error = BoundError;
    fn try_from(value: Share) -> Result<Self, BoundError> {
        Self::new(value.0)
    }
}

impl From<Alpha> for Share {
    fn from(alpha: Alpha) -> Self {
        Self(alpha.0)
    }
}

impl TryFrom<Share> for Limit {
    type Error = BoundError;
    fn try_from(value: Share) -> Result<Self, BoundError> {
        Self::new(value.0)
    }
}

impl From<Limit> for Share {
    fn from(limit: Limit) -> Self {
        Self(limit.0)
    }
}

impl FromStr for Alpha {
    type Err = BoundError;
    /// `0.01` or `1%`.
    fn from_str(text: &str) -> Result<Self, BoundError> {
        share_from(text).map(Self)
    }
}

impl FromStr for Limit {
    type Err = BoundError;
    /// `0.02` or `2%`.
    fn from_str(text: &str) -> Result<Self, BoundError> {
        share_from(text).map(Self)
    }
}

impl fmt::Display for Alpha {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)
    }
}
