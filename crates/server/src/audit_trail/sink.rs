//! Where checkpoints are copied, and how far each copy is.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use audit::Checkpoint;
use chrono::{DateTime, Utc};
use store::Store;
use uuid::Uuid;

use super::{AuditSettings, Syslog, file};

/// Checkpoints that are copied at a time.
const BATCH: u16 = 500;

#[derive(Debug, Clone)]
enum Target {
    File(PathBuf),
    Syslog(Syslog),
}

#[derive(Debug)]
pub(super) struct Sink {
    target: Target,
    /// The last entry of each chain that is covered there.
    seen: BTreeMap<Uuid, i64>,
    is_failing: bool,
}

/// The sinks there are. What the file has becomes `known`, and is gone on from; a log server is sent
/// the last checkpoint of each chain again, because what it has nobody can ask it.
pub(super) async fn open(
    settings: &AuditSettings,
    store: &Store,
    known: &mut BTreeMap<Uuid, Checkpoint>,
) -> Vec<Sink> {
    let path = settings.file.clone();
    let read = tokio::task::spawn_blocking(move || file::last(&path)).await;
    match read.map_err(io::Error::other).flatten() {
        Ok(last) => *known = last,
        Err(error) => {
            tracing::warn!(%error, file = %settings.file.display(), "no old checkpoints are known");
        }
    }
    let seen = known.iter().map(|(tenant, last)| (*tenant, last.seq)).collect();
    let mut sinks = vec![Sink::new(Target::File(settings.file.clone()), seen)];
    if let Some(syslog) = &settings.syslog {
        let last = store.audit_checkpoints_last().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "every checkpoint is sent to the log server again");
            Vec::new()
        });
        let seen = last.into_iter().map(|last| (last.tenant, last.previous)).collect();
        sinks.push(Sink::new(Target::Syslog(syslog.clone()), seen));
    }
    sinks
}

impl Sink {
    fn new(target: Target, seen: BTreeMap<Uuid, i64>) -> Self {
        Self { target, seen, is_failing: false }
    }

    const fn name(&self) -> &'static str {
        match self.target {
            Target::File(_) => "file",
            Target::Syslog(_) => "syslog",
        }
    }

    /// Copies what is not there yet. False if it could not, which stops nothing and is tried again.
    pub(super) async fn catch_up(
        &mut self,
        store: &Store,
        status: &api::Audit,
        now: DateTime<Utc>,
    ) -> bool {
        let error = self.copy(store).await.err();
        let name = self.name();
        match &error {
            Some(error) => tracing::warn!(%error, sink = name, "checkpoints are not copied"),
            None if self.is_failing => tracing::info!(sink = name, "checkpoints are copied again"),
            None => {}
        }
        self.is_failing = error.is_some();
        let failing = if self.is_failing { 1.0 } else { 0.0 };
        metrics::gauge!(domain::metric::Metric::AuditSinkFailing.name(), "sink" => name)
            .set(failing);
        status.copied(name, now, error);
        !self.is_failing
    }

    async fn copy(&mut self, store: &Store) -> Result<(), String> {
        loop {
            let seen: Vec<_> = self.seen.iter().map(|(tenant, seq)| (*tenant, *seq)).collect();
            let behind = store.audit_checkpoints_behind(&seen, BATCH).await;
            let behind = behind.map_err(|error| error.to_string())?;
            if behind.is_empty() {
                return Ok(());
            }
            let last: Vec<_> = behind.iter().map(|one| (one.tenant, one.seq)).collect();
            let target = self.target.clone();
            let written = tokio::task::spawn_blocking(move || match target {
                Target::File(path) => file::add(&path, &behind),
                Target::Syslog(syslog) => syslog.send(&behind),
            });
            let written = written.await.map_err(io::Error::other).flatten();
            written.map_err(|error| error.to_string())?;
            self.seen.extend(last);
        }
    }
}
