//! Freezes. Who is calling is whose freeze it is, and whose word lets a rollout cross one.

use api_types::{CreateFreeze, CrossFreeze, Freeze, List, ListQuery, Reason};
use axum::extract::State as Given;
use domain::calendar::Scope;
use domain::ids::RolloutId;
use store::freezes::NewFreeze;

use crate::auth::Caller;
use crate::checks::Checks;
use crate::convert::calendar::freeze;
use crate::extract::{Json, Path, Query};
use crate::listing;
use crate::paths::{FreezePath, TenantPath};
use crate::problem::Problem;
use crate::reply::Created;
use crate::state::State;

/// List freezes
///
/// Those that are over too, in the order in which they were made.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/freezes", operation_id = "freeze_list",
    tag = "calendar", params(TenantPath, ListQuery),
    responses((status = 200, body = List<Freeze>, description = "One page of freezes")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<List<Freeze>>, Problem> {
    let fetch = |page| state.store.freeze_list(path.tenant, page);
    let now = state.now();
    listing::list(&query, fetch, |row| row.freeze.id.0, |row| freeze(&row, now)).await
}

/// Freeze
///
/// Of all rollouts, those over a ring set, or one ring of them. When this answers, nothing is offered in it
/// any more. What was offered already goes on, and rollbacks do.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/freezes", operation_id = "freeze_create",
    tag = "calendar", params(TenantPath), request_body = CreateFreeze,
    responses((status = 201, body = Freeze, description = "The freeze")))]
pub(crate) async fn create(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<CreateFreeze>,
) -> Result<Created<Freeze>, Problem> {
    let now = state.now();
    let mut checks = Checks::default();
    checks.text("/reason", &body.reason, 1000);
    if let Some(ring) = &body.ring {
        checks.text("/ring", ring, 64);
        if body.ring_set_id.is_none() {
            checks.wrong("/ring_set_id", "a ring belongs to a ring set; say which");
        }
    }
    let begins = body.from.map_or(now, |from| from.max(now));
    if body.until.is_some_and(|until| until <= begins) {
        checks.wrong("/until", "it would be over before it began");
    }
    checks.finish()?;
    let pointer = if body.ring.is_some() { "/ring" } else { "/ring_set_id" };
    let scope = match (body.ring_set_id.map(Into::into), body.ring) {
        (None, _) => Scope::Tenant,
        (Some(ring_set), None) => Scope::RingSet { ring_set },
        (Some(ring_set), Some(ring)) => Scope::Ring { ring_set, ring },
    };
    let new = NewFreeze { scope, from: body.from, until: body.until, reason: body.reason };
    let made = state.store.freeze_create(tenant, &new, &caller.name, now).await;
    let row = made.map_err(Problem::about(pointer))?;
    let location = format!("/api/v1/tenants/{tenant}/freezes/{}", row.freeze.id);
    Ok(Created { location, body: freeze(&row, now) })
}

/// Read a freeze
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/freezes/{freeze}",
    operation_id = "freeze_read", tag = "calendar", params(FreezePath),
    responses((status = 200, body = Freeze, description = "The freeze")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(path): Path<FreezePath>,
) -> Result<axum::Json<Freeze>, Problem> {
    let row = state.store.freeze_fetch(path.tenant, path.freeze).await?;
    Ok(axum::Json(freeze(&row, state.now())))
}

/// End a freeze
///
/// Before its time, or before it begins. What it held goes on at once.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/freezes/{freeze}/end",
    operation_id = "freeze_end", tag = "calendar", params(FreezePath), request_body = Reason,
    responses((status = 200, body = Freeze, description = "The freeze, over")))]
pub(crate) async fn end(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<FreezePath>,
    Json(body): Json<Reason>,
) -> Result<axum::Json<Freeze>, Problem> {
    let mut checks = Checks::default();
    checks.text("/reason", &body.reason, 1000);
    checks.finish()?;
    let now = state.now();
    let said = (caller.name.as_str(), body.reason.as_str());
    let row = state.store.freeze_end(path.tenant, path.freeze, said, now).await?;
    Ok(axum::Json(freeze(&row, now)))
}

/// Let a rollout cross a freeze
///
/// In the name of the token: neither the owner of the freeze nor the author of the rollout. Only for security
/// updates and updates out of band. Each freeze that holds the rollout has to be crossed.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/freezes/{freeze}/crossings",
    operation_id = "freeze_cross", tag = "calendar", params(FreezePath), request_body = CrossFreeze,
    responses((status = 200, body = Freeze, description = "The freeze, with who may cross it")))]
pub(crate) async fn cross(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<FreezePath>,
    Json(body): Json<CrossFreeze>,
) -> Result<axum::Json<Freeze>, Problem> {
    let mut checks = Checks::default();
    checks.text("/reason", &body.reason, 1000);
    checks.finish()?;
    let (now, rollout) = (state.now(), RolloutId(body.rollout_id));
    state.store.freeze_fetch(path.tenant, path.freeze).await?;
    let said = (caller.name.as_str(), body.reason.as_str());
    let crossed = state.store.freeze_cross(path.tenant, path.freeze, rollout, said, now).await;
    Ok(axum::Json(freeze(&crossed.map_err(Problem::about("/rollout_id"))?, now)))
}
