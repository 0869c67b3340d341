//! Approvals of rings: given, withdrawn, and read for whoever judges them.
//!
//! Never decides whether enough people agree; `domain::approval` does. What is refused here is what
//! could never count, so that nobody waits for it.

mod evidence;
mod read;

use chrono::{DateTime, Utc};
use domain::approval::{Approval, Quorum, VALID_FOR, same_person};
use domain::ids::{PlanId, RolloutId, TenantId};
use domain::ring::RingIndex;
use domain::rollout::phase::Phase;
use domain::rollout::plan::Plan;
use domain::tally::Tally;
use domain::work::WorkKind;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::chain::Entry;
use crate::convert::{phase, plan, ring, ring_column, tally};
use crate::rollouts::{self, NOT_FOUND};
use crate::scope::{Tx, retried};
use crate::{Store, StoreError, chain, work};

pub use evidence::{Evidence, EvidenceError};
pub(crate) use read::approvals_given;
pub use read::{ApprovalBook, ApprovalRow};

/// What a person says of a ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApproval {
    pub ring: RingIndex,
    /// The plan that was looked at.
    pub plan: PlanId,
    /// The evidence that was looked at.
    pub evidence: Evidence,
    pub comment: String,
}

/// A rollout under a lock, as far as approvals look at it.
struct Scene {
    phase: Phase,
    plan_id: PlanId,
    revision: i32,
    plan: Plan,
    author: String,
}

