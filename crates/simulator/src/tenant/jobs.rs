//! Report export jobs.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::{Seconds, stamp};

/// A job is ready after this much simulated time, or this much real time on a slow clock.
const SIMULATED_WORK: Seconds = 20;
const REAL_WORK: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) id: Uuid,
    pub(crate) report: String,
    pub(crate) filter: Option<String>,
    pub(crate) select: Vec<String>,
    sent: Value,
    requested: Seconds,
    requested_at: Instant,
    /// Seen in progress at least once.
    polled: bool,
    pub(crate) state: State,
}

#[derive(Debug)]
pub(crate) enum State {
    Running,
    Completed { url: String, expires: Seconds },
    Failed,
}

impl Job {
    pub(crate) fn new(report: &str, sent: &Value, now: Seconds) -> Self {
        let texts = sent.get("select").and_then(Value::as_array).into_iter().flatten();
        Self {
            id: Uuid::new_v4(),
            report: report.to_owned(),
            filter: sent.get("filter").and_then(Value::as_str).map(str::to_owned),
            select: texts.filter_map(|name| Some(name.as_str()?.to_owned())).collect(),
            sent: sent.clone(),
            requested: now,
            requested_at: Instant::now(),
            polled: false,
            state: State::Running,
        }
    }

    /// Called at every poll: whether the report has to be made now.
    pub(crate) fn is_due(&mut self, now: Seconds) -> bool {
        let worked =
            now - self.requested >= SIMULATED_WORK || self.requested_at.elapsed() >= REAL_WORK;
        let due = matches!(self.state, State::Running) && self.polled && worked;
        self.polled = true;
        due
    }

    pub(crate) fn json(&self) -> Value {
        let (status, url, expires) = match &self.state {
            State::Running if !self.polled => ("notStarted", None, None),
            State::Running => ("inProgress", None, None),
            State::Completed { url, expires } => ("completed", Some(url), Some(*expires)),
            State::Failed => ("failed", None, None),
        };
        json!({
            "id": format!("{}_{}", self.report, self.id),
            "reportName": self.report,
            "filter": self.filter,
            "select": self.select,
            "format": self.sent.get("format").cloned().unwrap_or_else(|| json!("csv")),
            "snapshotId": self.sent.get("snapshotId"),
            "localizationType": self.sent.get("localizationType").cloned()
                .unwrap_or_else(|| json!("localizedValuesAsAdditionalColumn")),
            "status": status,
            "url": url,
            "requestDateTime": stamp(self.requested),
            "expirationDateTime": expires.map_or("0001-01-01T00:00:00Z".to_owned(), stamp),
        })
    }
}
