//! What a rollback could do, and did: looked at before, told after.

use api_types::{DeviceProspect, List, PageQuery, RollbackPreview, RollbackReadiness};
use axum::extract::State as Given;

use crate::convert::rollbacks::{device, preview as preview_out, readiness as readiness_out};
use crate::extract::{Path, Query};
use crate::paging;
use crate::paths::{ReleasePath, RolloutPath};
use crate::problem::Problem;
use crate::state::State;

/// Look at a rollback
///
/// Before it starts: how many devices can give the update back, until when, and why others cannot.
/// After it: how many did, how many could not, and how many have it again.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/rollback-preview",
    operation_id = "rollout_rollback_preview", tag = "rollouts", params(RolloutPath),
    responses((status = 200, body = RollbackPreview, description = "What it can do, or did")))]
pub(crate) async fn preview(
    Given(state): Given<State>,
    Path(path): Path<RolloutPath>,
) -> Result<axum::Json<RollbackPreview>, Problem> {
    let now = state.now();
    let outlook = state.store.rollout_outlook(path.tenant, path.rollout, now).await?;
    Ok(axum::Json(preview_out(path.rollout, &outlook, now)))
}

/// Look at a rollback, device by device
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/rollback-preview/devices",
    operation_id = "rollout_rollback_devices", tag = "rollouts", params(RolloutPath, PageQuery),
    responses((status = 200, body = List<DeviceProspect>, description = "One page of devices")))]
pub(crate) async fn devices(
    Given(state): Given<State>,
    Path(path): Path<RolloutPath>,
    Query(query): Query<PageQuery>,
) -> Result<axum::Json<List<DeviceProspect>>, Problem> {
    let page = paging::page(query.page_size, query.page_token.as_deref())?;
    let now = state.now();
    let rows = state.store.rollout_prospects(path.tenant, path.rollout, page, now).await?;
    Ok(paging::list(page, rows, |row| row.device.0, device))
}

/// Look how long a release can be taken back
///
/// Over all its rollouts: the first device whose days end, and how many end each day.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/releases/{release}/rollback-readiness",
    operation_id = "release_rollback_readiness", tag = "releases", params(ReleasePath),
    responses((status = 200, body = RollbackReadiness, description = "The countdown")))]
pub(crate) async fn readiness(
    Given(state): Given<State>,
    Path(path): Path<ReleasePath>,
) -> Result<axum::Json<RollbackReadiness>, Problem> {
    let now = state.now();
    let outlook = state.store.release_outlook(path.tenant, path.release, now).await?;
    Ok(axum::Json(readiness_out(path.release, &outlook, now)))
}
