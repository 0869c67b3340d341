//! Devices that only the directory knows, and what the directory says of the others.

use std::collections::BTreeMap;

use domain::ids::{EntraDeviceId, TenantId};
use uuid::Uuid;

use super::{ImportCounts, ImportedDirectoryDevice, import};
use crate::scope::retried;
use crate::{Store, StoreError};

/// Devices of one statement.
const BATCH: usize = 5_000;

impl Store {
    /// Takes in devices as the directory shows them. A device that Intune knows as well keeps what
    /// Intune says of it, and learns only its object, its join and whether it is enabled; any other
    /// gets a row without an Intune id, which a later `device_import` of the same Entra id takes
    /// over. Of a device given twice the last counts. Marks what changed as due.
    pub async fn directory_import(
        &self,
        tenant: TenantId,
        devices: &[ImportedDirectoryDevice],
    ) -> Result<ImportCounts, StoreError> {
        let known: BTreeMap<EntraDeviceId, &ImportedDirectoryDevice> =
            devices.iter().map(|device| (device.device, device)).collect();
        let known: Vec<&ImportedDirectoryDevice> = known.into_values().collect();
        let mut counts = ImportCounts { read: devices.len() as u64, ..ImportCounts::default() };
        for batch in known.chunks(BATCH) {
            let (added, changed) = retried(|| self.directory_batch(tenant, batch)).await?;
            counts.added += added;
            counts.changed += changed;
        }
        Ok(counts)
    }

    async fn directory_batch(
        &self,
        tenant: TenantId,
        batch: &[&ImportedDirectoryDevice],
    ) -> Result<(u64, u64), StoreError> {
        let ids: Vec<Uuid> = batch.iter().map(|_| Uuid::now_v7()).collect();
        let devices: Vec<Uuid> = batch.iter().map(|one| one.device.0).collect();
        let objects: Vec<Uuid> = batch.iter().map(|one| one.object.0).collect();
        let names: Vec<String> = batch.iter().map(|one| one.name.replace('\0', "")).collect();
        let systems: Vec<i16> = batch.iter().map(|one| one.system.code()).collect();
        let joins: Vec<i16> = batch.iter().map(|one| one.join.code()).collect();
        let enabled: Vec<bool> = batch.iter().map(|one| one.enabled).collect();
        let signed_in: Vec<_> = batch.iter().map(|one| one.last_sign_in).collect();
        let mut tx = self.tenant_begin_few(tenant).await?;
        import::lock(&mut tx, tenant).await?;
        let row = sqlx::query!(
            r#"with read as materialized (
                 select * from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::int2[],
                     $7::int2[], $8::bool[], $9::timestamptz[])
                     as r(id, device, object, name, system, join_kind, enabled, signed_in)
             ), known as (
                 select d.id, d.object_id, d.join_kind, d.enabled, d.system, r.object,
                     r.join_kind as now_join, r.enabled as now_enabled,
                     case when d.intune_id is null then r.system else d.system end as now_system,
                     case when d.intune_id is null then r.name else d.name end as now_name,
                     case when d.intune_id is null then r.signed_in else d.last_sync end as now_sync
                 from read r join device d on d.tenant_id = $1 and d.entra_device_id = r.device
             ), changed as (
                 update device d
                 set object_id = k.object, join_kind = k.now_join, enabled = k.now_enabled,
                     system = k.now_system, name = k.now_name, last_sync = k.now_sync
                 from known k
                 where d.tenant_id = $1 and d.id = k.id
                     and (d.object_id, d.join_kind, d.enabled, d.system, d.name, d.last_sync)
                         is distinct from (k.object, k.now_join, k.now_enabled, k.now_system,
                             k.now_name, k.now_sync)
                 returning d.id, (k.object_id, k.join_kind, k.enabled, k.system) is distinct from
                     (d.object_id, d.join_kind, d.enabled, d.system) as matters
             ), added as (
                 insert into device (tenant_id, id, entra_device_id, object_id, name, manufacturer,
                     model, serial, serial_known, last_sync, system, owner, agent, join_kind, enabled,
                     architecture, edition, category)
                 select $1, r.id, r.device, r.object, r.name, '', '', '', false, r.signed_in, r.system, 0, 0,
                     r.join_kind, r.enabled, 0, '', ''
                 from read r
                 where not exists (
                     select from device d where d.tenant_id = $1 and d.entra_device_id = r.device)
                 order by r.id
                 returning id, standing, reasons, quality_only, os_major, os_minor, os_build, os_revision
             ), marked as (
                 insert into registration_due (tenant_id, device_id)
                 select $1, id from (
                     select id from changed where matters union all select id from added
                 ) concerned order by id
                 on conflict (tenant_id, device_id) do update set step = 0
             )
             select (select count(*) from added) as "added!",
                 (select count(*) from changed) as "changed!",
                 fleet_tally_add($1, (
                     select array_agg(row(n.*)::fleet_change) from (
                         select '00000000-0000-0000-0000-000000000000'::uuid, -1::int2, standing, reasons,
                             quality_only, os_major, os_minor, os_build, os_revision, count(*)::int
                         from added group by 1, 2, 3, 4, 5, 6, 7, 8, 9
                     ) n)) as "counters!""#,
            tenant.0,
            &ids,
            &devices,
            &objects,
            &names,
            &systems,
            &joins,
            &enabled,
            &signed_in as &[Option<chrono::DateTime<chrono::Utc>>],
        )
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        debug_assert_eq!(row.counters > 0, row.added > 0, "who comes is counted");
        Ok((row.added.unsigned_abs(), row.changed.unsigned_abs()))
    }
}
