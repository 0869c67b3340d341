//! Plans of a rollout: the revisions there were, and one more.

use chrono::{DateTime, Utc};
use domain::ids::{PlanId, RolloutId, TenantId};
use domain::rollout::phase::Phase;
use domain::rollout::plan::Plan;
use domain::rollout::revision::difference;
use domain::work::WorkKind;
use serde_json::json;
use uuid::Uuid;

use super::create::{check_provable, check_quorums};
use super::{NOT_FOUND, RolloutRow, fetch, lock};
use crate::chain::Entry;
use crate::convert::{self, json as column, phase};
use crate::scope::{Tx, retried};
use crate::{Store, StoreError, chain, work};

/// One revision of the plan of a rollout.
#[derive(Debug, Clone, PartialEq)]
pub struct RevisionRow {
    pub id: PlanId,
    /// The first is 1.
    pub revision: i32,
    pub plan: Plan,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    /// Why; of the first, nothing.
    pub reason: Option<String>,
}

/// A plan to be followed from now on.
#[derive(Debug, Clone, Copy)]
pub struct NewRevision<'a> {
    /// The revision it was made from.
    pub after: i32,
    /// Made from that by `Plan::revised`.
    pub plan: &'a Plan,
    pub reason: &'a str,
}

impl Store {
    /// The revisions of a rollout's plan, oldest first; the last is followed. `NotFound` without the
    /// rollout.
    pub async fn rollout_revisions(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
    ) -> Result<Vec<RevisionRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query!(
            "select id, revision, body, created_by, created_at, reason from plan
             where tenant_id = $1 and rollout_id = $2 order by revision",
            tenant.0,
            rollout.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        if rows.is_empty() {
            return Err(NOT_FOUND);
        }
        let rows = rows.into_iter().map(|row| {
            Ok(RevisionRow {
                id: PlanId(row.id),
                revision: row.revision,
                plan: convert::plan(row.body)?,
                created_by: row.created_by,
                created_at: row.created_at,
                reason: row.reason,
            })
        });
        rows.collect()
    }

    /// Makes the rollout follow another revision of its plan from its next decision on, with what is
    /// different in the chain, raises the generation, and wakes planner and enforcement. Approvals
    /// given for the revision before count no more. `Conflict` when another revision is followed by
    /// now, and when the rollout offers nothing any more; `Invalid` when the gate of a ring that is
    /// still to pass could never pass, or its approvals never be given.
    pub async fn rollout_revise(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        new: NewRevision<'_>,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<RolloutRow, StoreError> {
        retried(|| self.revise(tenant, rollout, new, actor, now)).await
    }

    /// Whether `rollout_revise` would take this; changes nothing.
    pub async fn rollout_revision_check(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        new: NewRevision<'_>,
        actor: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        checked(&mut tx, tenant, rollout, new, actor).await.map(|_| ())
    }

    async fn revise(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        new: NewRevision<'_>,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<RolloutRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let before = checked(&mut tx, tenant, rollout, new, actor).await?;
        let (id, revision) = (PlanId(Uuid::now_v7()), new.after + 1);
        insert(&mut tx, tenant, rollout, (id, revision), new, actor, now).await?;
        work::ask(&mut tx, tenant, WorkKind::Decide, &[rollout.0], now).await?;
        // Deadlines and grace periods are told to Graph.
        work::ask(&mut tx, tenant, WorkKind::Enforce, &[rollout.0], now).await?;
        let body = json!({
            "plan": id,
            "revision": revision,
            "reason": new.reason,
            "changes": difference(&before, new.plan),
        });
        let kind = "plan_revised";
        let entry = Entry { rollout: Some(rollout), at: now, actor, kind, body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        let row = fetch(&mut tx, tenant, rollout).await?;
        tx.commit().await?;
        Ok(row)
    }
}

/// The plan that is followed now, if this one may take its place. Locks the rollout.
async fn checked(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
    new: NewRevision<'_>,
    actor: &str,
) -> Result<Plan, StoreError> {
    lock(tx, tenant, rollout).await?;
    let row = sqlx::query!(
        "select r.phase, p.revision, p.body from rollout r
         join plan p on p.tenant_id = $1 and p.id = r.plan_id
         where r.tenant_id = $1 and r.id = $2",
        tenant.0,
        rollout.0,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(NOT_FOUND)?;
    check_offering(phase(row.phase)?)?;
    if row.revision != new.after {
        let (followed, after) = (row.revision, new.after);
        return Err(StoreError::Conflict(format!(
            "the rollout follows revision {followed} by now, and this was made from revision {after}; \
             look again"
        )));
    }
    check_quorums(new.plan, actor)?;
    check_provable(new.plan, &fetch(tx, tenant, rollout).await?)?;
    convert::plan(row.body)
}

async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
    (id, revision): (PlanId, i32),
    new: NewRevision<'_>,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "with planned as (
             insert into plan (tenant_id, id, rollout_id, revision, body, created_by, created_at,
                 reason)
             values ($1, $3, $2, $4, $5, $6, $7, $8)
         )
         update rollout set plan_id = $3, generation = generation + 1
         where tenant_id = $1 and id = $2",
        tenant.0,
        rollout.0,
        id.0,
        revision,
        column(new.plan)?,
        actor,
        now,
        new.reason,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A plan is about offers: where none are made any more, it is history.
fn check_offering(phase: Phase) -> Result<(), StoreError> {
    match phase {
        Phase::Scheduled | Phase::Offering { .. } | Phase::Soaking { .. } => Ok(()),
        Phase::Paused { .. } => Ok(()),
        Phase::Completed { .. } | Phase::RollingBack { .. } => Err(over(phase)),
        Phase::RolledBack { .. } | Phase::Cancelled { .. } => Err(over(phase)),
    }
}

fn over(phase: Phase) -> StoreError {
    let phase = phase.name().replace('_', " ");
    StoreError::Conflict(format!("the rollout is {phase}, so its plan is no longer followed"))
}
