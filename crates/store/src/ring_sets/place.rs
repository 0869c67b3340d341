//! Placing devices into the rings of a set: a whole fleet, or the few that are due. The rule is
//! `domain::placement`; this feeds it and writes what it says, holding one chunk in memory.

use chrono::{DateTime, Utc};
use domain::ids::{RingSetId, TenantId};
use domain::placement::Seen;
use domain::ring::RingSet;
use domain::work::WorkKind;
use serde_json::json;
use uuid::Uuid;

use super::candidates::{self, CHUNK, Device, Rule, Scene, decide, page};
use super::claims::Claims;
use super::counted::Counters;
use super::{NOT_FOUND, members};
use crate::chain::{self, Entry};
use crate::scope::{Tx, by_key_if_few, retried};
use crate::{Store, StoreError, controls, work};

/// Fleets below this size are placed as a whole, so that none of their rings stays empty by chance
/// (one of 1 % does in a fleet of 2,000 once in 500 million times).
pub(super) const FILLED_BELOW: usize = 2_000;

/// What became of devices that were due to be placed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DuePlacement {
    pub devices: u64,
    /// Memberships that came, changed or went.
    pub written: u64,
}

impl Store {
    /// Places every registered device as [`Store::ring_set_place`] does, because a person asks for it: with
    /// an entry in the chain, though nobody may have moved.
    pub async fn ring_set_place_request(
        &self,
        tenant: TenantId,
        ring_set: RingSetId,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.place(tenant, ring_set, Some(actor), now).await
    }

    /// Places every registered device of the tenant: reads devices in order of id,
    /// `domain::placement` decides, and writes only what is new or changed. Devices that are not
    /// registered, or have no business in this set, leave it. Returns how many rows were written.
    pub async fn ring_set_place(
        &self,
        tenant: TenantId,
        ring_set: RingSetId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.place(tenant, ring_set, None, now).await
    }

    async fn place(
        &self,
        tenant: TenantId,
        ring_set: RingSetId,
        asked_by: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        // Placing takes two connections; many at once could all wait for their second one.
        let _turn = self.inner.placing.lock().await;
        let mut tx = self.tenant_begin(tenant).await?;
        begin(&mut tx, tenant, ring_set, now).await?;
        let mut counters = Counters::lock(&mut tx, tenant).await?;
        let claims = Claims::load(&mut tx, tenant).await?;
        let set = set_of(&claims, ring_set)?;
        let scene = Scene { tenant, ring_set, set, claims: &claims, now };
        let mut seen = candidates::seen(&mut tx, scene, None, &[]).await?;
        let mut reader = self.tenant_begin(tenant).await?;
        let mut written = 0;
        let mut devices = page(&mut reader, scene, Uuid::nil()).await?;
        let whole = devices.len() < FILLED_BELOW;
        // One chunk is written while the next one is read.
        while let Some(last) = devices.last() {
            let (rows, next) = tokio::try_join!(
                step(&mut tx, scene, &devices, whole, (&mut seen, &mut counters)),
                page(&mut reader, scene, last.id),
            )?;
            written += rows;
            devices = next;
        }
        reader.commit().await?;
        counters.write(&mut tx).await?;
        tell(&mut tx, tenant, ring_set, written, now).await?;
        if let Some(actor) = asked_by {
            let body = json!({ "ring_set": ring_set, "memberships": written });
            let kind = "ring_set_placed";
            let entry = Entry { rollout: None, at: now, actor, kind, body: &body };
            chain::append(&mut tx, tenant, entry).await?;
        }
        tx.commit().await?;
        Ok(written)
    }

    /// Places the devices that a pass of registration looked at since the last call, in every ring
    /// set. Cost: as many as they are, times the ring sets; a set that was never placed, or a small
    /// fleet of which a ring is empty, is placed as a whole. Chunks of 20,000, each its own
    /// transaction.
    pub async fn ring_set_place_due(
        &self,
        tenant: TenantId,
        now: DateTime<Utc>,
    ) -> Result<DuePlacement, StoreError> {
        let mut sum = DuePlacement::default();
        loop {
            let chunk = retried(|| self.place_chunk(tenant, now)).await?;
            sum.devices += chunk.devices;
            sum.written += chunk.written;
            if chunk.devices == 0 {
                return Ok(sum);
            }
        }
    }

