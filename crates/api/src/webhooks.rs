//! Webhooks: receivers that are told what happens, and what became of it.

use api_types::{
    CreateWebhook, DeliveryQuery, List, ListQuery, MessageSent, ReasonQuery, ReplayWebhook,
    RotateSecret, Webhook, WebhookDelivery, WebhookReplay, WebhookWithSecret,
};
use axum::extract::State as Given;
use axum::http::StatusCode;
use chrono::TimeDelta;
use domain::webhook::OVERLAP;
use store::signals::By;
use store::webhooks::Stretch;

use crate::auth::Caller;
use crate::checks::Checks;
use crate::convert::webhooks::{delivery, state_in, webhook, webhook_in};
use crate::extract::{Json, OptionalJson, Path, Query};
use crate::paths::{DeliveryPath, TenantPath, WebhookPath};
use crate::problem::Problem;
use crate::reply::Created;
use crate::state::State;
use crate::{listing, paging};

/// What is recorded when nobody gave a reason.
const NO_REASON: &str = "no reason given";
const LONGEST_OVERLAP_HOURS: u16 = 168;

/// List webhooks
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/webhooks", operation_id = "webhook_list",
    tag = "webhooks", params(TenantPath, ListQuery),
    responses((status = 200, body = List<Webhook>, description = "One page of webhooks")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<List<Webhook>>, Problem> {
    let fetch = |page| state.store.webhook_list(path.tenant, page);
    listing::list(&query, fetch, |row| row.id.0, webhook).await
}

/// Add a webhook
///
/// It is told what happens from now on. The secret that signs is shown this once. A tenant has 50 at most.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/webhooks", operation_id = "webhook_create",
    tag = "webhooks", params(TenantPath), request_body = CreateWebhook,
    responses((status = 201, body = WebhookWithSecret, description = "The webhook, with its secret")))]
pub(crate) async fn create(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<CreateWebhook>,
) -> Result<Created<WebhookWithSecret>, Problem> {
    let reason = body.reason.clone();
    let new = webhook_in(body)?;
    let reason = reason.as_deref().unwrap_or(NO_REASON);
    let by = By { actor: &caller.name, reason, at: state.now() };
    let (row, secret) = state.store.webhook_create(tenant, &new, by).await?;
    let location = format!("/api/v1/tenants/{tenant}/webhooks/{}", row.id);
    Ok(Created { location, body: WebhookWithSecret { webhook: webhook(row), secret } })
}

/// Read a webhook
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/webhooks/{webhook}",
    operation_id = "webhook_read", tag = "webhooks", params(WebhookPath),
    responses((status = 200, body = Webhook, description = "The webhook, without its secret")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(path): Path<WebhookPath>,
) -> Result<axum::Json<Webhook>, Problem> {
    Ok(axum::Json(webhook(state.store.webhook_fetch(path.tenant, path.webhook).await?)))
}

/// Replace a webhook
///
/// Its secret stays.
#[utoipa::path(put, path = "/api/v1/tenants/{tenant}/webhooks/{webhook}",
    operation_id = "webhook_replace", tag = "webhooks", params(WebhookPath),
    request_body = CreateWebhook,
    responses((status = 200, body = Webhook, description = "The webhook")))]
pub(crate) async fn replace(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(WebhookPath { tenant, webhook: id }): Path<WebhookPath>,
    Json(body): Json<CreateWebhook>,
) -> Result<axum::Json<Webhook>, Problem> {
    let reason = body.reason.clone();
    let new = webhook_in(body)?;
    let reason = reason.as_deref().unwrap_or(NO_REASON);
    let by = By { actor: &caller.name, reason, at: state.now() };
    Ok(axum::Json(webhook(state.store.webhook_replace(tenant, id, &new, by).await?)))
}

/// Delete a webhook
///
/// With what was still to be told to it, and the log of what was.
#[utoipa::path(delete, path = "/api/v1/tenants/{tenant}/webhooks/{webhook}",
    operation_id = "webhook_delete", tag = "webhooks", params(WebhookPath, ReasonQuery),
    responses((status = 204, description = "It is gone")))]
pub(crate) async fn delete(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(WebhookPath { tenant, webhook: id }): Path<WebhookPath>,
    Query(ReasonQuery { reason }): Query<ReasonQuery>,
) -> Result<StatusCode, Problem> {
    let mut checks = Checks::default();
    checks.text("reason", &reason, 500);
    checks.finish()?;
    let by = By { actor: &caller.name, reason: &reason, at: state.now() };
    state.store.webhook_delete(tenant, id, by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give a webhook a new secret
///
/// It is shown this once. The one before signs too for a while: each message has both signatures then.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/webhooks/{webhook}/rotate-secret",
    operation_id = "webhook_rotate_secret", tag = "webhooks", params(WebhookPath),
    request_body = Option<RotateSecret>,
    responses((status = 200, body = WebhookWithSecret, description = "The webhook, with its new secret")))]
