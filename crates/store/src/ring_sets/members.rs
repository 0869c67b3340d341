//! Writing memberships: what is new, what changed, and who left. Decides nothing.

use domain::placement::{Placed, Why};
use uuid::Uuid;

use super::candidates::{Device, Outcome, Scene};
use super::counted::Counters;
use crate::StoreError;
use crate::convert::{ring_column, why};
use crate::devices::leave_rings;
use crate::scope::Tx;

/// Memberships as columns.
#[derive(Default)]
struct Members {
    devices: Vec<Uuid>,
    rings: Vec<i16>,
    positions: Vec<i32>,
    whys: Vec<i16>,
    strata: Vec<Option<i64>>,
}

/// One membership but for its device.
#[derive(PartialEq, Eq)]
struct Seat {
    ring: i16,
    position: i32,
    why: i16,
    stratum: Option<i64>,
}

impl Members {
    fn push(&mut self, device: Uuid, seat: &Seat) {
        self.devices.push(device);
        self.rings.push(seat.ring);
        self.positions.push(seat.position);
        self.whys.push(seat.why);
        self.strata.push(seat.stratum);
    }
}

/// Writes the outcomes of `devices` that differ from what they are, and counts who joins; triggers count
/// who moves or leaves. Returns how many rows that were.
pub(super) async fn write(
    tx: &mut Tx,
    scene: Scene<'_>,
    devices: &[Device],
    outcomes: &[Outcome],
    counters: &mut Counters,
) -> Result<u64, StoreError> {
    let (mut new, mut changed, mut left) = (Members::default(), Members::default(), Vec::new());
    for (device, outcome) in devices.iter().zip(outcomes) {
        let Some(placed) = outcome.placed else {
            left.extend(device.ring.map(|_| device.id));
            continue;
        };
        let seat = Seat {
            ring: ring_column(placed.ring),
            position: placed.place.position(),
            why: recorded(placed, device.why)?.code(),
            stratum: outcome.stratum.map(|key| key.0.cast_signed()),
        };
        let before = (device.ring, device.position, device.why);
        let (Some(ring), Some(position), Some(why)) = before else {
            new.push(device.id, &seat);
            counters.joined(scene.ring_set, seat.ring, device.counted());
            continue;
        };
        if seat != (Seat { ring, position, why, stratum: device.stratum }) {
            changed.push(device.id, &seat);
        }
    }
    let mut written = insert(tx, scene, &new).await? + update(tx, scene, &changed).await?;
    if !left.is_empty() {
        written += leave_rings(tx, scene.tenant, &left, Some(scene.ring_set.0)).await?;
    }
    Ok(written)
}

/// Of a device that stays where chance or coverage put it, that goes on to be told.
pub(super) fn recorded(placed: Placed, before: Option<i16>) -> Result<Why, StoreError> {
    let before = before.map(why).transpose()?;
    Ok(match (placed.why, before) {
        (Why::Kept, Some(first @ (Why::Covers | Why::Fills | Why::Percentage))) => first,
        (now, _) => now,
    })
}

/// In the order of the key, which the chunks come in. Who comes back while an Entra group still has
/// it goes on from there.
async fn insert(tx: &mut Tx, scene: Scene<'_>, members: &Members) -> Result<u64, StoreError> {
    if members.devices.is_empty() {
        return Ok(0);
    }
    let inserted = sqlx::query!(
        "with back as (
             delete from ring_leaver
             where tenant_id = $1 and ring_set_id = $2 and device_id = any($3)
             returning device_id, told
         )
         insert into ring_member (tenant_id, ring_set_id, device_id, ring, position, why, stratum, told)
         select $1, $2, m.device_id, m.ring, m.position, m.why, m.stratum, b.told
         from unnest($3::uuid[], $4::int2[], $5::int[], $6::int2[], $7::int8[])
             as m(device_id, ring, position, why, stratum)
         left join back b on b.device_id = m.device_id",
        scene.tenant.0,
        scene.ring_set.0,
        &members.devices,
        &members.rings,
        &members.positions,
        &members.whys,
        &members.strata as &[Option<i64>],
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected())
}

async fn update(tx: &mut Tx, scene: Scene<'_>, members: &Members) -> Result<u64, StoreError> {
    if members.devices.is_empty() {
        return Ok(0);
    }
    let updated = sqlx::query!(
        "update ring_member m
         set ring = n.ring, position = n.position, why = n.why, stratum = n.stratum
         from unnest($3::uuid[], $4::int2[], $5::int[], $6::int2[], $7::int8[])
             as n(device_id, ring, position, why, stratum)
         where m.tenant_id = $1 and m.ring_set_id = $2 and m.device_id = n.device_id",
        scene.tenant.0,
        scene.ring_set.0,
        &members.devices,
        &members.rings,
        &members.positions,
        &members.whys,
        &members.strata as &[Option<i64>],
    )
    .execute(&mut **tx)
    .await?;
    Ok(updated.rows_affected())
}
