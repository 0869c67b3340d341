//! What stands before a wave: devices that must not be offered the update though they could have been
//! when the rollout was made, and offers of older releases that the wave takes the place of.

use domain::attempt::AttemptState;
use domain::ids::{RolloutId, TenantId};
use domain::rollout::phase::Event;
use domain::work::WorkKind;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::rivals::{Sides, sides};
use super::{REMOVABLE, Scene, Wave};
use crate::chain::{self, Entry};
use crate::convert::{column, ring_column};
use crate::scope::Tx;
use crate::{StoreError, work};

/// Judges the devices that the first text picks, by what a wave is held against, in `judged`; the second text
/// goes on from there. Arguments of both begin at `$8`; `$7` is the state of the excluded.
macro_rules! judged {
    ($picked:literal, $then:literal, ($tenant:expr, $rollout:expr, $newer:expr), $($argument:expr),*) => {
        sqlx::query!(
            "with picked as (" + $picked + r#"
         ), judged as (
             select w.device_id, case
                 -- A Windows version is brought as revision 0, which says nothing of later ones.
                 when b.highest > 0 and d.os_revision > b.highest then 'ahead'
                 when p.version > u.app_version then 'ahead'
                 when b.highest is null and o.latest < array[d.os_major, d.os_minor, d.os_build] then 'ahead'
                 when b.highest < f.os_revision then 'below_floor'
                 when u.kind = 'driver' and not exists (
                     select from driver_match m where m.tenant_id = $1 and m.update_id = u.update_id
                         and m.device_id = w.device_id) then 'not_applicable'
                 when exists (
                     select from unnest($3::uuid[], $4::int[], $5::int[], $6::int[])
                         as n(rollout_id, os_major, os_minor, os_build)
                     join attempt x on x.tenant_id = $1 and x.rollout_id = n.rollout_id
                         and x.device_id = w.device_id and x.state <> $7
                     where n.os_build is null
                         or (n.os_major, n.os_minor, n.os_build) = (d.os_major, d.os_minor, d.os_build)
                 ) then 'superseded'
             end as reason
             from picked w
             join device d on d.tenant_id = $1 and d.id = w.device_id
             cross join (
                 select l.update_id, c.kind, c.app_version from rollout r
                 join release l on l.tenant_id = $1 and l.id = r.release_id
                 join catalog_update c on c.tenant_id = $1 and c.id = l.update_id
                 where r.tenant_id = $1 and r.id = $2
             ) u
             left join device_app p on p.tenant_id = $1 and p.device_id = w.device_id and p.kind = u.kind
             left join lateral (
                 select max(b.os_revision) as highest from update_build b
                 where b.tenant_id = $1 and b.update_id = u.update_id
                     and (b.os_major, b.os_minor, b.os_build) = (d.os_major, d.os_minor, d.os_build)
             ) b on true
             left join lateral (
                 select max(array[b.os_major, b.os_minor, b.os_build]) as latest from update_build b
                 where b.tenant_id = $1 and b.update_id = u.update_id
             ) o on true
             left join version_floor f on f.tenant_id = $1
                 and (f.os_major, f.os_minor, f.os_build) = (d.os_major, d.os_minor, d.os_build)
         )"# + $then,
            $tenant.0,
            $rollout.0,
            &$newer.rollouts,
            &$newer.majors as &[Option<i32>],
            &$newer.minors as &[Option<i32>],
            &$newer.builds as &[Option<i32>],
            AttemptState::Excluded.code(),
            $($argument),*
        )
    };
}

