//! The history of a tenant: append-only, chained by hashes, and a feed of its growth.

use audit::{Link, START};
use chrono::{DateTime, Utc};
use domain::ids::{RolloutId, TenantId};
use tokio::sync::broadcast;
use uuid::Uuid;

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

/// How many events are checked at a time.
const CHUNK: i64 = 1_000;

impl Store {
    /// Events of a rollout after `seq`, oldest first.
    pub async fn event_list(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        after: i64,
        limit: u16,
    ) -> Result<Vec<EventRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query!(
            "select seq, rollout_id, at, actor, kind, body from event
             where tenant_id = $1 and rollout_id = $2 and seq > $3 order by seq limit $4",
            tenant.0,
            rollout.0,
            after,
            i64::from(limit),
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let events = rows.into_iter().map(|row| EventRow {
            seq: row.seq,
            rollout: row.rollout_id.map(RolloutId),
            at: row.at,
            actor: row.actor,
            kind: row.kind,
            body: row.body,
        });
        Ok(events.collect())
    }

    /// The number of the newest entry of a tenant; 0: there is none.
    pub async fn event_head(&self, tenant: TenantId) -> Result<i64, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let seq = sqlx::query_scalar!("select seq from chain_head where tenant_id = $1", tenant.0)
            .fetch_optional(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(seq.unwrap_or(0))
    }

    /// Recomputes every hash of a tenant's chain, and compares its head. Cost: every event.
    pub async fn chain_verify(&self, tenant: TenantId) -> Result<ChainState, StoreError> {
        let mut tx = self.tenant_begin_frozen(tenant).await?;
        let head = sqlx::query!("select seq, hash from chain_head where tenant_id = $1", tenant.0)
            .fetch_optional(&mut *tx)
            .await?
            .ok_or(StoreError::NotFound { what: "tenant" })?;
        let mut reached = Reached { seq: 0, hash: START.0.to_vec() };
        loop {
            let events = sqlx::query_as!(
                Stored,
                "select seq, rollout_id, at, actor, kind, body, previous, hash from event
                 where tenant_id = $1 and seq > $2 order by seq limit $3",
                tenant.0,
                reached.seq,
                CHUNK,
            )
            .fetch_all(&mut *tx)
            .await?;
            for event in &events {
                if let Err(what) = reached.follow(tenant, event) {
                    return Ok(ChainState::Broken { seq: reached.seq + 1, what });
                }
            }
            if events.is_empty() {
                break;
            }
        }
        tx.commit().await?;
        let what = match (head.seq == reached.seq, head.hash == reached.hash) {
            (true, true) => return Ok(ChainState::Intact { events: reached.seq.unsigned_abs() }),
            (true, false) => "the head does not name the last event",
            (false, _) if head.seq > reached.seq => "events are missing at the end",
            (false, _) => "events were added behind the head",
        };
        Ok(ChainState::Broken { seq: head.seq.min(reached.seq) + 1, what })
    }

    /// Hears of every growth of every chain, on this server and others, from one listening
    /// connection shared by all callers (NOTIFY `concentric_event`, payload `<tenant>/<seq>`).
    /// A receiver that lags must read `event_list` again.
    #[must_use]
    pub fn event_feed(&self) -> broadcast::Receiver<Growth> {
        self.inner.feeds.events.subscribe()
    }
}

struct Stored {
    seq: i64,
    rollout_id: Option<Uuid>,
    at: DateTime<Utc>,
    actor: String,
    kind: String,
    body: String,
    previous: Vec<u8>,
    hash: Vec<u8>,
}

/// How far a chain was followed without finding damage.
struct Reached {
    seq: i64,
    hash: Vec<u8>,
}

impl Reached {
    fn follow(&mut self, tenant: TenantId, event: &Stored) -> Result<(), &'static str> {
        if event.seq != self.seq + 1 {
            return Err("an event is missing");
        }
        if event.previous != self.hash {
            return Err("the event does not name the one before it");
        }
        let link = Link {
            tenant: tenant.0,
            previous: &event.previous,
            seq: event.seq,
            rollout: event.rollout_id,
            at: event.at,
            actor: &event.actor,
            kind: &event.kind,
            body: &event.body,
        };
        if event.hash != link.hash().0 {
            return Err("the event is not what was hashed");
        }
        self.seq = event.seq;
        self.hash.clone_from(&event.hash);
        Ok(())
    }
}
