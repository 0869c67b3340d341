//! From what a source says to numbers and readings.

use chrono::{DateTime, Utc};
use domain::signal::{CountRule, Counts, Number, Outcome, Reading, Threshold};

use crate::error::OutboundError;

/// A number of devices: whole, and not below zero.
pub(crate) fn devices(value: f64) -> Result<u64, OutboundError> {
    // Beyond this, neighbours are not told apart.
    const MOST: f64 = 9_007_199_254_740_992.0;
    if value.fract() != 0.0 || !(0.0..=MOST).contains(&value) {
        let what = "devices are counted in whole numbers (increase() and rate() give none)";
        return Err(OutboundError::Query(what.to_owned()));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    Ok(value as u64)
}

/// What one number comes to; NaN is no data.
pub(crate) fn value(
    value: Option<f64>,
    threshold: &Threshold,
    at: DateTime<Utc>,
) -> Result<Reading, OutboundError> {
    let Some(value) = value.filter(|value| !value.is_nan()) else {
        return Ok(Reading::new(at, Outcome::NoData, "the query gives nothing"));
    };
    let number = Number::new(value)
        .ok_or_else(|| OutboundError::Query("the query gives an infinite number".to_owned()))?;
    let outcome = threshold.outcome(number);
    let range = match (threshold.least, threshold.most) {
        (Some(least), Some(most)) => format!("{least} to {most}"),
        (Some(least), None) => format!("{least} or more"),
        (None, Some(most)) => format!("{most} or less"),
        (None, None) => "anything".to_owned(),
    };
    let mut reading = Reading::new(at, outcome, &format!("{number}; {range} passes"));
    reading.value = Some(number);
    Ok(reading)
}

/// What two counts come to. A count that is missing is no zero: a query can say `or vector(0)`.
pub(crate) fn counts(
    failures: Option<f64>,
    all: Option<f64>,
    rule: &CountRule,
    at: DateTime<Utc>,
) -> Result<Reading, OutboundError> {
    let some = |value: Option<f64>| value.filter(|value| !value.is_nan());
    let (Some(failures), Some(all)) = (some(failures), some(all)) else {
        return Ok(Reading::new(at, Outcome::NoData, "one of the queries gives nothing"));
    };
    let counts = Counts { failures: devices(failures)?, devices: devices(all)? };
    if counts.failures > counts.devices {
        let what = "more devices failed than there are; do both queries count the same devices?";
        return Err(OutboundError::Query(what.to_owned()));
    }
    let level = rule.level(counts);
    let reason = format!(
        "{} of {} devices failed; {} % is healthy: {}",
        counts.failures,
        counts.devices,
        f64::from(rule.limit_bp) / 100.0,
        level.name()
    );
    let mut reading = Reading::new(at, rule.outcome(counts), &reason);
    reading.counts = Some(counts);
    Ok(reading)
}
