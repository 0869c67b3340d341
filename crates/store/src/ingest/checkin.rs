//! Check-ins: what a device runs, and what that says about every rollout it takes part in.

use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::AttemptState;
use domain::build::Build;
use domain::ids::{RolloutId, TenantId};
use domain::update::UpdateKind;
use domain::work::WorkKind;
use uuid::Uuid;

use super::{CheckIn, IngestCounts, STATES_COLUMN, batches, moves};
use crate::convert::{build, build_columns, update_kind};
use crate::devices::due::{self, INACTIVE};
use crate::scope::{Tx, retried};
use crate::{Store, StoreError, work};

impl Store {
    /// Takes check-ins in: updates the devices' build and last sync, and moves the attempts of
    /// open rollouts: on the build of the rollout's update (`Build::has`, for a Windows version
    /// `Build::has_version`) = `Installed`; already
    /// installed (or lost, or failed) and heard of again at least `confirm_after` later = `Confirmed`; not on
    /// it = `Removed` (which moves only those told to uninstall, and only if the check-in is
    /// later than the telling). Wakes the planner of every rollout that moved. Batches of 1,000.
    ///
    /// Neither order nor repetition matters: an attempt keeps the earliest time at which it was
    /// seen installed, and the device the latest at which it was heard of.
    pub async fn checkin_ingest(
        &self,
        tenant: TenantId,
        checkins: &[CheckIn],
        confirm_after: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<IngestCounts, StoreError> {
        let mut counts = IngestCounts { read: checkins.len() as u64, ..IngestCounts::default() };
        for batch in batches(checkins, |checkin| checkin.intune.0) {
            let (moved, unknown) =
                retried(|| self.checkin_batch(tenant, &batch, confirm_after, now)).await?;
            counts.moved += moved;
            counts.unknown += unknown;
        }
        Ok(counts)
    }

    async fn checkin_batch(
        &self,
        tenant: TenantId,
        batch: &[&CheckIn],
        confirm_after: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<(u64, u64), StoreError> {
        let mut tx = self.tenant_begin_by_key(tenant).await?;
        let Updated { mut heard, concerned } = update_devices(&mut tx, tenant, batch).await?;
        add_earlier(&mut tx, tenant, batch, &mut heard).await?;
        // Attempts are locked in one order, that of the batch.
        heard.sort_unstable_by_key(|one| one.number);
        let (mut moved, mut woken) = (0, Vec::new());
        for target in targets(&mut tx, tenant).await? {
            let here = move_attempts(&mut tx, tenant, &target, &heard, confirm_after).await?;
            if here > 0 {
                woken.push(target.rollout.0);
            }
            moved += here;
        }
        if !woken.is_empty() {
            work::ask(&mut tx, tenant, WorkKind::Decide, &woken, now).await?;
        }
        if concerned {
            due::ask(&mut tx, tenant, now).await?;
        }
        tx.commit().await?;
        Ok((moved, (batch.len() - heard.len()) as u64))
    }
}

/// The devices that a batch changed.
struct Updated {
    heard: Vec<Heard>,
    /// Whether registration has to look at any of them.
    concerned: bool,
}

/// Only a later check-in says anything new of the device itself. Another Windows version, or a sign
/// of life of a device that was given up, is something for registration to look at.
async fn update_devices(
    tx: &mut Tx,
    tenant: TenantId,
    batch: &[&CheckIn],
) -> Result<Updated, StoreError> {
    let devices: Vec<Uuid> = batch.iter().map(|checkin| checkin.intune.0).collect();
    let times: Vec<DateTime<Utc>> = batch.iter().map(|checkin| checkin.at).collect();
    let mut builds: [Vec<Option<i32>>; 4] = [const { Vec::new() }; 4];
    for checkin in batch {
        let numbers = build_columns(checkin.build);
        builds.iter_mut().zip(numbers).for_each(|(column, number)| column.push(number));
    }
    let [majors, minors, numbers, revisions] = &builds;
    let rows = sqlx::query!(
        r#"with changed as (
             update device d
             set last_sync = c.at, os_major = coalesce(c.major, d.os_major),
                 os_minor = coalesce(c.minor, d.os_minor), os_build = coalesce(c.build, d.os_build),
                 os_revision = coalesce(c.revision, d.os_revision)
             from (
                 select c.number, c.at, c.major, c.minor, c.build, c.revision, k.id,
                     k.reasons & $8 <> 0 or c.build is not null
                         and (c.major, c.minor, c.build)
                             is distinct from (k.os_major, k.os_minor, k.os_build) as matters
                 from unnest($2::uuid[], $3::timestamptz[], $4::int[], $5::int[], $6::int[], $7::int[])
                     with ordinality as c(intune_id, at, major, minor, build, revision, number)
                 join device k on k.tenant_id = $1 and k.intune_id = c.intune_id
             ) c
             where d.tenant_id = $1 and d.id = c.id and (d.last_sync is null or d.last_sync < c.at)
             returning c.number, d.id, d.os_major, d.os_minor, d.os_build, d.os_revision, c.matters
         ), marked as (
             insert into registration_due (tenant_id, device_id)
             select $1, id from changed where matters order by id
             on conflict (tenant_id, device_id) do update set step = 0
             returning 1
         )
         select number as "number!", id, os_major, os_minor, os_build, os_revision,
             exists (select from marked) as "concerned!"
         from changed"#,
        tenant.0,
        &devices,
        &times,
        majors as &[Option<i32>],
        minors as &[Option<i32>],
        numbers as &[Option<i32>],
        revisions as &[Option<i32>],
        INACTIVE,
    )
    .fetch_all(&mut **tx)
    .await?;
    let concerned = rows.first().is_some_and(|row| row.concerned);
    let heard = rows.into_iter().map(|row| {
        let (number, checkin) = of_batch(batch, row.number)?;
        Ok(Heard {
            number,
            device: row.id,
            at: checkin.at,
            build: checkin.build,
            latest_at: checkin.at,
            latest_build: build((row.os_major, row.os_minor, row.os_build, row.os_revision))?,
        })
    });
    Ok(Updated { heard: heard.collect::<Result<_, StoreError>>()?, concerned })
}

/// The check-in that a statement numbered so, from one.
fn of_batch<'a>(batch: &[&'a CheckIn], number: i64) -> Result<(usize, &'a CheckIn), StoreError> {
    let index = usize::try_from(number - 1).map_err(StoreError::corrupt)?;
    let checkin = batch.get(index).ok_or_else(|| StoreError::corrupt("ordinality"))?;
    Ok((index, checkin))
}

