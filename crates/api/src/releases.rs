//! Releases: updates approved to go out.

use api_types::{CreateRelease, List, ListQuery, Release};
use axum::extract::State as Given;
use store::releases::NewRelease;

use crate::auth::Caller;
use crate::checks::Checks;
use crate::convert::releases::{delivery, release};
use crate::extract::{Json, Path, Query};
use crate::listing;
use crate::paths::{ReleasePath, TenantPath};
use crate::problem::Problem;
use crate::reply::Created;
use crate::state::State;

/// List releases
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/releases", operation_id = "release_list",
    tag = "releases", params(TenantPath, ListQuery),
    responses((status = 200, body = List<Release>, description = "One page of releases")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<List<Release>>, Problem> {
    let fetch = |page| state.store.release_list(path.tenant, page);
    listing::list(&query, fetch, |row| row.id.0, release).await
}

/// Approve an update to go out
///
/// Nothing is offered before a rollout walks it through a ring set.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/releases", operation_id = "release_create",
    tag = "releases", params(TenantPath), request_body = CreateRelease,
    responses((status = 201, body = Release, description = "The release")))]
pub(crate) async fn create(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<CreateRelease>,
) -> Result<Created<Release>, Problem> {
    let mut checks = Checks::default();
    checks.text("/name", &body.name, 100);
    checks.finish()?;
    let new = NewRelease {
        update: body.update_id.into(),
        name: &body.name,
        delivery: body.delivery.map(delivery),
    };
    let made = state.store.release_create(tenant, new, &caller.name, state.now()).await;
    let row = made.map_err(Problem::about("/update_id"))?;
    let location = format!("/api/v1/tenants/{tenant}/releases/{}", row.id);
    Ok(Created { location, body: release(row) })
}

/// Read a release
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/releases/{release}",
    operation_id = "release_read", tag = "releases", params(ReleasePath),
    responses((status = 200, body = Release, description = "The release")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(path): Path<ReleasePath>,
) -> Result<axum::Json<Release>, Problem> {
    Ok(axum::Json(release(state.store.release_fetch(path.tenant, path.release).await?)))
}
