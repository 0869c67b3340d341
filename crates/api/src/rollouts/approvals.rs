//! Approvals of the rings of a rollout. Who is calling is whose approval it is.

use api_types::{Approval, Approvals, CreateApproval, RingName};
use axum::extract::State as Given;
use axum::http::StatusCode;
use domain::ring::RingIndex;
use store::approvals::{Evidence, EvidenceError, NewApproval};
use store::rollouts::RingRow;

use crate::auth::Caller;
use crate::checks::Checks;
use crate::convert::approvals::{approval, approvals};
use crate::extract::{Json, Path};
use crate::paths::{ApprovalPath, RolloutPath};
use crate::problem::Problem;
use crate::state::State;

/// List the approvals of a rollout
///
/// Which rings ask for approvals, who approved, and why an approval does not count.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/approvals",
    operation_id = "approval_list", tag = "rollouts", params(RolloutPath),
    responses((status = 200, body = Approvals, description = "The approvals, and what is missing")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<RolloutPath>,
) -> Result<axum::Json<Approvals>, Problem> {
    let book = state.store.approval_list(path.tenant, path.rollout).await?;
    Ok(axum::Json(approvals(&book, state.now())))
}

/// Approve that the next ring opens
///
/// In the name of the token. It counts for 24 hours, for this plan, and only if its author is
/// somebody else. Refused when more devices failed or were lost than the evidence shows.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/approvals",
    operation_id = "approval_give", tag = "rollouts", params(RolloutPath),
    request_body = CreateApproval,
    responses((status = 201, body = Approval, description = "The approval")))]
pub(crate) async fn give(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(RolloutPath { tenant, rollout }): Path<RolloutPath>,
    Json(body): Json<CreateApproval>,
) -> Result<(StatusCode, axum::Json<Approval>), Problem> {
    let mut checks = Checks::default();
    checks.text("/comment", &body.comment, 1000);
    let evidence = body.evidence.parse::<Evidence>();
    if let Err(error @ EvidenceError) = evidence {
        checks.wrong("/evidence", error.to_string());
    }
    checks.finish()?;
    let rings = state.store.rollout_fetch(tenant, rollout).await?.rings;
    let (ring, name) = ring_in(&body.ring, &rings)?;
    let evidence = evidence.ok().filter(|evidence| evidence.ring() == ring).ok_or_else(|| {
        Problem::field("/evidence", format!("this is of another ring; that of {name} is right"))
    })?;
    let new = NewApproval { ring, plan: body.plan_id.into(), evidence, comment: body.comment };
    let now = state.now();
    let row = state.store.approval_give(tenant, rollout, &new, &caller.name, now).await?;
    Ok((StatusCode::CREATED, axum::Json(approval(&row, name, None))))
}

/// Withdraw an approval
///
/// One's own, until the next ring has opened. When this answers, nothing opens on it any more.
#[utoipa::path(delete,
    path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/approvals/{approval}",
    operation_id = "approval_withdraw", tag = "rollouts", params(ApprovalPath),
    responses((status = 204, description = "It does not count any more")))]
pub(crate) async fn withdraw(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(ApprovalPath { tenant, rollout, approval }): Path<ApprovalPath>,
) -> Result<StatusCode, Problem> {
    let now = state.now();
    state.store.approval_withdraw(tenant, rollout, approval, &caller.name, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn ring_in(wanted: &RingName, rings: &[RingRow]) -> Result<(RingIndex, String), Problem> {
    let found = rings.iter().find(|row| match wanted {
        RingName::Position(position) => row.ring.0 == *position,
        RingName::Name(name) => row.name == *name,
    });
    let found = found.map(|row| (row.ring, row.name.clone()));
    found.ok_or_else(|| {
        let there: Vec<String> =
            rings.iter().map(|row| format!("{} ({})", row.ring.0, row.name)).collect();
        let wanted = match wanted {
            RingName::Position(position) => position.to_string(),
            RingName::Name(name) => format!("{name:?}"),
        };
        let detail = format!("the rollout has no ring {wanted}; it has {}", there.join(", "));
        Problem::field("/ring", detail)
    })
}
