//! Setting the devices of a segment aside, and giving them back.

use domain::attempt::AttemptState;
use domain::evidence::Level;

use super::Scene;
use crate::StoreError;
use crate::scope::Tx;

/// Notes the level that the evidence has reached, or left.
pub(super) async fn moved(tx: &mut Tx, scene: &Scene<'_>, level: Level) -> Result<(), StoreError> {
    sqlx::query!(
        "update rollout set level = $3,
             watched_at = case when level = 'calm' and $3 <> 'calm' then $4 else watched_at end
         where tenant_id = $1 and id = $2",
        scene.tenant.0,
        scene.rollout.0,
        level.name(),
        scene.now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Every attempt of the segment is set aside. Who was offered the update and has not started is to be
/// taken out of the group it was offered through: a wave of withdrawals for each ring. What is left is weighed
/// anew. Cost: the devices of the
/// rollout, once.
pub(super) async fn hold(tx: &mut Tx, scene: &Scene<'_>, segment: u16) -> Result<(), StoreError> {
    let segment = i16::try_from(segment).map_err(StoreError::corrupt)?;
    sqlx::query!(
        "with taken as (
             update attempt set aside = true, state_at = case when state = $4 then $6 else state_at end,
                 state = case when state = $4 then $5 else state end
             where tenant_id = $1 and rollout_id = $2 and $3::int2 = any(segments)
                 and (not aside or safeguard is not null)
             returning ring, position, state, state_at
         ), waved as (
             insert into wave (tenant_id, rollout_id, kind, ring, number, devices, first_position,
                 last_position, generation, decided_at)
             select $1, $2, 'withdrawal', ring, $3, count(*), min(position), max(position), $7, $6
             from taken where state = $5 and state_at = $6 group by ring
             on conflict (tenant_id, rollout_id, kind, ring, number) do update
             set devices = excluded.devices, first_position = excluded.first_position,
                 last_position = excluded.last_position, generation = excluded.generation,
                 decided_at = excluded.decided_at, delivered_at = null
         )
         update rollout set held = array_append(array_remove(held, $3), $3), level = 'calm'
         where tenant_id = $1 and id = $2",
        scene.tenant.0,
        scene.rollout.0,
        segment,
        AttemptState::Offered.code(),
        AttemptState::Withdrawn.code(),
        scene.now,
        scene.generation,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What no other held segment keeps goes on: who had been offered the update is offered it again, in
/// front of the ring's next wave if the waves have passed its place.
pub(super) async fn release(
    tx: &mut Tx,
    scene: &Scene<'_>,
    segment: u16,
) -> Result<(), StoreError> {
    let segment = i16::try_from(segment).map_err(StoreError::corrupt)?;
    sqlx::query!(
        "update attempt a
         set aside = false, safeguard = null, state = case when a.state = $4 then $5 else a.state end,
             state_at = case when a.state = $4 then $6 else a.state_at end,
             position = case
                 when a.state in ($4, $5) and g.offered_position >= a.position
                     then least(g.offered_position, 2147483646) + 1
                 else a.position end
         from rollout_ring g, rollout r
         where a.tenant_id = $1 and a.rollout_id = $2 and $3::int2 = any(a.segments) and a.aside
             and r.tenant_id = $1 and r.id = $2 and not a.segments && array_remove(r.held, $3)
             and g.tenant_id = $1 and g.rollout_id = $2 and g.ring = a.ring",
        scene.tenant.0,
        scene.rollout.0,
        segment,
        AttemptState::Withdrawn.code(),
        AttemptState::Assigned.code(),
        scene.now,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "update rollout set held = array_remove(held, $3) where tenant_id = $1 and id = $2",
        scene.tenant.0,
        scene.rollout.0,
        segment,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
