//! What devices report, taken in by the thousand. Idempotent and monotone (I12): the moves are
//! the domain's (`AttemptState::after_report`), handed to the statement as a table of 13 x 13.

use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::ids::{RolloutId, TenantId};
use domain::work::WorkKind;
use uuid::Uuid;

use crate::convert::STATES;
use crate::scope::retried;
use crate::{Store, StoreError, work};
pub use domain::inventory::{CheckIn, IngestCounts, Report};
pub use safeguard::SafeguardCount;

mod checkin;
mod safeguard;
mod sweep;

pub(crate) use checkin::movable;
pub(crate) use sweep::waited_for;

impl Store {
    /// Takes reports on one rollout in. Wakes its planner if something moved. Batches of 1,000,
    /// each its own transaction: what was taken in before an error stays, and may be sent again.
    pub async fn report_ingest(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        reports: &[Report],
        now: DateTime<Utc>,
    ) -> Result<IngestCounts, StoreError> {
        let mut counts = IngestCounts { read: reports.len() as u64, ..IngestCounts::default() };
        for batch in batches(reports, |report| report.device.0) {
            let of = (tenant, rollout);
            let (moved, unknown) = retried(|| self.report_batch(of, &batch, now)).await?;
            counts.moved += moved;
            counts.unknown += unknown;
        }
        Ok(counts)
    }

    /// Notes that every device was read, from a read that began at `at`, and up to which check-in;
    /// `observed_at` of the tenant's open rollouts becomes `at`; of completed ones only while a
    /// device is still waited for, so that years of them cost nothing. Wakes their planners.
    pub async fn observed(
        &self,
        tenant: TenantId,
        at: DateTime<Utc>,
        observed_to: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!(
            "update tenant set observed_to = greatest(observed_to, $2) where id = $1",
            tenant.0,
            observed_to,
        )
        .execute(&mut *tx)
        .await?;
        let open = sqlx::query_scalar!(
            "with open as (
                 select tenant_id, id from rollout r
                 where tenant_id = $1 and phase_name not in ('rolled_back', 'cancelled')
                     and (phase_name <> 'completed' or exists (select from tally t
                         where t.tenant_id = $1 and t.rollout_id = r.id and t.state = any($3)
                             and t.devices > 0))
                     -- Of programs check-ins say nothing.
                     and not exists (select from release l join catalog_update u
                         on u.tenant_id = $1 and u.id = l.update_id and u.app_version is not null
                         where l.tenant_id = $1 and l.id = r.release_id)
                 order by id for no key update
             )
             update rollout r set observed_at = greatest(r.observed_at, $2)
             from open o where r.tenant_id = o.tenant_id and r.id = o.id
             returning r.id",
            tenant.0,
            at,
            &waited_for(),
        )
        .fetch_all(&mut *tx)
        .await?;
        if !open.is_empty() {
            work::ask(&mut tx, tenant, WorkKind::Decide, &open, at).await?;
        }
        // Of drivers nothing but their own read tells how far a device is.
        let drivers = sqlx::query_scalar!(
            r#"select exists (select from rollout r
                 join release l on l.tenant_id = $1 and l.id = r.release_id
                 where r.tenant_id = $1 and r.id = any($2) and l.delivery->>'kind' = 'driver') as "yes!""#,
            tenant.0,
            &open,
        )
        .fetch_one(&mut *tx)
        .await?;
        if drivers {
            work::ask(&mut tx, tenant, WorkKind::Drivers, &[tenant.0], at).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn report_batch(
        &self,
        (tenant, rollout): (TenantId, RolloutId),
        batch: &[&Report],
        now: DateTime<Utc>,
    ) -> Result<(u64, u64), StoreError> {
        let devices: Vec<Uuid> = batch.iter().map(|report| report.device.0).collect();
        let states: Vec<i16> = batch.iter().map(|report| report.state.code()).collect();
        let codes: Vec<Option<&str>> = batch.iter().map(|report| report.code.as_deref()).collect();
        let times: Vec<DateTime<Utc>> = batch.iter().map(|report| report.at).collect();
        let mut tx = self.tenant_begin_by_key(tenant).await?;
        let row = sqlx::query!(
            r#"with known as materialized (
                 select d.id, r.state, r.code, r.at
                 from unnest($3::uuid[], $4::int2[], $5::text[], $6::timestamptz[])
                     as r(device, state, code, at)
                 join device d on d.tenant_id = $1 and d.entra_device_id = r.device
             ), moved as (
                 update attempt a
                 set state = ($7::int2[])[a.state * $8::int + k.state + 1], code = k.code, state_at = k.at
                 from known k
                 where a.tenant_id = $1 and a.rollout_id = $2 and a.device_id = k.id
                     and ($7::int2[])[a.state * $8::int + k.state + 1] <> a.state
                     and (a.retried_at is null or k.at > a.retried_at)
                 returning 1
             )
             select (select count(*) from known) as "known!",
                 (select count(*) from moved) as "moved!""#,
            tenant.0,
            rollout.0,
            &devices,
            &states,
            &codes as &[Option<&str>],
            &times,
            &moves(),
            STATES_COLUMN,
        )
        .fetch_one(&mut *tx)
        .await?;
        if row.moved > 0 {
            work::ask(&mut tx, tenant, WorkKind::Decide, &[rollout.0], now).await?;
        }
        tx.commit().await?;
        let unknown = batch.len() as u64 - row.known.unsigned_abs();
        Ok((row.moved.unsigned_abs(), unknown))
    }
}

/// How many rows one statement takes: enough to hide the round trips, few enough to hold no lock
/// for long.
const BATCH: usize = 1_000;

/// The same number for SQL.
pub(crate) const STATES_COLUMN: i32 = 13;
const _: () = assert!(STATES == 13, "the tables of states have another size");

/// `AttemptState::after_report` for every pair of states, as a table for SQL: the state after
/// `reported` stands at `state * 13 + reported + 1`.
pub(crate) fn moves() -> Vec<i16> {
    AttemptState::ALL
        .into_iter()
        .flat_map(|state| {
            AttemptState::ALL.map(move |reported| state.after_report(reported).code())
        })
        .collect()
}

/// Cuts what came in into batches that name no device twice and go through the devices in one
/// order, so that two ingests do not wait for each other in a circle.
pub(crate) fn batches<T, K: Ord>(items: &[T], key: impl Fn(&T) -> K) -> Vec<Vec<&T>> {
    let mut sorted: Vec<&T> = items.iter().collect();
    sorted.sort_by_key(|item| key(item));
    let mut layers: Vec<Vec<&T>> = Vec::new();
    for same in sorted.chunk_by(|one, other| key(one) == key(other)) {
        for (repeat, item) in same.iter().enumerate() {
            match layers.get_mut(repeat) {
                Some(layer) => layer.push(*item),
                None => layers.push(vec![*item]),
            }
        }
    }
    layers.iter().flat_map(|layer| layer.chunks(BATCH).map(<[_]>::to_vec)).collect()
}
