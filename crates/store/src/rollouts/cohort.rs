//! What people ask of one segment of a rollout: to be held, or to go on.

use chrono::{DateTime, Utc};
use domain::ids::{RolloutId, TenantId};
use domain::work::WorkKind;
use serde_json::json;

use super::{NOT_FOUND, RolloutRow, check_open, fetch, lock};
use crate::chain::Entry;
use crate::convert::{phase, plan, wish};
use crate::scope::retried;
use crate::{Store, StoreError, chain, work};

/// What is asked of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SegmentWish {
    Hold,
    Release,
}

impl SegmentWish {
    const fn word(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Release => "release",
        }
    }
}

impl Store {
    /// Records what a person wants of one segment (its position in the policy of the plan), raises the
    /// generation and wakes the planner, which carries it out. The last word counts; after a release the service does
    /// not hold the segment again by itself. `Invalid` when the plan has no such segment,
    /// `Conflict` when the rollout has ended.
    pub async fn rollout_segment_request(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        (segment, wanted): (u16, SegmentWish),
        (actor, reason): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<RolloutRow, StoreError> {
        retried(|| self.segment_ask(tenant, rollout, (segment, wanted), (actor, reason), now)).await
    }

    async fn segment_ask(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        (segment, wanted): (u16, SegmentWish),
        (actor, reason): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<RolloutRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        lock(&mut tx, tenant, rollout).await?;
        let row = sqlx::query!(
            "select r.phase, r.wish, p.body from rollout r
             join plan p on p.tenant_id = $1 and p.id = r.plan_id
             where r.tenant_id = $1 and r.id = $2",
            tenant.0,
            rollout.0,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        check_open(phase(row.phase)?, wish(&row.wish)?)?;
        let plan = plan(row.body)?;
        let named = plan.policy().segment(segment);
        let named = named.ok_or_else(|| {
            StoreError::Invalid("the plan of the rollout has no such segment".to_owned())
        })?;
        let number = i16::try_from(segment).map_err(StoreError::corrupt)?;
        sqlx::query!(
            "update rollout set generation = generation + 1,
                 segments_held = array_remove(segments_held, $3) || case when $4 then array[$3] else '{}' end,
                 segments_released = array_remove(segments_released, $3)
                     || case when $4 then '{}' else array[$3] end
             where tenant_id = $1 and id = $2",
            tenant.0,
            rollout.0,
            number,
            wanted == SegmentWish::Hold,
        )
        .execute(&mut *tx)
        .await?;
        work::ask(&mut tx, tenant, WorkKind::Decide, &[rollout.0], now).await?;
        let body = json!({
            "segment": { "kind": named.kind, "name": named.name, "position": segment },
            "wish": wanted.word(),
            "reason": reason,
        });
        let kind = "segment_requested";
        let entry = Entry { rollout: Some(rollout), at: now, actor, kind, body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        let row = fetch(&mut tx, tenant, rollout).await?;
        tx.commit().await?;
        Ok(row)
    }
}
