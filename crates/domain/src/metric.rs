//! What the service measures of itself: every metric by its name, as one table. `docs/metrics.md` is made
//! from it, `/metrics` holds what it says and nothing else, and the dashboard and the alert rules in `deploy/`
//! name nothing that is not in it.

mod table;

pub use table::METRICS;

/// A metric. Where it is measured, it is named by this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    HttpRequests,
    HttpSeconds,
    Work,
    WorkSeconds,
    WorkLag,
    Decisions,
    DevicesTold,
    GraphRequests,
    GraphSeconds,
    SourceAge,
    WebhookTries,
    DeskTries,
    LettersWritten,
    LetterTries,
    OutboxAge,
    SignalReadings,
    AuditSinkFailing,
    OpenAlerts,
    DatabaseConnections,
    DatabaseConnectionsMost,
    DatabaseUp,
    TracesDropped,
}

/// How values of a metric behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricType {
    /// Only grows, but for a restart.
    Counter,
    Gauge,
    /// Counts by size, for quantiles.
    Histogram,
}

impl MetricType {
    /// Prometheus' word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// What a metric is told apart by.
#[derive(Debug, Clone, Copy)]
pub struct Label {
    pub name: &'static str,
    pub meaning: &'static str,
    /// All of its values, which are there from the start; none: they are met as the service runs.
    pub values: &'static [&'static str],
}

/// One metric.
#[derive(Debug, Clone, Copy)]
pub struct MetricRow {
    pub metric: Metric,
    pub name: &'static str,
    pub kind: MetricType,
    /// Of the values: seconds, or what is counted.
    pub unit: &'static str,
    pub labels: &'static [Label],
    pub meaning: &'static str,
}

impl Metric {
    /// Its row of the table.
    #[must_use]
    pub const fn row(self) -> &'static MetricRow {
        &METRICS[self as usize]
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }
}
