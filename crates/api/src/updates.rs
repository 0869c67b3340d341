//! The update catalogue.

use api_types::{List, PageQuery, Update};
use axum::extract::State as Given;

use crate::convert::updates::update;
use crate::extract::{Path, Query};
use crate::paging;
use crate::paths::{TenantPath, UpdatePath};
use crate::problem::Problem;
use crate::state::State;

/// List updates
///
/// The newest release first.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/updates", operation_id = "update_list",
    tag = "updates", params(TenantPath, PageQuery),
    responses((status = 200, body = List<Update>, description = "One page of the catalogue")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
    Query(query): Query<PageQuery>,
) -> Result<axum::Json<List<Update>>, Problem> {
    let page = paging::page(query.page_size, query.page_token.as_deref())?;
    let rows = state.store.update_list(path.tenant, page).await?;
    Ok(paging::list(page, rows, |row| row.id.0, update))
}

/// Read an update
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/updates/{update}",
    operation_id = "update_read", tag = "updates", params(UpdatePath),
    responses((status = 200, body = Update, description = "The update")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(path): Path<UpdatePath>,
) -> Result<axum::Json<Update>, Problem> {
    Ok(axum::Json(update(state.store.update_fetch(path.tenant, path.update).await?)))
}
