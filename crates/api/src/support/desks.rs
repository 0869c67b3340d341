//! Desks: where support requests are handed on to, and what became of that.

use api_types::{
    CreateSupportDesk, DeskDelivery, HandOn, List, ListQuery, PageQuery, ReasonQuery, SupportDesk,
    SupportDeskMade,
};
use axum::extract::State as Given;
use axum::http::StatusCode;
use domain::ids::SupportDeskId;
use store::signals::By;

use crate::auth::Caller;
use crate::checks::Checks;
use crate::convert::support_desks::{delivery, desk, desk_in};
use crate::extract::{Json, Path, Query};
use crate::paths::{SupportDeskPath, SupportRequestPath, TenantPath};
use crate::problem::Problem;
use crate::reply::Created;
use crate::state::State;
use crate::{listing, paging};

/// What is recorded when nobody gave a reason.
const NO_REASON: &str = "no reason given";

/// List support desks
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/support-desks", operation_id = "desk_list",
    tag = "support", params(TenantPath, ListQuery),
    responses((status = 200, body = List<SupportDesk>, description = "One page of desks")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<List<SupportDesk>>, Problem> {
    let fetch = |page| state.store.desk_list(path.tenant, page);
    listing::list(&query, fetch, |row| row.id.0, desk).await
}

/// Add a support desk
///
/// Requests that are filed from now on, and that it takes, are handed on to it, and what is said about them afterwards.
/// A tenant has 20 at most.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/support-desks", operation_id = "desk_create",
    tag = "support", params(TenantPath), request_body = CreateSupportDesk,
    responses((status = 201, body = SupportDeskMade, description = "The desk; a webhook with its secret")))]
pub(crate) async fn create(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<CreateSupportDesk>,
) -> Result<Created<SupportDeskMade>, Problem> {
    let (new, secret, reason) = desk_in(body, true)?;
    let reason = reason.as_deref().unwrap_or(NO_REASON);
    let by = By { actor: &caller.name, reason, at: state.now() };
    let (row, secret) = state.store.desk_create(tenant, &new, secret.as_deref(), by).await?;
    let location = format!("/api/v1/tenants/{tenant}/support-desks/{}", row.id);
    Ok(Created { location, body: SupportDeskMade { desk: desk(row), secret } })
}

/// Read a support desk
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/support-desks/{support_desk}",
    operation_id = "desk_read", tag = "support", params(SupportDeskPath),
    responses((status = 200, body = SupportDesk, description = "The desk, without its secret")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(path): Path<SupportDeskPath>,
) -> Result<axum::Json<SupportDesk>, Problem> {
    Ok(axum::Json(desk(state.store.desk_fetch(path.tenant, path.support_desk).await?)))
}

/// Replace a support desk
///
/// Its secret stays if no other is given. It stays the sort of desk it is.
#[utoipa::path(put, path = "/api/v1/tenants/{tenant}/support-desks/{support_desk}",
    operation_id = "desk_replace", tag = "support", params(SupportDeskPath),
    request_body = CreateSupportDesk,
    responses((status = 200, body = SupportDesk, description = "The desk")))]
pub(crate) async fn replace(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(SupportDeskPath { tenant, support_desk: id }): Path<SupportDeskPath>,
    Json(body): Json<CreateSupportDesk>,
) -> Result<axum::Json<SupportDesk>, Problem> {
    let (new, secret, reason) = desk_in(body, false)?;
    let reason = reason.as_deref().unwrap_or(NO_REASON);
    let by = By { actor: &caller.name, reason, at: state.now() };
    Ok(axum::Json(desk(state.store.desk_replace(tenant, id, &new, secret.as_deref(), by).await?)))
}

/// Delete a support desk
///
/// With what was still to be told to it, and with what it calls the requests.
#[utoipa::path(delete, path = "/api/v1/tenants/{tenant}/support-desks/{support_desk}",
    operation_id = "desk_delete", tag = "support", params(SupportDeskPath, ReasonQuery),
    responses((status = 204, description = "It is gone")))]
pub(crate) async fn delete(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(SupportDeskPath { tenant, support_desk: id }): Path<SupportDeskPath>,
    Query(ReasonQuery { reason }): Query<ReasonQuery>,
) -> Result<StatusCode, Problem> {
    let mut checks = Checks::default();
    checks.text("reason", &reason, 500);
    checks.finish()?;
    let by = By { actor: &caller.name, reason: &reason, at: state.now() };
    state.store.desk_delete(tenant, id, by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List what is told to a support desk
///
/// In the order of time. Notes that were told a month ago are not listed any more.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/support-desks/{support_desk}/deliveries",
    operation_id = "desk_deliveries", tag = "support", params(SupportDeskPath, PageQuery),
    responses((status = 200, body = List<DeskDelivery>, description = "One page of deliveries")))]
pub(crate) async fn deliveries(
    Given(state): Given<State>,
    Path(path): Path<SupportDeskPath>,
    Query(query): Query<PageQuery>,
) -> Result<axum::Json<List<DeskDelivery>>, Problem> {
    let page = paging::page(query.page_size, query.page_token.as_deref())?;
    let rows = state.store.desk_deliveries(path.tenant, path.support_desk, page).await?;
    Ok(paging::list(page, rows, |row| row.id, |row| delivery(&row)))
}

/// Hand a support request on
///
/// To a desk that does not take it by itself, or once more after that was given up.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/support-requests/{support_request}/hand-on",
    operation_id = "support_hand_on", tag = "support", params(SupportRequestPath),
    request_body = HandOn,
    responses((status = 202, description = "It will be told")))]
pub(crate) async fn hand_on(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<SupportRequestPath>,
    Json(body): Json<HandOn>,
) -> Result<StatusCode, Problem> {
    let (request, desk) = (path.support_request, SupportDeskId(body.desk_id));
    let done =
        state.store.support_hand_on(path.tenant, request, desk, &caller.name, state.now()).await;
    match done {
        Ok(()) => Ok(StatusCode::ACCEPTED),
        Err(store::StoreError::Invalid(why)) => Err(Problem::field("/desk_id", why)),
        Err(other) => Err(other.into()),
    }
}
