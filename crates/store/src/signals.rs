//! Custom signals: what they are, what was read of them, and what gates see of that.
//!
//! Secrets are sealed like the credentials of tenants, and opened only for who is about to ask the
//! source. A change of a signal forgets what was read of it: readings of another source or under
//! other rules say nothing of this one.

use chrono::{DateTime, Utc};
use domain::ids::{RingSetId, RolloutId, SignalId, TenantId};
use domain::signal::Signal;
use domain::work::WorkKind;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::chain::Entry;
use crate::convert::json;
use crate::error::taken;
use crate::page::Page;
use crate::scope::Tx;
use crate::{Store, StoreError, chain, work};

mod reading;
mod secret;
mod seen;

pub(crate) use seen::signals_seen;

/// The most signals of one tenant: all of them are read and judged for each of its rollouts.
const MOST: i64 = 50;

pub(crate) const NOT_FOUND: StoreError = StoreError::NotFound { what: "signal" };

/// What happens to the secret of a signal.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretChange {
    /// Stays as it is.
    Keep,
    Set(String),
    /// There is none any more.
    Forget,
}

impl std::fmt::Debug for SecretChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Keep => "Keep",
            Self::Set(_) => "Set(..)",
            Self::Forget => "Forget",
        })
    }
}

/// Who changes a signal, and why.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    pub actor: &'a str,
    pub reason: &'a str,
    pub at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalRow {
    pub id: SignalId,
    pub signal: Signal,
    pub has_secret: bool,
    pub generation: i64,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

impl Store {
    /// Makes a signal, and has it read for every open rollout that it applies to. `Conflict` when the
    /// name is taken or there are too many; `Invalid` when there is no such ring set.
    pub async fn signal_create(
        &self,
        tenant: TenantId,
        signal: &Signal,
        secret: Option<&str>,
        by: By<'_>,
    ) -> Result<SignalRow, StoreError> {
        let id = SignalId(Uuid::now_v7());
        let sealed = secret.map(|secret| self.signal_secret_seal(tenant, secret)).transpose()?;
        let mut tx = self.tenant_begin(tenant).await?;
        check_room(&mut tx, tenant).await?;
        let ring_set = check_ring_set(&mut tx, tenant, signal).await?;
        sqlx::query!(
            "insert into signal (tenant_id, id, name, ring_set_id, definition, secret_sealed,
                 created_at, changed_at)
             values ($1, $2, $3, $4, $5, $6, $7, $7)",
            tenant.0,
            id.0,
            signal.definition().name,
            ring_set,
            json(signal)?,
            sealed,
            by.at,
        )
        .execute(&mut *tx)
        .await
        .map_err(|error| taken_name(error, signal))?;
        wake(&mut tx, tenant, signal.definition().ring_set, WorkKind::Signal, by.at).await?;
        let body = said(id, signal, secret.is_some(), by.reason)?;
        append(&mut tx, tenant, by, "signal_created", &body).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Replaces a signal and forgets what was read of it. `Invalid` when its secret should stay
    /// though the source is another, which must not learn it.
    pub async fn signal_replace(
        &self,
        tenant: TenantId,
        id: SignalId,
        signal: &Signal,
        secret: &SecretChange,
        by: By<'_>,
    ) -> Result<SignalRow, StoreError> {
        let sealed = match secret {
            SecretChange::Set(secret) => Some(self.signal_secret_seal(tenant, secret)?),
            SecretChange::Keep | SecretChange::Forget => None,
        };
        let mut tx = self.tenant_begin(tenant).await?;
        lock(&mut tx, tenant, id).await?;
        let before = fetch(&mut tx, tenant, id).await?;
        let keeps = *secret == SecretChange::Keep;
        let (old, new) = (&before.signal.definition().source, &signal.definition().source);
        if keeps && before.has_secret && !old.shares_secret_with(new) {
            let why = "the source is another one: give its secret, or have the old one forgotten";
            return Err(StoreError::Invalid(why.to_owned()));
        }
        let ring_set = check_ring_set(&mut tx, tenant, signal).await?;
        sqlx::query!(
            "update signal set name = $3, ring_set_id = $4, definition = $5,
                 secret_sealed = case when $6 then secret_sealed else $7 end,
                 generation = generation + 1, changed_at = $8
             where tenant_id = $1 and id = $2",
            tenant.0,
            id.0,
            signal.definition().name,
            ring_set,
            json(signal)?,
            keeps,
            sealed,
            by.at,
        )
        .execute(&mut *tx)
        .await
        .map_err(|error| taken_name(error, signal))?;
        for statement in [
            "delete from signal_seen where tenant_id = $1 and signal_id = $2",
            "delete from signal_reading where tenant_id = $1 and signal_id = $2",
        ] {
            sqlx::query(statement).bind(tenant.0).bind(id.0).execute(&mut *tx).await?;
        }
        // Gates of rollouts that it does not apply to any more look again as well.
        wake(&mut tx, tenant, None, WorkKind::Signal, by.at).await?;
        wake(&mut tx, tenant, None, WorkKind::Decide, by.at).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        let mut body = said(id, signal, row.has_secret, by.reason)?;
        body["from"] = json(&before.signal)?;
        append(&mut tx, tenant, by, "signal_changed", &body).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Takes a signal away, with what was read of it.
    pub async fn signal_delete(
        &self,
        tenant: TenantId,
        id: SignalId,
        by: By<'_>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        lock(&mut tx, tenant, id).await?;
        let before = fetch(&mut tx, tenant, id).await?;
        sqlx::query!("delete from signal where tenant_id = $1 and id = $2", tenant.0, id.0)
            .execute(&mut *tx)
            .await?;
        wake(&mut tx, tenant, before.signal.definition().ring_set, WorkKind::Decide, by.at).await?;
        let body = said(id, &before.signal, before.has_secret, by.reason)?;
        append(&mut tx, tenant, by, "signal_deleted", &body).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Notes in the chain that a person has the source of a signal asked outside of its turn: what is sent
    /// leaves the service. `NotFound` when there is none of this id.
    pub async fn signal_test_note(
        &self,
        tenant: TenantId,
        id: SignalId,
        rollout: Option<RolloutId>,
        by: By<'_>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        let name = &row.signal.definition().name;
        let body = json!({ "signal": id, "name": name, "rollout": rollout });
        append(&mut tx, tenant, by, "signal_tested", &body).await?;
        tx.commit().await?;
        Ok(())
    }

    pub async fn signal_list(
        &self,
        tenant: TenantId,
        page: Page,
    ) -> Result<Vec<SignalRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query_as!(
            Columns,
            r#"select id, definition, secret_sealed is not null as "has_secret!", generation,
                 created_at, changed_at
             from signal where tenant_id = $1 and ($2::uuid is null or id > $2)
             order by id limit $3"#,
            tenant.0,
            page.after,
            page.rows(),
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter().map(SignalRow::try_from).collect()
    }

    pub async fn signal_fetch(
        &self,
        tenant: TenantId,
        id: SignalId,
    ) -> Result<SignalRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(row)
    }
}

struct Columns {
    id: Uuid,
    definition: Value,
    has_secret: bool,
    generation: i64,
    created_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
}

impl TryFrom<Columns> for SignalRow {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        Ok(Self {
            id: SignalId(row.id),
            signal: signal(row.definition)?,
            has_secret: row.has_secret,
            generation: row.generation,
            created_at: row.created_at,
            changed_at: row.changed_at,
        })
    }
}

pub(crate) fn signal(stored: Value) -> Result<Signal, StoreError> {
    serde_json::from_value(stored).map_err(StoreError::corrupt)
}

async fn fetch(tx: &mut Tx, tenant: TenantId, id: SignalId) -> Result<SignalRow, StoreError> {
    sqlx::query_as!(
        Columns,
        r#"select id, definition, secret_sealed is not null as "has_secret!", generation, created_at,
             changed_at
         from signal where tenant_id = $1 and id = $2"#,
        tenant.0,
        id.0,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(NOT_FOUND)?
    .try_into()
}

/// Keeps readings away that are about to be recorded.
async fn lock(tx: &mut Tx, tenant: TenantId, id: SignalId) -> Result<(), StoreError> {
    sqlx::query!(
        "select id from signal where tenant_id = $1 and id = $2 for update",
        tenant.0,
        id.0,
    )
    .fetch_optional(&mut **tx)
    .await?
    .map(drop)
    .ok_or(NOT_FOUND)
}

async fn check_room(tx: &mut Tx, tenant: TenantId) -> Result<(), StoreError> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from signal where tenant_id = $1"#,
        tenant.0,
    )
    .fetch_one(&mut **tx)
    .await?;
    if count < MOST {
        return Ok(());
    }
    Err(StoreError::Conflict(format!("there are {MOST} signals already, which is the limit")))
}

