//! The update catalogue, and the lowest builds that may be offered of it.

use std::str::FromStr as _;

use api_types::{
    Action as Body, DeclareUpdate, List, ListQuery, Update, UpdateDetail, UpdateKind, UpdateQuery,
    VersionFloors,
};
use axum::extract::State as Given;
use chrono::{DateTime, TimeDelta, Utc};
use domain::build::Build;
use store::catalog::{Declined, NewUpdate, UpdateFilter};

use crate::auth::Caller;
use crate::checks::Checks;
use crate::convert::updates::{kind_in, known_issue, name, update};
use crate::extract::{Json, OptionalJson, Path, Query};
use crate::listing;
use crate::paths::{TenantPath, UpdatePath};
use crate::problem::Problem;
use crate::reply::Created;
use crate::state::State;

/// Windows versions that may have a floor.
const MOST_FLOORS: usize = 50;

/// List updates
///
/// The newest release first.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/updates", operation_id = "update_list",
    tag = "updates", params(TenantPath, UpdateQuery),
    responses((status = 200, body = List<Update>, description = "One page of the catalogue")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
    Query(query): Query<UpdateQuery>,
) -> Result<axum::Json<List<Update>>, Problem> {
    let filter = UpdateFilter {
        kind: query.kind.map(kind_in),
        classification: query.classification,
        superseded: query.superseded,
    };
    let list = ListQuery {
        filter: query.filter,
        order_by: query.order_by,
        page_size: query.page_size,
        page_token: query.page_token,
    };
    let fetch = |page| state.store.update_search(path.tenant, &filter, page);
    listing::list(&list, fetch, |row| row.id.0, update).await
}

/// Declare an update
///
/// Versions of Microsoft Edge and Microsoft 365 Apps, which Microsoft Graph's catalogue does not list.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/updates", operation_id = "update_declare",
    tag = "updates", params(TenantPath), request_body = DeclareUpdate,
    responses((status = 201, body = Update, description = "The update")))]
pub(crate) async fn declare(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<DeclareUpdate>,
) -> Result<Created<Update>, Problem> {
    let now = state.now();
    let new = declared(body, now)?;
    let row = state.store.update_declare(tenant, &new, &caller.name, now).await?;
    let location = format!("/api/v1/tenants/{tenant}/updates/{}", row.id);
    Ok(Created { location, body: update(row) })
}

fn declared(body: DeclareUpdate, now: DateTime<Utc>) -> Result<NewUpdate, Problem> {
    let mut checks = Checks::default();
    match body.kind {
        UpdateKind::Edge | UpdateKind::Microsoft365Apps => {}
        UpdateKind::Quality | UpdateKind::Feature | UpdateKind::Driver => {
            let why = "updates of this kind are read from Microsoft Graph; edge and \
                       microsoft_365_apps can be declared";
            checks.wrong("/kind", why);
        }
    }
    checks.text("/channel", &body.channel, 64);
    let numbers: Vec<&str> = body.version.split('.').collect();
    let is_number = |one: &&str| one.len() <= 10 && one.parse::<u64>().is_ok();
    if !(2..=4).contains(&numbers.len()) || !numbers.iter().all(is_number) {
        let right = "2 to 4 numbers with dots between them, such as 131.0.2903.86, are right";
        checks.wrong("/version", right);
    }
    if let Some(classification) = &body.classification {
        checks.text("/classification", classification, 64);
    }
    let released_at = body.released_at.unwrap_or(now);
    let is_near = released_at.signed_duration_since(now).abs() <= TimeDelta::days(3_650);
    if !is_near {
        checks.wrong("/released_at", "this is more than ten years away from now");
    }
    checks.finish()?;
    Ok(NewUpdate {
        kind: kind_in(body.kind),
        channel: body.channel,
        version: body.version,
        classification: body.classification.unwrap_or_else(|| "security".to_owned()),
        released_at,
    })
}

