//! `/metrics`: what was counted on the way, and what is looked up when somebody asks.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use domain::metric::{METRICS, Metric, MetricType};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use store::Store;
use store::vitals::Vitals;

use crate::clock::Clock;

/// Whoever asks more often gets what was looked up before: nobody needs a token to ask.
const LOOKED_UP: Duration = Duration::from_secs(5);
/// Upper bounds in seconds, from a statement to a read of a fleet.
const BUCKETS: [f64; 12] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0];

/// One for each server; the metrics are those of the process.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    store: Store,
    clock: Clock,
    looked_up: Arc<Mutex<Option<Instant>>>,
}

impl Watch {
    pub(crate) fn new(store: Store, clock: Clock) -> Self {
        recorder();
        Self { store, clock, looked_up: Arc::default() }
    }

    /// The text of `/metrics`; none: another program in this process took the place of ours.
    pub(crate) async fn render(&self) -> Option<String> {
        let handle = recorder()?;
        if self.is_due() {
            match self.store.vitals(self.clock.now()).await {
                Ok(vitals) => {
                    metrics::gauge!(Metric::DatabaseUp.name()).set(1.0);
                    set(&vitals);
                }
                Err(error) => {
                    tracing::warn!(%error, "the state of the service cannot be read");
                    metrics::gauge!(Metric::DatabaseUp.name()).set(0.0);
                }
            }
        }
        let connections = self.store.connections();
        let of_state = |state: &'static str, connections: u32| {
            metrics::gauge!(Metric::DatabaseConnections.name(), "state" => state).set(connections);
        };
        of_state("idle", connections.idle);
        of_state("used", connections.used);
        metrics::gauge!(Metric::DatabaseConnectionsMost.name()).set(connections.most);
        handle.run_upkeep();
        Some(handle.render())
    }

    fn is_due(&self) -> bool {
        let mut at = self.looked_up.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = at.is_none_or(|at| at.elapsed() >= LOOKED_UP);
        if is_due {
            *at = Some(Instant::now());
        }
        is_due
    }
}

fn set(vitals: &Vitals) {
    for row in METRICS[Metric::WorkLag as usize].labels {
        for kind in row.values {
            let lag = vitals.lag.iter().find(|(of, _)| of.name() == *kind);
            let lag = lag.map_or(Duration::ZERO, |(_, lag)| *lag);
            metrics::gauge!(Metric::WorkLag.name(), "kind" => *kind).set(lag.as_secs_f64());
        }
    }
    for row in METRICS[Metric::OpenAlerts as usize].labels {
        for severity in row.values {
            let alerts = vitals.alerts.iter().find(|(of, _)| of == severity);
            let alerts = alerts.map_or(0, |(_, alerts)| *alerts);
            metrics::gauge!(Metric::OpenAlerts.name(), "severity" => *severity).set(alerts);
        }
    }
    metrics::gauge!(Metric::OutboxAge.name()).set(vitals.outbox.as_secs_f64());
    let of_source = |source: &'static str, age: Duration| {
        metrics::gauge!(Metric::SourceAge.name(), "source" => source).set(age.as_secs_f64());
    };
    of_source("sync", vitals.sync);
    of_source("check_ins", vitals.check_ins);
}

/// One for the process, however many servers it runs.
fn recorder() -> Option<&'static PrometheusHandle> {
    static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    RECORDER
        .get_or_init(|| {
            let built = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS);
            let installed = built.and_then(PrometheusBuilder::install_recorder);
            let handle =
                installed.inspect_err(|error| tracing::warn!(%error, "no metrics")).ok()?;
            declare();
            Some(handle)
        })
        .as_ref()
}

/// Says what each metric means, and makes those there whose labels are known, so that a rate has a
/// beginning.
fn declare() {
    for row in &METRICS {
        let labels = match row.labels {
            [] => vec![Vec::new()],
            [one] => one.values.iter().map(|value| vec![(one.name, *value)]).collect(),
            [one, two] => (one.values.iter())
                .flat_map(|first| {
                    two.values.iter().map(|second| vec![(one.name, *first), (two.name, *second)])
                })
                .collect(),
            _ => Vec::new(),
        };
        match row.kind {
            MetricType::Counter => {
                metrics::describe_counter!(row.name, row.meaning);
                for of in &labels {
                    metrics::counter!(row.name, of).absolute(0);
                }
            }
            MetricType::Gauge => {
                metrics::describe_gauge!(row.name, row.meaning);
                for of in &labels {
                    metrics::gauge!(row.name, of).set(0.0);
                }
            }
            MetricType::Histogram => {
                metrics::describe_histogram!(row.name, row.meaning);
                for of in &labels {
                    drop(metrics::histogram!(row.name, of));
                }
            }
        }
    }
}
