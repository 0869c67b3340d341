//! What a pause does to the rollouts it covers: a new generation, and what their rings are to be told.

use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use domain::pause::StandingPause;
use domain::rollout::access::access;
use domain::rollout::phase::Phase;
use domain::work::WorkKind;
use serde_json::Value;
use uuid::Uuid;

use super::read::lock_name;
use super::{Columns, Target};
use crate::convert::{access_word, phase, ring};
use crate::scope::Tx;
use crate::{StoreError, work};

/// Nobody else sets or lifts a pause of the tenant, nor decides first about a new rollout, until
/// the transaction ends. Taken before any row is locked.
pub(super) async fn alone(tx: &mut Tx, tenant: TenantId) -> Result<(), StoreError> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1, 0))", lock_name(tenant))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// A rollout that a pause covers.
pub(super) struct Covered {
    id: Uuid,
    release_id: Uuid,
    phase: Value,
    phase_name: String,
}

/// The rollouts a target covers that have not ended, under their locks.
pub(super) async fn lock(
    tx: &mut Tx,
    tenant: TenantId,
    target: Target,
) -> Result<Vec<Covered>, StoreError> {
    let (release, rollout, _) = target.columns();
    Ok(sqlx::query_as!(
        Covered,
        "select id, release_id, phase, phase_name from rollout
         where tenant_id = $1 and phase_name not in ('rolled_back', 'cancelled')
             and ($2::uuid is null or release_id = $2) and ($3::uuid is null or id = $3)
         order by id for update",
        tenant.0,
        release,
        rollout,
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// Raises their generations, sets what each of their rings is to be told by the pauses that stand
/// now, and wakes whoever decides and whoever tells.
pub(super) async fn tell(
    tx: &mut Tx,
    tenant: TenantId,
    covered: &[Covered],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = covered.iter().map(|rollout| rollout.id).collect();
    sqlx::query!(
        "update rollout set generation = generation + 1 where tenant_id = $1 and id = any($2)",
        tenant.0,
        &ids,
    )
    .execute(&mut **tx)
    .await?;
    let (rollouts, rings, words) = wanted(tx, tenant, covered, &ids).await?;
    let mut changed = sqlx::query_scalar!(
        "update rollout_ring g
         set wanted_access = n.access, wanted_generation = r.generation, wanted_at = $5
         from unnest($2::uuid[], $3::int2[], $4::text[]) as n(id, ring, access)
         join rollout r on r.tenant_id = $1 and r.id = n.id
         where g.tenant_id = $1 and g.rollout_id = n.id and g.ring = n.ring
             and g.wanted_access <> n.access
         returning g.rollout_id",
        tenant.0,
        &rollouts,
        &rings,
        &words as &[&str],
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    changed.sort_unstable();
    changed.dedup();
    let moving = covered.iter().filter(|rollout| rollout.phase_name != "completed");
    let moving: Vec<Uuid> = moving.map(|rollout| rollout.id).collect();
    work::ask(tx, tenant, WorkKind::Decide, &moving, now).await?;
    work::ask(tx, tenant, WorkKind::Enforce, &changed, now).await
}

type Wanted = (Vec<Uuid>, Vec<i16>, Vec<&'static str>);

/// The access of every ring, by the rule of the domain.
async fn wanted(
    tx: &mut Tx,
    tenant: TenantId,
    covered: &[Covered],
    ids: &[Uuid],
) -> Result<Wanted, StoreError> {
    let pauses = sqlx::query_as!(
        Columns,
        "select id, release_id, rollout_id, ring, take_back, reason, paused_by, at from pause
         where tenant_id = $1",
        tenant.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    let rows = sqlx::query!(
        "select rollout_id, ring from rollout_ring
         where tenant_id = $1 and rollout_id = any($2) order by rollout_id, ring",
        tenant.0,
        ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut wanted = Wanted::default();
    for rollout in covered {
        let stands: Phase = phase(rollout.phase.clone())?;
        let of_it = pauses.iter().filter(|pause| {
            pause.rollout_id.is_none_or(|id| id == rollout.id)
                && pause.release_id.is_none_or(|id| id == rollout.release_id)
        });
        let of_it: Vec<StandingPause> =
            of_it.map(|pause| pause.clone().try_into()).collect::<Result<_, _>>()?;
        let first = rows.partition_point(|row| row.rollout_id < rollout.id);
        for row in rows[first..].iter().take_while(|row| row.rollout_id == rollout.id) {
            wanted.0.push(rollout.id);
            wanted.1.push(row.ring);
            wanted.2.push(access_word(access(stands, &of_it, ring(row.ring)?)));
        }
    }
    Ok(wanted)
}
