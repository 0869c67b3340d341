//! Decisions on record, with what they were made from.

use chrono::{DateTime, Utc};
use domain::ids::{PlanId, RolloutId, TenantId};
use domain::rollout::observations::Observations;
use domain::rollout::phase::{Event, Phase};
use domain::rollout::replay::Recorded;
use domain::rollout::snapshot::Snapshot;
use serde::Deserialize;

use crate::convert::plan;
use crate::rollouts::NOT_FOUND;
use crate::{Store, StoreError};

/// What the body of a decision's event holds.
#[derive(Deserialize)]
struct Body {
    event: Event,
    evidence: Evidence,
    generation: i64,
}

#[derive(Deserialize)]
struct Evidence {
    phase: Phase,
    plan: PlanId,
    observations: Observations,
    now: DateTime<Utc>,
}

impl Body {
    fn read(text: &str) -> Result<Self, StoreError> {
        serde_json::from_str(text).map_err(StoreError::corrupt)
    }
}

/// A decision, and the rollout as it stood then.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    pub seq: i64,
    pub event: Event,
    pub now: DateTime<Utc>,
    /// Before the event; of the plan that was followed then.
    pub snapshot: Snapshot,
}

impl Store {
    /// The first decisions of a rollout, at most so many, oldest first. Cost: the events of the
    /// rollout.
    pub async fn rollout_recorded(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        most: u16,
    ) -> Result<Vec<Recorded>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query!(
            "select seq, body from event
             where tenant_id = $1 and rollout_id = $2 and body::jsonb #> '{evidence,observations}' is not null
             order by seq limit $3",
            tenant.0,
            rollout.0,
            i64::from(most),
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let recorded = rows.into_iter().map(|row| {
            let Body { event, evidence, .. } = Body::read(&row.body)?;
            let Evidence { phase, plan, observations, now } = evidence;
            Ok(Recorded { seq: row.seq, event, phase, plan, observations, now })
        });
        recorded.collect()
    }

    /// The newest decision at or before `at`; none if there was none yet. `NotFound` without the
    /// rollout. Cost: the events of the rollout after `at`.
    pub async fn rollout_past(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        at: DateTime<Utc>,
    ) -> Result<Option<Past>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let found = sqlx::query_scalar!(
            r#"select true as "yes!" from rollout where tenant_id = $1 and id = $2"#,
            tenant.0,
            rollout.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        found.ok_or(NOT_FOUND)?;
        let row = sqlx::query!(
            "select e.seq, e.body, p.body as plan from event e
             join plan p on p.tenant_id = e.tenant_id
                 and p.id = (e.body::jsonb #>> '{evidence,plan}')::uuid
             where e.tenant_id = $1 and e.rollout_id = $2 and e.at <= $3
                 and e.body::jsonb #> '{evidence,observations}' is not null
             order by e.seq desc limit 1",
            tenant.0,
            rollout.0,
            at,
        )
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        let Some(row) = row else { return Ok(None) };
        let Body { event, evidence, generation } = Body::read(&row.body)?;
        let Evidence { phase, plan: plan_id, observations, now } = evidence;
        let plan = plan(row.plan)?;
        // What is recorded with an event is the generation after it.
        let generation = generation - 1;
        let snapshot = Snapshot { plan_id, plan, phase, generation, observations };
        Ok(Some(Past { seq: row.seq, event, now, snapshot }))
    }
}