/// Read an update
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/updates/{update}",
    operation_id = "update_read", tag = "updates", params(UpdatePath),
    responses((status = 200, body = UpdateDetail, description = "The update, what it replaces \
        and what is known to be wrong with it")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(UpdatePath { tenant, update: id }): Path<UpdatePath>,
) -> Result<axum::Json<UpdateDetail>, Problem> {
    let row = state.store.update_fetch(tenant, id).await?;
    let supersedes = state.store.update_supersedes(tenant, id).await?;
    let issues = state.store.update_known_issues(tenant, id).await?;
    Ok(axum::Json(UpdateDetail {
        update: update(row),
        supersedes: supersedes.iter().map(name).collect(),
        known_issues: issues.into_iter().map(known_issue).collect(),
    }))
}

/// Decline an update
///
/// No rule approves it and no release is made of it until it is approved again. What goes out already goes on.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/updates/{update}/decline",
    operation_id = "update_decline", tag = "updates", params(UpdatePath),
    request_body = Option<Body>,
    responses((status = 200, body = Update, description = "The update, declined")))]
pub(crate) async fn decline(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(UpdatePath { tenant, update: id }): Path<UpdatePath>,
    OptionalJson(body): OptionalJson<Body>,
) -> Result<axum::Json<Update>, Problem> {
    let mut checks = Checks::default();
    if let Some(reason) = &body.reason {
        checks.text("/reason", reason, 1000);
    }
    checks.finish()?;
    let declined = Declined { by: caller.name, at: state.now(), reason: body.reason };
    let row = state.store.update_decline(tenant, id, &declined).await?;
    Ok(axum::Json(update(row)))
}

/// Approve an update
///
/// Takes back that it was declined: rules look at it again, and releases can be made of it.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/updates/{update}/approve",
    operation_id = "update_approve", tag = "updates", params(UpdatePath),
    responses((status = 200, body = Update, description = "The update, not declined any more")))]
pub(crate) async fn approve(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(UpdatePath { tenant, update: id }): Path<UpdatePath>,
) -> Result<axum::Json<Update>, Problem> {
    let row = state.store.update_approve(tenant, id, &caller.name, state.now()).await?;
    Ok(axum::Json(update(row)))
}

/// Read the version floors
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/version-floors",
    operation_id = "version_floors", tag = "updates", params(TenantPath),
    responses((status = 200, body = VersionFloors, description = "The lowest builds that may be offered")))]
pub(crate) async fn floors(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
) -> Result<axum::Json<VersionFloors>, Problem> {
    let floors = state.store.version_floors(path.tenant).await?;
    Ok(axum::Json(VersionFloors { builds: floors.iter().map(Build::to_string).collect() }))
}

/// Replace the version floors
///
/// An update that brings a Windows version less than its floor is not offered to devices of that
/// version, by no rollout, from its next wave on.
#[utoipa::path(put, path = "/api/v1/tenants/{tenant}/version-floors",
    operation_id = "version_floors_replace", tag = "updates", params(TenantPath),
    request_body = VersionFloors,
    responses((status = 200, body = VersionFloors, description = "The floors as they are now")))]
pub(crate) async fn replace_floors(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<VersionFloors>,
) -> Result<axum::Json<VersionFloors>, Problem> {
    let mut checks = Checks::default();
    if body.builds.len() > MOST_FLOORS {
        checks.wrong("/builds", format!("{MOST_FLOORS} builds are the most"));
    }
    let mut floors = Vec::new();
    for (at, text) in body.builds.iter().enumerate() {
        match Build::from_str(text) {
            Ok(build) => floors.push(build),
            Err(error) => checks.wrong(format!("/builds/{at}"), error.to_string()),
        }
    }
    checks.finish()?;
    state.store.version_floors_replace(tenant, &floors, &caller.name, state.now()).await?;
    let floors = state.store.version_floors(tenant).await?;
    Ok(axum::Json(VersionFloors { builds: floors.iter().map(Build::to_string).collect() }))
}
