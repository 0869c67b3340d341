//! How long failures take to be reported: the share of all failures known by an age.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::exact;
use super::grid::real;
use crate::seconds;

/// By this age of an offer, this share of its failures was reported.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Knot {
    #[serde(with = "seconds")]
    pub age: TimeDelta,
    #[serde(with = "exact")]
    pub share: f64,
}

/// A curve from 0 at age 0, straight between its knots, level after the last one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Knot>", into = "Vec<Knot>")]
pub struct DelayCurve {
    knots: Vec<Knot>,
}

/// Why a curve is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DelayError {
    #[error("a delay curve needs at least one age above zero")]
    Empty,
    #[error("ages must grow and shares must not shrink, from 0 to at most 1")]
    Order,
}

impl DelayCurve {
    pub fn new(knots: Vec<Knot>) -> Result<Self, DelayError> {
        if knots.is_empty() {
            return Err(DelayError::Empty);
        }
        let mut last = Knot { age: TimeDelta::zero(), share: 0.0 };
        for knot in &knots {
            let good = knot.age > last.age && (last.share..=1.0).contains(&knot.share);
            if !good {
                return Err(DelayError::Order);
            }
            last = *knot;
        }
        Ok(Self { knots })
    }

    /// The curve of the failures of past releases, from the ages at which they were reported.
    pub fn from_ages(ages: &[TimeDelta]) -> Result<Self, DelayError> {
        let mut sorted: Vec<TimeDelta> = ages.to_vec();
        sorted.sort_unstable();
        let mut knots: Vec<Knot> = Vec::new();
        for (known, age) in (1_u64..).zip(&sorted) {
            let all = real(u64::try_from(sorted.len()).unwrap_or(u64::MAX));
            let knot = Knot { age: *age.max(&TimeDelta::seconds(1)), share: real(known) / all };
            match knots.last_mut() {
                Some(last) if last.age == knot.age => *last = knot,
                Some(_) | None => knots.push(knot),
            }
        }
        Self::new(knots)
    }

    /// The share of failures reported by `age`.
    #[must_use]
    pub fn share(&self, age: TimeDelta) -> f64 {
        let after = self.knots.partition_point(|knot| knot.age <= age);
        let before = match after.checked_sub(1).and_then(|index| self.knots.get(index)) {
            Some(knot) => *knot,
            None => Knot { age: TimeDelta::zero(), share: 0.0 },
        };
        let Some(next) = self.knots.get(after) else { return before.share };
        if age <= TimeDelta::zero() {
            return 0.0;
        }
        let way = (age - before.age).as_seconds_f64() / (next.age - before.age).as_seconds_f64();
        before.share + way * (next.share - before.share)
    }
}

impl TryFrom<Vec<Knot>> for DelayCurve {
    type Error = DelayError;
    fn try_from(knots: Vec<Knot>) -> Result<Self, DelayError> {
        Self::new(knots)
    }
}

impl From<DelayCurve> for Vec<Knot> {
    fn from(curve: DelayCurve) -> Self {
        curve.knots
    }
}
