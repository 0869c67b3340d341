//! Simulated time: the wall clock, stretched from an anchor.

use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};

/// Simulated seconds since the Unix epoch; all bookkeeping of the fleet is in these.
pub(crate) type Seconds = i64;

pub(crate) const MINUTE: Seconds = 60;
pub(crate) const HOUR: Seconds = 3600;
pub(crate) const DAY: Seconds = 86_400;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    pub(crate) start: DateTime<Utc>,
    pub(crate) anchor: SystemTime,
    pub(crate) speed: f64,
}

impl Clock {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let wall = SystemTime::now().duration_since(self.anchor).unwrap_or_default();
        // `try_from_secs_f64` refuses what does not fit; such a clock stays at its start.
        let passed = std::time::Duration::try_from_secs_f64(wall.as_secs_f64() * self.speed)
            .unwrap_or_default();
        TimeDelta::from_std(passed)
            .ok()
            .and_then(|passed| self.start.checked_add_signed(passed))
            .unwrap_or(self.start)
    }
}

/// A moment as Graph writes it.
pub(crate) fn stamp(at: Seconds) -> String {
    moment(at).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(crate) fn moment(at: Seconds) -> DateTime<Utc> {
    DateTime::from_timestamp(at, 0).unwrap_or_default()
}
