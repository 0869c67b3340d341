//! What a number has to be.

use serde::{Deserialize, Serialize};

use super::number::Number;
use super::placeholder::Language;
use super::read::{Counts, Outcome};
use super::{Field, Signal, SignalError, wrong};
use crate::evidence::rate::ln_e;
use crate::evidence::{EValue, Level, Levels, Limit};

/// What is asked of a source that measures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Measure {
    /// One number, held against limits.
    Value { query: String, threshold: Threshold },
    /// Devices that failed, and all of them: the test that error control needs, in preference to a
    /// rate that somebody else computed.
    Counts { failures: String, devices: String, rule: CountRule },
}

impl Measure {
    #[must_use]
    pub fn count_rule(&self) -> Option<&CountRule> {
        match self {
            Self::Counts { rule, .. } => Some(rule),
            Self::Value { .. } => None,
        }
    }
}

/// The range in which a number passes; beyond either end it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Threshold {
    pub least: Option<Number>,
    pub most: Option<Number>,
}

impl Threshold {
    /// Whether `value` lies inside; the ends do.
    #[must_use]
    pub fn outcome(&self, value: Number) -> Outcome {
        let low = self.least.is_some_and(|least| value < least);
        let high = self.most.is_some_and(|most| value > most);
        if low || high { Outcome::Fail } else { Outcome::Pass }
    }
}

/// Counts of failures against the rate that is still healthy (test T1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountRule {
    /// The largest healthy share of failed devices, in hundredths of a percent.
    pub limit_bp: u16,
    pub levels: Levels,
}

impl CountRule {
    /// How sure the counts make us that the rate is above the limit. More failures than devices are
    /// taken for as many.
    #[must_use]
    pub fn evidence(&self, counts: Counts) -> EValue {
        let successes = counts.devices.saturating_sub(counts.failures);
        match Limit::new(f64::from(self.limit_bp) / 10_000.0) {
            Ok(limit) => ln_e(counts.failures, successes, limit),
            // `check` lets no such limit in.
            Err(_) => EValue::ONE,
        }
    }

    #[must_use]
    pub fn level(&self, counts: Counts) -> Level {
        self.levels.of(self.evidence(counts))
    }

    /// What a reading of these counts comes to: to watch is to hold, to pause is to fail.
    #[must_use]
    pub fn outcome(&self, counts: Counts) -> Outcome {
        match self.level(counts) {
            Level::Calm => Outcome::Pass,
            Level::Watch => Outcome::Hold,
            Level::Pause | Level::RollBack => Outcome::Fail,
        }
    }
}

pub(super) fn check(measure: &Measure, language: Language) -> Result<(), SignalError> {
    match measure {
        Measure::Value { query, threshold } => {
            check_query(Field::Query, query, language)?;
            let what = match (threshold.least, threshold.most) {
                (None, None) => "the least or the most value that passes is needed",
                (Some(least), Some(most)) if least > most => {
                    "the least value that passes is above the most"
                }
                (Some(_), _) | (None, Some(_)) => return Ok(()),
            };
            Err(wrong(Field::Threshold, what))
        }
        Measure::Counts { failures, devices, rule } => {
            check_query(Field::FailuresQuery, failures, language)?;
            check_query(Field::DevicesQuery, devices, language)?;
            if (1..10_000).contains(&rule.limit_bp) {
                return Ok(());
            }
            Err(wrong(Field::Threshold, "the limit has to be above 0 and below 100 percent"))
        }
    }
}

fn check_query(field: Field, query: &str, language: Language) -> Result<(), SignalError> {
    let most = Signal::MOST_QUERY;
    let bad = |c: char| c.is_control() && !matches!(c, '\n' | '\t' | '\r');
    if query.trim().is_empty() || query.len() > most || query.contains(bad) {
        return Err(wrong(field, format!("a query of 1 to {most} bytes of text is right")));
    }
    language.check(query).map_err(|misplaced| wrong(field, misplaced.to_string()))
}
