//! Taking in what was read of a fleet, set-based. Never deletes: a read may be partial.

use std::cmp::Reverse;

use domain::ids::TenantId;
use uuid::Uuid;

use super::{ImportCounts, ImportedDevice};
use crate::convert::build_columns;
use crate::copy::Copy;
use crate::scope::{Tx, retried};
use crate::{Store, StoreError};

const COLUMNS: i16 = 14;

impl Store {
    /// Takes in what was read of a fleet: by binary COPY to a temporary table (PostgreSQL refuses
    /// COPY into a table under row-level security), then from there by one insert into an empty
    /// tenant, else by one merge that writes only what differs. Of a device read twice the last
    /// counts. An Entra device that several Intune devices claim belongs to the one seen last.
    /// Devices that were not in the import stay (a partial read must not delete).
    pub async fn device_import(
        &self,
        tenant: TenantId,
        devices: &[ImportedDevice],
    ) -> Result<ImportCounts, StoreError> {
        retried(|| self.import(tenant, devices)).await
    }

    async fn import(
        &self,
        tenant: TenantId,
        devices: &[ImportedDevice],
    ) -> Result<ImportCounts, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        // One import of a tenant at a time: two would insert the same devices.
        sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1, 1))", tenant.to_string())
            .execute(&mut *tx)
            .await?;
        stage(&mut tx, tenant, devices).await?;
        let empty = sqlx::query_scalar!(
            r#"select not exists (select from device where tenant_id = $1) as "empty!""#,
            tenant.0
        )
        .fetch_one(&mut *tx)
        .await?;
        let (changed, added) = if empty {
            (0, insert_all(&mut tx).await?)
        } else {
            sqlx::raw_sql("analyze device_stage").execute(&mut *tx).await?;
            release_claims(&mut tx, tenant).await?;
            (update_known(&mut tx, tenant).await?, insert_new(&mut tx, tenant).await?)
        };
        tx.commit().await?;
        self.devices_analyze(tenant, i64::try_from(added).ok()).await?;
        Ok(ImportCounts { read: devices.len() as u64, added, changed })
    }
}

impl Store {
    /// Refreshes the planner's statistics when the fleet grew by `added` (none: in any case). After
    /// the import's own transaction, so that no row lock waits for it.
    pub(crate) async fn devices_analyze(
        &self,
        tenant: TenantId,
        added: Option<i64>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!("select devices_analyze($1)", added as Option<i64>).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Which of the devices to write, in the order they came in, and whether each may keep its Entra
/// id. O(n log n), eight bytes a device.
fn select(devices: &[ImportedDevice]) -> Vec<(usize, bool)> {
    let mut order: Vec<usize> = (0..devices.len()).collect();
    order.sort_unstable_by_key(|&index| (devices[index].intune, Reverse(index)));
    order.dedup_by_key(|index| devices[*index].intune);
    // Devices without an Entra id come first and do not matter here.
    order.sort_unstable_by_key(|&index| {
        let device = &devices[index];
        (device.entra_device, Reverse(device.last_sync), device.intune)
    });
    let mut selected = Vec::with_capacity(order.len());
    let mut claimed = None;
    for index in order {
        let entra = devices[index].entra_device;
        selected.push((index, entra != claimed));
        claimed = entra;
    }
    selected.sort_unstable();
    selected
}

async fn stage(
    tx: &mut Tx,
    tenant: TenantId,
    devices: &[ImportedDevice],
) -> Result<(), StoreError> {
    sqlx::raw_sql("create temporary table device_stage (like device) on commit drop")
        .execute(&mut **tx)
        .await?;
    let statement = "copy device_stage (tenant_id, id, intune_id, entra_device_id, object_id, name, \
                     manufacturer, model, serial, os_major, os_minor, os_build, os_revision, \
                     last_sync) from stdin (format binary)";
    let mut copy = Copy::begin(tx, statement, COLUMNS).await?;
    for (index, keeps) in select(devices) {
        let device = &devices[index];
        // Increasing, so that rows load in the order of their key.
        let id = Uuid::now_v7();
        let entra = device.entra_device.filter(|_| keeps);
        copy.row(|row| {
            row.uuid(Some(tenant.0));
            row.uuid(Some(id));
            row.uuid(Some(device.intune.0));
            row.uuid(entra.map(|entra| entra.0));
            row.uuid(entra.and(device.object).map(|object| object.0));
            row.text(&device.name);
            row.text(&device.manufacturer);
            row.text(&device.model);
            row.text(&device.serial);
            for number in build_columns(device.build) {
                row.int(number);
            }
            row.time(device.last_sync);
        })
        .await?;
    }
    copy.finish().await?;
    Ok(())
}

async fn insert_all(tx: &mut Tx) -> Result<u64, StoreError> {
    // The temporary table does not exist when queries are checked.
    let inserted =
        sqlx::query("insert into device select * from device_stage").execute(&mut **tx).await?;
    Ok(inserted.rows_affected())
}

/// An Entra id that moves from one Intune device to another leaves the old one first, so that the
/// merge never has it twice.
async fn release_claims(tx: &mut Tx, tenant: TenantId) -> Result<(), StoreError> {
    sqlx::query(
        "update device d set entra_device_id = null, object_id = null
         from device_stage s
         where d.tenant_id = $1 and d.entra_device_id = s.entra_device_id
             and d.intune_id <> s.intune_id",
    )
    .bind(tenant.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A check-in may have brought a later build than the read has; the later one stays.
async fn update_known(tx: &mut Tx, tenant: TenantId) -> Result<u64, StoreError> {
    let changed = sqlx::query(
        "update device d
         set entra_device_id = n.entra_device_id, object_id = n.object_id, name = n.name,
             manufacturer = n.manufacturer, model = n.model, serial = n.serial,
             os_major = n.os_major, os_minor = n.os_minor, os_build = n.os_build,
             os_revision = n.os_revision, last_sync = n.last_sync
         from (
             select k.id, s.entra_device_id, s.object_id, s.name, s.manufacturer, s.model, s.serial,
                 case when late then k.os_major else s.os_major end as os_major,
                 case when late then k.os_minor else s.os_minor end as os_minor,
                 case when late then k.os_build else s.os_build end as os_build,
                 case when late then k.os_revision else s.os_revision end as os_revision,
                 greatest(k.last_sync, s.last_sync) as last_sync
             from device k
             join device_stage s on s.intune_id = k.intune_id
             cross join lateral (
                 select k.last_sync is not null and (s.last_sync is null or s.last_sync < k.last_sync)
                     or s.os_build is null as late) l
             where k.tenant_id = $1
         ) n
         where d.tenant_id = $1 and d.id = n.id
             and (d.entra_device_id, d.object_id, d.name, d.manufacturer, d.model, d.serial,
                  d.os_major, d.os_minor, d.os_build, d.os_revision, d.last_sync)
                 is distinct from
                 (n.entra_device_id, n.object_id, n.name, n.manufacturer, n.model, n.serial,
                  n.os_major, n.os_minor, n.os_build, n.os_revision, n.last_sync)",
    )
    .bind(tenant.0)
    .execute(&mut **tx)
    .await?;
    Ok(changed.rows_affected())
}

async fn insert_new(tx: &mut Tx, tenant: TenantId) -> Result<u64, StoreError> {
    let inserted = sqlx::query(
        "insert into device
         select * from device_stage s
         where not exists (
             select from device d where d.tenant_id = $1 and d.intune_id = s.intune_id)",
    )
    .bind(tenant.0)
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected())
}
