//! The audit trail: lists of entries, what an export and a verifier read, and signed checkpoints.
//!
//! Entries and checkpoints are only ever added, so a trail is read in chunks without a transaction
//! around them: up to a head that was read once, every chunk is what it always was.

mod trail;

use std::collections::BTreeMap;

use audit::{Checkpoint, Entry, Hash, Hex, Statement};
use chrono::{DateTime, Utc};
use domain::ids::{RolloutId, TenantId};
use uuid::Uuid;

use crate::chain;
use crate::events::EventRow;
use crate::scope::Tx;
use crate::{Store, StoreError};

pub use trail::Trail;

/// Whose chain holds what belongs to no tenant.
pub const SERVICE_CHAIN: TenantId = chain::NOBODY;

/// Which entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub actor: Option<String>,
    pub kind: Option<String>,
    /// From then on.
    pub since: Option<DateTime<Utc>>,
    /// Before then.
    pub until: Option<DateTime<Utc>>,
    pub rollout: Option<RolloutId>,
}

/// From where, and which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Oldest first, after this `seq`.
    After(i64),
    /// Newest first, before this `seq`.
    Before(i64),
}

/// Where a chain stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub seq: i64,
    /// `audit::START` of an empty chain.
    pub hash: Hash,
}

/// A chain that has grown since its last checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grown {
    pub tenant: TenantId,
    /// Its last checkpoint.
    pub signed: Option<Checkpoint>,
    pub head: Head,
}

