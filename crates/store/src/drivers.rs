//! Drivers: which devices are under their management, which of them need which, and what that says of
//! rollouts.
//!
//! Graph names the devices that a driver is better for than what they have, and nothing more. So a device
//! that was offered a driver has it once it is not named any more.

mod read;

use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::AttemptState;
use domain::duty::{DriverDevices, DriverDuty};
use domain::ids::{DeviceId, EntraDeviceId, TenantId};
use domain::update::{Strategy, UpdateKind};
use uuid::Uuid;

use crate::{Store, StoreError};

/// Devices that Graph is told of at a time.
const CHUNK: i64 = 1_000;
/// How long after its enrolment a device may scan for the first time.
const FIRST_SCAN: TimeDelta = TimeDelta::days(2);

impl Store {
    /// Whether drivers are managed, and what Graph was told of it. They are where somebody chose a strategy
    /// for them or a rollout of a driver is under way (it keeps the strategy it began with, and would enrol
    /// its devices again), as long as the tenant is not unenrolled.
    pub async fn driver_duty(
        &self,
        tenant: TenantId,
        now: DateTime<Utc>,
    ) -> Result<DriverDuty, StoreError> {
        let awaited = [AttemptState::Offered, AttemptState::Installing, AttemptState::Installed];
        let mut tx = self.tenant_begin(tenant).await?;
        let row = sqlx::query!(
            r#"with chosen as (
                 select from tenant_strategy where tenant_id = $1 and kind = $2 and strategy = $3
             ), open as (
                 select from rollout r
                 join release l on l.tenant_id = $1 and l.id = r.release_id
                     and l.delivery->>'kind' = $2
                 where r.tenant_id = $1
                     and r.phase_name not in ('completed', 'rolled_back', 'cancelled')
             )
             select (exists (select from chosen) or exists (select from open)) and not exists (
                 select from enrollment where tenant_id = $1 and asked = 'unenroll' and apply
             ) as "wanted!",
             not exists (select from chosen) and exists (select from open) as "ending!",
             (select audience_id from driver_inventory where tenant_id = $1) as audience,
             exists (
                 select from driver_device where tenant_id = $1 and enrolled_at > $4
             ) or exists (
                 select from rollout r
                 join release l on l.tenant_id = $1 and l.id = r.release_id
                     and l.delivery->>'kind' = $2
                 join tally t on t.tenant_id = $1 and t.rollout_id = r.id
                     and t.state = any($5) and t.devices > 0
                 where r.tenant_id = $1 and r.phase_name not in ('rolled_back', 'cancelled')
             ) as "awaited!""#,
            tenant.0,
            UpdateKind::Driver.name(),
            Strategy::DeploymentService.name(),
            now - FIRST_SCAN,
            &awaited.map(AttemptState::code),
        )
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(DriverDuty {
            wanted: row.wanted,
            audience: row.audience,
            awaited: row.awaited || row.ending,
        })
    }

    /// Keeps the audience in which drivers are read; none: it is gone, and with it who was in it and what
    /// was read.
    pub async fn driver_audience_keep(
        &self,
        tenant: TenantId,
        audience: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        match audience {
            Some(audience) => {
                sqlx::query!(
                    "insert into driver_inventory (tenant_id, audience_id) values ($1, $2)
                     on conflict (tenant_id) do update set audience_id = excluded.audience_id",
                    tenant.0,
                    audience,
                )
                .execute(&mut *tx)
                .await?;
            }
            None => {
                sqlx::query!(
                    "with gone as (delete from driver_inventory where tenant_id = $1),
                     forgotten as (delete from driver_match where tenant_id = $1)
                     delete from driver_device where tenant_id = $1",
                    tenant.0,
                )
                .execute(&mut *tx)
                .await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// Devices that are to come under the management of drivers, and those that are to leave it: everybody who
    /// has a place in a ring, where it is wanted. A chunk of each. Cost: the members of ring sets.
    pub async fn driver_devices(
        &self,
        tenant: TenantId,
        wanted: bool,
    ) -> Result<DriverDevices, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let enroll = sqlx::query!(
            r#"select d.id, d.entra_device_id as "entra_device!" from device d
             where $2 and d.tenant_id = $1 and d.entra_device_id is not null
                 and exists (select from ring_member m
                     where m.tenant_id = $1 and m.device_id = d.id)
                 and not exists (select from driver_device k
                     where k.tenant_id = $1 and k.device_id = d.id)
             order by d.id limit $3"#,
            tenant.0,
            wanted,
            CHUNK,
        )
        .fetch_all(&mut *tx)
        .await?;
        let release = sqlx::query!(
            "select k.device_id, k.entra_device_id from driver_device k
             where k.tenant_id = $1 and not ($2 and exists (
                 select from device d
                 join ring_member m on m.tenant_id = $1 and m.device_id = d.id
                 where d.tenant_id = $1 and d.id = k.device_id
                     and d.entra_device_id = k.entra_device_id))
             order by k.device_id limit $3",
            tenant.0,
            wanted,
            CHUNK,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let pair = |device: Uuid, entra: Uuid| (DeviceId(device), EntraDeviceId(entra));
        Ok(DriverDevices {
            enroll: enroll.into_iter().map(|row| pair(row.id, row.entra_device)).collect(),
            release: release
                .into_iter()
                .map(|row| pair(row.device_id, row.entra_device_id))
                .collect(),
        })
    }

    /// Notes what Graph was told of these devices. What was read of those that left is forgotten.
    pub async fn driver_devices_told(
        &self,
        tenant: TenantId,
        devices: &DriverDevices,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let columns = |list: &[(DeviceId, EntraDeviceId)]| -> (Vec<Uuid>, Vec<Uuid>) {
            list.iter().map(|(device, entra)| (device.0, entra.0)).unzip()
        };
        let mut tx = self.tenant_begin(tenant).await?;
        let (gone, _) = columns(&devices.release);
        sqlx::query!(
            "with out as (delete from driver_device where tenant_id = $1 and device_id = any($2))
             delete from driver_match where tenant_id = $1 and device_id = any($2)",
            tenant.0,
            &gone,
        )
        .execute(&mut *tx)
        .await?;
        let (come, entra) = columns(&devices.enroll);
        sqlx::query!(
            "insert into driver_device (tenant_id, device_id, entra_device_id, enrolled_at)
             select $1, n.device_id, n.entra_device_id, $4
             from unnest($2::uuid[], $3::uuid[]) as n(device_id, entra_device_id)
             order by n.device_id
             on conflict (tenant_id, device_id) do update
             set entra_device_id = excluded.entra_device_id",
            tenant.0,
            &come,
            &entra,
            now,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}
