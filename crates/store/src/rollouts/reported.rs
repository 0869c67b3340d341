//! How soon the devices of a rollout came to an end: kept when it completes, for the plans of later ones.

use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::evidence::coverage::{AGES, Offers, usual};
use domain::evidence::delay::DelayCurve;
use domain::ids::{RolloutId, TenantId};
use domain::ring::RingIndex;

use crate::StoreError;
use crate::convert::ring;
use crate::scope::Tx;

/// Releases that are remembered: what was usual a year ago may not be any more.
pub(super) const REMEMBERED: i64 = 12;

/// Notes of a rollout that completes which share of its devices had an outcome by which age of the
/// offer. Devices that were offered the update last have had little time: the shares are rather too low
/// than too high, so that nobody is thought late for it. For forecasts, which must be neither, the same among
/// those that were offered it so long ago. Cost: the attempts, once a rollout.
pub(crate) async fn keep(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let ages: Vec<f64> = AGES.iter().map(|age| age.as_seconds_f64()).collect();
    // Every attempt with its wave.
    sqlx::query!("set local enable_hashjoin = on").execute(&mut **tx).await?;
    let counted = sqlx::query!(
        r#"select case when a.state = any($3)
                 then width_bucket(extract(epoch from a.state_at - w.decided_at)::float8, $4)
             end as bucket,
             width_bucket(extract(epoch from $6 - w.decided_at)::float8, $4) as "had!",
             count(*) as "devices!"
         from attempt a
         join wave w on w.tenant_id = $1 and w.rollout_id = $2 and w.kind = 'offer'
             and w.ring = a.ring and w.number = a.wave
         where a.tenant_id = $1 and a.rollout_id = $2 and not a.aside and a.state <> all($5)
         group by 1, 2"#,
        tenant.0,
        rollout.0,
        &[AttemptState::Confirmed.code(), AttemptState::Failed.code()],
        &ages,
        &[AttemptState::Excluded.code(), AttemptState::Assigned.code()],
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    sqlx::query!("set local enable_hashjoin = off").execute(&mut **tx).await?;
    let all: i64 = counted.iter().map(|row| row.devices).sum();
    if all == 0 {
        return Ok(());
    }
    let by = |age: i32| -> i16 {
        let within = counted.iter().filter(|row| row.bucket.is_some_and(|bucket| bucket <= age));
        let devices: i64 = within.map(|row| row.devices).sum();
        i16::try_from(devices * 10_000 / all).unwrap_or(0)
    };
    let shares: Vec<i16> = (0..).map(by).take(AGES.len()).collect();
    let paced = |age: i32| -> Option<i16> {
        let had = counted.iter().filter(|row| row.had > age);
        let all: i64 = had.clone().map(|row| row.devices).sum();
        let within = had.filter(|row| row.bucket.is_some_and(|bucket| bucket <= age));
        let devices: i64 = within.map(|row| row.devices).sum();
        (all > 0).then(|| i16::try_from(devices * 10_000 / all).unwrap_or(0))
    };
    let pace: Vec<i16> = (0..).map_while(paced).take(AGES.len()).collect();
    sqlx::query!(
        "update rollout set reported_bp = $3, pace_bp = $4 where tenant_id = $1 and id = $2",
        tenant.0,
        rollout.0,
        &shares,
        &pace,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What is usual in a tenant, from its last completed rollouts.
pub(super) async fn of_tenant(
    tx: &mut Tx,
    tenant: TenantId,
) -> Result<Option<DelayCurve>, StoreError> {
    let rows = sqlx::query_scalar!(
        r#"select reported_bp as "shares!" from rollout
         where tenant_id = $1 and phase_name = 'completed' and reported_bp is not null
         order by id desc limit $2"#,
        tenant.0,
        REMEMBERED,
    )
    .fetch_all(&mut **tx)
    .await?;
    let past: Result<Vec<_>, StoreError> = rows
        .into_iter()
        .map(|shares| {
            let shares: Vec<u16> = shares.into_iter().map(i16::unsigned_abs).collect();
            <[u16; AGES.len()]>::try_from(shares)
                .map_err(|shares| StoreError::corrupt(format_args!("{} shares", shares.len())))
        })
        .collect();
    Ok(usual(&past?))
}

/// When devices of each ring were offered the update, in steps of six hours (taken as their ends, so
/// that nobody is thought late for the rounding) over the eight days up to the ring's last wave; older offers count as of the
/// first of these. Cost: the waves; the answer has at most 34 rows a ring.
pub(crate) async fn offers(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
) -> Result<Vec<(RingIndex, Offers)>, StoreError> {
    let rows = sqlx::query!(
        r#"select ring, greatest(
                 to_timestamp(ceil(extract(epoch from decided_at) / 21600) * 21600),
                 last - interval '8 days') as "at!: DateTime<Utc>",
             sum(devices)::int as "devices!"
         from (
             select ring, decided_at, devices,
                 to_timestamp(ceil(extract(epoch from max(decided_at) over (partition by ring)) / 21600) * 21600) as last
             from wave where tenant_id = $1 and rollout_id = $2 and kind = 'offer'
         ) w group by 1, 2 order by 1, 2"#,
        tenant.0,
        rollout.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    let offers = rows.into_iter().map(|row| {
        let devices = row.devices.unsigned_abs();
        Ok((ring(row.ring)?, Offers { at: row.at, devices }))
    });
    offers.collect()
}
