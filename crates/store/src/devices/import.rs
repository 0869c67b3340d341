//! Taking in what was read of a fleet, set-based. Never deletes: a read may be partial.

use std::cmp::Reverse;

use domain::ids::TenantId;
use domain::registration::rules::is_missing;
use uuid::Uuid;

use super::due::INACTIVE;
use super::traits::workload_bits;
use super::{ImportCounts, ImportedDevice, remove};
use crate::convert::build_columns;
use crate::copy::Copy;
use crate::scope::{Tx, retried};
use crate::{Store, StoreError};

const COLUMNS: i16 = 25;

impl Store {
    /// Takes in what was read of a fleet: by binary COPY to a temporary table (PostgreSQL refuses
    /// COPY into a table under row-level security), then from there by one insert into an empty
    /// tenant, else by one merge that writes only what differs. Of a device read twice the last
    /// counts. An Entra device that several Intune devices claim belongs to the one seen last.
    /// Devices that were not in the import stay (a partial read must not delete).
    ///
    /// A device that only the directory knew, or that was enrolled anew, keeps its row: our id, its
    /// rings and its controls. Devices whose registration may change are marked as due in the same
    /// transaction, and so are those that share a serial number with them.
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
        lock(&mut tx, tenant).await?;
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
            take_over(&mut tx, tenant).await?;
            drop_doubles(&mut tx, tenant).await?;
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

/// One import of a tenant at a time: two would insert the same devices.
pub(super) async fn lock(tx: &mut Tx, tenant: TenantId) -> Result<(), StoreError> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1, 1))", tenant.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
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
    sqlx::raw_sql(
        "create temporary table device_stage (like device including defaults) on commit drop",
    )
    .execute(&mut **tx)
    .await?;
    let statement = "copy device_stage (tenant_id, id, intune_id, entra_device_id, object_id, name, \
                     manufacturer, model, serial, os_major, os_minor, os_build, os_revision, \
                     last_sync, system, owner, agent, workloads, join_kind, enabled, architecture, \
                     edition, edition_number, category, serial_known) from stdin (format binary)";
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
            let traits = &device.traits;
            row.small(Some(traits.system.code()));
            row.small(Some(traits.owner.code()));
            row.small(Some(traits.agent.code()));
            row.small(traits.workloads.map(workload_bits));
            row.small(Some(traits.join.code()));
            row.bool(traits.enabled);
            row.small(Some(traits.architecture.code()));
            row.text(&traits.edition);
            row.int(traits.edition_number);
            row.text(&traits.category);
            row.bool(!is_missing(&device.serial));
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
    // They are in no ring yet.
    sqlx::query(
        "select fleet_tally_add(tenant_id, array_agg(row(
             '00000000-0000-0000-0000-000000000000', -1, standing, reasons, quality_only, os_major, os_minor,
             os_build, os_revision, devices)::fleet_change))
         from (
             select tenant_id, standing, reasons, quality_only, os_major, os_minor, os_build, os_revision,
                 count(*)::int as devices
             from device_stage group by 1, 2, 3, 4, 5, 6, 7, 8
         ) n group by tenant_id",
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query("insert into registration_due (tenant_id, device_id) select tenant_id, id from device_stage")
        .execute(&mut **tx)
        .await?;
    Ok(inserted.rows_affected())
}

