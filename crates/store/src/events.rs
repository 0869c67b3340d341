//! The history of a tenant: append-only, chained by hashes, and a feed of its growth.

use chrono::{DateTime, Utc};
use domain::ids::{RolloutId, TenantId};
use tokio::sync::broadcast;

use crate::{Store, StoreError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    pub seq: i64,
    pub rollout: Option<RolloutId>,
    pub at: DateTime<Utc>,
    /// A token's name, or `concentric` for the service.
    pub actor: String,
    pub kind: String,
    /// Canonical JSON.
    pub body: String,
}

/// The chain of a tenant grew to at least `seq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Growth {
    pub tenant: TenantId,
    pub seq: i64,
}

/// Where the first damage is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainState {
    Intact { events: u64 },
    Broken { seq: i64, what: &'static str },
}

impl Store {
    /// Events of a rollout after `seq`, oldest first.
    pub async fn event_list(
        &self,
        _tenant: TenantId,
        _rollout: RolloutId,
        _after: i64,
        _limit: u16,
    ) -> Result<Vec<EventRow>, StoreError> {
        Err(StoreError::Sketch)
    }

    /// Recomputes every hash of a tenant's chain, and compares its head.
    pub async fn chain_verify(&self, _tenant: TenantId) -> Result<ChainState, StoreError> {
        Err(StoreError::Sketch)
    }

    /// Hears of every growth of every chain, on this server and others, from one listening
    /// connection shared by all callers (NOTIFY `concentric_event`, payload `<tenant>/<seq>`).
    /// A receiver that lags must read `event_list` again.
    pub fn event_feed(&self) -> broadcast::Receiver<Growth> {
        broadcast::channel(1).1
    }
}