impl Store {
    /// Entries of a chain, in one direction.
    pub async fn audit_list(
        &self,
        tenant: TenantId,
        filter: &Filter,
        direction: Direction,
        limit: u16,
    ) -> Result<Vec<EventRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rollout = filter.rollout.map(|rollout| rollout.0);
        // Two statements: each reads in the order of its index, and stops at its limit.
        let rows = match direction {
            Direction::After(after) => {
                sqlx::query_as!(
                    Listed,
                    "select seq, rollout_id, at, actor, kind, body from event
                     where tenant_id = $1 and seq > $2
                         and ($3::text is null or actor = $3) and ($4::text is null or kind = $4)
                         and ($5::timestamptz is null or at >= $5)
                         and ($6::timestamptz is null or at < $6)
                         and ($7::uuid is null or rollout_id = $7)
                     order by seq limit $8",
                    tenant.0,
                    after,
                    filter.actor,
                    filter.kind,
                    filter.since,
                    filter.until,
                    rollout,
                    i64::from(limit),
                )
                .fetch_all(&mut *tx)
                .await?
            }
            Direction::Before(before) => {
                sqlx::query_as!(
                    Listed,
                    "select seq, rollout_id, at, actor, kind, body from event
                     where tenant_id = $1 and seq < $2
                         and ($3::text is null or actor = $3) and ($4::text is null or kind = $4)
                         and ($5::timestamptz is null or at >= $5)
                         and ($6::timestamptz is null or at < $6)
                         and ($7::uuid is null or rollout_id = $7)
                     order by seq desc limit $8",
                    tenant.0,
                    before,
                    filter.actor,
                    filter.kind,
                    filter.since,
                    filter.until,
                    rollout,
                    i64::from(limit),
                )
                .fetch_all(&mut *tx)
                .await?
            }
        };
        tx.commit().await?;
        let rows = rows.into_iter().map(|row| EventRow {
            seq: row.seq,
            rollout: row.rollout_id.map(RolloutId),
            at: row.at,
            actor: row.actor,
            kind: row.kind,
            body: row.body,
        });
        Ok(rows.collect())
    }

    /// A chain from its beginning to where it stands now. `NotFound` without such a tenant.
    pub async fn audit_trail(&self, tenant: TenantId) -> Result<Trail, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let head = sqlx::query!(
            r#"select seq, hash, (
                   select max(c.seq) from audit_checkpoint c where c.tenant_id = h.tenant_id
               ) as signed
               from chain_head h where tenant_id = $1"#,
            tenant.0,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(StoreError::NotFound { what: "tenant" })?;
        tx.commit().await?;
        let signed = head.signed.unwrap_or_default();
        let head = Head { seq: head.seq, hash: bytes(&head.hash)? };
        Ok(Trail::new(self.clone(), tenant, head, signed))
    }

    /// Up to `limit` entries after `after` and up to `last`, as they were hashed.
    pub async fn audit_entries(
        &self,
        tenant: TenantId,
        after: i64,
        last: i64,
        limit: u16,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query!(
            "select seq, rollout_id, at, actor, kind, body, previous, hash from event
             where tenant_id = $1 and seq > $2 and seq <= $3 order by seq limit $4",
            tenant.0,
            after,
            last,
            i64::from(limit),
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let entries = rows.into_iter().map(|row| {
            Ok(Entry {
                seq: row.seq,
                at: row.at,
                rollout: row.rollout_id,
                actor: row.actor,
                kind: row.kind,
                body: row.body,
                previous: bytes(&row.previous)?,
                hash: bytes(&row.hash)?,
            })
        });
        entries.collect()
    }

    /// The checkpoints of entries after `after` and up to `last`.
    pub async fn audit_checkpoints(
        &self,
        tenant: TenantId,
        after: i64,
        last: i64,
    ) -> Result<Vec<Checkpoint>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query_as!(
            Row,
            "select tenant_id, seq, previous, hash, at, key, signature from audit_checkpoint
             where tenant_id = $1 and seq > $2 and seq <= $3 order by seq",
            tenant.0,
            after,
            last,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter().map(Row::checkpoint).collect()
    }

    /// Every chain with entries that no checkpoint covers.
    pub async fn audit_grown(&self) -> Result<Vec<Grown>, StoreError> {
        let mut tx = self.service_begin().await?;
        let heads = sqlx::query!(
            "select h.tenant_id, h.seq, h.hash from chain_head h
             where h.seq > coalesce((
                 select max(c.seq) from audit_checkpoint c where c.tenant_id = h.tenant_id
             ), 0)
             order by h.tenant_id",
        )
        .fetch_all(&mut *tx)
        .await?;
        let tenants: Vec<Uuid> = heads.iter().map(|head| head.tenant_id).collect();
        // Read later than the heads, so another server may have signed since: then this one has
        // nothing to add, and its word is not taken.
        let signed = last(&mut tx, Some(&tenants)).await?;
        tx.commit().await?;
        let mut signed: BTreeMap<Uuid, Checkpoint> =
            signed.into_iter().map(|checkpoint| (checkpoint.tenant, checkpoint)).collect();
        let grown = heads.into_iter().map(|row| {
            Ok(Grown {
                tenant: TenantId(row.tenant_id),
                signed: signed.remove(&row.tenant_id),
                head: Head { seq: row.seq, hash: bytes(&row.hash)? },
            })
        });
        grown.collect()
    }

    /// Keeps a checkpoint. False when another server was quicker: then there is one already behind
    /// the one that this names.
    pub async fn audit_checkpoint_add(&self, checkpoint: &Checkpoint) -> Result<bool, StoreError> {
        let Statement { tenant, previous, seq, hash, at } = checkpoint.statement();
        let mut tx = self.tenant_begin(TenantId(tenant)).await?;
        let added = sqlx::query!(
            "insert into audit_checkpoint (tenant_id, seq, previous, hash, at, key, signature)
             values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
            tenant,
            seq,
            previous,
            hash.0.as_slice(),
            at,
            checkpoint.key.0.as_slice(),
            checkpoint.signature.0.as_slice(),
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(added.rows_affected() > 0)
    }

    /// Up to `limit` checkpoints of any chain behind what was `seen` of each.
    pub async fn audit_checkpoints_behind(
        &self,
        seen: &[(Uuid, i64)],
        limit: u16,
    ) -> Result<Vec<Checkpoint>, StoreError> {
        let (tenants, seqs): (Vec<Uuid>, Vec<i64>) = seen.iter().copied().unzip();
        let mut tx = self.service_begin().await?;
        let rows = sqlx::query_as!(
            Row,
            "select c.tenant_id, c.seq, c.previous, c.hash, c.at, c.key, c.signature
             from chain_head h
             left join unnest($1::uuid[], $2::bigint[]) seen (tenant_id, seq)
                 on seen.tenant_id = h.tenant_id
             join audit_checkpoint c
                 on c.tenant_id = h.tenant_id and c.seq > coalesce(seen.seq, 0)
             order by c.tenant_id, c.seq limit $3",
            &tenants,
            &seqs,
            i64::from(limit),
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter().map(Row::checkpoint).collect()
    }

    /// The last checkpoint of every chain.
    pub async fn audit_checkpoints_last(&self) -> Result<Vec<Checkpoint>, StoreError> {
        let mut tx = self.service_begin().await?;
        let checkpoints = last(&mut tx, None).await?;
        tx.commit().await?;
        Ok(checkpoints)
    }
}

/// The last checkpoint of each of these chains, or of all.
async fn last(tx: &mut Tx, tenants: Option<&[Uuid]>) -> Result<Vec<Checkpoint>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "select c.tenant_id, c.seq, c.previous, c.hash, c.at, c.key, c.signature
         from chain_head h cross join lateral (
             select * from audit_checkpoint
             where tenant_id = h.tenant_id order by seq desc limit 1
         ) c
         where $1::uuid[] is null or h.tenant_id = any($1)",
        tenants,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Row::checkpoint).collect()
}

struct Listed {
    seq: i64,
    rollout_id: Option<Uuid>,
    at: DateTime<Utc>,
    actor: String,
    kind: String,
    body: String,
}

struct Row {
    tenant_id: Uuid,
    seq: i64,
    previous: i64,
    hash: Vec<u8>,
    at: DateTime<Utc>,
    key: Vec<u8>,
    signature: Vec<u8>,
}

impl Row {
    fn checkpoint(self) -> Result<Checkpoint, StoreError> {
        Ok(Checkpoint {
            tenant: self.tenant_id,
            previous: self.previous,
            seq: self.seq,
            hash: bytes(&self.hash)?,
            at: self.at,
            key: bytes(&self.key)?,
            signature: bytes(&self.signature)?,
        })
    }
}

fn bytes<const N: usize>(stored: &[u8]) -> Result<Hex<N>, StoreError> {
    let stored = stored.try_into();
    stored.map(Hex).map_err(|_| StoreError::corrupt("a hash or signature has a wrong length"))
}