/// The ring set's column, once it is known to be there.
async fn check_ring_set(
    tx: &mut Tx,
    tenant: TenantId,
    signal: &Signal,
) -> Result<Option<Uuid>, StoreError> {
    let Some(RingSetId(ring_set)) = signal.definition().ring_set else { return Ok(None) };
    // Shared with others that name it; who deletes the set waits.
    sqlx::query!(
        "select id from ring_set where tenant_id = $1 and id = $2 for key share",
        tenant.0,
        ring_set,
    )
    .fetch_optional(&mut **tx)
    .await?
    .map(|row| Some(row.id))
    .ok_or_else(|| StoreError::Invalid("there is no such ring set".to_owned()))
}

/// Whether rollouts over this ring set listen to any signal.
pub(crate) async fn any_for(
    tx: &mut Tx,
    tenant: TenantId,
    ring_set: RingSetId,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from signal
             where tenant_id = $1 and (ring_set_id is null or ring_set_id = $2)) as "yes!""#,
        tenant.0,
        ring_set.0,
    )
    .fetch_one(&mut **tx)
    .await?)
}

/// Asks for work on every open rollout over the ring set, or over any.
async fn wake(
    tx: &mut Tx,
    tenant: TenantId,
    ring_set: Option<RingSetId>,
    kind: WorkKind,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let open = sqlx::query_scalar!(
        "select id from rollout
         where tenant_id = $1 and ($2::uuid is null or ring_set_id = $2)
             and phase_name in ('scheduled', 'offering', 'soaking', 'paused')",
        tenant.0,
        ring_set.map(|ring_set| ring_set.0),
    )
    .fetch_all(&mut **tx)
    .await?;
    if open.is_empty() {
        return Ok(());
    }
    work::ask(tx, tenant, kind, &open, now).await
}

/// What the chain is told: everything but the secret.
fn said(
    id: SignalId,
    signal: &Signal,
    has_secret: bool,
    reason: &str,
) -> Result<Value, StoreError> {
    Ok(json!({
        "signal": id,
        "definition": json(signal)?,
        "has_secret": has_secret,
        "reason": reason,
    }))
}

async fn append(
    tx: &mut Tx,
    tenant: TenantId,
    by: By<'_>,
    kind: &str,
    body: &Value,
) -> Result<(), StoreError> {
    let entry = Entry { rollout: None, at: by.at, actor: by.actor, kind, body };
    chain::append(tx, tenant, entry).await.map(drop)
}

fn taken_name(error: sqlx::Error, signal: &Signal) -> StoreError {
    taken(error, |_| format!("there is a signal named {:?} already", signal.definition().name))
}
