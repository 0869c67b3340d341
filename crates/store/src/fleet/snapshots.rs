//! How the fleet stood at each midnight (UTC): taken from the counters, kept for two years.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use domain::health::{Counts, Health};
use domain::ids::{RingSetId, TenantId};
use domain::ring::RingIndex;
use uuid::Uuid;

use super::facts;
use crate::convert::{json, ring, ring_column};
use crate::scope::Tx;
use crate::{Store, StoreError};

/// One count of one day.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotRow {
    pub day: NaiveDate,
    /// None: the tenant.
    pub ring_set: Option<RingSetId>,
    /// None: all rings of the set.
    pub ring: Option<RingIndex>,
    /// Of the ring or the set, as it was called then.
    pub name: String,
    pub counts: Counts,
}

impl Store {
    /// Keeps how the fleet stands under the day of `now`, unless that day has its own already; forgets
    /// what is older than two years, and counters of nothing. Whether it kept one.
    pub async fn fleet_snapshot_take(
        &self,
        tenant: TenantId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let day = now.date_naive();
        let mut tx = self.tenant_begin(tenant).await?;
        let taken = sqlx::query_scalar!(
            r#"select exists (select from health_snapshot where tenant_id = $1 and day = $2) as "yes!""#,
            tenant.0,
            day,
        )
        .fetch_one(&mut *tx)
        .await?;
        if taken {
            return Ok(false);
        }
        // As it stood when the day began, though the service may come to it later.
        let midnight = day.and_time(NaiveTime::MIN).and_utc();
        let health = facts::read(&mut tx, tenant, midnight).await?;
        keep(&mut tx, tenant, day, &health).await?;
        sqlx::query!(
            "delete from health_snapshot where tenant_id = $1 and day < $2::date - 730",
            tenant.0,
            day,
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!("delete from fleet_tally where tenant_id = $1 and devices = 0", tenant.0)
            .execute(&mut *tx)
            .await?;
        sqlx::query!("delete from app_tally where tenant_id = $1 and devices = 0", tenant.0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The days from `since` on, oldest first: the tenant, then its sets, each before its rings.
    pub async fn fleet_snapshots(
        &self,
        tenant: TenantId,
        since: NaiveDate,
    ) -> Result<Vec<SnapshotRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query!(
            "select day, ring_set_id, ring, name, counts from health_snapshot
             where tenant_id = $1 and day >= $2 order by day, ring_set_id, ring",
            tenant.0,
            since,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter()
            .map(|row| {
                let of_set = !row.ring_set_id.is_nil();
                Ok(SnapshotRow {
                    day: row.day,
                    ring_set: of_set.then_some(RingSetId(row.ring_set_id)),
                    ring: (row.ring >= 0).then(|| ring(row.ring)).transpose()?,
                    name: row.name,
                    counts: serde_json::from_value(row.counts).map_err(StoreError::corrupt)?,
                })
            })
            .collect()
    }
}

async fn keep(
    tx: &mut Tx,
    tenant: TenantId,
    day: NaiveDate,
    health: &Health,
) -> Result<(), StoreError> {
    let mut columns = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut add = |set: Uuid, ring: i16, name: &str, counts: &Counts| {
        columns.0.push(set);
        columns.1.push(ring);
        columns.2.push(name.to_owned());
        columns.3.push(json(counts)?);
        Ok::<_, StoreError>(())
    };
    add(Uuid::nil(), -1, "", &health.counts)?;
    for set in &health.sets {
        add(set.id.0, -1, &set.name, &set.counts)?;
        for (index, ring) in (0..).map(RingIndex).zip(&set.rings) {
            add(set.id.0, ring_column(index), &ring.name, &ring.counts)?;
        }
    }
    sqlx::query!(
        "insert into health_snapshot (tenant_id, day, ring_set_id, ring, name, counts)
         select $1, $2, * from unnest($3::uuid[], $4::int2[], $5::text[], $6::jsonb[])
         on conflict do nothing",
        tenant.0,
        day,
        &columns.0,
        &columns.1,
        &columns.2,
        &columns.3,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
