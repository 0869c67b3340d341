//! Which versions of programs devices have, and what that says about rollouts. A version is a fact: nothing
//! else tells how far a device is with a program.

use chrono::{DateTime, TimeDelta, Utc};
use domain::app::{App, AppSeen, AppVersion, INVENTORY_AGE};
use domain::attempt::AttemptState;
use domain::ids::{RolloutId, TenantId};
use domain::update::Delivery;
use domain::work::WorkKind;
use uuid::Uuid;

use crate::convert::update_kind;
use crate::ingest::{STATES_COLUMN, batches, movable, moves, waited_for};
use crate::scope::{Tx, retried};
use crate::{Store, StoreError, work};

impl Store {
    /// The programs with versions in the catalogue whose inventory was never read, or not for `every`.
    pub async fn apps_due(
        &self,
        tenant: TenantId,
        every: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<Vec<App>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let kinds = sqlx::query_scalar!(
            "select distinct u.kind from catalog_update u
             left join app_inventory i on i.tenant_id = $1 and i.kind = u.kind
             where u.tenant_id = $1 and u.app_version is not null
                 and (i.read_at is null or i.read_at <= $2)
             order by u.kind",
            tenant.0,
            now - every,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let apps: Result<Vec<Option<App>>, StoreError> =
            kinds.iter().map(|kind| Ok(App::of(update_kind(kind)?))).collect();
        Ok(apps?.into_iter().flatten().collect())
    }

    /// Takes in what an inventory read at `at` says. Only what changed is written. Of devices that nobody
    /// knows nothing is. Batches of 1,000, each its own transaction.
    pub async fn apps_seen(
        &self,
        tenant: TenantId,
        app: App,
        seen: &[AppSeen],
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        for batch in batches(seen, |one| one.intune.0) {
            retried(|| self.apps_batch((tenant, app), &batch, at)).await?;
        }
        Ok(())
    }

    async fn apps_batch(
        &self,
        (tenant, app): (TenantId, App),
        batch: &[&AppSeen],
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let devices: Vec<Uuid> = batch.iter().map(|one| one.intune.0).collect();
        let mut numbers: [Vec<i64>; 4] = [const { Vec::new() }; 4];
        for one in batch {
            numbers.iter_mut().zip(one.version.0).for_each(|(column, n)| column.push(n.into()));
        }
        let [first, second, third, fourth] = &numbers;
        let mut tx = self.tenant_begin_by_key(tenant).await?;
        sqlx::query!(
            "insert into device_app as a (tenant_id, device_id, kind, version, changed_at)
             select $1, d.id, $2, array[s.first, s.second, s.third, s.fourth], $3
             from unnest($4::uuid[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])
                 as s(intune_id, first, second, third, fourth)
             join device d on d.tenant_id = $1 and d.intune_id = s.intune_id
             left join device_app k on k.tenant_id = $1 and k.device_id = d.id and k.kind = $2
             -- A conflict locks its row, which is a write, whatever comes of it.
             where k.version is distinct from array[s.first, s.second, s.third, s.fourth]
             order by d.id
             on conflict (tenant_id, device_id, kind) do update
             set version = excluded.version, changed_at = excluded.changed_at
             where a.version <> excluded.version and a.changed_at < excluded.changed_at",
            tenant.0,
            app.kind().name(),
            at,
            &devices,
            first,
            second,
            third,
            fourth,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The whole inventory of a program was read, from a read that began at `at`: moves the attempts of the
    /// rollouts of its versions that devices can still move. On the version or a later one = `Installed`;
    /// heard of at least `confirm_after` later = `Confirmed`; below it and told to go back = `Removed`, once
    /// the row cannot be from before. Wakes the planners. Cost: the attempts of these rollouts.
    pub async fn apps_read(
        &self,
        tenant: TenantId,
        app: App,
        confirm_after: TimeDelta,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        retried(|| self.apps_follow((tenant, app), confirm_after, at)).await
    }

    async fn apps_follow(
        &self,
        (tenant, app): (TenantId, App),
        confirm_after: TimeDelta,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!(
            "insert into app_inventory as i (tenant_id, kind, read_at) values ($1, $2, $3)
             on conflict (tenant_id, kind) do update
             set read_at = greatest(i.read_at, excluded.read_at)",
            tenant.0,
            app.kind().name(),
            at,
        )
        .execute(&mut *tx)
        .await?;
        let open = open(&mut tx, tenant, app, at).await?;
        for (rollout, version) in &open {
            follow(&mut tx, (tenant, app), (*rollout, version), confirm_after, at).await?;
        }
        let woken: Vec<Uuid> = open.iter().map(|(rollout, _)| rollout.0).collect();
        if !woken.is_empty() {
            work::ask(&mut tx, tenant, WorkKind::Decide, &woken, at).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// The rollouts of the program that wait for devices, which have been observed now; with their versions.
async fn open(
    tx: &mut Tx,
    tenant: TenantId,
    app: App,
    at: DateTime<Utc>,
) -> Result<Vec<(RolloutId, Vec<i64>)>, StoreError> {
    let rows = sqlx::query!(
        r#"with open as (
             select r.id, u.app_version from rollout r
             join release l on l.tenant_id = $1 and l.id = r.release_id
             join catalog_update u on u.tenant_id = $1 and u.id = l.update_id and u.kind = $2
                 and u.app_version is not null
             where r.tenant_id = $1 and r.phase_name not in ('rolled_back', 'cancelled', 'scheduled')
                 and (r.phase_name <> 'completed' or exists (select from tally t
                     where t.tenant_id = $1 and t.rollout_id = r.id and t.state = any($4)
                         and t.devices > 0))
             order by r.id for no key update of r
         )
         update rollout r set observed_at = greatest(r.observed_at, $3)
         from open o where r.tenant_id = $1 and r.id = o.id
         returning r.id, o.app_version as "version!""#,
        tenant.0,
        app.kind().name(),
        at,
        &waited_for(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (RolloutId(row.id), row.version)).collect())
}

/// No row has a time. What changed was seen at `changed_at` and not before; what did not change says
/// nothing of the last day.
async fn follow(
    tx: &mut Tx,
    (tenant, app): (TenantId, App),
    (rollout, version): (RolloutId, &[i64]),
    confirm_after: TimeDelta,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "with told as (
             select a.device_id, d.last_sync,
                 case when p.version >= $4 then $8::int2 else $9::int2 end as reported,
                 case when p.version >= $4 or p.changed_at > a.state_at
                     then greatest(p.changed_at, a.state_at)
                     else $5::timestamptz end as at
             from attempt a
             join device d on d.tenant_id = $1 and d.id = a.device_id
             join device_app p on p.tenant_id = $1 and p.device_id = a.device_id and p.kind = $3
             where a.tenant_id = $1 and a.rollout_id = $2 and a.state = any($10)
         ), moved as (
             select t.*, checkin_outcome($6, $7, a.state, a.state_at, t.reported, t.at,
                 coalesce(t.last_sync, t.at), $11) as state
             from told t
             join attempt a on a.tenant_id = $1 and a.rollout_id = $2 and a.device_id = t.device_id
         )
         update attempt a
         set state = m.state, code = null,
             state_at = case when m.state = $12 then greatest(m.last_sync, m.at) else m.at end
         from moved m
         where a.tenant_id = $1 and a.rollout_id = $2 and a.device_id = m.device_id
             and a.state <> m.state",
        tenant.0,
        rollout.0,
        app.kind().name(),
        version,
        at - INVENTORY_AGE,
        &moves(),
        STATES_COLUMN,
        AttemptState::Installed.code(),
        AttemptState::Removed.code(),
        &movable(),
        confirm_after as _,
        AttemptState::Confirmed.code(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The version that devices go back to from a release of a program: the highest below it in its channel.
/// None for what is no program. `Invalid` where the inventory was not read yet, the version is not whole, or
/// none below is in the catalogue: such a rollout could not be judged, told or taken back.
pub(crate) async fn back_to(
    tx: &mut Tx,
    tenant: TenantId,
    update: Uuid,
    delivery: Delivery,
) -> Result<Option<String>, StoreError> {
    let Some(app) = App::of(delivery.kind()) else { return Ok(None) };
    let row = sqlx::query!(
        r#"select u.version, exists (
                 select from app_inventory i where i.tenant_id = $1 and i.kind = u.kind
             ) as "is_read!",
             (select o.version from catalog_update o
                 where o.tenant_id = $1 and o.kind = u.kind and o.channel is not distinct from u.channel
                     and o.app_version < u.app_version and cardinality(o.app_version) = 4
                 order by o.app_version desc limit 1) as before
         from catalog_update u where u.tenant_id = $1 and u.id = $2"#,
        tenant.0,
        update,
    )
    .fetch_one(&mut **tx)
    .await?;
    let version: Result<AppVersion, _> = row.version.unwrap_or_default().parse();
    if let Err(odd) = version {
        return Err(StoreError::Invalid(odd.to_string()));
    }
    let Some(before) = row.before else {
        let why = "the catalogue has no version below this one in its channel, to which devices could go \
                   back: declare the one that they have";
        return Err(StoreError::Invalid(why.to_owned()));
    };
    if !row.is_read {
        let why = format!(
            "which devices have {} was not read from the inventory yet; it is within minutes of \
             the first version being declared",
            app.kind().name()
        );
        return Err(StoreError::Invalid(why));
    }
    Ok(Some(before))
}
