//! Controls as people read them.

use domain::control::DeviceControl;
use domain::ids::{DeviceId, TenantId};

use super::Columns;
use crate::page::Page;
use crate::scope::Tx;
use crate::{Store, StoreError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlRow {
    pub device: DeviceId,
    pub device_name: String,
    pub control: DeviceControl,
}

impl Store {
    /// Devices that have controls, in order of their ids, with all controls of each: a page may hold
    /// more rows than its limit, never a part of a device.
    pub async fn device_control_list(
        &self,
        tenant: TenantId,
        page: Page,
    ) -> Result<Vec<ControlRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query!(
            "select c.device_id, d.name, c.kind, c.ring_set_id, c.ring, c.reason, c.owner, c.since,
                 c.expires_at
             from (
                 select distinct device_id from device_control
                 where tenant_id = $1 and ($2::uuid is null or device_id > $2)
                 order by device_id limit $3
             ) p
             join device_control c on c.tenant_id = $1 and c.device_id = p.device_id
             join device d on d.tenant_id = $1 and d.id = p.device_id
             order by c.device_id, c.kind, c.ring_set_id",
            tenant.0,
            page.after,
            page.rows(),
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter()
            .map(|row| {
                let columns = Columns {
                    kind: row.kind,
                    ring_set_id: row.ring_set_id,
                    ring: row.ring,
                    reason: row.reason,
                    owner: row.owner,
                    since: row.since,
                    expires_at: row.expires_at,
                };
                Ok(ControlRow {
                    device: DeviceId(row.device_id),
                    device_name: row.name,
                    control: columns.try_into()?,
                })
            })
            .collect()
    }
}

/// All controls of one device and the holds it belongs to, expired ones too until they are swept up.
pub(crate) async fn of_device(
    tx: &mut Tx,
    tenant: TenantId,
    device: DeviceId,
) -> Result<Vec<DeviceControl>, StoreError> {
    let rows = sqlx::query_as!(
        Columns,
        r#"select kind as "kind!", ring_set_id, ring, reason as "reason!", owner as "owner!",
             since as "since!", expires_at
         from (
             select kind, ring_set_id, ring, reason, owner, since, expires_at from device_control
             where tenant_id = $1 and device_id = $2
             union all
             select 'hold', null, null, h.reason, h.owner, h.since, h.expires_at
             from cohort_member m join cohort_hold h on h.tenant_id = $1 and h.id = m.hold_id
             where m.tenant_id = $1 and m.device_id = $2
         ) controls order by kind, ring_set_id, since"#,
        tenant.0,
        device.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(DeviceControl::try_from).collect()
}
