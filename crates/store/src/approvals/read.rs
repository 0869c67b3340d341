//! Reading approvals.

use chrono::{DateTime, Utc};
use domain::approval::Approval;
use domain::ids::{PlanId, RolloutId, TenantId};
use domain::rollout::phase::Phase;
use domain::rollout::plan::Plan;
use uuid::Uuid;

use crate::convert::{phase, plan, ring};
use crate::rollouts::NOT_FOUND;
use crate::scope::Tx;
use crate::{Store, StoreError};

/// An approval that was given, whatever became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalRow {
    pub id: Uuid,
    pub approval: Approval,
}

/// The approvals of a rollout, and what they are judged by.
#[derive(Debug, Clone, PartialEq)]
pub struct ApprovalBook {
    pub phase: Phase,
    pub plan_id: PlanId,
    pub plan: Plan,
    /// Who made the plan.
    pub author: String,
    /// When the evidence last left the calm: what was approved up to then is void.
    pub watched_at: Option<DateTime<Utc>>,
    /// Latest first; the 200 latest.
    pub approvals: Vec<ApprovalRow>,
}

struct Columns {
    id: Uuid,
    ring: i16,
    plan_id: Uuid,
    given_by: String,
    comment: String,
    evidence: String,
    at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    withdrawn_at: Option<DateTime<Utc>>,
}

impl TryFrom<Columns> for ApprovalRow {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        let approval = Approval {
            by: row.given_by,
            at: row.at,
            expires_at: row.expires_at,
            ring: ring(row.ring)?,
            plan: PlanId(row.plan_id),
            evidence: row.evidence,
            comment: row.comment,
            withdrawn_at: row.withdrawn_at,
        };
        Ok(Self { id: row.id, approval })
    }
}

impl Store {
    /// The approvals of a rollout, withdrawn and expired ones too.
    pub async fn approval_list(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
    ) -> Result<ApprovalBook, StoreError> {
        let mut tx = self.tenant_begin_frozen(tenant).await?;
        let of = sqlx::query!(
            "select r.phase, r.plan_id, r.watched_at, p.body, p.created_by from rollout r
             join plan p on p.tenant_id = r.tenant_id and p.id = r.plan_id
             where r.tenant_id = $1 and r.id = $2",
            tenant.0,
            rollout.0,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        let rows = sqlx::query_as!(
            Columns,
            "select id, ring, plan_id, given_by, comment, evidence, at, expires_at, withdrawn_at
             from approval where tenant_id = $1 and rollout_id = $2 order by id desc limit 200",
            tenant.0,
            rollout.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(ApprovalBook {
            phase: phase(of.phase)?,
            plan_id: PlanId(of.plan_id),
            plan: plan(of.body)?,
            author: of.created_by,
            watched_at: of.watched_at,
            approvals: rows.into_iter().map(ApprovalRow::try_from).collect::<Result<_, _>>()?,
        })
    }
}

/// What is left of the approvals of a rollout to be judged: of each person the latest for each ring
/// that was not withdrawn, expired ones too. Bounded by people and rings, however long it runs.
pub(crate) async fn approvals_given(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
) -> Result<Vec<Approval>, StoreError> {
    let rows = sqlx::query_as!(
        Columns,
        "select distinct on (ring, given_by) id, ring, plan_id, given_by, comment, evidence, at,
             expires_at, withdrawn_at
         from approval
         where tenant_id = $1 and rollout_id = $2 and withdrawn_at is null
         order by ring, given_by, expires_at desc, id desc",
        tenant.0,
        rollout.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(|row| Ok(ApprovalRow::try_from(row)?.approval)).collect()
}