/// A machine that is known by its Entra id alone, or was enrolled anew so that its old Intune id is
/// not read any more, is the same machine: its row gets the Intune id.
async fn take_over(tx: &mut Tx, tenant: TenantId) -> Result<(), StoreError> {
    // What the directory said of its last sign-in is no check-in, and must not outrank one.
    sqlx::query(
        "update device d
         set intune_id = s.intune_id,
             last_sync = case when d.intune_id is null then null else d.last_sync end
         from device_stage s
         where d.tenant_id = $1 and d.entra_device_id = s.entra_device_id
             and d.intune_id is distinct from s.intune_id
             and (d.intune_id is null
                 or not exists (select from device_stage o where o.intune_id = d.intune_id))
             and not exists (
                 select from device k where k.tenant_id = $1 and k.intune_id = s.intune_id)",
    )
    .bind(tenant.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A row of the directory for a machine that has another row by its Intune id already goes, and
/// leaves its controls to that one.
async fn drop_doubles(tx: &mut Tx, tenant: TenantId) -> Result<(), StoreError> {
    let doubles: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "select d.id, k.id from device_stage s
         join device d on d.tenant_id = $1 and d.entra_device_id = s.entra_device_id
             and d.intune_id is null
         join device k on k.tenant_id = $1 and k.intune_id = s.intune_id
         order by d.id",
    )
    .bind(tenant.0)
    .fetch_all(&mut **tx)
    .await?;
    if doubles.is_empty() {
        return Ok(());
    }
    let (gone, kept): (Vec<Uuid>, Vec<Uuid>) = doubles.into_iter().unzip();
    sqlx::query!(
        "insert into device_control (tenant_id, device_id, kind, ring_set_id, ring, reason, owner,
             since, expires_at)
         select $1, n.kept, c.kind, c.ring_set_id, c.ring, c.reason, c.owner, c.since, c.expires_at
         from unnest($2::uuid[], $3::uuid[]) as n(gone, kept)
         join device_control c on c.tenant_id = $1 and c.device_id = n.gone
         on conflict do nothing",
        tenant.0,
        &gone,
        &kept,
    )
    .execute(&mut **tx)
    .await?;
    remove::forget(tx, tenant, &gone, None).await?;
    Ok(())
}

