//! The plan of a rollout: its revisions, and one more.

use api_types::{List, PlanRevision, RevisePlan};
use axum::extract::State as Given;
use domain::ids::PlanId;
use store::rollouts::{NewRevision, RevisionRow};
use uuid::Uuid;

use crate::auth::Caller;
use crate::convert::revisions::{revised, revision, revisions};
use crate::extract::{Json, Path};
use crate::paths::RolloutPath;
use crate::problem::{Kind, Problem};
use crate::state::State;

/// List the plans of a rollout
///
/// Every revision, oldest first, with who made it, when, why, and what it says differently.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/plans",
    operation_id = "rollout_plans", tag = "rollouts", params(RolloutPath),
    responses((status = 200, body = List<PlanRevision>, description = "All revisions")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<RolloutPath>,
) -> Result<axum::Json<List<PlanRevision>>, Problem> {
    let rows = state.store.rollout_revisions(path.tenant, path.rollout).await?;
    Ok(axum::Json(List { items: revisions(&rows), next_page_token: None }))
}

/// Change the plan of a rollout
///
/// Makes another revision, which counts from the next decision on. Approvals given for the one before
/// count no more. With `validate_only` nothing is saved.
#[utoipa::path(patch, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/plan",
    operation_id = "rollout_revise", tag = "rollouts", params(RolloutPath),
    request_body = RevisePlan,
    responses((status = 200, body = PlanRevision, description = "The revision, and what is different")))]
pub(crate) async fn revise(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(RolloutPath { tenant, rollout }): Path<RolloutPath>,
    Json(body): Json<RevisePlan>,
) -> Result<axum::Json<PlanRevision>, Problem> {
    let rows = state.store.rollout_revisions(tenant, rollout).await?;
    let before = rows.last().ok_or_else(|| Problem::internal("a rollout without a plan"))?;
    if before.revision != body.revision {
        let (followed, asked) = (before.revision, body.revision);
        let why = format!("the rollout follows revision {followed}, not {asked}; look again");
        return Err(Problem::new(Kind::Conflict, why));
    }
    let now = state.now();
    let plan = revised(&before.plan, &body, now)?;
    let mut row = RevisionRow {
        id: PlanId(Uuid::nil()),
        revision: before.revision + 1,
        plan,
        created_by: caller.name.clone(),
        created_at: now,
        reason: Some(body.reason.clone()),
    };
    let new = NewRevision { after: body.revision, plan: &row.plan, reason: &body.reason };
    if body.validate_only {
        state.store.rollout_revision_check(tenant, rollout, new, &caller.name).await?;
        let shown = revision(&row, Some(before));
        return Ok(axum::Json(PlanRevision { plan_id: None, ..shown }));
    }
    row.id = state.store.rollout_revise(tenant, rollout, new, &caller.name, now).await?.plan;
    Ok(axum::Json(revision(&row, Some(before))))
}
