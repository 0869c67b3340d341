//! The same asked of several rollouts at once. Each stands for itself: one that refuses keeps no other from
//! it, and says why in its own result.

use api_types::{BatchResult, Pause, RolloutBatch};
use axum::extract::State as Given;
use domain::access;
use domain::ids::TenantId;
use uuid::Uuid;

use super::actions;
use crate::auth::{Caller, check_ring_set};
use crate::checks::Checks;
use crate::extract::{Json, OptionalJson, Path};
use crate::paths::{RolloutPath, TenantPath};
use crate::problem::Problem;
use crate::state::State;

/// A person looks at no more.
const MOST: usize = 100;

type Answer = Result<axum::Json<Vec<BatchResult>>, Problem>;

/// What is asked of each.
#[derive(Clone, Copy)]
enum Ask {
    Pause,
    Resume,
    Cancel,
}

/// Pause several rollouts
///
/// As for each by itself, in the order given; a result for each, with the problem of one that refuses.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/rollouts/batch/pause",
    operation_id = "rollout_batch_pause", tag = "rollouts", params(TenantPath),
    request_body = RolloutBatch,
    responses((status = 200, body = Vec<BatchResult>, description = "A result for each")))]
pub(crate) async fn pause(
    given: Given<State>,
    caller: Caller,
    path: Path<TenantPath>,
    body: Json<RolloutBatch>,
) -> Answer {
    each(Ask::Pause, access::Action::Pause, given, caller, path, body).await
}

/// Let several paused rollouts go on
///
/// As pausing several.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/rollouts/batch/resume",
    operation_id = "rollout_batch_resume", tag = "rollouts", params(TenantPath),
    request_body = RolloutBatch,
    responses((status = 200, body = Vec<BatchResult>, description = "A result for each")))]
pub(crate) async fn resume(
    given: Given<State>,
    caller: Caller,
    path: Path<TenantPath>,
    body: Json<RolloutBatch>,
) -> Answer {
    each(Ask::Resume, access::Action::Operate, given, caller, path, body).await
}

/// Stop several rollouts for good
///
/// As pausing several.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/rollouts/batch/cancel",
    operation_id = "rollout_batch_cancel", tag = "rollouts", params(TenantPath),
    request_body = RolloutBatch,
    responses((status = 200, body = Vec<BatchResult>, description = "A result for each")))]
pub(crate) async fn cancel(
    given: Given<State>,
    caller: Caller,
    path: Path<TenantPath>,
    body: Json<RolloutBatch>,
) -> Answer {
    each(Ask::Cancel, access::Action::Release, given, caller, path, body).await
}

async fn each(
    ask: Ask,
    action: access::Action,
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<RolloutBatch>,
) -> Answer {
    let mut checks = Checks::default();
    if let Some(reason) = &body.reason {
        checks.text("/reason", reason, 1000);
    }
    if !(1..=MOST).contains(&body.ids.len()) {
        checks.wrong("/ids", "1 to 100 rollouts are right");
    }
    checks.finish()?;
    let mut results = Vec::with_capacity(body.ids.len());
    for id in body.ids {
        let caller = Caller(caller.clone());
        let done = one(&state, (ask, action), caller, tenant, id, body.reason.clone()).await;
        results.push(match done {
            Ok(rollout) => BatchResult { id, rollout: Some(rollout), problem: None },
            Err(problem) => BatchResult { id, rollout: None, problem: Some(problem.told()) },
        });
    }
    Ok(axum::Json(results))
}

async fn one(
    state: &State,
    (ask, action): (Ask, access::Action),
    caller: Caller,
    tenant: TenantId,
    id: Uuid,
    reason: Option<String>,
) -> Result<api_types::Rollout, Problem> {
    let set = state.store.rollout_ring_set(tenant, id.into()).await?;
    check_ring_set(&caller.0, action, tenant, set)?;
    let given = Given(state.clone());
    let path = Path(RolloutPath { tenant, rollout: id.into() });
    let because = OptionalJson(api_types::Action { reason: reason.clone() });
    let rollout = match ask {
        Ask::Pause => {
            let pause = OptionalJson(Pause { reason, take_back: false });
            actions::pause(given, caller, path, pause).await?
        }
        Ask::Resume => actions::resume(given, caller, path, because).await?,
        Ask::Cancel => actions::cancel(given, caller, path, because).await?,
    };
    Ok(rollout.0)
}
