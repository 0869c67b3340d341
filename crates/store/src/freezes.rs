//! Freezes: made, ended, crossed, and read for people.

mod cross;
mod list;

use chrono::{DateTime, Utc};
use domain::calendar::{Freeze, Scope};
use domain::ids::{FreezeId, RingSetId, TenantId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::calendar::{Touched, wake};
use crate::chain::Entry;
use crate::convert::json;
use crate::scope::{Tx, retried};
use crate::{Store, StoreError, chain, ring_sets};

pub use list::{CrossingRow, Ended, FreezeRow};

pub(crate) const NOT_FOUND: StoreError = StoreError::NotFound { what: "freeze" };

/// What somebody wants frozen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFreeze {
    pub scope: Scope,
    /// None: now.
    pub from: Option<DateTime<Utc>>,
    /// None: until somebody ends it.
    pub until: Option<DateTime<Utc>>,
    pub reason: String,
}

impl Store {
    /// Makes a freeze of which `actor` is the owner, with its entry in the chain. When this returns, no offer
    /// is decided in it any more: decisions that did not know of it are void. `Invalid` when it would be
    /// over already, or its ring set or ring is not there; `Conflict` when an unfinished rollout follows a
    /// plan that has no ring of that name, and so would not be held.
    pub async fn freeze_create(
        &self,
        tenant: TenantId,
        new: &NewFreeze,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<FreezeRow, StoreError> {
        let id = retried(|| self.freeze_insert(tenant, new, actor, now)).await?;
        // Not before it can be seen: whoever read before that now decides on an old generation.
        let touched = touched(&new.scope);
        retried(|| self.calendar_wake(tenant, touched, now)).await?;
        self.freeze_fetch(tenant, id).await
    }

    /// Ends a freeze, or calls one off that has not begun, with its entry in the chain; what it held goes on
    /// at once. `Conflict` when it is over.
    pub async fn freeze_end(
        &self,
        tenant: TenantId,
        freeze: FreezeId,
        (actor, reason): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<FreezeRow, StoreError> {
        retried(|| self.freeze_close(tenant, freeze, (actor, reason), now)).await?;
        self.freeze_fetch(tenant, freeze).await
    }

    async fn freeze_insert(
        &self,
        tenant: TenantId,
        new: &NewFreeze,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<FreezeId, StoreError> {
        let id = FreezeId(Uuid::now_v7());
        let from = new.from.unwrap_or(now);
        if new.until.is_some_and(|until| until <= from.max(now)) {
            return Err(StoreError::Invalid("the freeze would be over before it began".to_owned()));
        }
        let mut tx = self.tenant_begin(tenant).await?;
        let (ring_set, ring) = match &new.scope {
            Scope::Tenant => (None, None),
            Scope::RingSet { ring_set } => (Some(ring_set.0), None),
            Scope::Ring { ring_set, ring } => (Some(ring_set.0), Some(ring.as_str())),
        };
        check_scope(&mut tx, tenant, &new.scope).await?;
        sqlx::query!(
            "insert into rollout_freeze (tenant_id, id, scope, ring_set_id, ring, from_at, until_at, owner,
                 reason, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            tenant.0,
            id.0,
            new.scope.name(),
            ring_set,
            ring,
            from,
            new.until,
            actor,
            new.reason,
            now,
        )
        .execute(&mut *tx)
        .await?;
        let freeze = Freeze {
            id,
            scope: new.scope.clone(),
            from,
            until: new.until,
            owner: actor.to_owned(),
            reason: new.reason.clone(),
        };
        finish(tx, tenant, ("freeze_created", &json(&freeze)?), actor, now).await?;
        Ok(id)
    }

    pub(crate) async fn calendar_wake(
        &self,
        tenant: TenantId,
        touched: Touched<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        wake(&mut tx, tenant, touched, now).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn freeze_close(
        &self,
        tenant: TenantId,
        freeze: FreezeId,
        (actor, reason): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let ring_set = sqlx::query_scalar!(
            "select ring_set_id from rollout_freeze where tenant_id = $1 and id = $2",
            tenant.0,
            freeze.0,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        // Rollouts are locked first, as everywhere.
        let touched = ring_set.map_or(Touched::All, |id| Touched::RingSet(RingSetId(id)));
        wake(&mut tx, tenant, touched, now).await?;
        let ended = sqlx::query!(
            "update rollout_freeze set ended_at = $3, ended_by = $4, end_reason = $5
             where tenant_id = $1 and id = $2 and ended_at is null
                 and (until_at is null or until_at > $3)",
            tenant.0,
            freeze.0,
            now,
            actor,
            reason,
        )
        .execute(&mut *tx)
        .await?;
        if ended.rows_affected() == 0 {
            return Err(StoreError::Conflict("the freeze is over already".to_owned()));
        }
        let body = json!({ "freeze": freeze, "reason": reason });
        finish(tx, tenant, ("freeze_ended", &body), actor, now).await
    }
}

fn touched(scope: &Scope) -> Touched<'static> {
    match scope {
        Scope::Tenant => Touched::All,
        Scope::RingSet { ring_set } | Scope::Ring { ring_set, .. } => Touched::RingSet(*ring_set),
    }
}

async fn check_scope(tx: &mut Tx, tenant: TenantId, scope: &Scope) -> Result<(), StoreError> {
    let (ring_set, ring) = match scope {
        Scope::Tenant => return Ok(()),
        Scope::RingSet { ring_set } => (ring_set, None),
        Scope::Ring { ring_set, ring } => (ring_set, Some(ring)),
    };
    let set = match ring_sets::fetch(tx, tenant, *ring_set).await {
        Ok(row) => row.set,
        Err(StoreError::NotFound { .. }) => {
            return Err(StoreError::Invalid("there is no such ring set".to_owned()));
        }
        Err(other) => return Err(other),
    };
    let Some(ring) = ring else { return Ok(()) };
    if !set.rings().iter().any(|known| scope.covers(&known.name)) {
        let names: Vec<&str> = set.rings().iter().map(|known| known.name.as_str()).collect();
        let there = names.join(", ");
        return Err(StoreError::Invalid(format!("there is no ring {ring:?}; there are {there}")));
    }
    let without = sqlx::query_scalar!(
        "select l.name from rollout r
         join release l on l.tenant_id = r.tenant_id and l.id = r.release_id
         join plan p on p.tenant_id = r.tenant_id and p.id = r.plan_id
         where r.tenant_id = $1 and r.ring_set_id = $2
             and r.phase_name not in ('completed', 'rolled_back', 'cancelled')
             and not exists (select from jsonb_array_elements(p.body->'rings') as g(ring)
                 where lower(g.ring->>'name') = lower($3))
         order by r.id limit 5",
        tenant.0,
        ring_set.0,
        ring,
    )
    .fetch_all(&mut **tx)
    .await?;
    if without.is_empty() {
        return Ok(());
    }
    let without = without.join(", ");
    Err(StoreError::Conflict(format!(
        "these rollouts began when no ring of the set was called {ring:?}, so this would not hold them: \
         {without}; freeze the whole ring set"
    )))
}

async fn finish(
    mut tx: Tx,
    tenant: TenantId,
    (kind, body): (&str, &Value),
    actor: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let entry = Entry { rollout: None, at: now, actor, kind, body };
    chain::append(&mut tx, tenant, entry).await?;
    tx.commit().await?;
    Ok(())
}