/// A known device that checked in: what it said, and what is known of it by now.
struct Heard {
    /// In the batch.
    number: usize,
    device: Uuid,
    at: DateTime<Utc>,
    build: Option<Build>,
    latest_at: DateTime<Utc>,
    latest_build: Option<Build>,
}

/// Adds the known devices that were heard of later than a batch says: their attempts may still learn from it.
/// Cost: those that the batch did not change, mostly none.
async fn add_earlier(
    tx: &mut Tx,
    tenant: TenantId,
    batch: &[&CheckIn],
    heard: &mut Vec<Heard>,
) -> Result<(), StoreError> {
    let mut changed = vec![false; batch.len()];
    for one in heard.iter() {
        changed[one.number] = true;
    }
    let rest = batch.iter().zip(1_i64..).zip(changed).filter(|(_, changed)| !changed);
    let (devices, numbers): (Vec<Uuid>, Vec<i64>) =
        rest.map(|((checkin, number), _)| (checkin.intune.0, number)).unzip();
    if devices.is_empty() {
        return Ok(());
    }
    let rows = sqlx::query!(
        r#"select c.number as "number!", d.id, d.os_major, d.os_minor, d.os_build, d.os_revision,
             d.last_sync
         from unnest($2::uuid[], $3::bigint[]) as c(intune_id, number)
         join device d on d.tenant_id = $1 and d.intune_id = c.intune_id"#,
        tenant.0,
        &devices,
        &numbers,
    )
    .fetch_all(&mut **tx)
    .await?;
    for row in rows {
        let (number, checkin) = of_batch(batch, row.number)?;
        heard.push(Heard {
            number,
            device: row.id,
            at: checkin.at,
            build: checkin.build,
            latest_at: row.last_sync.unwrap_or(checkin.at).max(checkin.at),
            latest_build: build((row.os_major, row.os_minor, row.os_build, row.os_revision))?,
        });
    }
    Ok(())
}

/// A rollout that check-ins can still move, and the builds its update brings.
struct Target {
    rollout: RolloutId,
    kind: UpdateKind,
    builds: Vec<Build>,
}

