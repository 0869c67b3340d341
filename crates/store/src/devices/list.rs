//! Lists of devices, by what they are or by what became of them.

use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::ids::{
    DeviceId, DirectoryObjectId, EntraDeviceId, IntuneDeviceId, RolloutId, TenantId,
};
use uuid::Uuid;

use super::{DeviceFilter, DeviceRow, TraitColumns, traits};
use crate::StoreError;
use crate::convert::{build, registration, ring_column, standing_column};
use crate::page::Page;
use crate::scope::Tx;

pub(super) struct Columns {
    id: Uuid,
    intune_id: Option<Uuid>,
    entra_device_id: Option<Uuid>,
    object_id: Option<Uuid>,
    name: String,
    manufacturer: String,
    model: String,
    serial: String,
    os_major: Option<i32>,
    os_minor: Option<i32>,
    os_build: Option<i32>,
    os_revision: Option<i32>,
    last_sync: Option<DateTime<Utc>>,
    system: i16,
    owner: i16,
    agent: i16,
    workloads: Option<i16>,
    join_kind: i16,
    enabled: bool,
    architecture: i16,
    edition: String,
    edition_number: Option<i32>,
    category: String,
    standing: Option<i16>,
    reasons: i32,
    sort: Option<i16>,
    quality_only: bool,
    standing_at: Option<DateTime<Utc>>,
}

impl TryFrom<Columns> for DeviceRow {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        Ok(Self {
            id: DeviceId(row.id),
            intune: row.intune_id.map(IntuneDeviceId),
            entra_device: row.entra_device_id.map(EntraDeviceId),
            object: row.object_id.map(DirectoryObjectId),
            name: row.name,
            manufacturer: row.manufacturer,
            model: row.model,
            serial: row.serial,
            build: build((row.os_major, row.os_minor, row.os_build, row.os_revision))?,
            last_sync: row.last_sync,
            traits: traits(TraitColumns {
                system: row.system,
                owner: row.owner,
                agent: row.agent,
                workloads: row.workloads,
                join: row.join_kind,
                enabled: row.enabled,
                architecture: row.architecture,
                edition: row.edition,
                edition_number: row.edition_number,
                category: row.category,
            })?,
            registration: registration((row.standing, row.reasons, row.sort, row.quality_only))?,
            standing_at: row.standing_at,
        })
    }
}

/// Starts with these letters, whatever the case, for `starts_with`.
fn prefix(filter: &DeviceFilter) -> Option<String> {
    filter.name_prefix.as_ref().map(|prefix| prefix.to_lowercase())
}

