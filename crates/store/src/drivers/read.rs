//! Taking in what was read of drivers.

use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::AttemptState;
use domain::ids::TenantId;
use domain::inventory::ImportedDriver;
use domain::work::WorkKind;
use uuid::Uuid;

use crate::catalog::{supersede, upsert};
use crate::convert::STATES;
use crate::ingest::moves;
use crate::scope::Tx;
use crate::{Store, StoreError, work};

/// What is said of a device that needs a driver again after it had it.
const AGAIN: &str = "applicable_again";

impl Store {
    /// Writes down a driver and who needs it; what did not change is not written. Cost: its devices.
    pub async fn driver_import(
        &self,
        tenant: TenantId,
        driver: &ImportedDriver,
    ) -> Result<(), StoreError> {
        // Of a device that is named twice the last counts. Sorted, as all that locks several rows.
        let mut matches = driver.matches.clone();
        matches.sort_by_key(|one| one.device);
        matches.dedup_by_key(|one| one.device);
        let devices: Vec<Uuid> = matches.iter().map(|one| one.device.0).collect();
        let recommended: Vec<bool> = matches.iter().map(|one| one.recommended).collect();
        let mut tx = self.tenant_begin(tenant).await?;
        let update = upsert(&mut tx, tenant, &driver.update).await?;
        sqlx::query!(
            "with named as materialized (
                 select k.device_id, n.recommended
                 from unnest($3::uuid[], $4::bool[]) as n(entra_device_id, recommended)
                 join driver_device k on k.tenant_id = $1 and k.entra_device_id = n.entra_device_id
             ), gone as (
                 delete from driver_match m where m.tenant_id = $1 and m.update_id = $2
                     and not exists (select from named n where n.device_id = m.device_id)
             )
             insert into driver_match as m (tenant_id, update_id, device_id, recommended)
             select $1, $2, device_id, recommended from named order by device_id
             on conflict (tenant_id, update_id, device_id) do update
             set recommended = excluded.recommended
             where m.recommended <> excluded.recommended",
            tenant.0,
            update,
            &devices,
            &recommended,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// A complete read that began at `at` listed these entries. Says anew which driver replaces which, and
    /// moves the devices of open rollouts: who was offered a driver and is not named any more has it, and
    /// is confirmed by a check-in at least `confirm_after` later; who is named again after that, unconfirmed,
    /// has failed. Wakes the planner of every rollout that moved.
    ///
    /// A driver that is not listed at all is needed by nobody, unless a device that was never offered it
    /// needed it before: then its maker has withdrawn it, it can be deployed no longer, and nothing is
    /// concluded from its absence.
    pub async fn drivers_read(
        &self,
        tenant: TenantId,
        listed: &[String],
        confirm_after: TimeDelta,
        at: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let read = sqlx::query!(
            "update driver_inventory set read_at = $2 where tenant_id = $1",
            tenant.0,
            at,
        )
        .execute(&mut *tx)
        .await?;
        if read.rows_affected() == 0 {
            return Ok(0);
        }
        unlisted(&mut tx, tenant, listed, at).await?;
        supersede(&mut tx, tenant).await?;
        let moved = move_attempts(&mut tx, tenant, confirm_after).await?;
        if !moved.is_empty() {
            work::ask(&mut tx, tenant, WorkKind::Decide, &moved, at).await?;
        }
        tx.commit().await?;
        Ok(moved.len() as u64)
    }
}

async fn unlisted(
    tx: &mut Tx,
    tenant: TenantId,
    listed: &[String],
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "with unlisted as materialized (
             select u.id, exists (
                 select from driver_match m
                 where m.tenant_id = $1 and m.update_id = u.id and not exists (
                     select from attempt a
                     join rollout r on r.tenant_id = $1 and r.id = a.rollout_id
                     join release l on l.tenant_id = $1 and l.id = r.release_id and l.update_id = u.id
                     where a.tenant_id = $1 and a.device_id = m.device_id and a.wave is not null)
             ) as withdrawn
             from catalog_update u
             where u.tenant_id = $1 and u.kind = 'driver' and u.catalog_entry_id <> all($2)
                 and exists (select from driver_match m where m.tenant_id = $1 and m.update_id = u.id)
         ), ended as (
             update catalog_update u set deployable_until = least(u.deployable_until, $3)
             from unlisted n where u.tenant_id = $1 and u.id = n.id and n.withdrawn
         )
         delete from driver_match m using unlisted n
         where m.tenant_id = $1 and m.update_id = n.id and not n.withdrawn",
        tenant.0,
        listed,
        at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Only of devices that were heard of since they were offered the driver; a check-in comes with a scan, and
/// without one nothing was found out. Cost: the devices of open rollouts of drivers that are waited for.
async fn move_attempts(
    tx: &mut Tx,
    tenant: TenantId,
    confirm_after: TimeDelta,
) -> Result<Vec<Uuid>, StoreError> {
    let movable: Vec<i16> = AttemptState::ALL
        .into_iter()
        .filter(|state| {
            let reported = [AttemptState::Installed, AttemptState::Confirmed];
            reported.iter().any(|report| state.after_report(*report) != *state)
        })
        .map(AttemptState::code)
        .collect();
    let states = i32::try_from(STATES).map_err(StoreError::corrupt)?;
    let rollouts = sqlx::query_scalar!(
        r#"with open as materialized (
             select r.id, l.update_id from rollout r
             join release l on l.tenant_id = $1 and l.id = r.release_id
                 and l.delivery->>'kind' = 'driver'
             where r.tenant_id = $1 and r.phase_name <> 'scheduled'
         ), seen as materialized (
             select a.rollout_id, a.device_id, a.state, d.last_sync as at, m.device_id is null as has_it
             from open o
             join attempt a on a.tenant_id = $1 and a.rollout_id = o.id and a.state = any($2)
             join driver_device k on k.tenant_id = $1 and k.device_id = a.device_id
             join device d on d.tenant_id = $1 and d.id = a.device_id
             left join driver_match m on m.tenant_id = $1 and m.update_id = o.update_id
                 and m.device_id = a.device_id
             where d.last_sync > a.state_at and (a.retried_at is null or d.last_sync > a.retried_at)
                 and (m.device_id is null or a.state = $6)
         ), judged as (
             select s.rollout_id, s.device_id, s.at, s.has_it, case when s.has_it
                 then checkin_outcome($3, $4, a.state, a.state_at, $6, s.at, s.at, $5)
                 else $7 end as state
             from seen s
             join attempt a on a.tenant_id = $1 and a.rollout_id = s.rollout_id
                 and a.device_id = s.device_id
         ), moved as (
             update attempt a set state = j.state, state_at = j.at,
                 code = case when not j.has_it then $8 end
             from judged j
             where a.tenant_id = $1 and a.rollout_id = j.rollout_id and a.device_id = j.device_id
                 and a.state <> j.state
             returning a.rollout_id
         )
         select distinct rollout_id as "rollout!" from moved"#,
        tenant.0,
        &movable,
        &moves(),
        states,
        confirm_after as _,
        AttemptState::Installed.code(),
        AttemptState::Failed.code(),
        AGAIN,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rollouts)
}