impl Target {
    fn reached_by(&self, build: Build) -> bool {
        self.builds.iter().any(|target| match self.kind {
            UpdateKind::Quality => build.has(*target),
            UpdateKind::Feature => build.has_version(*target),
            // No build tells of them.
            UpdateKind::Driver | UpdateKind::Edge | UpdateKind::Microsoft365Apps => false,
        })
    }
}

/// The states that a check-in can move.
pub(crate) fn movable() -> Vec<i16> {
    let reported = [AttemptState::Installed, AttemptState::Confirmed, AttemptState::Removed];
    AttemptState::ALL
        .into_iter()
        .filter(|state| reported.iter().any(|report| state.after_report(*report) != *state))
        .map(AttemptState::code)
        .collect()
}

/// Of finished rollouts only those that still wait for a device, so that years of them cost
/// nothing.
async fn targets(tx: &mut Tx, tenant: TenantId) -> Result<Vec<Target>, StoreError> {
    let rows = sqlx::query!(
        r#"select r.id as "id!", u.kind, b.os_major, b.os_minor, b.os_build, b.os_revision
         from rollout r
         join release l on l.tenant_id = $1 and l.id = r.release_id
         join catalog_update u on u.tenant_id = $1 and u.id = l.update_id
             and u.kind in ('quality', 'feature')
         join update_build b on b.tenant_id = $1 and b.update_id = u.id
         where r.tenant_id = $1 and r.phase_name not in ('rolled_back', 'cancelled', 'scheduled')
             and exists (select from tally t where t.tenant_id = $1 and t.rollout_id = r.id
                 and t.state = any($2) and t.devices > 0)
         order by r.id"#,
        tenant.0,
        &movable(),
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut targets: Vec<Target> = Vec::new();
    for row in rows {
        let numbers = (row.os_major, row.os_minor, row.os_build, row.os_revision);
        let (major, minor, number, revision) = numbers;
        let Some(build) = build((Some(major), Some(minor), Some(number), Some(revision)))? else {
            continue;
        };
        match targets.last_mut() {
            Some(target) if target.rollout.0 == row.id => target.builds.push(build),
            Some(_) | None => {
                let (rollout, kind) = (RolloutId(row.id), update_kind(&row.kind)?);
                targets.push(Target { rollout, kind, builds: vec![build] });
            }
        }
    }
    Ok(targets)
}

async fn move_attempts(
    tx: &mut Tx,
    tenant: TenantId,
    target: &Target,
    heard: &[Heard],
    confirm_after: TimeDelta,
) -> Result<u64, StoreError> {
    let (mut devices, mut states) = (Vec::new(), Vec::new());
    let (mut times, mut latest) = (Vec::new(), Vec::new());
    for one in heard {
        let Some(build) = one.build else { continue };
        let installed = target.reached_by(build);
        let state = if installed { AttemptState::Installed } else { AttemptState::Removed };
        let still = one.latest_build.is_some_and(|build| target.reached_by(build));
        devices.push(one.device);
        states.push(state.code());
        times.push(one.at);
        latest.push(if still { one.latest_at } else { one.at });
    }
    let moved = sqlx::query_scalar!(
        r#"with moved as (
             update attempt a
             set state = checkin_outcome($7, $8, a.state, a.state_at, c.state, c.at, c.latest, $9),
                 state_at = case
                     when checkin_outcome($7, $8, a.state, a.state_at, c.state, c.at, c.latest, $9)
                         = $10 then c.latest
                     else c.at end,
                 code = case
                     when checkin_outcome($7, $8, a.state, a.state_at, c.state, c.at, c.latest, $9)
                         = a.state then a.code end
             from unnest($3::uuid[], $4::int2[], $5::timestamptz[], $6::timestamptz[])
                 as c(device_id, state, at, latest)
             where a.tenant_id = $1 and a.rollout_id = $2 and a.device_id = c.device_id
                 and (a.retried_at is null or c.at > a.retried_at)
                 and (checkin_outcome($7, $8, a.state, a.state_at, c.state, c.at, c.latest, $9)
                         <> a.state
                     or (a.state = $11 and c.state = $11 and c.at < a.state_at))
             returning a.state
         )
         select count(*) as "moved!" from moved"#,
        tenant.0,
        target.rollout.0,
        &devices,
        &states,
        &times,
        &latest,
        &moves(),
        STATES_COLUMN,
        confirm_after as _,
        AttemptState::Confirmed.code(),
        AttemptState::Installed.code(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(moved.unsigned_abs())
}
