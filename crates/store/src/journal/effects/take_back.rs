//! Offers of a paused ring, taken back and given again. Cost of both: the devices of the ring, once.

use domain::attempt::AttemptState;
use domain::ring::RingIndex;

use super::Scene;
use crate::StoreError;
use crate::convert::ring_column;
use crate::scope::Tx;

/// Who was offered the update and has not started is to leave the group it was offered through: a
/// wave of withdrawals, numbered downwards from -1 so that it is none of a segment. It names the whole
/// ring, for who is given the offer again before Graph has heard of it stands elsewhere by then. `Stale`
/// when there is nobody.
pub(super) async fn withdraw(
    tx: &mut Tx,
    scene: &Scene<'_>,
    ring: RingIndex,
) -> Result<(), StoreError> {
    let waves = sqlx::query!(
        "with taken as (
             update attempt set state = $5, state_at = $6
             where tenant_id = $1 and rollout_id = $2 and ring = $3 and state = $4 and not aside
             returning 1
         )
         insert into wave (tenant_id, rollout_id, kind, ring, number, devices, first_position,
             last_position, generation, decided_at)
         select $1, $2, 'withdrawal', $3,
             (select least(min(w.number), 0) - 1 from wave w where w.tenant_id = $1
                 and w.rollout_id = $2 and w.kind = 'withdrawal' and w.ring = $3),
             count(*), 0, 2147483647, $7, $6
         from taken having count(*) > 0",
        scene.tenant.0,
        scene.rollout.0,
        ring_column(ring),
        AttemptState::Offered.code(),
        AttemptState::Withdrawn.code(),
        scene.now,
        scene.generation,
    )
    .execute(&mut **tx)
    .await?;
    if waves.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

/// They are offered the update again, in front of the ring's next wave.
pub(super) async fn give_back(
    tx: &mut Tx,
    scene: &Scene<'_>,
    ring: RingIndex,
) -> Result<(), StoreError> {
    let returned = sqlx::query!(
        "update attempt a
         set state = $5, state_at = $6,
             position = case when g.offered_position >= a.position
                 then least(g.offered_position, 2147483646) + 1 else a.position end
         from rollout_ring g
         where a.tenant_id = $1 and a.rollout_id = $2 and a.ring = $3 and a.state = $4
             and not a.aside and g.tenant_id = $1 and g.rollout_id = $2 and g.ring = $3",
        scene.tenant.0,
        scene.rollout.0,
        ring_column(ring),
        AttemptState::Withdrawn.code(),
        AttemptState::Assigned.code(),
        scene.now,
    )
    .execute(&mut **tx)
    .await?;
    if returned.rows_affected() > 0 { Ok(()) } else { Err(StoreError::Stale) }
}
