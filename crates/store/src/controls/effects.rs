//! What controls do to the attempts of rollouts under way. Runs under a lock on those rollouts, so
//! that no wave is decided meanwhile.

use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::ids::TenantId;
use domain::work::WorkKind;
use uuid::Uuid;

use super::ControlKind;
use crate::scope::Tx;
use crate::{StoreError, work};

/// Rollouts that still offer, or may again.
async fn lock_open(tx: &mut Tx, tenant: TenantId) -> Result<Vec<Uuid>, StoreError> {
    Ok(sqlx::query_scalar!(
        "select id from rollout
         where tenant_id = $1 and phase_name in ('scheduled', 'offering', 'soaking', 'paused')
         order by id for no key update",
        tenant.0,
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// Not yet offered becomes excluded. Returns the rollout of each attempt that moved.
pub(super) async fn take_out(
    tx: &mut Tx,
    tenant: TenantId,
    devices: &[Uuid],
    kind: ControlKind,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, StoreError> {
    let code = if kind == ControlKind::Exclude { "excluded" } else { "held" };
    let open = lock_open(tx, tenant).await?;
    // An exclusion outranks a hold: lifting the hold then gives nothing back.
    Ok(sqlx::query_scalar!(
        "update attempt a set state = $4, code = $5, state_at = $6
         from unnest($2::uuid[]) as r(id) cross join unnest($3::uuid[]) as n(id)
         where a.tenant_id = $1 and a.rollout_id = r.id and a.device_id = n.id
             and (a.state = $7 or a.state = $4 and a.code = 'held' and $5 = 'excluded')
         returning a.rollout_id",
        tenant.0,
        &open,
        devices,
        AttemptState::Excluded.code(),
        code,
        now,
        AttemptState::Assigned.code(),
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// What only a hold or an exclusion had taken out, and none does any more, is to be offered again:
/// in front of its ring's next wave, if the waves have passed its place.
pub(super) async fn give_back(
    tx: &mut Tx,
    tenant: TenantId,
    devices: &[Uuid],
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, StoreError> {
    let open = lock_open(tx, tenant).await?;
    Ok(sqlx::query_scalar!(
        "update attempt a
         set state = case when k.code is null then $4 else a.state end, code = k.code, state_at = $5,
             position = case
                 when k.code is null and g.offered_position >= a.position
                     then least(g.offered_position, 2147483646) + 1
                 else a.position end
         from unnest($2::uuid[]) as r(id)
         cross join (
             select n.id, case when bool_or(c.kind = 'exclude') then 'excluded'
                 when bool_or(c.kind = 'hold') or bool_or(exists (
                     select from cohort_member m
                     join cohort_hold h on h.tenant_id = $1 and h.id = m.hold_id
                         and (h.expires_at is null or h.expires_at > $5)
                     where m.tenant_id = $1 and m.device_id = n.id)) then 'held' end as code
             from unnest($3::uuid[]) as n(id)
             left join device_control c on c.tenant_id = $1 and c.device_id = n.id
                 and c.kind in ('hold', 'exclude') and (c.expires_at is null or c.expires_at > $5)
             group by n.id
         ) k
         cross join rollout_ring g
         where a.tenant_id = $1 and a.rollout_id = r.id and a.device_id = k.id and a.state = $6
             and a.code in ('held', 'excluded') and a.code is distinct from k.code
             and g.tenant_id = $1 and g.rollout_id = a.rollout_id and g.ring = a.ring
         returning a.rollout_id",
        tenant.0,
        &open,
        devices,
        AttemptState::Assigned.code(),
        now,
        AttemptState::Excluded.code(),
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// Wakes the planners of these rollouts, each named any number of times.
pub(super) async fn wake(
    tx: &mut Tx,
    tenant: TenantId,
    mut rollouts: Vec<Uuid>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    rollouts.sort_unstable();
    rollouts.dedup();
    if rollouts.is_empty() {
        return Ok(());
    }
    work::ask(tx, tenant, WorkKind::Decide, &rollouts, now).await
}