pub(crate) async fn rotate(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(WebhookPath { tenant, webhook: id }): Path<WebhookPath>,
    OptionalJson(body): OptionalJson<RotateSecret>,
) -> Result<axum::Json<WebhookWithSecret>, Problem> {
    let mut checks = Checks::default();
    if let Some(hours) = body.overlap_hours {
        checks.range("/overlap_hours", &hours, 0..=LONGEST_OVERLAP_HOURS);
    }
    checks.finish()?;
    let overlap = body.overlap_hours.map_or(OVERLAP, |hours| TimeDelta::hours(hours.into()));
    let by = By { actor: &caller.name, reason: NO_REASON, at: state.now() };
    let (row, secret) = state.store.webhook_rotate(tenant, id, overlap, by).await?;
    Ok(axum::Json(WebhookWithSecret { webhook: webhook(row), secret }))
}

/// Test a webhook
///
/// Sends `webhook.test` to it and to no other; its deliveries say what became of it.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/webhooks/{webhook}/test",
    operation_id = "webhook_test", tag = "webhooks", params(WebhookPath),
    responses((status = 202, body = MessageSent, description = "It will be sent")))]
pub(crate) async fn test(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(WebhookPath { tenant, webhook: id }): Path<WebhookPath>,
) -> Result<(StatusCode, axum::Json<MessageSent>), Problem> {
    let by = By { actor: &caller.name, reason: NO_REASON, at: state.now() };
    let id = state.store.webhook_test(tenant, id, by).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(MessageSent { id })))
}

/// List the deliveries of a webhook
///
/// Newest first, each with the log of its tries. What ended is kept for 30 days.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/webhooks/{webhook}/deliveries",
    operation_id = "webhook_deliveries", tag = "webhooks", params(WebhookPath, DeliveryQuery),
    responses((status = 200, body = List<WebhookDelivery>, description = "One page of deliveries")))]
pub(crate) async fn deliveries(
    Given(state): Given<State>,
    Path(WebhookPath { tenant, webhook: id }): Path<WebhookPath>,
    Query(query): Query<DeliveryQuery>,
) -> Result<axum::Json<List<WebhookDelivery>>, Problem> {
    let limit = paging::limit("page_size", query.page_size)?;
    let before = query.page_token.as_deref().map(paging::seq_opened).transpose()?;
    let wanted = query.state.map(state_in);
    let rows = state.store.webhook_deliveries(tenant, id, wanted, before, limit).await?;
    let is_full = rows.len() == usize::from(limit);
    let next_page_token = rows.last().filter(|_| is_full).map(|row| paging::seq_token(row.seq));
    Ok(axum::Json(List { items: rows.into_iter().map(delivery).collect(), next_page_token }))
}

/// Send a message again
///
/// Under the same id, and tried for three days anew.
#[utoipa::path(post,
    path = "/api/v1/tenants/{tenant}/webhooks/{webhook}/deliveries/{delivery}/replay",
    operation_id = "webhook_replay_delivery", tag = "webhooks", params(DeliveryPath),
    responses((status = 202, body = MessageSent, description = "It will be sent")))]
pub(crate) async fn replay_one(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(DeliveryPath { tenant, webhook: id, delivery }): Path<DeliveryPath>,
) -> Result<(StatusCode, axum::Json<MessageSent>), Problem> {
    let by = By { actor: &caller.name, reason: NO_REASON, at: state.now() };
    state.store.webhook_replay_one(tenant, id, delivery, by).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(MessageSent { id: delivery })))
}

/// Send what happened in a stretch of time again
///
/// All of it that the webhook wants, told before or not: what happened while it was disabled too.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/webhooks/{webhook}/replay",
    operation_id = "webhook_replay", tag = "webhooks", params(WebhookPath),
    request_body = ReplayWebhook,
    responses((status = 202, body = WebhookReplay, description = "They will be sent")))]
pub(crate) async fn replay(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(WebhookPath { tenant, webhook: id }): Path<WebhookPath>,
    Json(ReplayWebhook { from, until }): Json<ReplayWebhook>,
) -> Result<(StatusCode, axum::Json<WebhookReplay>), Problem> {
    let now = state.now();
    let until = until.unwrap_or(now);
    if until <= from {
        return Err(Problem::field("/until", "it has to be later than from"));
    }
    let by = By { actor: &caller.name, reason: NO_REASON, at: now };
    let messages = state.store.webhook_replay(tenant, id, Stretch { from, until }, by).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(WebhookReplay { messages })))
}
