//! Crossing a freeze: one rollout of a security update goes on, on the word of somebody who neither made
//! the freeze nor the rollout.

use chrono::{DateTime, Utc};
use domain::approval::same_person;
use domain::calendar::{Freeze, crossable};
use domain::ids::{FreezeId, RolloutId, TenantId};
use domain::rollout::plan::Plan;
use domain::work::WorkKind;
use serde_json::json;

use super::{FreezeRow, NOT_FOUND};
use crate::calendar::FreezeColumns;
use crate::chain::Entry;
use crate::convert::plan;
use crate::error::taken;
use crate::scope::{Tx, retried};
use crate::{Store, StoreError, chain, work};

impl Store {
    /// Records that `actor` lets a rollout cross a freeze, with its entry in the chain, and wakes the planner.
    /// `Forbidden` for the owner of the freeze and the author of the rollout's plan; `Invalid` when there is
    /// no such rollout; `Conflict` when the update is neither a security update nor out of band, the freeze is
    /// over or does not touch the rollout, or it was crossed already.
    pub async fn freeze_cross(
        &self,
        tenant: TenantId,
        freeze: FreezeId,
        rollout: RolloutId,
        (actor, reason): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<FreezeRow, StoreError> {
        retried(|| self.cross(tenant, freeze, rollout, (actor, reason), now)).await?;
        self.freeze_fetch(tenant, freeze).await
    }

    async fn cross(
        &self,
        tenant: TenantId,
        freeze: FreezeId,
        rollout: RolloutId,
        (actor, reason): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let crossed = lock(&mut tx, tenant, rollout).await?;
        let standing = standing(&mut tx, tenant, freeze, now).await?;
        check(&crossed, &standing, actor)?;
        sqlx::query!(
            "insert into freeze_crossing (tenant_id, freeze_id, rollout_id, given_by, reason, at)
             values ($1, $2, $3, $4, $5, $6)",
            tenant.0,
            freeze.0,
            rollout.0,
            actor,
            reason,
            now,
        )
        .execute(&mut *tx)
        .await
        .map_err(|error| {
            taken(error, |_| "somebody let this rollout cross the freeze already".to_owned())
        })?;
        sqlx::query!(
            "update rollout set generation = generation + 1 where tenant_id = $1 and id = $2",
            tenant.0,
            rollout.0,
        )
        .execute(&mut *tx)
        .await?;
        work::ask(&mut tx, tenant, WorkKind::Decide, &[rollout.0], now).await?;
        let body = json!({ "freeze": standing, "reason": reason });
        let kind = "freeze_crossed";
        let entry = Entry { rollout: Some(rollout), at: now, actor, kind, body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// A rollout, as far as crossings look at it.
struct Crossed {
    ring_set: uuid::Uuid,
    is_over: bool,
    author: String,
    plan: Plan,
    crossable: bool,
}

/// Under a lock that keeps decisions away.
async fn lock(tx: &mut Tx, tenant: TenantId, rollout: RolloutId) -> Result<Crossed, StoreError> {
    let row = sqlx::query!(
        "select r.ring_set_id, r.phase_name, p.body, p.created_by, u.classification, u.cadence
         from rollout r
         join plan p on p.tenant_id = r.tenant_id and p.id = r.plan_id
         join release l on l.tenant_id = r.tenant_id and l.id = r.release_id
         join catalog_update u on u.tenant_id = l.tenant_id and u.id = l.update_id
         where r.tenant_id = $1 and r.id = $2 for update of r",
        tenant.0,
        rollout.0,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or_else(|| StoreError::Invalid("there is no such rollout".to_owned()))?;
    Ok(Crossed {
        ring_set: row.ring_set_id,
        is_over: ["completed", "rolled_back", "cancelled"].contains(&row.phase_name.as_str()),
        author: row.created_by,
        plan: plan(row.body)?,
        crossable: crossable(&row.classification, &row.cadence),
    })
}

/// A freeze that is not over.
async fn standing(
    tx: &mut Tx,
    tenant: TenantId,
    freeze: FreezeId,
    now: DateTime<Utc>,
) -> Result<Freeze, StoreError> {
    let row = sqlx::query!(
        r#"select scope, ring_set_id, ring, from_at, until_at, owner, reason,
             (ended_at is not null or until_at <= $3) as "is_over?"
         from rollout_freeze where tenant_id = $1 and id = $2"#,
        tenant.0,
        freeze.0,
        now,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(NOT_FOUND)?;
    if row.is_over == Some(true) {
        return Err(StoreError::Conflict("the freeze is over: nothing has to cross it".to_owned()));
    }
    Freeze::try_from(FreezeColumns {
        id: freeze.0,
        scope: row.scope,
        ring_set_id: row.ring_set_id,
        ring: row.ring,
        from_at: row.from_at,
        until_at: row.until_at,
        owner: row.owner,
        reason: row.reason,
    })
}

fn check(crossed: &Crossed, freeze: &Freeze, actor: &str) -> Result<(), StoreError> {
    let conflict = |why: &str| Err(StoreError::Conflict(why.to_owned()));
    if crossed.is_over {
        return conflict("the rollout is over: it offers nothing any more");
    }
    let of_set = freeze.scope.ring_set().is_none_or(|set| set.0 == crossed.ring_set);
    if !of_set || !crossed.plan.rings().iter().any(|ring| freeze.scope.covers(&ring.name)) {
        return conflict("the freeze does not touch this rollout");
    }
    if !crossed.crossable {
        return conflict(
            "only security updates and updates out of band may cross a freeze; end the freeze to let \
             this one go on",
        );
    }
    let forbidden = |why: String| Err(StoreError::Forbidden(why));
    if same_person(&freeze.owner, actor) {
        return forbidden(format!(
            "{actor} made the freeze; somebody else has to let a rollout cross it"
        ));
    }
    if same_person(&crossed.author, actor) {
        return forbidden(format!(
            "{actor} made the rollout; somebody else has to let it cross a freeze"
        ));
    }
    Ok(())
}
