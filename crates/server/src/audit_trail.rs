//! Signs checkpoints of every chain that grew, and copies them to where the database cannot reach.
//!
//! Each server signs and each server copies all checkpoints, whoever signed them, so every copy is
//! whole. Of several that sign at once the database takes one. Nothing else waits for any of this.

mod file;
mod keys;
mod sink;
mod syslog;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use audit::{Checkpoint, Damage, End, Line, START, Statement, Trust, Verifier, What};
use chrono::SubsecRound as _;
use store::audit_trail::Grown;
use store::{Store, StoreError};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub(crate) use self::keys::Keys;
use self::sink::Sink;
pub use self::syslog::Syslog;
use crate::clock::Clock;
use crate::config::Config;

/// Entries that are checked at a time before they are signed.
const CHUNK: u16 = 500;
/// When a sink that failed is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// When checkpoints are signed, and where they are copied.
#[derive(Debug, Clone)]
pub struct AuditSettings {
    /// A chain that grew has a checkpoint after so long, by the wall clock.
    pub every: Duration,
    /// A chain that grew by so many entries has one at once.
    pub entries: i64,
    /// A file that checkpoints are added to.
    pub file: PathBuf,
    pub syslog: Option<Syslog>,
}

impl AuditSettings {
    /// A minute or a thousand entries, to a file in `data_dir`.
    #[must_use]
    pub fn in_dir(data_dir: &Path) -> Self {
        Self {
            every: Duration::from_mins(1),
            entries: 1_000,
            file: data_dir.join("audit-checkpoints.jsonl"),
            syslog: None,
        }
    }
}

pub(crate) struct Auditor {
    store: Store,
    keys: Keys,
    clock: Clock,
    settings: AuditSettings,
    status: api::Audit,
    /// The last checkpoint of each chain that this server knows of, from the file or its own work.
    known: BTreeMap<Uuid, Checkpoint>,
    sinks: Vec<Sink>,
}

impl Auditor {
    pub(crate) fn new(store: Store, keys: Keys, config: &Config, status: api::Audit) -> Self {
        let settings = config.audit.clone();
        Self {
            store,
            keys,
            clock: config.clock,
            settings,
            status,
            known: BTreeMap::new(),
            sinks: Vec::new(),
        }
    }

    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut feed = self.store.event_feed();
        self.sinks = sink::open(&self.settings, &self.store, &mut self.known).await;
        let mut signed: BTreeMap<Uuid, i64> = BTreeMap::new();
        let mut next = Instant::now();
        loop {
            let is_last = tokio::select! {
                () = stop.cancelled() => true,
                () = tokio::time::sleep_until(next) => false,
                () = grown_by(&mut feed, &signed, self.settings.entries) => false,
            };
            let is_copied = self.round(&mut signed).await;
            if is_last {
                return;
            }
            let wait = if is_copied { self.settings.every } else { RETRY.min(self.settings.every) };
            next = Instant::now() + wait;
        }
    }

    /// Signs what grew, and copies what is signed. False if a part of it must be tried again soon.
    async fn round(&mut self, signed: &mut BTreeMap<Uuid, i64>) -> bool {
        let mut is_good = true;
        match self.store.audit_grown().await {
            Ok(all) => {
                for grown in all {
                    signed.insert(grown.tenant.0, grown.head.seq);
                    match self.sign(grown).await {
                        Ok(outcome) => self.note(grown.tenant.0, outcome.err()),
                        Err(error) => {
                            tracing::warn!(%error, tenant = %grown.tenant, "no checkpoint");
                            is_good = false;
                        }
                    }
                }
            }
            Err(error) => {
                tracing::warn!(%error, "no checkpoints");
                is_good = false;
            }
        }
        for sink in &mut self.sinks {
            is_good &= sink.catch_up(&self.store, &self.status, self.clock.now()).await;
        }
        is_good
    }

    /// Signs one chain, if every entry since its last checkpoint is what was hashed. What is damaged
    /// is not signed, so that damage stays behind the last good checkpoint.
    async fn sign(&mut self, grown: Grown) -> Result<Result<(), Damage>, StoreError> {
        let (tenant, previous) = (grown.tenant.0, grown.signed.map_or(0, |signed| signed.seq));
        if let Err(what) = self.good(grown.signed.as_ref(), tenant) {
            return Ok(Err(Damage { seq: previous + 1, what }));
        }
        if grown.head.seq <= previous {
            return Ok(Ok(()));
        }
        if let Err(damage) = self.follow(&grown).await? {
            return Ok(Err(damage));
        }
        // As PostgreSQL keeps it.
        let at = self.clock.now().trunc_subsecs(6);
        let (seq, hash) = (grown.head.seq, grown.head.hash);
        let statement = Statement { tenant, previous, seq, hash, at };
        let Ok(checkpoint) = self.keys.signer.sign(statement) else {
            return Ok(Err(Damage { seq, what: What::BadSignature }));
        };
        if self.store.audit_checkpoint_add(&checkpoint).await? {
            self.known.insert(tenant, checkpoint);
            self.status.signed(at);
        }
        Ok(Ok(()))
    }

    /// Whether the last checkpoint in the database is one of ours, and not behind what is known.
    fn good(&mut self, signed: Option<&Checkpoint>, tenant: Uuid) -> Result<(), What> {
        let known = self.known.get(&tenant);
        let Some(signed) = signed else {
            return if known.is_some() { Err(What::CheckpointMissing) } else { Ok(()) };
        };
        self.keys.trust().check(signed)?;
        match known {
            Some(known) if known.seq > signed.seq => return Err(What::CheckpointMissing),
            Some(known) if known.seq == signed.seq && known.hash != signed.hash => {
                return Err(What::CheckpointsDisagree);
            }
            Some(_) | None => {}
        }
        self.known.insert(tenant, *signed);
        Ok(())
    }

    async fn follow(&self, grown: &Grown) -> Result<Result<(), Damage>, StoreError> {
        let tenant = grown.tenant;
        let (mut after, hash) = grown.signed.map_or((0, START), |signed| (signed.seq, signed.hash));
        let end = End { seq: grown.head.seq, hash: grown.head.hash, checkpoint: after };
        let mut verifier = Verifier::behind(tenant.0, after, hash);
        loop {
            let entries = self.store.audit_entries(tenant, after, end.seq, CHUNK).await?;
            let Some(last) = entries.last().map(|entry| entry.seq) else { break };
            for entry in entries {
                if let Err(damage) = verifier.line(&Line::Entry(entry)) {
                    return Ok(Err(damage));
                }
            }
            after = last;
        }
        Ok(verifier.line(&Line::End(end)))
    }

    fn note(&self, tenant: Uuid, damage: Option<Damage>) {
        if let Some(damage) = damage {
            tracing::error!(%tenant, %damage, "the audit trail is damaged; it is not signed");
        }
        self.status.damaged(tenant, damage);
    }
}

/// Ends when a chain has grown by so many entries since it was signed, or may have.
async fn grown_by(
    feed: &mut Receiver<store::events::Growth>,
    signed: &BTreeMap<Uuid, i64>,
    by: i64,
) {
    loop {
        match feed.recv().await {
            Ok(growth) => {
                let signed = signed.get(&growth.tenant.0).copied().unwrap_or_default();
                if growth.seq.saturating_sub(signed) >= by {
                    return;
                }
            }
            Err(RecvError::Lagged(_)) => return,
            // The store is closing; the clock alone counts from here.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

impl Keys {
    fn trust(&self) -> Trust {
        Trust::Keys(Arc::unwrap_or_clone(self.trusted.clone()))
    }
}
