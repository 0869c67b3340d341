//! Devices as placement looks at them, and what it says of each. Reads, never writes.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::ids::{EntraDeviceId, RingSetId, TenantId};
use domain::placement::{
    Candidate, Placed, Seen, StratumKey, StratumOf, assigned, place, place_fleet,
};
use domain::ring::{RingIndex, RingSet};
use uuid::Uuid;

use super::claims::Claims;
use super::counted::Counted;
use crate::StoreError;
use crate::convert::{BuildColumns, REGISTERED, build, count, ring};
use crate::registration::Claim;
use crate::scope::Tx;

/// Devices that are read, placed and written at a time.
pub(super) const CHUNK: i64 = 20_000;

/// The set that is placed, and where.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) tenant: TenantId,
    pub(super) ring_set: RingSetId,
    pub(super) set: &'a RingSet,
    pub(super) claims: &'a Claims,
    pub(super) now: DateTime<Utc>,
}

/// A device with its membership of the set, if any.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) id: Uuid,
    pub(super) name: String,
    entra_device_id: Option<Uuid>,
    object_id: Option<Uuid>,
    pub(super) manufacturer: String,
    pub(super) model: String,
    os_major: Option<i32>,
    os_minor: Option<i32>,
    os_build: Option<i32>,
    os_revision: Option<i32>,
    pub(super) category: String,
    standing: Option<i16>,
    reasons: i32,
    quality_only: bool,
    registered: bool,
    pub(super) ring: Option<i16>,
    pub(super) position: Option<i32>,
    pub(super) why: Option<i16>,
    pub(super) stratum: Option<i64>,
    pinned: Option<i16>,
}

impl Device {
    pub(super) fn counted(&self) -> Counted {
        Counted {
            standing: self.standing,
            reasons: self.reasons,
            quality_only: self.quality_only,
            build: self.build_columns(),
        }
    }

    pub(super) fn build_columns(&self) -> BuildColumns {
        (self.os_major, self.os_minor, self.os_build, self.os_revision)
    }

    fn stratum_of(&self, set: &RingSet) -> Result<Option<StratumKey>, StoreError> {
        let of = StratumOf {
            manufacturer: &self.manufacturer,
            model: &self.model,
            build: build(self.build_columns())?,
            site: &self.category,
        };
        Ok(StratumKey::of(&set.rules().cover, of))
    }
}

/// Where a device belongs; no ring: not in this set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    pub(super) placed: Option<Placed>,
    pub(super) stratum: Option<StratumKey>,
}

/// How the candidates of a call stand to the fleet.
pub(super) enum Rule<'a> {
    /// They are all of it.
    Fleet,
    /// This is what the set holds besides them, and what they are added to.
    Besides(&'a mut Seen),
}

