//! How signing fares: written by whoever signs, read by requests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use audit::{Damage, PublicKey};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The keys whose checkpoints count, and how signing fares. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Audit {
    keys: Arc<Vec<PublicKey>>,
    status: Arc<Mutex<Status>>,
}

#[derive(Debug, Default)]
struct Status {
    signed_at: Option<DateTime<Utc>>,
    damaged: BTreeSet<Uuid>,
    sinks: BTreeMap<&'static str, Copied>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Copied {
    pub(super) copied_at: Option<DateTime<Utc>>,
    pub(super) error: Option<String>,
}

impl Audit {
    /// Nothing is signed yet. This server's key comes first.
    #[must_use]
    pub fn new(keys: Arc<Vec<PublicKey>>) -> Self {
        Self { keys, status: Arc::default() }
    }

    pub(super) fn keys(&self) -> Vec<PublicKey> {
        self.keys.to_vec()
    }

    /// A checkpoint was signed.
    pub fn signed(&self, at: DateTime<Utc>) {
        self.status().signed_at = Some(at);
    }

    /// What was found of a chain that was to be signed.
    pub fn damaged(&self, tenant: Uuid, damage: Option<Damage>) {
        let mut status = self.status();
        match damage {
            Some(_) => status.damaged.insert(tenant),
            None => status.damaged.remove(&tenant),
        };
    }

    /// A sink has every checkpoint, or cannot.
    pub fn copied(&self, sink: &'static str, at: DateTime<Utc>, error: Option<String>) {
        let mut status = self.status();
        let copied = status.sinks.entry(sink).or_default();
        if error.is_none() {
            copied.copied_at = Some(at);
        }
        copied.error = error;
    }

    pub(super) fn now(&self) -> (Option<DateTime<Utc>>, u32, BTreeMap<&'static str, Copied>) {
        let status = self.status();
        let damaged = u32::try_from(status.damaged.len()).unwrap_or(u32::MAX);
        (status.signed_at, damaged, status.sinks.clone())
    }

    fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
