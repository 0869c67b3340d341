//! Marking devices of which something changed that registration or placement look at.
//!
//! Always in the transaction of the change, after it: a pass that takes the mark away first sees the
//! change, or the mark comes back.

use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use domain::registration::Reason;
use domain::work::WorkKind;
use uuid::Uuid;

use crate::scope::Tx;
use crate::{StoreError, work};

/// The bit of the reason that a sign of life takes away.
pub(crate) const INACTIVE: i32 = 1 << Reason::Inactive as i32;

/// Marks these devices, as far as they exist.
pub(crate) async fn mark(
    tx: &mut Tx,
    tenant: TenantId,
    devices: &[Uuid],
) -> Result<u64, StoreError> {
    if devices.is_empty() {
        return Ok(0);
    }
    let marked = sqlx::query!(
        "insert into registration_due (tenant_id, device_id)
         select d.tenant_id, d.id
         from (select distinct id from unnest($2::uuid[]) as n(id)) n
         join device d on d.tenant_id = $1 and d.id = n.id
         order by d.id
         on conflict (tenant_id, device_id) do update set step = 0",
        tenant.0,
        devices,
    )
    .execute(&mut **tx)
    .await?;
    Ok(marked.rows_affected())
}

/// Marks the devices behind these directory objects.
pub(crate) async fn mark_objects(
    tx: &mut Tx,
    tenant: TenantId,
    objects: &[Uuid],
) -> Result<u64, StoreError> {
    if objects.is_empty() {
        return Ok(0);
    }
    let marked = sqlx::query!(
        "insert into registration_due (tenant_id, device_id)
         select $1, id from (
             select distinct d.id from unnest($2::uuid[]) as n(object_id)
             join device d on d.tenant_id = $1 and d.object_id = n.object_id
         ) concerned order by id
         on conflict (tenant_id, device_id) do update set step = 0",
        tenant.0,
        objects,
    )
    .execute(&mut **tx)
    .await?;
    Ok(marked.rows_affected())
}

/// Asks for the pass that looks at what is marked.
pub(crate) async fn ask(
    tx: &mut Tx,
    tenant: TenantId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    work::ask(tx, tenant, WorkKind::Register, &[tenant.0], now).await
}