    async fn place_chunk(
        &self,
        tenant: TenantId,
        now: DateTime<Utc>,
    ) -> Result<DuePlacement, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let due = sqlx::query_scalar!(
            "select device_id from registration_due where tenant_id = $1 and step = 1
             order by device_id limit $2",
            tenant.0,
            CHUNK,
        )
        .fetch_all(&mut *tx)
        .await?;
        if due.is_empty() {
            return Ok(DuePlacement::default());
        }
        by_key_if_few(&mut tx, due.len()).await?;
        // Ring sets before marks, as everybody who changes a ring set.
        lock_sets(&mut tx, tenant).await?;
        sqlx::query!(
            "delete from registration_due where tenant_id = $1 and device_id = any($2) and step = 1",
            tenant.0,
            &due,
        )
        .execute(&mut *tx)
        .await?;
        let mut counters = Counters::lock(&mut tx, tenant).await?;
        let claims = Claims::load(&mut tx, tenant).await?;
        let small = fleet_is_small(&mut tx, tenant).await?;
        let mut written = 0;
        for row in &claims.sets {
            let scene = Scene { tenant, ring_set: row.id, set: &row.set, claims: &claims, now };
            let rows = if row.placed_at.is_none() {
                begin(&mut tx, tenant, row.id, now).await?;
                place_whole(&mut tx, scene, &mut counters).await?
            } else {
                place_these(&mut tx, scene, &due, small, &mut counters).await?
            };
            tell(&mut tx, tenant, row.id, rows, now).await?;
            written += rows;
        }
        counters.write(&mut tx).await?;
        // Last, for a filter may ask for the ring of a device.
        controls::look_again(&mut tx, tenant, &due, now).await?;
        tx.commit().await?;
        Ok(DuePlacement { devices: due.len() as u64, written })
    }
}

/// Notes that the set is placed. The lock keeps a second placement of the same set away.
async fn begin(
    tx: &mut Tx,
    tenant: TenantId,
    ring_set: RingSetId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let placed = sqlx::query!(
        "update ring_set set placed_at = $3 where tenant_id = $1 and id = $2",
        tenant.0,
        ring_set.0,
        now,
    )
    .execute(&mut **tx)
    .await?;
    if placed.rows_affected() == 0 { Err(NOT_FOUND) } else { Ok(()) }
}

/// Asks for the Entra groups of rings to be brought up to date, if those of this set are on Graph.
async fn tell(
    tx: &mut Tx,
    tenant: TenantId,
    ring_set: RingSetId,
    written: u64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if written == 0 {
        return Ok(());
    }
    let enrolled = sqlx::query_scalar!(
        r#"select exists (select from enrollment
             where tenant_id = $1 and ring_set_id = $2 and state = 'enrolled') as "yes!""#,
        tenant.0,
        ring_set.0,
    )
    .fetch_one(&mut **tx)
    .await?;
    if enrolled {
        work::ask(tx, tenant, WorkKind::Members, &[tenant.0], now).await?;
    }
    Ok(())
}

pub(super) async fn lock_sets(tx: &mut Tx, tenant: TenantId) -> Result<(), StoreError> {
    sqlx::query!(
        "select id from ring_set where tenant_id = $1 order by id for no key update",
        tenant.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(())
}

fn set_of(claims: &Claims, ring_set: RingSetId) -> Result<&RingSet, StoreError> {
    claims.sets.iter().find(|row| row.id == ring_set).map(|row| &row.set).ok_or(NOT_FOUND)
}

async fn step(
    tx: &mut Tx,
    scene: Scene<'_>,
    devices: &[Device],
    whole: bool,
    (seen, counters): (&mut Seen, &mut Counters),
) -> Result<u64, StoreError> {
    let rule = if whole { Rule::Fleet } else { Rule::Besides(seen) };
    let outcomes = decide(tx, scene, devices, rule).await?;
    members::write(tx, scene, devices, &outcomes, counters).await
}

/// A whole fleet, in a transaction that has begun.
async fn place_whole(
    tx: &mut Tx,
    scene: Scene<'_>,
    counters: &mut Counters,
) -> Result<u64, StoreError> {
    let mut seen = candidates::seen(tx, scene, None, &[]).await?;
    let mut devices = page(tx, scene, Uuid::nil()).await?;
    let whole = devices.len() < FILLED_BELOW;
    let mut written = 0;
    while let Some(last) = devices.last() {
        let after = last.id;
        written += step(tx, scene, &devices, whole, (&mut seen, counters)).await?;
        devices = page(tx, scene, after).await?;
    }
    Ok(written)
}

async fn place_these(
    tx: &mut Tx,
    scene: Scene<'_>,
    due: &[Uuid],
    small: bool,
    counters: &mut Counters,
) -> Result<u64, StoreError> {
    let devices = candidates::these(tx, scene, due).await?;
    let strata = candidates::strata(scene, &devices)?;
    let mut seen = candidates::seen(tx, scene, Some(&strata), due).await?;
    let empty = |(_, ring): (domain::ring::RingIndex, &domain::ring::Ring), members: &u32| {
        ring.membership.percent > 0 && *members == 0
    };
    let mut rings = scene.set.indexed().zip(&seen.members);
    if small && rings.any(|(ring, members)| empty(ring, members)) {
        return place_whole(tx, scene, counters).await;
    }
    step(tx, scene, &devices, false, (&mut seen, counters)).await
}

/// Cost: no more than the limit.
async fn fleet_is_small(tx: &mut Tx, tenant: TenantId) -> Result<bool, StoreError> {
    let limit = i64::try_from(FILLED_BELOW).unwrap_or(i64::MAX);
    let counted = sqlx::query_scalar!(
        r#"select count(*) as "count!" from (select from device where tenant_id = $1 limit $2) few"#,
        tenant.0,
        limit,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(counted < limit)
}