/// The devices after this id, in order of id.
pub(super) async fn page(
    tx: &mut Tx,
    scene: Scene<'_>,
    after: Uuid,
) -> Result<Vec<Device>, StoreError> {
    let rules = scene.set.rules();
    Ok(sqlx::query_as!(
        Device,
        r#"select d.id, d.name, d.entra_device_id, d.object_id,
             case when $5 then d.manufacturer else '' end as "manufacturer!",
             case when $5 then d.model else '' end as "model!", d.os_major, d.os_minor, d.os_build,
             d.os_revision, case when $5 then d.category else '' end as "category!",
             d.standing, d.reasons, d.quality_only,
             coalesce(d.standing = any($6), false) as "registered!",
             m.ring as "ring?", m.position as "position?", m.why as "why?", m.stratum as "stratum?",
             p.ring as "pinned?"
         from device d
         left join ring_member m
             on m.tenant_id = $1 and m.ring_set_id = $2 and m.device_id = d.id
         left join device_control p
             on p.tenant_id = $1 and p.device_id = d.id and p.kind = 'pin' and p.ring_set_id = $2
                 and (p.expires_at is null or p.expires_at > $7)
         where d.tenant_id = $1 and d.id > $3
         order by d.id limit $4"#,
        scene.tenant.0,
        scene.ring_set.0,
        after,
        CHUNK,
        !rules.cover.is_empty(),
        REGISTERED.as_slice(),
        scene.now,
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// These devices, as far as they exist, in order of id.
pub(super) async fn these(
    tx: &mut Tx,
    scene: Scene<'_>,
    devices: &[Uuid],
) -> Result<Vec<Device>, StoreError> {
    Ok(sqlx::query_as!(
        Device,
        r#"select d.id, d.name, d.entra_device_id, d.object_id, d.manufacturer, d.model, d.os_major,
             d.os_minor, d.os_build, d.os_revision, d.category, d.standing, d.reasons, d.quality_only,
             coalesce(d.standing = any($4), false) as "registered!",
             m.ring as "ring?", m.position as "position?", m.why as "why?", m.stratum as "stratum?",
             p.ring as "pinned?"
         from unnest($3::uuid[]) as n(id)
         join device d on d.tenant_id = $1 and d.id = n.id
         left join ring_member m
             on m.tenant_id = $1 and m.ring_set_id = $2 and m.device_id = d.id
         left join device_control p
             on p.tenant_id = $1 and p.device_id = d.id and p.kind = 'pin' and p.ring_set_id = $2
                 and (p.expires_at is null or p.expires_at > $5)
         order by d.id"#,
        scene.tenant.0,
        scene.ring_set.0,
        devices,
        REGISTERED.as_slice(),
        scene.now,
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// What the rules say of each of `devices`, in the same order.
pub(super) async fn decide(
    tx: &mut Tx,
    scene: Scene<'_>,
    devices: &[Device],
    rule: Rule<'_>,
) -> Result<Vec<Outcome>, StoreError> {
    let objects: Vec<Uuid> = devices.iter().filter_map(|device| device.object_id).collect();
    let claims = scene.claims.of_objects(tx, scene.tenant, &objects).await?;
    let mut outcomes = vec![Outcome { placed: None, stratum: None }; devices.len()];
    let (mut slots, mut candidates) = (Vec::new(), Vec::new());
    for (slot, device) in devices.iter().enumerate() {
        let claims = device.object_id.and_then(|object| claims.get(&object));
        let Some(candidate) = candidate(scene, device, claims.map_or(&[], Vec::as_slice))? else {
            continue;
        };
        outcomes[slot].stratum = candidate.stratum;
        slots.push(slot);
        candidates.push(candidate);
    }
    let placed = match rule {
        Rule::Fleet => place_fleet(scene.ring_set, scene.set, &candidates),
        Rule::Besides(seen) => {
            step_aside(seen, devices)?;
            place(scene.ring_set, scene.set, &candidates, seen)
        }
    };
    for (slot, placed) in slots.into_iter().zip(placed) {
        outcomes[slot].placed = placed;
    }
    Ok(outcomes)
}

/// None: the device has no business in this set. Registered devices have, which are put there by a
/// pin or a group of a ring, or which the percentages share out: the members of the set's sources,
/// or, if it has none, everyone whom no set with sources claims.
fn candidate(
    scene: Scene<'_>,
    device: &Device,
    claims: &[Claim],
) -> Result<Option<Candidate>, StoreError> {
    let Some(entra) = device.entra_device_id.filter(|_| device.registered) else {
        return Ok(None);
    };
    let ours = || claims.iter().filter(|claim| claim.ring_set == scene.ring_set);
    let pinned = device.pinned.map(ring).transpose()?;
    let assigned = assigned(scene.set, ours().filter_map(|claim| claim.ring));
    let shared_out = if scene.set.rules().sources.is_empty() {
        !claims.iter().any(|claim| {
            claim.ring_set != scene.ring_set && scene.claims.has_sources(claim.ring_set)
        })
    } else {
        ours().any(|claim| claim.ring.is_none())
    };
    if pinned.is_none() && assigned.is_none() && !shared_out {
        return Ok(None);
    }
    Ok(Some(Candidate {
        device: EntraDeviceId(entra),
        pinned,
        assigned,
        current: device.ring.map(ring).transpose()?,
        stratum: device.stratum_of(scene.set)?,
    }))
}

/// Candidates do not count twice: once they are placed, `place` counts them.
fn step_aside(seen: &mut Seen, devices: &[Device]) -> Result<(), StoreError> {
    for device in devices {
        let Some(current) = device.ring else { continue };
        if let Some(members) = seen.members.get_mut(ring(current)?.slot()) {
            *members = members.saturating_sub(1);
        }
    }
    Ok(())
}

/// What the set holds: its members by ring, and which strata its covering rings have an example of,
/// besides `except`. With `strata` only of those, which costs no more than they are.
pub(super) async fn seen(
    tx: &mut Tx,
    scene: Scene<'_>,
    strata: Option<&[i64]>,
    except: &[Uuid],
) -> Result<Seen, StoreError> {
    let rows = sqlx::query!(
        "select ring, members from ring_tally where tenant_id = $1 and ring_set_id = $2",
        scene.tenant.0,
        scene.ring_set.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    let rings = scene.set.rings().len();
    let mut seen = Seen { members: vec![0; rings], covered: vec![HashSet::new(); rings] };
    for row in rows {
        if let Some(members) = seen.members.get_mut(ring(row.ring)?.slot()) {
            *members = count(row.members)?;
        }
    }
    let covering: Vec<i16> = (0_u8..)
        .take(rings)
        .filter(|one| scene.set.covers(RingIndex(*one)))
        .map(i16::from)
        .collect();
    if covering.is_empty() {
        return Ok(seen);
    }
    let pairs: Vec<(i16, i64)> = match strata {
        None => covered(tx, scene, &covering).await?,
        Some(strata) => covered_of(tx, scene, &covering, strata, except).await?,
    };
    for (index, stratum) in pairs {
        if let Some(covered) = seen.covered.get_mut(ring(index)?.slot()) {
            covered.insert(StratumKey(stratum.cast_unsigned()));
        }
    }
    Ok(seen)
}

async fn covered(
    tx: &mut Tx,
    scene: Scene<'_>,
    rings: &[i16],
) -> Result<Vec<(i16, i64)>, StoreError> {
    let rows = sqlx::query!(
        r#"select distinct ring, stratum as "stratum!" from ring_member
         where tenant_id = $1 and ring_set_id = $2 and ring = any($3) and stratum is not null"#,
        scene.tenant.0,
        scene.ring_set.0,
        rings,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.ring, row.stratum)).collect())
}

async fn covered_of(
    tx: &mut Tx,
    scene: Scene<'_>,
    rings: &[i16],
    strata: &[i64],
    except: &[Uuid],
) -> Result<Vec<(i16, i64)>, StoreError> {
    let rows = sqlx::query!(
        r#"select r.ring as "ring!", s.stratum as "stratum!"
         from unnest($3::int2[]) as r(ring)
         cross join (select distinct stratum from unnest($4::int8[]) as s(stratum)) s
         where exists (
             select from ring_member m
             where m.tenant_id = $1 and m.ring_set_id = $2 and m.ring = r.ring
                 and m.stratum = s.stratum and m.device_id <> all($5))"#,
        scene.tenant.0,
        scene.ring_set.0,
        rings,
        strata,
        except,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.ring, row.stratum)).collect())
}

/// The strata of these devices by the set's rules.
pub(super) fn strata(scene: Scene<'_>, devices: &[Device]) -> Result<Vec<i64>, StoreError> {
    let mut strata = Vec::new();
    for device in devices {
        let key = device.stratum_of(scene.set)?;
        strata.extend(key.map(|key| key.0.cast_signed()));
    }
    Ok(strata)
}