pub(super) async fn list(
    tx: &mut Tx,
    tenant: TenantId,
    filter: &DeviceFilter,
    page: Page,
) -> Result<Vec<Columns>, StoreError> {
    let (ring_set, ring) = filter.ring.unzip();
    let rows = sqlx::query_as!(
        Columns,
        "select d.id, intune_id, entra_device_id, object_id, name, manufacturer, model, serial,
             os_major, os_minor, os_build, os_revision, last_sync, system, owner, agent, workloads,
             join_kind, enabled, architecture, edition, edition_number, category, standing, reasons,
             sort, quality_only, standing_at
         from device d
         where d.tenant_id = $1 and ($2::uuid is null or d.id > $2)
             and ($3::text is null or starts_with(lower(d.name), $3))
             and ($4::text is null or d.model = $4)
             and ($5::uuid is null or exists (
                 select from ring_member m where m.tenant_id = $1 and m.ring_set_id = $5
                     and m.device_id = d.id and m.ring = $6))
             and ($8::int2 is null or d.standing = $8)
             and ($9::int is null or d.reasons & $9 <> 0)
         order by d.id limit $7",
        tenant.0,
        page.after,
        prefix(filter),
        filter.model,
        ring_set.map(|set| set.0),
        ring.map(ring_column),
        page.rows(),
        filter.standing.map(standing_column),
        filter.reason.map(|reason| 1_i32 << reason as i32),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}

/// From the attempts of one rollout, which know their state, to the devices.
pub(super) async fn list_by_attempt(
    tx: &mut Tx,
    tenant: TenantId,
    filter: &DeviceFilter,
    (rollout, state): (RolloutId, AttemptState),
    page: Page,
) -> Result<Vec<Columns>, StoreError> {
    let (ring_set, ring) = filter.ring.unzip();
    let rows = sqlx::query_as!(
        Columns,
        "select d.id, intune_id, entra_device_id, object_id, name, manufacturer, model, serial,
             os_major, os_minor, os_build, os_revision, last_sync, system, owner, agent, workloads,
             join_kind, enabled, architecture, edition, edition_number, category, standing, reasons,
             sort, quality_only, standing_at
         from attempt a join device d on d.tenant_id = $1 and d.id = a.device_id
         where a.tenant_id = $1 and a.rollout_id = $8 and a.state = $9
             and ($2::uuid is null or a.device_id > $2)
             and ($3::text is null or starts_with(lower(d.name), $3))
             and ($4::text is null or d.model = $4)
             and ($5::uuid is null or exists (
                 select from ring_member m where m.tenant_id = $1 and m.ring_set_id = $5
                     and m.device_id = d.id and m.ring = $6))
             and ($10::int2 is null or d.standing = $10)
             and ($11::int is null or d.reasons & $11 <> 0)
         order by a.device_id limit $7",
        tenant.0,
        page.after,
        prefix(filter),
        filter.model,
        ring_set.map(|set| set.0),
        ring.map(ring_column),
        page.rows(),
        rollout.0,
        state.code(),
        filter.standing.map(standing_column),
        filter.reason.map(|reason| 1_i32 << reason as i32),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}

/// The devices after this one, in order of id.
pub(super) async fn after(
    tx: &mut Tx,
    tenant: TenantId,
    device: Option<DeviceId>,
    limit: i64,
) -> Result<Vec<Columns>, StoreError> {
    Ok(sqlx::query_as!(
        Columns,
        "select id, intune_id, entra_device_id, object_id, name, manufacturer, model, serial,
             os_major, os_minor, os_build, os_revision, last_sync, system, owner, agent, workloads,
             join_kind, enabled, architecture, edition, edition_number, category, standing, reasons,
             sort, quality_only, standing_at
         from device where tenant_id = $1 and id > $2 order by id limit $3",
        tenant.0,
        device.map_or(Uuid::nil(), |device| device.0),
        limit,
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// These devices, in order of id.
pub(super) async fn of(
    tx: &mut Tx,
    tenant: TenantId,
    devices: &[Uuid],
) -> Result<Vec<Columns>, StoreError> {
    Ok(sqlx::query_as!(
        Columns,
        "select id, intune_id, entra_device_id, object_id, name, manufacturer, model, serial,
             os_major, os_minor, os_build, os_revision, last_sync, system, owner, agent, workloads,
             join_kind, enabled, architecture, edition, edition_number, category, standing, reasons,
             sort, quality_only, standing_at
         from device where tenant_id = $1 and id = any($2) order by id",
        tenant.0,
        devices,
    )
    .fetch_all(&mut **tx)
    .await?)
}

pub(super) async fn fetch(
    tx: &mut Tx,
    tenant: TenantId,
    device: DeviceId,
) -> Result<Columns, StoreError> {
    sqlx::query_as!(
        Columns,
        "select id, intune_id, entra_device_id, object_id, name, manufacturer, model, serial,
             os_major, os_minor, os_build, os_revision, last_sync, system, owner, agent, workloads,
             join_kind, enabled, architecture, edition, edition_number, category, standing, reasons,
             sort, quality_only, standing_at
         from device where tenant_id = $1 and id = $2",
        tenant.0,
        device.0,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(StoreError::NotFound { what: "device" })
}
