//! Channels: chats and lists of addresses that are told what happens.

use api_types::{Channel, CreateChannel, LetterSent, List, PageQuery, ReasonQuery};
use axum::extract::State as Given;
use axum::http::StatusCode;
use store::signals::By;

use crate::auth::Caller;
use crate::checks::Checks;
use crate::convert::notifications::{channel, channel_in, test_letter};
use crate::extract::{Json, Path, Query};
use crate::paging;
use crate::paths::{ChannelPath, TenantPath};
use crate::problem::Problem;
use crate::reply::Created;
use crate::state::State;

/// What is recorded when nobody gave a reason.
const NO_REASON: &str = "no reason given";

/// List channels
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/notification-channels",
    operation_id = "channel_list", tag = "notifications", params(TenantPath, PageQuery),
    responses((status = 200, body = List<Channel>, description = "One page of channels")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
    Query(query): Query<PageQuery>,
) -> Result<axum::Json<List<Channel>>, Problem> {
    let page = paging::page(query.page_size, query.page_token.as_deref())?;
    let rows = state.store.channel_list(path.tenant, page).await?;
    Ok(paging::list(page, rows, |row| row.id.0, channel))
}

/// Add a channel
///
/// It is told what happens from now on. The address of a chat is never shown again. A tenant has 100 at most.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/notification-channels",
    operation_id = "channel_create", tag = "notifications", params(TenantPath),
    request_body = CreateChannel,
    responses((status = 201, body = Channel, description = "The channel")))]
pub(crate) async fn create(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<CreateChannel>,
) -> Result<Created<Channel>, Problem> {
    let reason = body.reason.clone();
    let new = channel_in(body, true)?;
    let reason = reason.as_deref().unwrap_or(NO_REASON);
    let by = By { actor: &caller.name, reason, at: state.now() };
    let row = state.store.channel_create(tenant, &new, by).await?;
    let location = format!("/api/v1/tenants/{tenant}/notification-channels/{}", row.id);
    Ok(Created { location, body: channel(row) })
}

/// Read a channel
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/notification-channels/{channel}",
    operation_id = "channel_read", tag = "notifications", params(ChannelPath),
    responses((status = 200, body = Channel, description = "The channel, without its secret")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(path): Path<ChannelPath>,
) -> Result<axum::Json<Channel>, Problem> {
    Ok(axum::Json(channel(state.store.channel_fetch(path.tenant, path.channel).await?)))
}

/// Replace a channel
///
/// It stays of its kind; a chat keeps its address if none is given.
#[utoipa::path(put, path = "/api/v1/tenants/{tenant}/notification-channels/{channel}",
    operation_id = "channel_replace", tag = "notifications", params(ChannelPath),
    request_body = CreateChannel,
    responses((status = 200, body = Channel, description = "The channel")))]
pub(crate) async fn replace(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(ChannelPath { tenant, channel: id }): Path<ChannelPath>,
    Json(body): Json<CreateChannel>,
) -> Result<axum::Json<Channel>, Problem> {
    let reason = body.reason.clone();
    let new = channel_in(body, false)?;
    let reason = reason.as_deref().unwrap_or(NO_REASON);
    let by = By { actor: &caller.name, reason, at: state.now() };
    Ok(axum::Json(channel(state.store.channel_replace(tenant, id, &new, by).await?)))
}

/// Delete a channel
///
/// With what the chat was still to be sent.
#[utoipa::path(delete, path = "/api/v1/tenants/{tenant}/notification-channels/{channel}",
    operation_id = "channel_delete", tag = "notifications", params(ChannelPath, ReasonQuery),
    responses((status = 204, description = "It is gone")))]
pub(crate) async fn delete(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(ChannelPath { tenant, channel: id }): Path<ChannelPath>,
    Query(ReasonQuery { reason }): Query<ReasonQuery>,
) -> Result<StatusCode, Problem> {
    let mut checks = Checks::default();
    checks.text("reason", &reason, 500);
    checks.finish()?;
    let by = By { actor: &caller.name, reason: &reason, at: state.now() };
    state.store.channel_delete(tenant, id, by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Test a channel
///
/// Posts into the chat, or sends an e-mail to each address; the letter says what became of it.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/notification-channels/{channel}/test",
    operation_id = "channel_test", tag = "notifications", params(ChannelPath),
    responses((status = 202, body = LetterSent, description = "It will be sent")))]
pub(crate) async fn test(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(ChannelPath { tenant, channel: id }): Path<ChannelPath>,
) -> Result<(StatusCode, axum::Json<LetterSent>), Problem> {
    let by = By { actor: &caller.name, reason: NO_REASON, at: state.now() };
    let letter = test_letter(&caller.name)?;
    let id = state.store.channel_test(tenant, id, &letter, by).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(LetterSent { id })))
}
