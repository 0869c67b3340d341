//! The devices of a rollout whose turn has not come, where they have to be kept back on Graph.

use domain::attempt::AttemptState;
use domain::ids::{DeviceId, DirectoryObjectId, EntraDeviceId, RolloutId, TenantId};

use super::WaveDevice;
use crate::rollouts::NOT_FOUND;
use crate::{Store, StoreError};

/// Devices read at once: what Graph takes in one batch of twenty calls of twenty members, five times.
const CHUNK: i64 = 2_000;

impl Store {
    /// The next devices that were not offered anything, in the order of their ids, after one; empty: there
    /// are no more. Cost: a stretch of the key of attempts.
    pub async fn waiting_devices(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        after: Option<DeviceId>,
    ) -> Result<Vec<(DeviceId, WaveDevice)>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query!(
            r#"select a.device_id, d.entra_device_id as "entra_device!", d.object_id as "object!"
             from attempt a
             join device d on d.tenant_id = $1 and d.id = a.device_id
             where a.tenant_id = $1 and a.rollout_id = $2
                 and ($3::uuid is null or a.device_id > $3)
                 and (a.wave is null or a.state = any($4))
                 and d.entra_device_id is not null and d.object_id is not null
             order by a.device_id limit $5"#,
            tenant.0,
            rollout.0,
            after.map(|device| device.0),
            &[AttemptState::Assigned.code(), AttemptState::Withdrawn.code()],
            CHUNK,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let devices = rows.into_iter().map(|row| {
            let entra_device = EntraDeviceId(row.entra_device);
            let object = DirectoryObjectId(row.object);
            (DeviceId(row.device_id), WaveDevice { entra_device, object })
        });
        Ok(devices.collect())
    }

    /// Keeps the group of the devices that wait, and whether all of them are in it.
    pub async fn rollout_waiting_keep(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        group: DirectoryObjectId,
        told: bool,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let kept = sqlx::query!(
            "update rollout set waiting_group_id = $3, waiting_told = $4
             where tenant_id = $1 and id = $2",
            tenant.0,
            rollout.0,
            group.0,
            told,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        if kept.rows_affected() == 0 { Err(NOT_FOUND) } else { Ok(()) }
    }
}
