//! Appending to a tenant's chain, and the hash that holds it together (I14).
//!
//! An entry is written in the transaction of what it tells of, under a lock on the head, as its
//! last lock: entries have no gaps, and no change is without its entry.

use chrono::{DateTime, SecondsFormat, SubsecRound as _, Utc};
use domain::ids::{RolloutId, TenantId};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::scope::Tx;
use crate::{StoreError, feeds};

/// What the service itself signs with; people sign with the name of their token.
pub(crate) const SERVICE: &str = "concentric";

/// What the first entry of a chain names as its previous hash.
pub(crate) const START: [u8; 32] = [0; 32];

/// One entry to be appended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) rollout: Option<RolloutId>,
    pub(crate) at: DateTime<Utc>,
    pub(crate) actor: &'a str,
    pub(crate) kind: &'a str,
    /// Its keys come out sorted, because `serde_json` keeps objects in a sorted map.
    pub(crate) body: &'a Value,
}

/// What the hash of one entry covers, as stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link<'a> {
    pub(crate) previous: &'a [u8],
    pub(crate) seq: i64,
    pub(crate) rollout: Option<Uuid>,
    pub(crate) at: DateTime<Utc>,
    pub(crate) actor: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) body: &'a str,
}

impl Link<'_> {
    pub(crate) fn hash(&self) -> [u8; 32] {
        let at = self.at.to_rfc3339_opts(SecondsFormat::Micros, true);
        // PostgreSQL stores no NUL in text, so it parts what has no fixed length.
        Sha256::new()
            .chain_update(self.previous)
            .chain_update(self.seq.to_be_bytes())
            .chain_update(self.rollout.unwrap_or(Uuid::nil()).as_bytes())
            .chain_update(at)
            .chain_update(self.actor)
            .chain_update([0])
            .chain_update(self.kind)
            .chain_update([0])
            .chain_update(self.body)
            .finalize()
            .into()
    }
}

/// Makes the head of a new tenant's chain.
pub(crate) async fn begin(tx: &mut Tx, tenant: TenantId) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into chain_head (tenant_id, seq, hash) values ($1, 0, $2)",
        tenant.0,
        START.as_slice(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Appends an entry, announces it and returns its number. Locks the head until the transaction
/// ends: call it last.
pub(crate) async fn append(
    tx: &mut Tx,
    tenant: TenantId,
    entry: Entry<'_>,
) -> Result<i64, StoreError> {
    let head =
        sqlx::query!("select seq, hash from chain_head where tenant_id = $1 for update", tenant.0)
            .fetch_optional(&mut **tx)
            .await?
            .ok_or(StoreError::NotFound { what: "tenant" })?;
    // PostgreSQL keeps microseconds, and the hash must cover what it gives back.
    let at = entry.at.trunc_subsecs(6);
    let body = entry.body.to_string();
    let seq = head.seq + 1;
    let rollout = entry.rollout.map(|rollout| rollout.0);
    let (actor, kind) = (entry.actor, entry.kind);
    let hash = Link { previous: &head.hash, seq, rollout, at, actor, kind, body: &body }.hash();
    sqlx::query!(
        "with added as (
             insert into event (tenant_id, seq, rollout_id, at, actor, kind, body, previous, hash)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ), moved as (
             update chain_head set seq = $2, hash = $9 where tenant_id = $1
         )
         select pg_notify($10, $11)",
        tenant.0,
        seq,
        rollout,
        at,
        actor,
        kind,
        body,
        head.hash,
        hash.as_slice(),
        feeds::EVENT,
        format!("{tenant}/{seq}"),
    )
    .execute(&mut **tx)
    .await?;
    Ok(seq)
}
