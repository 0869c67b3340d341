//! How often, how long and how much.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// The service's clock, which may run faster than the wall's.
pub trait Clock: Clone + Send + Sync + 'static {
    fn now(&self) -> DateTime<Utc>;
    /// How much wall time passes while this clock moves on by `length`.
    fn wall_time(&self, length: TimeDelta) -> Duration;
    /// How far this clock moves on in `length` of wall time.
    fn service_time(&self, length: Duration) -> TimeDelta;
}

#[derive(Debug, Clone)]
pub struct Settings {
    /// How many pieces of each sort of work run at once on this server.
    pub deciding: usize,
    pub enforcing: usize,
    pub reading: usize,
    pub keeping: usize,
    pub listening: usize,
    pub delivering: usize,
    pub sending: usize,
    /// How long a claim lasts without being kept; kept every third of it.
    pub lease: Duration,
    /// Between two reads of check-ins and reports, by the service's clock.
    pub observe_every: TimeDelta,
    /// The same, by the wall's clock: the longer of the two counts.
    pub observe_at_most_every: Duration,
    /// Check-ins are read again from so long before the last read, for clocks that differ.
    pub observe_overlap: TimeDelta,
    /// Between two reads of the inventory of a program, by the service's clock: it changes once a day for
    /// a device.
    pub inventory_every: TimeDelta,
    /// A device is confirmed by a check-in so long after it was first seen on the new build.
    pub confirm_after: TimeDelta,
    /// Between two complete reads of devices, groups and catalogue, by the service's clock.
    pub sync_every: TimeDelta,
    /// Between two runs of the readiness checks, by the service's clock.
    pub assess_every: TimeDelta,
    /// Between two looks for devices that became inactive and decisions that expired, by the
    /// service's clock.
    pub register_every: TimeDelta,
    /// Between two comparisons of an enrollment with Graph, by the service's clock.
    pub drift_every: TimeDelta,
    /// Between two looks for what is to be alerted of, service time.
    pub report_every: TimeDelta,
    /// Between two looks for devices to give up on, by the service's clock.
    pub sweep_every: TimeDelta,
    /// Between two comparisons of Graph with what is wanted though nothing changed, wall time.
    pub reconcile_every: Duration,
    /// The first wait after a failure, wall time; doubled every time up to `longest_wait`.
    pub first_wait: Duration,
    pub longest_wait: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            deciding: 4,
            enforcing: 4,
            reading: 2,
            keeping: 4,
            listening: 4,
            delivering: 8,
            sending: 4,
            // What a dead server held is taken over after this.
            lease: Duration::from_secs(15),
            observe_every: TimeDelta::minutes(15),
            observe_at_most_every: Duration::from_millis(100),
            observe_overlap: TimeDelta::minutes(5),
            inventory_every: TimeDelta::hours(4),
            confirm_after: TimeDelta::hours(4),
            sync_every: TimeDelta::hours(12),
            assess_every: TimeDelta::hours(24),
            register_every: TimeDelta::hours(6),
            // Autopatch alerts within four hours of a change.
            drift_every: TimeDelta::hours(1),
            report_every: TimeDelta::minutes(15),
            sweep_every: TimeDelta::hours(6),
            reconcile_every: Duration::from_mins(15),
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_mins(5),
        }
    }
}

impl Settings {
    /// How long to wait after the failure that follows `failures` others.
    pub(crate) fn wait(&self, failures: i32) -> Duration {
        let doublings = u32::try_from(failures).unwrap_or(0).min(16);
        self.first_wait.saturating_mul(1 << doublings).min(self.longest_wait)
    }
}