/// An Entra id that moves from one Intune device to another leaves the old one first, so that the
/// merge never has it twice.
async fn release_claims(tx: &mut Tx, tenant: TenantId) -> Result<(), StoreError> {
    sqlx::query(
        "with released as (
             update device d set entra_device_id = null, object_id = null
             from device_stage s
             where d.tenant_id = $1 and d.entra_device_id = s.entra_device_id
                 and d.intune_id <> s.intune_id
             returning d.id
         )
         insert into registration_due (tenant_id, device_id) select $1, id from released order by id
         on conflict (tenant_id, device_id) do update set step = 0",
    )
    .bind(tenant.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A check-in may have brought a later build than the read has; the later one stays. Marks what
/// matters to registration or placement: neither a new name nor a sign of life of a device that is
/// served.
const UPDATE_KNOWN: &str = "with n as materialized (
     select k.id, s.entra_device_id, s.object_id, s.name, s.manufacturer, s.model, s.serial,
         case when late then k.os_major else s.os_major end as os_major,
         case when late then k.os_minor else s.os_minor end as os_minor,
         case when late then k.os_build else s.os_build end as os_build,
         case when late then k.os_revision else s.os_revision end as os_revision,
         greatest(k.last_sync, s.last_sync) as last_sync,
         s.system, s.owner, s.agent, s.workloads, s.join_kind, s.enabled, s.architecture, s.edition,
         s.edition_number, s.category, s.serial_known, k.serial as old_serial,
         k.standing is null
             or k.reasons & $2 <> 0 and s.last_sync > coalesce(k.last_sync, '-infinity')
             or (k.entra_device_id, k.object_id, k.manufacturer, k.model, k.serial, k.system, k.owner,
                 k.agent, k.workloads, k.join_kind, k.enabled, k.architecture, k.edition,
                 k.edition_number, k.category)
                 is distinct from
                 (s.entra_device_id, s.object_id, s.manufacturer, s.model, s.serial, s.system, s.owner,
                 s.agent, s.workloads, s.join_kind, s.enabled, s.architecture, s.edition,
                 s.edition_number, s.category)
             or not late and (k.os_major, k.os_minor, k.os_build)
                 is distinct from (s.os_major, s.os_minor, s.os_build) as matters
     from device k
     join device_stage s on s.intune_id = k.intune_id
     cross join lateral (
         select k.last_sync is not null and (s.last_sync is null or s.last_sync < k.last_sync)
             or s.os_build is null as late) l
     where k.tenant_id = $1
 ), changed as (
     update device d
     set entra_device_id = n.entra_device_id, object_id = n.object_id, name = n.name,
         manufacturer = n.manufacturer, model = n.model, serial = n.serial,
         os_major = n.os_major, os_minor = n.os_minor, os_build = n.os_build,
         os_revision = n.os_revision, last_sync = n.last_sync, system = n.system, owner = n.owner,
         agent = n.agent, workloads = n.workloads, join_kind = n.join_kind, enabled = n.enabled,
         architecture = n.architecture, edition = n.edition, edition_number = n.edition_number,
         category = n.category, serial_known = n.serial_known
     from n
     where d.tenant_id = $1 and d.id = n.id
         and (d.entra_device_id, d.object_id, d.name, d.manufacturer, d.model, d.serial,
              d.os_major, d.os_minor, d.os_build, d.os_revision, d.last_sync, d.system, d.owner,
              d.agent, d.workloads, d.join_kind, d.enabled, d.architecture, d.edition,
              d.edition_number, d.category)
             is distinct from
             (n.entra_device_id, n.object_id, n.name, n.manufacturer, n.model, n.serial,
              n.os_major, n.os_minor, n.os_build, n.os_revision, n.last_sync, n.system, n.owner,
              n.agent, n.workloads, n.join_kind, n.enabled, n.architecture, n.edition,
              n.edition_number, n.category)
     returning d.id, n.old_serial, d.serial, n.matters
 ), marked as (
     insert into registration_due (tenant_id, device_id)
     select $1, id from (
         select id from changed where matters
         union
         select p.id from (
             select old_serial as serial from changed where old_serial <> serial
             union select serial from changed where old_serial <> serial
         ) moved join device p on p.tenant_id = $1 and p.serial = moved.serial and p.serial_known
     ) concerned order by id
     on conflict (tenant_id, device_id) do update set step = 0
 )
 select count(*) from changed";

async fn update_known(tx: &mut Tx, tenant: TenantId) -> Result<u64, StoreError> {
    let changed: i64 =
        sqlx::query_scalar(UPDATE_KNOWN).bind(tenant.0).bind(INACTIVE).fetch_one(&mut **tx).await?;
    Ok(changed.unsigned_abs())
}

async fn insert_new(tx: &mut Tx, tenant: TenantId) -> Result<u64, StoreError> {
    let (inserted, _counters): (i64, i32) = sqlx::query_as(
        "with added as (
             insert into device
             select * from device_stage s
             where not exists (
                 select from device d where d.tenant_id = $1 and d.intune_id = s.intune_id)
             returning id, serial, standing, reasons, quality_only, os_major, os_minor, os_build, os_revision
         ), marked as (
             insert into registration_due (tenant_id, device_id)
             select $1, id from (
                 select id from added
                 union
                 select p.id from (select distinct serial from added) a
                 join device p on p.tenant_id = $1 and p.serial = a.serial and p.serial_known
             ) concerned order by id
             on conflict (tenant_id, device_id) do update set step = 0
         )
         select count(*), fleet_tally_add($1, (
             select array_agg(row(n.*)::fleet_change) from (
                 select '00000000-0000-0000-0000-000000000000'::uuid, -1::int2, standing, reasons, quality_only,
                     os_major, os_minor, os_build, os_revision, count(*)::int
                 from added group by 1, 2, 3, 4, 5, 6, 7, 8, 9
             ) n))
         from added",
    )
    .bind(tenant.0)
    .fetch_one(&mut **tx)
    .await?;
    Ok(inserted.unsigned_abs())
}