/// Leaves those of the next wave out for good that are on a higher build by now, are kept from the update
/// by a version floor, or are served by a newer release; whether there were any. Then the decision has
/// to be made again, on what is left. Cost: the devices of the wave.
pub(in crate::journal) async fn left_out(
    tx: &mut Tx,
    scene: &Scene<'_>,
    event: Event,
) -> Result<bool, StoreError> {
    let Event::WaveOffered { ring, devices, .. } = event else { return Ok(false) };
    let Sides { newer, .. } = sides(tx, scene.tenant, scene.rollout).await?;
    let left_out = judged!(
        "select a.device_id from attempt a
         where a.tenant_id = $1 and a.rollout_id = $2 and a.ring = $8 and a.state = $9
             and not a.aside and (a.position, a.device_id) > (
                 (select coalesce(g.offered_position, -1) from rollout_ring g
                     where g.tenant_id = $1 and g.rollout_id = $2 and g.ring = $8),
                 (select coalesce(g.offered_device, '00000000-0000-0000-0000-000000000000'::uuid) from rollout_ring g
                     where g.tenant_id = $1 and g.rollout_id = $2 and g.ring = $8))
         order by a.position, a.device_id limit $10",
        r#", moved as (
             update attempt a set state = $7, code = j.reason, state_at = $11
             from judged j
             where a.tenant_id = $1 and a.rollout_id = $2 and a.device_id = j.device_id
                 and a.state = $9 and j.reason is not null
             returning a.code
         )
         select code as "reason!", count(*) as "devices!" from moved group by code"#,
        (scene.tenant, scene.rollout, newer),
        ring_column(ring),
        AttemptState::Assigned.code(),
        i64::from(devices),
        scene.now
    )
    .fetch_all(&mut **tx)
    .await?;
    if left_out.is_empty() {
        return Ok(false);
    }
    work::ask(tx, scene.tenant, WorkKind::Decide, &[scene.rollout.0], scene.now).await?;
    let reasons: Map<String, Value> =
        left_out.into_iter().map(|one| (one.reason, one.devices.into())).collect();
    let body = json!({ "ring": ring, "reasons": reasons });
    let rollout = Some(scene.rollout);
    let (at, actor, kind) = (scene.now, chain::SERVICE, "left_out");
    chain::append(tx, scene.tenant, Entry { rollout, at, actor, kind, body: &body }).await?;
    Ok(true)
}

/// Of devices whose attempts stand in one of `states`, those that must not be offered the update once more, with
/// the reason that they would be left out of a wave for. Cost: those devices.
pub(crate) async fn kept_from(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
    devices: &[Uuid],
    states: &[i16],
) -> Result<Vec<(Uuid, String)>, StoreError> {
    let Sides { newer, .. } = sides(tx, tenant, rollout).await?;
    let kept = judged!(
        "select a.device_id from (select distinct id from unnest($8::uuid[]) as n(id)) n
         join attempt a on a.tenant_id = $1 and a.rollout_id = $2 and a.device_id = n.id
             and a.state = any($9)",
        r#" select device_id, reason as "reason!" from judged where reason is not null"#,
        (tenant, rollout, newer),
        devices,
        states
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(kept.into_iter().map(|row| (row.device_id, row.reason)).collect())
}

/// A device is in flight for one release of a kind at a time: who is offered this one has the open offer
/// of an older one taken back, and is to leave the group it was offered that through: a wave of withdrawals of
/// the older rollout for each ring, numbered downwards from -1. Windows would take the newest content of both;
/// a device that is taken from this rollout again would not. Policies of programs are kept away from devices of newer
/// rollouts besides. Cost: the devices of the wave, and those of the
/// older rollouts' rings when Graph is told.
pub(super) async fn take_from_older(
    tx: &mut Tx,
    scene: &Scene<'_>,
    wave: Wave,
) -> Result<(), StoreError> {
    let Sides { older, .. } = sides(tx, scene.tenant, scene.rollout).await?;
    if older.rollouts.is_empty() {
        return Ok(());
    }
    // Nobody else numbers their waves now.
    sqlx::query!(
        "select id from rollout where tenant_id = $1 and id = any($2) order by id for no key update",
        scene.tenant.0,
        &older.rollouts,
    )
    .fetch_all(&mut **tx)
    .await?;
    let told = sqlx::query_scalar!(
        r#"with taken as (
             update attempt o set state = $5, code = 'superseded', state_at = $6
             from attempt n
             join device d on d.tenant_id = $1 and d.id = n.device_id
             cross join unnest($7::uuid[], $8::int[], $9::int[], $10::int[])
                 as r(rollout_id, os_major, os_minor, os_build)
             where n.tenant_id = $1 and n.rollout_id = $2 and n.ring = $3 and n.wave = $4 and n.state = $11
                 and (r.os_build is null
                     or (r.os_major, r.os_minor, r.os_build) = (d.os_major, d.os_minor, d.os_build))
                 and o.tenant_id = $1 and o.rollout_id = r.rollout_id and o.device_id = n.device_id
                 and o.state = any($12)
             returning o.rollout_id, o.ring
         )
         insert into wave (tenant_id, rollout_id, kind, ring, number, devices, first_position,
             last_position, generation, decided_at)
         select $1, t.rollout_id, 'withdrawal', t.ring,
             (select least(min(w.number), 0) - 1 from wave w where w.tenant_id = $1
                 and w.rollout_id = t.rollout_id and w.kind = 'withdrawal' and w.ring = t.ring),
             count(*), 0, 2147483647, (select r.generation from rollout r
                 where r.tenant_id = $1 and r.id = t.rollout_id), $6
         from taken t group by t.rollout_id, t.ring
         returning rollout_id"#,
        scene.tenant.0,
        scene.rollout.0,
        ring_column(wave.ring),
        column(wave.number),
        AttemptState::Withdrawn.code(),
        scene.now,
        &older.rollouts,
        &older.majors as &[Option<i32>],
        &older.minors as &[Option<i32>],
        &older.builds as &[Option<i32>],
        AttemptState::Offered.code(),
        &[AttemptState::Offered.code(), AttemptState::Unresolved.code()],
    )
    .fetch_all(&mut **tx)
    .await?;
    if told.is_empty() {
        return Ok(());
    }
    work::ask(tx, scene.tenant, WorkKind::Enforce, &told, scene.now).await
}

