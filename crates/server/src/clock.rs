//! The service's clock: the wall clock, or one that runs faster for demos and tests.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};

/// Business time. Every server of one database must be given the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock {
    start: DateTime<Utc>,
    anchor: SystemTime,
    speed: f64,
}

impl Clock {
    /// The wall clock.
    #[must_use]
    pub fn wall() -> Self {
        Self { start: DateTime::UNIX_EPOCH, anchor: SystemTime::UNIX_EPOCH, speed: 1.0 }
    }

    /// A clock that said `start` at the wall instant `anchor` and runs `speed` times as fast.
    #[must_use]
    pub fn accelerated(start: DateTime<Utc>, anchor: SystemTime, speed: f64) -> Self {
        Self { start, anchor, speed }
    }

    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let passed = SystemTime::now().duration_since(self.anchor).unwrap_or_default();
        let passed = Duration::try_from_secs_f64(passed.as_secs_f64() * self.speed);
        TimeDelta::from_std(passed.unwrap_or_default())
            .ok()
            .and_then(|passed| self.start.checked_add_signed(passed))
            .unwrap_or(self.start)
    }

    /// How much wall time passes while this clock moves on by `length`.
    #[must_use]
    pub fn wall_time(&self, length: TimeDelta) -> Duration {
        let length = length.to_std().unwrap_or_default();
        Duration::try_from_secs_f64(length.as_secs_f64() / self.speed).unwrap_or_default()
    }

    #[must_use]
    pub fn speed(&self) -> f64 {
        self.speed
    }
}

impl scheduler::Clock for Clock {
    fn now(&self) -> DateTime<Utc> {
        Self::now(self)
    }

    fn wall_time(&self, length: TimeDelta) -> Duration {
        Self::wall_time(self, length)
    }

    fn service_time(&self, length: Duration) -> TimeDelta {
        Duration::try_from_secs_f64(length.as_secs_f64() * self.speed)
            .ok()
            .and_then(|length| TimeDelta::from_std(length).ok())
            .unwrap_or(TimeDelta::MAX)
    }
}
