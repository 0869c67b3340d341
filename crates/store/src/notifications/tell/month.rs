//! The release of a month: announced before it is there, summed up when it has gone out.

use chrono::{DateTime, TimeDelta, Utc};
use domain::health::Health;
use domain::ids::TenantId;
use domain::notification::{
    Bulletin, Month, Occasion, ScheduleNews, SummaryNews, day_of_schedule, day_of_summary,
};

use crate::scope::Tx;
use crate::{StoreError, fleet};

/// A tenant that had a quality update in this time is told of the next one.
const RECENT: TimeDelta = TimeDelta::days(60);

/// `since`: from when on the tenant has somebody to tell.
pub(super) async fn schedule(
    tx: &mut Tx,
    tenant: TenantId,
    month: Month,
    (since, now): (DateTime<Utc>, DateTime<Utc>),
    made: &mut Vec<(Occasion, Bulletin)>,
) -> Result<(), StoreError> {
    if day_of_schedule(month).is_none_or(|at| at < since) {
        return Ok(());
    }
    let rules = sqlx::query!(
        "select r.name, s.name as ring_set from approval_rule r
         join ring_set s on s.tenant_id = r.tenant_id and s.id = r.ring_set_id
         where r.tenant_id = $1 and r.definition ->> 'kind' = 'quality' order by r.name",
        tenant.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    if rules.is_empty() && recent(tx, tenant, now).await?.is_empty() {
        return Ok(());
    }
    let rules = rules.into_iter().map(|row| (row.name, row.ring_set)).collect();
    made.push(ScheduleNews { month, rules }.bulletin());
    Ok(())
}

/// The same, of its end. Cost: counters and rollouts, never devices.
pub(super) async fn summary(
    tx: &mut Tx,
    tenant: TenantId,
    month: Month,
    (since, now): (DateTime<Utc>, DateTime<Utc>),
    made: &mut Vec<(Occasion, Bulletin)>,
) -> Result<(), StoreError> {
    if day_of_summary(month).is_none_or(|at| at < since) {
        return Ok(());
    }
    let rollouts = recent(tx, tenant, now).await?;
    if rollouts.is_empty() {
        return Ok(());
    }
    let quality = fleet::health(tx, tenant, now).await?.counts.quality;
    let news = SummaryNews {
        month,
        eligible: quality.eligible.into(),
        met: quality.met.into(),
        target: Health::QUALITY_PERCENT,
        rollouts,
    };
    made.push(news.bulletin());
    Ok(())
}

/// Rollouts of quality updates made lately, with where they stand.
async fn recent(
    tx: &mut Tx,
    tenant: TenantId,
    now: DateTime<Utc>,
) -> Result<Vec<(String, String)>, StoreError> {
    let rows = sqlx::query!(
        "select l.name, r.phase_name from rollout r
         join release l on l.tenant_id = r.tenant_id and l.id = r.release_id
         join catalog_update u on u.tenant_id = l.tenant_id and u.id = l.update_id
         where r.tenant_id = $1 and u.kind = 'quality' and r.created_at > $2
         order by r.created_at desc, r.id limit 10",
        tenant.0,
        now - RECENT,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.name, row.phase_name.replace('_', " "))).collect())
}
