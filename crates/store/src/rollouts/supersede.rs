//! A newer release takes the place of older ones that walk through the same ring set.

use chrono::{DateTime, Utc};
use domain::ids::{ReleaseId, RingSetId, RolloutId, TenantId};
use domain::update::supersede::{Content, Relation, relation};
use domain::work::WorkKind;
use uuid::Uuid;

use crate::scope::Tx;
use crate::{StoreError, catalog, work};

/// Marks the unfinished rollouts over the ring set whose update is replaced by that of `rollout`, which has
/// just been written down, and wakes their planners; nothing decided before can be recorded of them
/// any more. Returns them. `Conflict` when it is the other way round. Cost: the unfinished rollouts of
/// the ring set.
pub(super) async fn take_over(
    tx: &mut Tx,
    tenant: TenantId,
    (release, ring_set): (ReleaseId, RingSetId),
    rollout: RolloutId,
    now: DateTime<Utc>,
) -> Result<Vec<RolloutId>, StoreError> {
    // Two rollouts that are made at the same time must not overlook each other.
    sqlx::query_scalar!(
        "select id from ring_set where tenant_id = $1 and id = $2 for no key update",
        tenant.0,
        ring_set.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    let others = sqlx::query!(
        "select r.id, l.update_id, l.name from rollout r
         join release l on l.tenant_id = $1 and l.id = r.release_id
         where r.tenant_id = $1 and r.ring_set_id = $2 and r.id <> $3
             and r.phase_name in ('scheduled', 'offering', 'soaking', 'paused')
             and r.superseded_by is null
         order by r.id for no key update of r",
        tenant.0,
        ring_set.0,
        rollout.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    if others.is_empty() {
        return Ok(Vec::new());
    }
    let update = sqlx::query_scalar!(
        "select update_id from release where tenant_id = $1 and id = $2",
        tenant.0,
        release.0,
    )
    .fetch_one(&mut **tx)
    .await?;
    let ids: Vec<Uuid> = others.iter().map(|one| one.update_id).chain([update]).collect();
    let rows = catalog::some(tx, tenant, &ids).await?;
    let content = |id: Uuid| {
        let row = rows.iter().find(|row| row.id.0 == id);
        let row = row.ok_or_else(|| StoreError::corrupt("a release without an update"))?;
        Ok::<_, StoreError>(Content::of(&row.update))
    };
    let this = content(update)?;
    let mut older = Vec::new();
    for other in &others {
        let content = content(other.update_id)?;
        if relation(&content, &this) == Relation::Replaces {
            return Err(StoreError::Conflict(format!(
                "{:?} is newer, and goes out over this ring set already",
                other.name
            )));
        }
        if relation(&this, &content) == Relation::Replaces {
            older.push(other.id);
        }
    }
    if older.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query!(
        "update rollout set superseded_by = $3, generation = generation + 1
         where tenant_id = $1 and id = any($2)",
        tenant.0,
        &older,
        rollout.0,
    )
    .execute(&mut **tx)
    .await?;
    work::ask(tx, tenant, WorkKind::Decide, &older, now).await?;
    Ok(older.into_iter().map(RolloutId).collect())
}
