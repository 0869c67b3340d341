//! Pauses of a tenant, a release or a ring. Asking twice is the same as asking once.
//!
//! A pause is written down at once, without reading anything first: nothing may stand in the way of a stop.

use api_types::{Action, List, ListQuery, Pause, PauseChange, StandingPause};
use axum::extract::State as Given;
use domain::ids::TenantId;
use domain::ring::RingIndex;
use store::pauses::{NewPause, Target};

use crate::auth::Caller;
use crate::checks::Checks;
use crate::convert::pauses::standing;
use crate::extract::{OptionalJson, Path, Query};
use crate::listing;
use crate::paths::{ReleasePath, RingPath, TenantPath};
use crate::problem::Problem;
use crate::state::State;

type Answer = Result<axum::Json<PauseChange>, Problem>;

/// List the pauses that stand
///
/// Of the tenant, of releases and of rings, in the order in which they were set. Those of single rollouts
/// are shown with them.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/pauses", operation_id = "pause_list",
    tag = "pauses", params(TenantPath, ListQuery),
    responses((status = 200, body = List<StandingPause>, description = "One page of pauses")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<List<StandingPause>>, Problem> {
    let rows = state.store.pause_list(path.tenant).await?;
    listing::whole(&query, rows, |row| row.id, standing).await
}

/// Pause a tenant
///
/// When this answers, no new offer is decided in any rollout, whatever fails after it.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/pause", operation_id = "tenant_pause",
    tag = "pauses", params(TenantPath), request_body = Option<Pause>,
    responses((status = 200, body = PauseChange, description = "What it covers")))]
pub(crate) async fn pause_tenant(
    state: Given<State>,
    caller: Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    body: OptionalJson<Pause>,
) -> Answer {
    pause((tenant, Target::Tenant), state, caller, body).await
}

/// Let a paused tenant go on
///
/// What is paused by itself stays so.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/resume", operation_id = "tenant_resume",
    tag = "pauses", params(TenantPath), request_body = Option<Action>,
    responses((status = 200, body = PauseChange, description = "What it covered")))]
pub(crate) async fn resume_tenant(
    state: Given<State>,
    caller: Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    body: OptionalJson<Action>,
) -> Answer {
    resume((tenant, Target::Tenant), state, caller, body).await
}

/// Pause a release
///
/// When this answers, no new offer is decided in any of its rollouts, those to come too.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/releases/{release}/pause",
    operation_id = "release_pause", tag = "pauses", params(ReleasePath),
    request_body = Option<Pause>,
    responses((status = 200, body = PauseChange, description = "What it covers")))]
pub(crate) async fn pause_release(
    state: Given<State>,
    caller: Caller,
    Path(ReleasePath { tenant, release }): Path<ReleasePath>,
    body: OptionalJson<Pause>,
) -> Answer {
    pause((tenant, Target::Release(release)), state, caller, body).await
}

/// Let a paused release go on
///
/// What is paused by itself stays so.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/releases/{release}/resume",
    operation_id = "release_resume", tag = "pauses", params(ReleasePath),
    request_body = Option<Action>,
    responses((status = 200, body = PauseChange, description = "What it covered")))]
pub(crate) async fn resume_release(
    state: Given<State>,
    caller: Caller,
    Path(ReleasePath { tenant, release }): Path<ReleasePath>,
    body: OptionalJson<Action>,
) -> Answer {
    resume((tenant, Target::Release(release)), state, caller, body).await
}

/// Pause a ring of a rollout
///
/// When this answers, no new offer to the ring is decided, and the next ring does not open. Other
/// rings go on.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/rings/{ring}/pause",
    operation_id = "rollout_ring_pause", tag = "pauses", params(RingPath),
    request_body = Option<Pause>,
    responses((status = 200, body = PauseChange, description = "What it covers")))]
pub(crate) async fn pause_ring(
    state: Given<State>,
    caller: Caller,
    Path(path): Path<RingPath>,
    body: OptionalJson<Pause>,
) -> Answer {
    pause(of_ring(path), state, caller, body).await
}

/// Let a paused ring go on
///
/// What is paused by itself stays so.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/rings/{ring}/resume",
    operation_id = "rollout_ring_resume", tag = "pauses", params(RingPath),
    request_body = Option<Action>,
    responses((status = 200, body = PauseChange, description = "What it covered")))]
pub(crate) async fn resume_ring(
    state: Given<State>,
    caller: Caller,
    Path(path): Path<RingPath>,
    body: OptionalJson<Action>,
) -> Answer {
    resume(of_ring(path), state, caller, body).await
}

fn of_ring(path: RingPath) -> (TenantId, Target) {
    let RingPath { tenant, rollout, ring } = path;
    (tenant, Target::Ring { rollout, ring: RingIndex(ring) })
}

async fn pause(
    (tenant, target): (TenantId, Target),
    Given(state): Given<State>,
    Caller(caller): Caller,
    OptionalJson(body): OptionalJson<Pause>,
) -> Answer {
    check(body.reason.as_deref())?;
    let reason = body.reason.as_deref();
    let new = NewPause { target, take_back: body.take_back, actor: &caller.name, reason };
    let change = state.store.pause_set(tenant, new, state.now()).await?;
    Ok(axum::Json(PauseChange { changed: change.changed, rollouts: change.rollouts }))
}

async fn resume(
    (tenant, target): (TenantId, Target),
    Given(state): Given<State>,
    Caller(caller): Caller,
    OptionalJson(body): OptionalJson<Action>,
) -> Answer {
    check(body.reason.as_deref())?;
    let said = (caller.name.as_str(), body.reason.as_deref());
    let change = state.store.pause_lift(tenant, target, said, state.now()).await?;
    Ok(axum::Json(PauseChange { changed: change.changed, rollouts: change.rollouts }))
}

fn check(reason: Option<&str>) -> Result<(), Problem> {
    let mut checks = Checks::default();
    if let Some(reason) = reason {
        checks.text("/reason", reason, 1000);
    }
    checks.finish()
}