/// Uninstalling takes the newest update from a device, whichever that is, and a program goes back from
/// whatever is newer: who has gone on to a higher build or version than this update brings is not told to. Looked at when a rollback begins, and only if there are such
/// builds at all. Cost: then the devices of the rollout, once.
pub(super) async fn spare_ahead(tx: &mut Tx, scene: &Scene<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "with brought as (
             select b.os_major, b.os_minor, b.os_build, max(b.os_revision) as highest
             from rollout r
             join release l on l.tenant_id = $1 and l.id = r.release_id
             join update_build b on b.tenant_id = $1 and b.update_id = l.update_id
             where r.tenant_id = $1 and r.id = $2
             group by 1, 2, 3
         ), ahead as (
             select d.id from attempt a
             join device d on d.tenant_id = $1 and d.id = a.device_id
             join brought b on (b.os_major, b.os_minor, b.os_build) = (d.os_major, d.os_minor, d.os_build)
                 and b.highest > 0 and d.os_revision > b.highest
             where a.tenant_id = $1 and a.rollout_id = $2 and a.state = any($3)
         )
         update attempt a set state = $4, code = 'ahead', state_at = $5
         from ahead
         where a.tenant_id = $1 and a.rollout_id = $2 and a.device_id = ahead.id
             and exists (
                 select from brought b join update_build n on n.tenant_id = $1
                     and (n.os_major, n.os_minor, n.os_build) = (b.os_major, b.os_minor, b.os_build)
                     and n.os_revision > b.highest)",
        scene.tenant.0,
        scene.rollout.0,
        REMOVABLE.as_slice(),
        AttemptState::Excluded.code(),
        scene.now,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "update attempt a set state = $4, code = 'ahead', state_at = $5
         from rollout r
         join release l on l.tenant_id = $1 and l.id = r.release_id
         join catalog_update u on u.tenant_id = $1 and u.id = l.update_id and u.app_version is not null
         join device_app p on p.tenant_id = $1 and p.kind = u.kind and p.version > u.app_version
         where r.tenant_id = $1 and r.id = $2
             and a.tenant_id = $1 and a.rollout_id = $2 and a.device_id = p.device_id
             and a.state = any($3)",
        scene.tenant.0,
        scene.rollout.0,
        REMOVABLE.as_slice(),
        AttemptState::Excluded.code(),
        scene.now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
