//! Ring sets, and the placement of devices in them.

pub(crate) mod calendar;
pub(crate) mod proof;

use api_types::{CreateRingSet, List, ListQuery, RingSet, RingSetPreview};
use axum::extract::State as Given;
use axum::http::StatusCode;
use domain::ids::{RingSetId, TenantId};
use store::registration::Scope;
use store::ring_sets::RingSetRow;
use uuid::Uuid;

use crate::auth::Caller;
use crate::convert::ring_sets::{preview as shown, ring_set, ring_set_in};
use crate::extract::{Json, Path, Query};
use crate::listing;
use crate::paths::{RingSetPath, TenantPath};
use crate::problem::Problem;
use crate::reply::Created;
use crate::state::State;

/// List ring sets
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/ring-sets", operation_id = "ring_set_list",
    tag = "ring sets", params(TenantPath, ListQuery),
    responses((status = 200, body = List<RingSet>, description = "One page of ring sets")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<List<RingSet>>, Problem> {
    let fetch = async |page| {
        let rows = state.store.ring_set_list(path.tenant, page).await?;
        let mut counted = Vec::with_capacity(rows.len());
        for row in rows {
            counted.push((row.id.0, count(&state, path.tenant, row).await?));
        }
        Ok::<_, Problem>(counted)
    };
    listing::list(&query, fetch, |(id, _)| *id, |(_, set)| set).await
}

/// Add a ring set
///
/// The groups of its rings are read and the devices placed at once; `placed_at` says when that is
/// done.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/ring-sets", operation_id = "ring_set_create",
    tag = "ring sets", params(TenantPath), request_body = CreateRingSet,
    responses((status = 201, body = RingSet, description = "The ring set, no device placed yet")))]
pub(crate) async fn create(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<CreateRingSet>,
) -> Result<Created<RingSet>, Problem> {
    let id = new_id(&body);
    let set = checked(&state, tenant, body).await?;
    let made = state.store.ring_set_create_as(tenant, id, &set, &caller.name, state.now()).await;
    let row = made?;
    let location = format!("/api/v1/tenants/{tenant}/ring-sets/{}", row.id);
    Ok(Created { location, body: count(&state, tenant, row).await? })
}

/// Read a ring set
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/ring-sets/{ring_set}",
    operation_id = "ring_set_read", tag = "ring sets", params(RingSetPath),
    responses((status = 200, body = RingSet, description = "The ring set")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(path): Path<RingSetPath>,
) -> Result<axum::Json<RingSet>, Problem> {
    let row = state.store.ring_set_fetch(path.tenant, path.ring_set).await?;
    Ok(axum::Json(count(&state, path.tenant, row).await?))
}

/// Replace a ring set
///
/// Devices keep their ring unless the set says otherwise; a preview says who would move. Rollouts under
/// way keep the rings they began with.
#[utoipa::path(put, path = "/api/v1/tenants/{tenant}/ring-sets/{ring_set}",
    operation_id = "ring_set_replace", tag = "ring sets", params(RingSetPath),
    request_body = CreateRingSet,
    responses((status = 200, body = RingSet, description = "The ring set")))]
pub(crate) async fn replace(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(RingSetPath { tenant, ring_set }): Path<RingSetPath>,
    Json(body): Json<CreateRingSet>,
) -> Result<axum::Json<RingSet>, Problem> {
    let set = checked(&state, tenant, body).await?;
    let now = state.now();
    state.store.ring_set_update(tenant, ring_set, &set, &caller.name, now).await?;
    let row = state.store.ring_set_fetch(tenant, ring_set).await?;
    Ok(axum::Json(count(&state, tenant, row).await?))
}

/// Delete a ring set
///
/// Refused while a rollout over it is unfinished, or the tenant is enrolled with it.
#[utoipa::path(delete, path = "/api/v1/tenants/{tenant}/ring-sets/{ring_set}",
    operation_id = "ring_set_delete", tag = "ring sets", params(RingSetPath),
    responses((status = 204, description = "It is gone")))]
pub(crate) async fn delete(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(RingSetPath { tenant, ring_set }): Path<RingSetPath>,
) -> Result<StatusCode, Problem> {
    state.store.ring_set_delete(tenant, ring_set, &caller.name, state.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Preview a change of a ring set
///
/// Who would move, and why. Nothing is saved. Cost: the devices of the tenant.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/ring-sets/{ring_set}/preview",
    operation_id = "ring_set_preview", tag = "ring sets", params(RingSetPath),
    request_body = CreateRingSet,
    responses((status = 200, body = RingSetPreview, description = "What would happen")))]
pub(crate) async fn preview(
    Given(state): Given<State>,
    Path(RingSetPath { tenant, ring_set }): Path<RingSetPath>,
    Json(body): Json<CreateRingSet>,
) -> Result<axum::Json<RingSetPreview>, Problem> {
    let before = state.store.ring_set_fetch(tenant, ring_set).await?.set;
    previewed(&state, tenant, (ring_set, Some(&before)), body).await
}

/// Preview a new ring set
///
/// Who would be where. Nothing is saved. Cost: the devices of the tenant.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/ring-sets/preview",
    operation_id = "ring_set_preview_new", tag = "ring sets", params(TenantPath),
    request_body = CreateRingSet,
    responses((status = 200, body = RingSetPreview, description = "What would happen")))]
pub(crate) async fn preview_new(
    Given(state): Given<State>,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<CreateRingSet>,
) -> Result<axum::Json<RingSetPreview>, Problem> {
    let id = new_id(&body);
    previewed(&state, tenant, (id, None), body).await
}

/// The id decides where devices fall, so a preview and what follows it share one.
fn new_id(body: &CreateRingSet) -> RingSetId {
    RingSetId(body.id.unwrap_or_else(Uuid::now_v7))
}

async fn checked(
    state: &State,
    tenant: TenantId,
    body: CreateRingSet,
) -> Result<domain::ring::RingSet, Problem> {
    let set = ring_set_in(body)?;
    calendar::check_holidays(state, tenant, &set).await?;
    Ok(set)
}

async fn previewed(
    state: &State,
    tenant: TenantId,
    (ring_set, before): (RingSetId, Option<&domain::ring::RingSet>),
    body: CreateRingSet,
) -> Result<axum::Json<RingSetPreview>, Problem> {
    let set = checked(state, tenant, body).await?;
    let would = state.store.ring_set_preview(tenant, ring_set, Some(&set), state.now()).await?;
    Ok(axum::Json(shown(ring_set, would, (before, &set))))
}

/// Place the devices again
///
/// Devices keep their ring unless their groups say otherwise; new ones get one.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/ring-sets/{ring_set}/place",
    operation_id = "ring_set_place", tag = "ring sets", params(RingSetPath),
    responses((status = 200, body = RingSet, description = "The ring set, its devices placed")))]
pub(crate) async fn place(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<RingSetPath>,
) -> Result<axum::Json<RingSet>, Problem> {
    let now = state.now();
    state.store.ring_set_fetch(path.tenant, path.ring_set).await?;
    // Nobody is placed who was not judged.
    state.store.registration_run(path.tenant, Scope::Due, now).await?;
    let store = &state.store;
    store.ring_set_place_request(path.tenant, path.ring_set, &caller.name, now).await?;
    let row = state.store.ring_set_fetch(path.tenant, path.ring_set).await?;
    Ok(axum::Json(count(&state, path.tenant, row).await?))
}

async fn count(state: &State, tenant: TenantId, row: RingSetRow) -> Result<RingSet, Problem> {
    let members = state.store.ring_set_members(tenant, row.id).await?;
    Ok(ring_set(&row, &members))
}