impl Store {
    /// Records that `actor` approves of the ring, with its entry in the chain, raises the generation
    /// and wakes the planner. It counts for 24 hours. `Forbidden` for the author of the plan and for
    /// whoever is not among the approvers of the ring; `Conflict` when the ring is not the current one
    /// of an open rollout, asks for no approvals or was approved by this person already, when another
    /// plan is followed, and when more devices failed or were lost than the evidence shows.
    pub async fn approval_give(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        new: &NewApproval,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<ApprovalRow, StoreError> {
        retried(|| self.give(tenant, rollout, new, actor, now)).await
    }

    /// Takes back what `actor` approved, with its entry in the chain. After this returns, nothing
    /// opens on it any more: the generation is raised. Doing so twice is fine. `NotFound` when the
    /// rollout has no such approval, `Forbidden` when it is another person's, `Conflict` when the
    /// next ring has opened.
    pub async fn approval_withdraw(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        approval: Uuid,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        retried(|| self.withdraw(tenant, rollout, approval, actor, now)).await
    }

    async fn give(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        new: &NewApproval,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<ApprovalRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let scene = lock(&mut tx, tenant, rollout).await?;
        check(&scene, new, actor)?;
        let counted = tally_of(&mut tx, tenant, rollout, new.ring).await?;
        let current = Evidence::of(scene.plan_id, new.ring, &counted);
        if let Some(worse) = current.worse_than(&new.evidence) {
            let why = format!("{worse} since you looked; look again");
            return Err(StoreError::Conflict(why));
        }
        let given = approvals_given(&mut tx, tenant, rollout).await?;
        let is_live = |one: &&Approval| {
            (one.ring, one.plan) == (new.ring, new.plan)
                && same_person(&one.by, actor)
                && one.expires_at > now
        };
        if let Some(live) = given.iter().find(is_live) {
            return Err(StoreError::Conflict(format!(
                "{actor} approved {} already, until {}; withdraw that to approve anew",
                scene.name(new.ring),
                live.expires_at.format("%Y-%m-%d %H:%M UTC"),
            )));
        }
        let approval = Approval {
            by: actor.to_owned(),
            at: now,
            expires_at: now + VALID_FOR,
            ring: new.ring,
            plan: new.plan,
            evidence: new.evidence.to_string(),
            comment: new.comment.clone(),
            withdrawn_at: None,
        };
        let id = insert(&mut tx, tenant, rollout, &approval).await?;
        let body = json!({
            "approval": id,
            "ring": approval.ring,
            "plan": approval.plan,
            "comment": approval.comment,
            "evidence": approval.evidence,
            "evidence_then": current.to_string(),
            "expires_at": approval.expires_at,
        });
        finish(tx, tenant, rollout, ("approved", &body), actor, now).await?;
        Ok(ApprovalRow { id, approval })
    }

    async fn withdraw(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        approval: Uuid,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let scene = lock(&mut tx, tenant, rollout).await?;
        let given = sqlx::query!(
            "select ring, given_by, withdrawn_at from approval
             where tenant_id = $1 and rollout_id = $2 and id = $3",
            tenant.0,
            rollout.0,
            approval,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(StoreError::NotFound { what: "approval" })?;
        if !same_person(&given.given_by, actor) {
            let whose = given.given_by;
            let why = format!("this is the approval of {whose}, and only {whose} may withdraw it");
            return Err(StoreError::Forbidden(why));
        }
        if given.withdrawn_at.is_some() {
            return Ok(());
        }
        let of = ring(given.ring)?;
        if scene.phase.ring().is_some_and(|current| current > of) {
            return Err(StoreError::Conflict(format!(
                "{} has opened since; pausing the rollout is what stops it now",
                scene.name(of.next()),
            )));
        }
        sqlx::query!(
            "update approval set withdrawn_at = $3 where tenant_id = $1 and id = $2",
            tenant.0,
            approval,
            now,
        )
        .execute(&mut *tx)
        .await?;
        let body = json!({ "approval": approval, "ring": of });
        finish(tx, tenant, rollout, ("approval_withdrawn", &body), actor, now).await
    }
}

impl Scene {
    /// `ring 2 (Fast)`.
    fn name(&self, ring: RingIndex) -> String {
        match self.plan.ring(ring) {
            Some(known) => format!("ring {} ({})", ring.0, known.name),
            None => format!("ring {}", ring.0),
        }
    }
}

/// Whether an approval of this kind could count.
fn check(scene: &Scene, new: &NewApproval, actor: &str) -> Result<(), StoreError> {
    let name = scene.name(new.ring);
    if new.plan != scene.plan_id {
        return Err(StoreError::Conflict(format!(
            "the rollout follows another plan now: revision {}, {}; look again",
            scene.revision, scene.plan_id,
        )));
    }
    let Some(ring) = scene.plan.ring(new.ring) else {
        return Err(StoreError::Invalid(format!("the plan has no {name}")));
    };
    let Some(quorum) = &ring.approvals else {
        return Err(StoreError::Conflict(format!("{name} asks for no approvals")));
    };
    check_person(quorum, &scene.author, actor, &name)?;
    let current = open_ring(scene.phase).ok_or_else(|| {
        let phase = scene.phase.name().replace('_', " ");
        StoreError::Conflict(format!("the rollout is {phase}: there is nothing to approve"))
    })?;
    if current < new.ring {
        let why = format!("{name} has not opened yet: there is nothing to be seen of it");
        return Err(StoreError::Conflict(why));
    }
    if current > new.ring {
        let next = scene.name(new.ring.next());
        let why = format!("{next} has opened already: an approval of {name} changes nothing");
        return Err(StoreError::Conflict(why));
    }
    Ok(())
}

fn check_person(quorum: &Quorum, author: &str, actor: &str, ring: &str) -> Result<(), StoreError> {
    if same_person(author, actor) {
        return Err(StoreError::Forbidden(format!(
            "{actor} made the plan, and its author cannot approve it; somebody else has to"
        )));
    }
    if !quorum.may_approve(actor) {
        let approvers = quorum.approvers().join(", ");
        return Err(StoreError::Forbidden(format!(
            "{actor} is not among the approvers of {ring}: {approvers}"
        )));
    }
    Ok(())
}

/// The ring whose evidence is being gathered, if any.
fn open_ring(phase: Phase) -> Option<RingIndex> {
    match phase {
        Phase::Offering { ring, .. } | Phase::Soaking { ring, .. } => Some(ring),
        Phase::Paused { ring, .. } => ring,
        Phase::Scheduled | Phase::Completed { .. } | Phase::RollingBack { .. } => None,
        Phase::RolledBack { .. } | Phase::Cancelled { .. } => None,
    }
}

/// Under a lock that keeps decisions away, and other approvals.
async fn lock(tx: &mut Tx, tenant: TenantId, rollout: RolloutId) -> Result<Scene, StoreError> {
    rollouts::lock(tx, tenant, rollout).await?;
    let row = sqlx::query!(
        "select r.phase, r.plan_id, p.revision, p.body, p.created_by from rollout r
         join plan p on p.tenant_id = r.tenant_id and p.id = r.plan_id
         where r.tenant_id = $1 and r.id = $2",
        tenant.0,
        rollout.0,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(NOT_FOUND)?;
    Ok(Scene {
        phase: phase(row.phase)?,
        plan_id: PlanId(row.plan_id),
        revision: row.revision,
        plan: plan(row.body)?,
        author: row.created_by,
    })
}

async fn tally_of(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
    ring: RingIndex,
) -> Result<Tally, StoreError> {
    let counters = sqlx::query_scalar!(
        r#"select sum(devices)::int as "devices!" from tally
         where tenant_id = $1 and rollout_id = $2 and ring = $3 group by state order by state"#,
        tenant.0,
        rollout.0,
        ring_column(ring),
    )
    .fetch_all(&mut **tx)
    .await?;
    tally(&counters)
}

async fn insert(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
    approval: &Approval,
) -> Result<Uuid, StoreError> {
    let id = Uuid::now_v7();
    sqlx::query!(
        "insert into approval (tenant_id, id, rollout_id, ring, plan_id, given_by, comment, evidence,
             at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        tenant.0,
        id,
        rollout.0,
        ring_column(approval.ring),
        approval.plan.0,
        approval.by,
        approval.comment,
        approval.evidence,
        approval.at,
        approval.expires_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(id)
}

/// Makes decisions that were taken before void, wakes the planner and appends to the chain.
async fn finish(
    mut tx: Tx,
    tenant: TenantId,
    rollout: RolloutId,
    (kind, body): (&str, &Value),
    actor: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update rollout set generation = generation + 1 where tenant_id = $1 and id = $2",
        tenant.0,
        rollout.0,
    )
    .execute(&mut *tx)
    .await?;
    work::ask(&mut tx, tenant, WorkKind::Decide, &[rollout.0], now).await?;
    chain::append(&mut tx, tenant, Entry { rollout: Some(rollout), at: now, actor, kind, body })
        .await?;
    tx.commit().await?;
    Ok(())
}
