//! Segments of a rollout: what is known of them, and holding them.

use api_types::{List, Reason, Rollout, SegmentState};
use axum::extract::State as Given;
use domain::gate::weigh::{segments, weigh};
use store::rollouts::SegmentWish;

use crate::auth::Caller;
use crate::checks::Checks;
use crate::convert::rollouts::{rollout, segment_kind};
use crate::extract::{Json, Path};
use crate::paths::{RolloutPath, SegmentPath};
use crate::problem::Problem;
use crate::state::State;

/// List the segments of a rollout
///
/// Models, builds and categories that were common in the fleet when the rollout was made, each with
/// its evidence. At most 40.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/segments",
    operation_id = "rollout_segments", tag = "rollouts", params(RolloutPath),
    responses((status = 200, body = List<SegmentState>, description = "All of them")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<RolloutPath>,
) -> Result<axum::Json<List<SegmentState>>, Problem> {
    let snapshot = state.store.rollout_snapshot(path.tenant, path.rollout).await?;
    let (plan, seen) = (&snapshot.plan, &snapshot.observations);
    let suspects = weigh(plan, seen).suspects;
    let items = segments(plan, seen)
        .into_iter()
        .map(|one| SegmentState {
            segment: one.position,
            kind: segment_kind(one.segment.kind),
            name: one.segment.name.clone(),
            devices: one.segment.members,
            offered: one.count.offered,
            failed: one.count.failed,
            lost: one.count.lost,
            ln_e: one.evidence.ln(),
            suspect: suspects.contains(&one.position),
            held: seen.held.contains(&one.position),
        })
        .collect();
    Ok(axum::Json(List { items, next_page_token: None }))
}

/// Hold a segment
///
/// Its devices are not offered the update any more, and offers that no device has acted on are taken
/// back; devices that have it keep it. The rest goes on.
#[utoipa::path(post,
    path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/segments/{segment}/hold",
    operation_id = "rollout_segment_hold", tag = "rollouts", params(SegmentPath),
    request_body = Reason,
    responses((status = 200, body = Rollout, description = "The rollout, its segment to be held")))]
pub(crate) async fn hold(
    given: Given<State>,
    caller: Caller,
    path: Path<SegmentPath>,
    body: Json<Reason>,
) -> Result<axum::Json<Rollout>, Problem> {
    ask(SegmentWish::Hold, given, caller, path, body).await
}

/// Let a segment go on
///
/// The service does not hold it again by itself.
#[utoipa::path(post,
    path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/segments/{segment}/release",
    operation_id = "rollout_segment_release", tag = "rollouts", params(SegmentPath),
    request_body = Reason,
    responses((status = 200, body = Rollout, description = "The rollout, its segment to go on")))]
pub(crate) async fn release(
    given: Given<State>,
    caller: Caller,
    path: Path<SegmentPath>,
    body: Json<Reason>,
) -> Result<axum::Json<Rollout>, Problem> {
    ask(SegmentWish::Release, given, caller, path, body).await
}

async fn ask(
    wish: SegmentWish,
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<SegmentPath>,
    Json(body): Json<Reason>,
) -> Result<axum::Json<Rollout>, Problem> {
    let mut checks = Checks::default();
    checks.text("/reason", &body.reason, 1000);
    checks.finish()?;
    let who = (caller.name.as_str(), body.reason.as_str());
    let what = (path.segment, wish);
    let row = state
        .store
        .rollout_segment_request(path.tenant, path.rollout, what, who, state.now())
        .await?;
    Ok(axum::Json(rollout(row)))
}
