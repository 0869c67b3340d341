//! T2, updated devices against devices not offered yet, at the same time: crashes, blue screens,
//! silence, and whatever else has weekends in it.
//!
//! Healthy means: an updated device has incidents at most `tolerated` times as often as a control
//! device does in the same interval. Given that an incident happened, all that is used is on which
//! side; whatever moves both sides alike cancels (Lindon & Malek, arXiv 2011.03567). With the
//! share `s = e_T r0 / (e_C + e_T r0)` of incidents that the tolerated ratio would put on the
//! updated side, the formula of quality.md A3 reads as T1 with `s` in the place of the limit:
//! `y_T ln m - (y_T + y_C) ln(1 + s (m - 1))`.

use serde::{Deserialize, Serialize};

use super::exact;
use super::grid::{POINTS, ln_points, ln_ratios, log_sum_exp, real};
use super::value::EValue;

/// How many times as often updated devices may have incidents and still be healthy.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "Number", into = "Number")]
pub struct Ratio(f64);

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Number(#[serde(with = "exact")] f64);

/// What was counted makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum ControlError {
    #[error("a tolerated ratio must be between 0.01 and 100; {0} is not")]
    Ratio(f64),
    #[error("incidents were counted on a side on which no device was observed")]
    Nobody,
}

impl Ratio {
    /// A fifth more often.
    pub const DEFAULT: Self = Self(1.2);

    pub fn new(ratio: f64) -> Result<Self, ControlError> {
        if (0.01..=100.0).contains(&ratio) {
            Ok(Self(ratio))
        } else {
            Err(ControlError::Ratio(ratio))
        }
    }
}

impl TryFrom<Number> for Ratio {
    type Error = ControlError;
    fn try_from(value: Number) -> Result<Self, ControlError> {
        Self::new(value.0)
    }
}

impl From<Ratio> for Number {
    fn from(ratio: Ratio) -> Self {
        Self(ratio.0)
    }
}

/// One side of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// What was observed, in the same unit on both sides (devices, device hours). Settled before
    /// the interval starts.
    pub exposure: u64,
    /// Devices with at least one incident, so that a crash loop counts once.
    pub incidents: u64,
}

/// What was seen in one stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    pub updated: Side,
    pub control: Side,
}

/// The test so far. Its whole memory, so what is stored is enough to go on or to replay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stream {
    tolerated: Ratio,
    /// Incidents on the updated side.
    updated: u64,
    /// What the incidents of both sides cost each alternative.
    costs: [Number; POINTS],
}

impl Stream {
    /// Before the first interval.
    #[must_use]
    pub fn new(tolerated: Ratio) -> Self {
        Self { tolerated, updated: 0, costs: [Number(0.0); POINTS] }
    }

    /// Adds an interval. One without observation on either side, or without incidents, says nothing.
    /// An interval without control says nothing either: all incidents are on one side then.
    pub fn add(&mut self, interval: &Interval) -> Result<(), ControlError> {
        let Interval { updated, control } = *interval;
        let impossible = |side: Side| side.exposure == 0 && side.incidents > 0;
        if impossible(updated) || impossible(control) {
            return Err(ControlError::Nobody);
        }
        if updated.exposure == 0 || control.exposure == 0 {
            return Ok(());
        }
        let tolerated = real(updated.exposure) * self.tolerated.0;
        let share = tolerated / (real(control.exposure) + tolerated);
        let incidents = real(updated.incidents) + real(control.incidents);
        for (cost, ln_ratio) in self.costs.iter_mut().zip(ln_ratios()) {
            cost.0 += incidents * (share * ln_ratio.exp_m1()).ln_1p();
        }
        self.updated = self.updated.saturating_add(updated.incidents);
        Ok(())
    }

    /// The evidence that the updated side has incidents more often than tolerated. The order of the
    /// intervals does not matter, beyond the last digits of a sum.
    #[must_use]
    pub fn evidence(&self) -> EValue {
        let mut terms = [0.0; POINTS];
        for ((term, ln_ratio), cost) in terms.iter_mut().zip(ln_ratios()).zip(self.costs) {
            *term = real(self.updated) * ln_ratio - cost.0;
        }
        EValue::from_finite(log_sum_exp(&terms) - ln_points())
    }
}
