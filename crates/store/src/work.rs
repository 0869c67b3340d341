//! Due work: claimed with SKIP LOCKED under a lease, finished under a fence.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use domain::work::WorkKind;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{Store, StoreError};

/// A claim on one piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    pub tenant: TenantId,
    pub kind: WorkKind,
    /// A rollout or a tenant.
    pub subject: Uuid,
    /// Names this claim: a later one has a higher fence.
    pub fence: i64,
    /// How often it had been asked for when it was claimed.
    pub nudges: i64,
    /// How often in a row it failed before.
    pub failures: i32,
}

impl Store {
    /// Claims up to `limit` pieces of `kinds` due at `now` (the service's clock) that nobody holds.
    pub async fn work_claim(
        &self,
        _kinds: &[WorkKind],
        _limit: u16,
        _lease: Duration,
        _now: DateTime<Utc>,
    ) -> Result<Vec<Claim>, StoreError> {
        Err(StoreError::Sketch)
    }

    /// Prolongs a claim; `LeaseLost` when it has passed on.
    pub async fn work_keep(&self, _claim: &Claim, _lease: Duration) -> Result<(), StoreError> {
        Err(StoreError::Sketch)
    }

    /// Gives a claim back. Due again at `next` (none: when asked), or at once if it was asked for
    /// since the claim. `error` counts a failure and is kept; success clears it. `LeaseLost` when
    /// it has passed on, which the caller may ignore.
    pub async fn work_finish(
        &self,
        _claim: &Claim,
        _next: Option<DateTime<Utc>>,
        _error: Option<&str>,
    ) -> Result<(), StoreError> {
        Err(StoreError::Sketch)
    }

    /// Asks for work now. Creates its row if there is none.
    pub async fn work_ask(
        &self,
        _tenant: TenantId,
        _kind: WorkKind,
        _subject: Uuid,
        _now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Err(StoreError::Sketch)
    }

    /// When the next unclaimed piece of `kinds` is due; none when there is none.
    pub async fn work_next(
        &self,
        _kinds: &[WorkKind],
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        Err(StoreError::Sketch)
    }

    /// Changes whenever work was asked for, here or on another server (NOTIFY `concentric_work`),
    /// and after a listening connection was re-established. One connection for all callers.
    pub fn work_feed(&self) -> watch::Receiver<u64> {
        watch::channel(0).1
    }
}
