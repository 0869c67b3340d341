//! What a recorded event does to the attempts of its rollout. Runs under the lock on the rollout.

use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::ids::{RolloutId, TenantId};
use domain::pause::StandingPause;
use domain::ring::RingIndex;
use domain::rollout::phase::Event;
use domain::rollout::plan::Plan;
use domain::work::WorkKind;
use uuid::Uuid;

use crate::convert::{column, ring_column};
use crate::rollouts::reported;
use crate::scope::Tx;
use crate::{StoreError, budget, work};

mod guard;
mod rivals;
mod segments;
mod take_back;

pub(crate) use guard::kept_from;
pub(super) use guard::left_out;

/// What `Tally::removable` counts.
const REMOVABLE: [i16; 3] =
    [AttemptState::Installed.code(), AttemptState::Lost.code(), AttemptState::Confirmed.code()];

/// Where and when an event happens.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) tenant: TenantId,
    pub(super) rollout: RolloutId,
    pub(super) generation: i64,
    pub(super) plan: &'a Plan,
    pub(super) pauses: &'a [StandingPause],
    pub(super) now: DateTime<Utc>,
}

/// One batch of devices to be told.
#[derive(Debug, Clone, Copy)]
struct Wave {
    ring: RingIndex,
    number: u32,
    devices: u32,
}

/// Which devices a wave took: how many, between which positions, and the last one.
#[derive(Debug)]
struct Taken {
    devices: i64,
    first_position: Option<i32>,
    last_position: Option<i32>,
    cursor_position: Option<i32>,
    cursor_device: Option<Uuid>,
}

pub(super) async fn carry_out(
    tx: &mut Tx,
    scene: &Scene<'_>,
    event: Event,
) -> Result<(), StoreError> {
    match event {
        Event::WaveOffered { ring, wave: number, devices } => {
            offer(tx, scene, Wave { ring, number, devices }).await
        }
        Event::RemovalWave { ring, wave: number, devices } => {
            remove(tx, scene, Wave { ring, number, devices }).await
        }
        Event::RollbackStarted => withdraw(tx, scene).await,
        Event::Superseded { .. } => leave(tx, scene).await,
        Event::EvidenceMoved { level } => segments::moved(tx, scene, level).await,
        Event::SegmentHeld { segment } => segments::hold(tx, scene, segment).await,
        Event::SegmentReleased { segment } => segments::release(tx, scene, segment).await,
        Event::OffersTakenBack { ring } => take_back::withdraw(tx, scene, ring).await,
        Event::OffersReturned { ring } => take_back::give_back(tx, scene, ring).await,
        Event::RingOpened { .. } | Event::SoakStarted { .. } | Event::Paused { .. } => Ok(()),
        Event::Completed => reported::keep(tx, scene.tenant, scene.rollout, scene.now).await,
        Event::Resumed | Event::RolledBack | Event::Cancelled => Ok(()),
    }
}

/// Members before the cursor were offered or are excluded: who comes back to assigned is put behind it.
async fn offer(tx: &mut Tx, scene: &Scene<'_>, wave: Wave) -> Result<(), StoreError> {
    // Others offered meanwhile, or the budget was lowered.
    if budget::lock(tx, scene.tenant).await?.is_some_and(|budget| budget.free() < wave.devices) {
        return Err(StoreError::Stale);
    }
    let taken = sqlx::query_as!(
        Taken,
        r#"with picked as (
             select a.device_id from attempt a
             where a.tenant_id = $1 and a.rollout_id = $2 and a.ring = $3 and a.state = $4
                 and not a.aside and (a.position, a.device_id) > (
                     (select coalesce(g.offered_position, -1) from rollout_ring g
                         where g.tenant_id = $1 and g.rollout_id = $2 and g.ring = $3),
                     (select coalesce(g.offered_device, '00000000-0000-0000-0000-000000000000'::uuid) from rollout_ring g
                         where g.tenant_id = $1 and g.rollout_id = $2 and g.ring = $3))
             order by a.position, a.device_id limit $5
         ), taken as (
             update attempt a set state = $6, wave = $7, state_at = $8
             from picked p
             where a.tenant_id = $1 and a.rollout_id = $2 and a.device_id = p.device_id
                 and a.state = $4
             returning a.position, a.device_id
         )
         select count(*) as "devices!", min(position) as first_position,
             max(position) as last_position,
             (select position from taken order by position desc, device_id desc limit 1)
                 as cursor_position,
             (select device_id from taken order by position desc, device_id desc limit 1)
                 as cursor_device
         from taken"#,
        scene.tenant.0,
        scene.rollout.0,
        ring_column(wave.ring),
        AttemptState::Assigned.code(),
        i64::from(wave.devices),
        AttemptState::Offered.code(),
        column(wave.number),
        scene.now,
    )
    .fetch_one(&mut **tx)
    .await?;
    check_whole(wave, &taken)?;
    guard::take_from_older(tx, scene, wave).await?;
    let counted = sqlx::query!(
        "update rollout_ring set waves = waves + 1, offered_position = $5, offered_device = $6
         where tenant_id = $1 and rollout_id = $2 and ring = $3 and waves = $4",
        scene.tenant.0,
        scene.rollout.0,
        ring_column(wave.ring),
        column(wave.number),
        taken.cursor_position,
        taken.cursor_device,
    )
    .execute(&mut **tx)
    .await?;
    write_wave(tx, scene, "offer", wave, &taken, counted.rows_affected()).await
}

