//! When the rings of a rollout open, and when it is through.

use api_types::Forecast;
use axum::extract::State as Given;

use crate::convert::forecast::of_rollout_now;
use crate::extract::Path;
use crate::paths::RolloutPath;
use crate::problem::Problem;
use crate::state::State;

/// Forecast a rollout
///
/// For each ring and for the whole, as early as the plan permits and as is likely: when it opens, when the last
/// device is offered the update, when the gate passes, and when 95 % have it. Cost: the rings and waves of the
/// rollout, never its devices.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/forecast",
    operation_id = "rollout_forecast", tag = "rollouts", params(RolloutPath),
    responses((status = 200, body = Forecast, description = "What is to be expected")))]
pub(crate) async fn forecast(
    Given(state): Given<State>,
    Path(path): Path<RolloutPath>,
) -> Result<axum::Json<Forecast>, Problem> {
    let snapshot = state.store.rollout_snapshot(path.tenant, path.rollout).await?;
    let prospect = state.store.rollout_prospect(path.tenant, path.rollout).await?;
    Ok(axum::Json(of_rollout_now(&snapshot, &prospect, state.now())))
}
