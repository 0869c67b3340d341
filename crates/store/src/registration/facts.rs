//! What the rules look at, of a chunk of devices.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::ids::{RingSetId, TenantId};
use domain::registration::{DeviceFacts, Registration};
use uuid::Uuid;

use crate::StoreError;
use crate::convert::{build, registration};
use crate::devices::{TraitColumns, traits};
use crate::ring_sets::claims::Claims;
use crate::scope::Tx;

/// A device with its facts, and how it stood before.
pub(super) struct Looked {
    pub(super) id: Uuid,
    pub(super) object: Option<Uuid>,
    pub(super) facts: DeviceFacts,
    pub(super) before: Option<Registration>,
}

/// Devices by their own columns, locked in the order of their ids. What lies beyond themselves is
/// added by [`beyond`].
pub(super) async fn lock(
    tx: &mut Tx,
    tenant: TenantId,
    devices: &[Uuid],
) -> Result<Vec<Looked>, StoreError> {
    let rows = sqlx::query!(
        r#"select d.id, intune_id is not null as "in_intune!", entra_device_id is not null as "in_entra!",
             object_id, manufacturer, model, serial, os_major, os_minor, os_build, os_revision,
             last_sync, system, owner, agent, workloads, join_kind, enabled, architecture, edition,
             edition_number, category, standing, reasons, sort, quality_only
         from unnest($2::uuid[]) as n(id) join device d on d.tenant_id = $1 and d.id = n.id
         order by d.id for no key update of d"#,
        tenant.0,
        devices,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let facts = DeviceFacts {
                in_intune: row.in_intune,
                in_entra: row.in_entra,
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
                build: build((row.os_major, row.os_minor, row.os_build, row.os_revision))?,
                manufacturer: row.manufacturer,
                model: row.model,
                serial: row.serial,
                last_sync: row.last_sync,
                serial_shared: false,
                claimed_twice: false,
                excluded: false,
                held: false,
            };
            Ok(Looked {
                id: row.id,
                object: row.object_id,
                facts,
                before: registration((row.standing, row.reasons, row.sort, row.quality_only))?,
            })
        })
        .collect()
}

/// Adds what other rows say: controls, other devices' serial numbers, and groups.
pub(super) async fn beyond(
    tx: &mut Tx,
    tenant: TenantId,
    claims: &Claims,
    devices: &mut [Looked],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = devices.iter().map(|device| device.id).collect();
    let controls = sqlx::query!(
        "select device_id, kind from device_control
         where tenant_id = $1 and device_id = any($2) and kind in ('exclude', 'hold')
             and (expires_at is null or expires_at > $3)",
        tenant.0,
        &ids,
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    let with = |kind: &str| -> HashSet<Uuid> {
        controls.iter().filter(|row| row.kind == kind).map(|row| row.device_id).collect()
    };
    let (excluded, held) = (with("exclude"), with("hold"));
    let shared: HashSet<Uuid> = sqlx::query_scalar!(
        // Not as `exists`, which the planner turns into a look at every serial number of the fleet.
        "select d.id from device d
         where d.tenant_id = $1 and d.id = any($2) and d.serial_known and (
             select true from device p where p.tenant_id = $1 and p.serial = d.serial
                 and p.serial_known and p.id <> d.id limit 1)",
        tenant.0,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?
    .into_iter()
    .collect();
    let objects: Vec<Uuid> = devices.iter().filter_map(|device| device.object).collect();
    let named = claims.of_objects(tx, tenant, &objects).await?;
    for device in devices {
        device.facts.serial_shared = shared.contains(&device.id);
        device.facts.excluded = excluded.contains(&device.id);
        device.facts.held = held.contains(&device.id);
        let claimed_by = device.object.and_then(|object| named.get(&object));
        device.facts.claimed_twice = claimed_by.is_some_and(|names| {
            let sets: HashSet<RingSetId> = names.iter().map(|name| name.ring_set).collect();
            sets.len() > 1
        });
    }
    Ok(())
}

/// How many devices one transaction takes.
pub(super) const CHUNK: i64 = 20_000;
