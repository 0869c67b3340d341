//! Placing a fleet into the rings of a set. The rule is `domain::placement`; this feeds it and
//! writes what it says, holding one chunk of the fleet in memory.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::ids::{EntraDeviceId, RingSetId, TenantId};
use domain::placement::{Candidate, Place, place, place_fleet};
use domain::ring::{RingIndex, RingSet};
use uuid::Uuid;

use super::NOT_FOUND;
use crate::convert::{ring, ring_column};
use crate::scope::Tx;
use crate::{Store, StoreError};

/// Devices that are read, placed and written at a time.
const CHUNK: i64 = 20_000;

/// Fleets below this size are placed as a whole, so that none of their rings stays empty by chance
/// (one of 1 % does in a fleet of 2,000 once in 500 million times).
const FILLED_BELOW: usize = 2_000;

/// `place` or `place_fleet`.
type Rule = fn(RingSetId, &RingSet, &[Candidate]) -> Vec<(RingIndex, Place)>;

impl Store {
    /// Places every registered device of the tenant (those with an Entra device id): reads
    /// candidates in order of id, `domain::placement::place` decides, and writes only what is new
    /// or changed. Returns how many rows were written.
    pub async fn ring_set_place(
        &self,
        tenant: TenantId,
        ring_set: RingSetId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        // Placing takes two connections; many at once could all wait for their second one.
        let _turn = self.inner.placing.lock().await;
        let mut tx = self.tenant_begin(tenant).await?;
        // The lock keeps a second placement of the same set away.
        let placed = sqlx::query!(
            "update ring_set set placed_at = $3 where tenant_id = $1 and id = $2",
            tenant.0,
            ring_set.0,
            now,
        )
        .execute(&mut *tx)
        .await?;
        if placed.rows_affected() == 0 {
            return Err(NOT_FOUND);
        }
        let set = super::fetch(&mut tx, tenant, ring_set).await?.set;
        let assigned = assigned(&mut tx, tenant, &set).await?;
        let mut reader = self.tenant_begin(tenant).await?;
        let mut written = 0;
        let mut devices = candidates(&mut reader, tenant, ring_set, Uuid::nil()).await?;
        // A larger fleet leaves no ring of a percent or more empty by chance.
        let rule = if devices.len() < FILLED_BELOW { place_fleet } else { place };
        // One chunk is written while the next one is read.
        while let Some(last) = devices.last() {
            let (rows, next) = tokio::try_join!(
                write(&mut tx, tenant, (ring_set, &set, rule), &assigned, &devices),
                candidates(&mut reader, tenant, ring_set, last.id),
            )?;
            written += rows;
            devices = next;
        }
        reader.commit().await?;
        tx.commit().await?;
        Ok(written)
    }
}

/// The ring that the groups of an object assign: the earliest that names one of them.
async fn assigned(
    tx: &mut Tx,
    tenant: TenantId,
    set: &RingSet,
) -> Result<HashMap<Uuid, RingIndex>, StoreError> {
    let named = (0_u8..).zip(set.rings()).flat_map(|(index, ring)| {
        ring.membership.groups.iter().map(move |group| (group.0, i16::from(index)))
    });
    let (groups, rings): (Vec<Uuid>, Vec<i16>) = named.unzip();
    if groups.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        r#"select g.object_id, min(n.ring) as "ring!"
         from unnest($2::uuid[], $3::int2[]) as n(group_id, ring)
         join group_member g on g.tenant_id = $1 and g.group_id = n.group_id
         group by g.object_id"#,
        tenant.0,
        &groups,
        &rings,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(|row| Ok((row.object_id, ring(row.ring)?))).collect()
}

struct Device {
    id: Uuid,
    entra_device_id: Uuid,
    object_id: Option<Uuid>,
    ring: Option<i16>,
    position: Option<i32>,
}

async fn candidates(
    tx: &mut Tx,
    tenant: TenantId,
    ring_set: RingSetId,
    after: Uuid,
) -> Result<Vec<Device>, StoreError> {
    let devices = sqlx::query_as!(
        Device,
        r#"select d.id, d.entra_device_id as "entra_device_id!", d.object_id,
             m.ring as "ring?", m.position as "position?"
         from device d
         left join ring_member m
             on m.tenant_id = $1 and m.ring_set_id = $2 and m.device_id = d.id
         where d.tenant_id = $1 and d.id > $3 and d.entra_device_id is not null
         order by d.id limit $4"#,
        tenant.0,
        ring_set.0,
        after,
        CHUNK,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(devices)
}

/// Memberships as columns.
#[derive(Default)]
struct Members {
    devices: Vec<Uuid>,
    rings: Vec<i16>,
    positions: Vec<i32>,
}

impl Members {
    fn push(&mut self, device: Uuid, ring: i16, position: i32) {
        self.devices.push(device);
        self.rings.push(ring);
        self.positions.push(position);
    }
}

async fn write(
    tx: &mut Tx,
    tenant: TenantId,
    (ring_set, set, rule): (RingSetId, &RingSet, Rule),
    assigned: &HashMap<Uuid, RingIndex>,
    devices: &[Device],
) -> Result<u64, StoreError> {
    let candidates: Result<Vec<Candidate>, StoreError> = devices
        .iter()
        .map(|device| {
            Ok(Candidate {
                device: EntraDeviceId(device.entra_device_id),
                assigned: device.object_id.and_then(|object| assigned.get(&object)).copied(),
                current: device.ring.map(ring).transpose()?,
            })
        })
        .collect();
    let (mut new, mut changed) = (Members::default(), Members::default());
    for (device, (ring, at)) in devices.iter().zip(rule(ring_set, set, &candidates?)) {
        let (ring, position) = (ring_column(ring), at.position());
        match (device.ring, device.position) {
            (None, _) | (_, None) => new.push(device.id, ring, position),
            (Some(was), Some(stood)) if (was, stood) != (ring, position) => {
                changed.push(device.id, ring, position);
            }
            (Some(_), Some(_)) => {}
        }
    }
    Ok(insert(tx, tenant, ring_set, &new).await? + update(tx, tenant, ring_set, &changed).await?)
}

async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    ring_set: RingSetId,
    members: &Members,
) -> Result<u64, StoreError> {
    if members.devices.is_empty() {
        return Ok(0);
    }
    // In the order of the key, which the chunks come in.
    let inserted = sqlx::query!(
        "insert into ring_member (tenant_id, ring_set_id, device_id, ring, position, why)
         select $1, $2, m.*, 0 from unnest($3::uuid[], $4::int2[], $5::int[]) as m",
        tenant.0,
        ring_set.0,
        &members.devices,
        &members.rings,
        &members.positions,
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected())
}

async fn update(
    tx: &mut Tx,
    tenant: TenantId,
    ring_set: RingSetId,
    members: &Members,
) -> Result<u64, StoreError> {
    if members.devices.is_empty() {
        return Ok(0);
    }
    let updated = sqlx::query!(
        "update ring_member m set ring = n.ring, position = n.position
         from unnest($3::uuid[], $4::int2[], $5::int[]) as n(device_id, ring, position)
         where m.tenant_id = $1 and m.ring_set_id = $2 and m.device_id = n.device_id",
        tenant.0,
        ring_set.0,
        &members.devices,
        &members.rings,
        &members.positions,
    )
    .execute(&mut **tx)
    .await?;
    Ok(updated.rows_affected())
}