/// From the cursor on, and from the start when the end is reached: a device that was passed over
/// may have installed since.
async fn remove(tx: &mut Tx, scene: &Scene<'_>, wave: Wave) -> Result<(), StoreError> {
    let taken = sqlx::query_as!(
        Taken,
        r#"with cursor as (
             select coalesce(removal_position, -1) as position,
                 coalesce(removal_device, '00000000-0000-0000-0000-000000000000'::uuid) as device_id
             from rollout_ring where tenant_id = $1 and rollout_id = $2 and ring = $3
         ), picked as (
             select * from (
                 (select a.device_id, 0 as round from attempt a
                 where a.tenant_id = $1 and a.rollout_id = $2 and a.ring = $3 and a.state = any($4)
                     and (a.position, a.device_id)
                         > ((select position from cursor), (select device_id from cursor))
                 order by a.position, a.device_id limit $5)
                 union all
                 (select a.device_id, 1 as round from attempt a
                 where a.tenant_id = $1 and a.rollout_id = $2 and a.ring = $3 and a.state = any($4)
                     and (a.position, a.device_id)
                         <= ((select position from cursor), (select device_id from cursor))
                 order by a.position, a.device_id limit $5)
             ) rounds limit $5
         ), taken as (
             update attempt a set state = $6, removal_wave = $7, state_at = $8
             from picked p
             where a.tenant_id = $1 and a.rollout_id = $2 and a.device_id = p.device_id
                 and a.state = any($4)
             returning a.position, a.device_id, p.round
         )
         select count(*) as "devices!", min(position) as first_position,
             max(position) as last_position,
             (select position from taken order by round desc, position desc, device_id desc limit 1)
                 as cursor_position,
             (select device_id from taken order by round desc, position desc, device_id desc limit 1)
                 as cursor_device
         from taken"#,
        scene.tenant.0,
        scene.rollout.0,
        ring_column(wave.ring),
        REMOVABLE.as_slice(),
        i64::from(wave.devices),
        AttemptState::Removing.code(),
        column(wave.number),
        scene.now,
    )
    .fetch_one(&mut **tx)
    .await?;
    check_whole(wave, &taken)?;
    let counted = sqlx::query!(
        "update rollout_ring
         set removal_waves = removal_waves + 1, removal_position = $5, removal_device = $6
         where tenant_id = $1 and rollout_id = $2 and ring = $3 and removal_waves = $4",
        scene.tenant.0,
        scene.rollout.0,
        ring_column(wave.ring),
        column(wave.number),
        taken.cursor_position,
        taken.cursor_device,
    )
    .execute(&mut **tx)
    .await?;
    write_wave(tx, scene, "removal", wave, &taken, counted.rows_affected()).await
}

fn check_whole(wave: Wave, taken: &Taken) -> Result<(), StoreError> {
    if taken.devices == i64::from(wave.devices) { Ok(()) } else { Err(StoreError::Stale) }
}

async fn write_wave(
    tx: &mut Tx,
    scene: &Scene<'_>,
    kind: &str,
    wave: Wave,
    taken: &Taken,
    counted: u64,
) -> Result<(), StoreError> {
    // The ring counts another number of waves than the decision did.
    if counted != 1 {
        return Err(StoreError::Stale);
    }
    sqlx::query!(
        "insert into wave (tenant_id, rollout_id, kind, ring, number, devices, first_position,
             last_position, generation, decided_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        scene.tenant.0,
        scene.rollout.0,
        kind,
        ring_column(wave.ring),
        column(wave.number),
        column(wave.devices),
        taken.first_position.unwrap_or(0),
        taken.last_position.unwrap_or(i32::MAX),
        scene.generation,
        scene.now,
    )
    .execute(&mut **tx)
    .await?;
    let window = scene.plan.ring(wave.ring).map(|ring| ring.gate.observation_window);
    let sweep_at = scene.now + window.unwrap_or_default();
    work::plan(tx, scene.tenant, WorkKind::Sweep, scene.rollout.0, sweep_at).await
}

async fn withdraw(tx: &mut Tx, scene: &Scene<'_>) -> Result<(), StoreError> {
    guard::spare_ahead(tx, scene).await?;
    sqlx::query!(
        "update attempt set state = $3, state_at = $4
         where tenant_id = $1 and rollout_id = $2 and state = any($5)",
        scene.tenant.0,
        scene.rollout.0,
        AttemptState::Withdrawn.code(),
        scene.now,
        &[AttemptState::Offered.code(), AttemptState::Unresolved.code()],
    )
    .execute(&mut **tx)
    .await?;
    // Installs under way are waited for, and a cancelled rollout is not swept any more.
    work::plan(tx, scene.tenant, WorkKind::Sweep, scene.rollout.0, scene.now).await
}

/// Who was not offered the update is left out, who may still begin to install it has the offer taken
/// back; an install under way ends as it ends. Cost: the devices of the rollout, once.
async fn leave(tx: &mut Tx, scene: &Scene<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "update attempt set code = 'superseded', state_at = $3,
             state = case when state = $4::int2 then $5::int2 else $6::int2 end
         where tenant_id = $1 and rollout_id = $2 and state = any($7)",
        scene.tenant.0,
        scene.rollout.0,
        scene.now,
        AttemptState::Assigned.code(),
        AttemptState::Excluded.code(),
        AttemptState::Withdrawn.code(),
        &[AttemptState::Assigned, AttemptState::Offered, AttemptState::Unresolved]
            .map(AttemptState::code),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::attempt::AttemptState;
    use domain::tally::Tally;

    use super::REMOVABLE;

    #[test]
    fn a_removal_finds_what_the_tally_counts_as_removable() {
        for state in AttemptState::ALL {
            let counted = Tally::of([(state, 1)]).removable() == 1;
            assert_eq!(REMOVABLE.contains(&state.code()), counted, "{}", state.name());
        }
    }
}
