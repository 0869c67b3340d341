//! What forecasts rest on besides what the planner sees: when devices were offered the update, and how soon
//! devices of earlier rollouts came to an outcome.

use chrono::{DateTime, Utc};
use domain::calendar::Known;
use domain::evidence::coverage::Offers;
use domain::forecast::{Pace, PastPace, RingOffers};
use domain::ids::{RolloutId, TenantId, UpdateId};
use domain::ring::RingIndex;
use domain::rollout::budget::Budget;
use uuid::Uuid;

use super::reported::REMEMBERED;
use super::{NOT_FOUND, PlanBody};
use crate::calendar::known_of_set;
use crate::convert::{count, ring};
use crate::scope::Tx;
use crate::{Store, StoreError, budget};

/// Of a rollout.
#[derive(Debug, Clone, PartialEq)]
pub struct Prospect {
    /// By the position of the ring.
    pub offers: Vec<RingOffers>,
    pub pace: Pace,
}

/// Of a plan that was not started.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanProspect {
    pub known: Known,
    pub budget: Option<Budget>,
    pub pace: Pace,
}

impl Store {
    /// Cost: the waves of the rollout, and a dozen rollouts before it.
    pub async fn rollout_prospect(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
    ) -> Result<Prospect, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let update = sqlx::query_scalar!(
            "select l.update_id from rollout r
             join release l on l.tenant_id = $1 and l.id = r.release_id
             where r.tenant_id = $1 and r.id = $2",
            tenant.0,
            rollout.0,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        let mut offers: Vec<RingOffers> = Vec::new();
        for (ring, (first, last), one) in offers_of(&mut tx, tenant, rollout).await? {
            if offers.len() <= ring.slot() {
                offers.resize(ring.slot() + 1, RingOffers::default());
            }
            if let Some(of_ring) = offers.get_mut(ring.slot()) {
                of_ring.first = of_ring.first.or(Some(first));
                of_ring.last = Some(last);
                of_ring.times.push(one);
            }
        }
        let pace = pace(&mut tx, tenant, update).await?;
        tx.commit().await?;
        Ok(Prospect { offers, pace })
    }

    /// Cost: freezes, holidays, and a dozen rollouts.
    pub async fn plan_prospect(
        &self,
        tenant: TenantId,
        body: &PlanBody,
        now: DateTime<Utc>,
    ) -> Result<PlanProspect, StoreError> {
        let calendars = body.plan.rings().iter().filter_map(|ring| ring.calendar.as_ref());
        let names: Vec<String> = calendars.filter_map(|of| of.holidays.clone()).collect();
        let mut tx = self.tenant_begin_frozen(tenant).await?;
        let known = known_of_set(&mut tx, tenant, body.ring_set, &names, now).await?;
        let UpdateId(update) = body.update;
        let pace = pace(&mut tx, tenant, update).await?;
        let limit =
            sqlx::query_scalar!(r#"select devices from budget where tenant_id = $1"#, tenant.0,)
                .fetch_optional(&mut *tx)
                .await?;
        let budget = match limit {
            None => None,
            Some(limit) => Some(budget::taken(&mut tx, tenant, limit).await?),
        };
        tx.commit().await?;
        Ok(PlanProspect { known, budget, pace })
    }
}

/// When devices of each ring were offered the update, twelve hours together as of their middle, oldest first;
/// with the first and the last of them. Cost: the waves.
async fn offers_of(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
) -> Result<Vec<(RingIndex, (DateTime<Utc>, DateTime<Utc>), Offers)>, StoreError> {
    let rows = sqlx::query!(
        r#"select ring, min(decided_at) as "first!", max(decided_at) as "last!",
             to_timestamp(sum(devices * extract(epoch from decided_at))::float8
                 / greatest(sum(devices), 1)) as "at!: DateTime<Utc>",
             sum(devices)::int as "devices!"
         from wave where tenant_id = $1 and rollout_id = $2 and kind = 'offer'
         group by ring, floor(extract(epoch from decided_at) / 43200)
         order by ring, "first!""#,
        tenant.0,
        rollout.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    let offers = rows.into_iter().map(|row| {
        let one = Offers { at: row.at, devices: count(row.devices)? };
        Ok((ring(row.ring)?, (row.first, row.last), one))
    });
    offers.collect()
}

/// How soon devices come to an outcome of updates of the same kind as this one, as far as is known.
async fn pace(tx: &mut Tx, tenant: TenantId, update: Uuid) -> Result<Pace, StoreError> {
    let rows = sqlx::query_scalar!(
        r#"select r.pace_bp as "shares!" from rollout r
         join release l on l.tenant_id = $1 and l.id = r.release_id
         join catalog_update u on u.tenant_id = $1 and u.id = l.update_id
         join catalog_update this on this.tenant_id = $1 and this.id = $2 and this.kind = u.kind
         where r.tenant_id = $1 and r.phase_name = 'completed' and r.pace_bp is not null
         order by r.id desc limit $3"#,
        tenant.0,
        update,
        REMEMBERED,
    )
    .fetch_all(&mut **tx)
    .await?;
    let past = rows.into_iter().map(|shares| {
        let shares: PastPace = shares.into_iter().map(i16::unsigned_abs).collect();
        shares
    });
    Ok(Pace::of_earlier(&past.collect::<Vec<_>>()))
}
