//! Appending to a tenant's chain, which hashes hold together (I14; `audit::Link`).
//!
//! An entry is written in the transaction of what it tells of, under a lock on the head, as its
//! last lock: entries have no gaps, and no change is without its entry.

use audit::{Link, START};
use chrono::{DateTime, SubsecRound as _, Utc};
use domain::ids::{RolloutId, TenantId};
use domain::webhook::{TEST, event_type};
use serde_json::Value;
use uuid::Uuid;

use crate::notifications::is_told;
use crate::scope::Tx;
use crate::signals::By;
use crate::{StoreError, feeds, request};

/// What the service itself signs with; people sign with the name of their token.
pub const SERVICE: &str = "concentric";

/// Whose chain holds what belongs to no tenant.
pub(crate) const NOBODY: TenantId = TenantId(Uuid::nil());

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

/// Makes the head of a new tenant's chain.
pub(crate) async fn begin(tx: &mut Tx, tenant: TenantId) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into chain_head (tenant_id, seq, hash) values ($1, 0, $2)",
        tenant.0,
        START.0.as_slice(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// As [`append`]: what `by` did, with their reason in the body.
pub(crate) async fn append_by(
    tx: &mut Tx,
    tenant: TenantId,
    by: By<'_>,
    kind: &str,
    mut body: Value,
) -> Result<i64, StoreError> {
    body["reason"] = by.reason.into();
    append(tx, tenant, Entry { rollout: None, at: by.at, actor: by.actor, kind, body: &body }).await
}

/// Appends an entry, announces it, lays it out for the webhooks that want it, and returns its number. Locks
/// the head until the transaction ends: call it last. Work on webhooks is asked for under that lock
/// and nowhere else before it.
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
    request::settle(tx, tenant, seq).await?;
    let rollout = entry.rollout.map(|rollout| rollout.0);
    let (actor, kind) = (entry.actor, entry.kind);
    let previous = &head.hash;
    let tenant_id = tenant.0;
    let link = Link { tenant: tenant_id, previous, seq, rollout, at, actor, kind, body: &body };
    let hash = link.hash();
    // The sort that tests a webhook goes to that one alone.
    let told = event_type(kind).map(|event| event.name).filter(|name| *name != TEST);
    sqlx::query!(
        "with added as (
             insert into event (tenant_id, seq, rollout_id, at, actor, kind, body, previous, hash)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ), moved as (
             update chain_head set seq = $2, hash = $9 where tenant_id = $1
         ), told as (
             select id from webhook
             where tenant_id = $1 and disabled is null and $12::text is not null
                 and (events = '{}' or $12 = any(events))
         ), outbox as (
             insert into webhook_delivery (tenant_id, webhook_id, seq, event, due_since, next_at)
             select $1, id, $2, $12, $4, $4 from told
         ), asked as (
             insert into work as w (tenant_id, kind, subject, due_at, nudges)
             select $1, 'deliver', id, $4, 1 from told order by id
             on conflict (kind, subject, tenant_id) do update
             set due_at = least(w.due_at, excluded.due_at), nudges = w.nudges + 1
             returning subject
         ), noticed as (
             insert into work as w (tenant_id, kind, subject, due_at, nudges)
             select $1, 'notify', $1, $4, 1 from notification_state where tenant_id = $1 and $14
             on conflict (kind, subject, tenant_id) do update
             set due_at = least(w.due_at, excluded.due_at), nudges = w.nudges + 1
             returning subject
         )
         select pg_notify($10, $11), (select pg_notify($13, 'deliver') from asked limit 1),
             (select pg_notify($13, 'notify') from noticed)",
        tenant.0,
        seq,
        rollout,
        at,
        actor,
        kind,
        body,
        head.hash,
        hash.0.as_slice(),
        feeds::EVENT,
        format!("{tenant}/{seq}"),
        told,
        feeds::WORK,
        is_told(kind),
    )
    .execute(&mut **tx)
    .await?;
    Ok(seq)
}
