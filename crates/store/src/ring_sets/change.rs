//! Changing and deleting ring sets.

use chrono::{DateTime, Utc};
use domain::ids::{RingSetId, TenantId};
use domain::ring::RingSet;
use domain::work::WorkKind;
use serde_json::json;
use uuid::Uuid;

use super::claims::groups_named;
use super::{RingSetRow, fetch};
use crate::chain::Entry;
use crate::convert::json;
use crate::devices::due;
use crate::error::taken;
use crate::groups::inside;
use crate::scope::{Tx, retried};
use crate::{Store, StoreError, chain, work};

/// Autopatch's limit on groups (facts/autopatch.md 4.4); a delta is placed in each of them.
const MOST: i64 = 300;

impl Store {
    /// Gives a ring set another name, other rings or other rules. Rollouts that are under way go on
    /// as they were planned, with the members they began with; new ones see the change. Marks the
    /// devices of groups that are named now or were before, and asks for a sync, which places the
    /// set anew. `Conflict` when the name is taken.
    pub async fn ring_set_update(
        &self,
        tenant: TenantId,
        ring_set: RingSetId,
        set: &RingSet,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<RingSetRow, StoreError> {
        retried(|| self.set_update(tenant, ring_set, set, actor, now)).await
    }

    /// Deletes a ring set with its memberships and the pins to its rings. `Conflict` while a rollout
    /// over it is unfinished, or the tenant is enrolled with it.
    pub async fn ring_set_delete(
        &self,
        tenant: TenantId,
        ring_set: RingSetId,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        retried(|| self.set_delete(tenant, ring_set, actor, now)).await
    }

    async fn set_update(
        &self,
        tenant: TenantId,
        ring_set: RingSetId,
        set: &RingSet,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<RingSetRow, StoreError> {
        let (rings, rules) = (json(&set.rings())?, json(set.rules())?);
        let mut tx = self.tenant_begin(tenant).await?;
        lock(&mut tx, tenant, ring_set).await?;
        let before = fetch(&mut tx, tenant, ring_set).await?;
        sqlx::query!(
            "update ring_set set name = $3, rings = $4, rules = $5, placed_at = null
             where tenant_id = $1 and id = $2",
            tenant.0,
            ring_set.0,
            set.name(),
            rings,
            rules,
        )
        .execute(&mut *tx)
        .await
        .map_err(|error| {
            taken(error, |_| format!("there is a ring set named {:?} already", set.name()))
        })?;
        if before.set.rules().sources != set.rules().sources {
            // Sources claim devices from every set that has none.
            sqlx::query!("update ring_set set placed_at = null where tenant_id = $1", tenant.0)
                .execute(&mut *tx)
                .await?;
        }
        mark_named(&mut tx, tenant, &[&before.set, set], now).await?;
        let kinds = [WorkKind::Sync, WorkKind::Enroll];
        let enrolled = is_enrolled(&mut tx, tenant, ring_set).await?;
        for kind in &kinds[..if enrolled { 2 } else { 1 }] {
            work::ask(&mut tx, tenant, *kind, &[tenant.0], now).await?;
        }
        let body = json!({
            "ring_set": ring_set,
            "from": { "name": before.set.name(), "rings": before.set.rings(), "rules": before.set.rules() },
            "to": { "name": set.name(), "rings": rings, "rules": rules },
        });
        let entry = Entry { rollout: None, at: now, actor, kind: "ring_set_changed", body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        let row = fetch(&mut tx, tenant, ring_set).await?;
        tx.commit().await?;
        Ok(row)
    }

    async fn set_delete(
        &self,
        tenant: TenantId,
        ring_set: RingSetId,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        lock(&mut tx, tenant, ring_set).await?;
        let before = fetch(&mut tx, tenant, ring_set).await?;
        check_unused(&mut tx, tenant, ring_set).await?;
        mark_named(&mut tx, tenant, &[&before.set], now).await?;
        for statement in [
            "delete from ring_member where tenant_id = $1 and ring_set_id = $2",
            "delete from ring_leaver where tenant_id = $1 and ring_set_id = $2",
            "delete from ring_tally where tenant_id = $1 and ring_set_id = $2",
            "delete from device_control where tenant_id = $1 and ring_set_id = $2",
            "delete from ring_set where tenant_id = $1 and id = $2",
        ] {
            sqlx::query(statement).bind(tenant.0).bind(ring_set.0).execute(&mut *tx).await?;
        }
        let body = json!({ "ring_set": ring_set, "name": before.set.name() });
        let entry = Entry { rollout: None, at: now, actor, kind: "ring_set_deleted", body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Keeps placement and rollouts that are about to begin away.
async fn lock(tx: &mut Tx, tenant: TenantId, ring_set: RingSetId) -> Result<(), StoreError> {
    sqlx::query!(
        "select id from ring_set where tenant_id = $1 and id = $2 for update",
        tenant.0,
        ring_set.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(())
}

async fn is_enrolled(
    tx: &mut Tx,
    tenant: TenantId,
    ring_set: RingSetId,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from enrollment
             where tenant_id = $1 and ring_set_id = $2 and state <> 'none') as "yes!""#,
        tenant.0,
        ring_set.0,
    )
    .fetch_one(&mut **tx)
    .await?)
}

async fn check_unused(
    tx: &mut Tx,
    tenant: TenantId,
    ring_set: RingSetId,
) -> Result<(), StoreError> {
    let ruled = sqlx::query_scalar!(
        "select name from approval_rule where tenant_id = $1 and ring_set_id = $2 order by id limit 1",
        tenant.0,
        ring_set.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    if let Some(rule) = ruled {
        return Err(StoreError::Conflict(format!("rule {rule:?} approves updates for it")));
    }
    if is_enrolled(tx, tenant, ring_set).await? {
        return Err(StoreError::Conflict("the tenant is enrolled with this ring set".to_owned()));
    }
    let signal = sqlx::query_scalar!(
        "select name from signal where tenant_id = $1 and ring_set_id = $2 order by id limit 1",
        tenant.0,
        ring_set.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    if let Some(name) = signal {
        let why = format!("the signal {name:?} is for rollouts over this ring set alone");
        return Err(StoreError::Conflict(why));
    }
    let names = sqlx::query_scalar!(
        "select l.name from rollout r
         join release l on l.tenant_id = r.tenant_id and l.id = r.release_id
         where r.tenant_id = $1 and r.ring_set_id = $2
             and r.phase_name not in ('completed', 'rolled_back', 'cancelled') order by r.id limit 5",
        tenant.0,
        ring_set.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    if names.is_empty() {
        return Ok(());
    }
    let names = names.join(", ");
    Err(StoreError::Conflict(format!("rollouts over this ring set are unfinished: {names}")))
}

pub(super) async fn check_room(tx: &mut Tx, tenant: TenantId) -> Result<(), StoreError> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from ring_set where tenant_id = $1"#,
        tenant.0,
    )
    .fetch_one(&mut **tx)
    .await?;
    if count < MOST {
        return Ok(());
    }
    Err(StoreError::Conflict(format!("there are {MOST} ring sets already, which is the limit")))
}

/// Marks the devices in the groups that these sets name.
pub(super) async fn mark_named(
    tx: &mut Tx,
    tenant: TenantId,
    sets: &[&RingSet],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let groups: Vec<Uuid> =
        sets.iter().flat_map(|set| groups_named(set)).map(|(_, group)| group).collect();
    if groups.is_empty() {
        return Ok(());
    }
    let objects = inside(tx, tenant, &groups).await?;
    if due::mark_objects(tx, tenant, &objects).await? > 0 {
        due::ask(tx, tenant, now).await?;
    }
    Ok(())
}
