//! Rules that approve updates by themselves.

use api_types::{CreateRule, List, ListQuery, Rule, RulePreview};
use axum::extract::State as Given;
use axum::http::StatusCode;

use crate::auth::Caller;
use crate::convert::rules::{rule, rule_in, standing};
use crate::extract::{Json, Path, Query};
use crate::listing;
use crate::paths::{RulePath, TenantPath};
use crate::problem::Problem;
use crate::reply::Created;
use crate::state::State;

/// List rules
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/rules", operation_id = "rule_list",
    tag = "rules", params(TenantPath, ListQuery),
    responses((status = 200, body = List<Rule>, description = "One page of rules")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<List<Rule>>, Problem> {
    let fetch = |page| state.store.rule_list(path.tenant, page);
    listing::list(&query, fetch, |row| row.id.0, rule).await
}

/// Add a rule
///
/// What is due by it is approved at once, and after each sync: a release and a rollout over its ring
/// set, by `rule:` and its name. A preview says beforehand what that would be.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/rules", operation_id = "rule_create",
    tag = "rules", params(TenantPath), request_body = CreateRule,
    responses((status = 201, body = Rule, description = "The rule")))]
pub(crate) async fn create(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<CreateRule>,
) -> Result<Created<Rule>, Problem> {
    let wanted = rule_in(body)?;
    let made = state.store.rule_create(tenant, &wanted, &caller.name, state.now()).await;
    let row = made.map_err(Problem::about("/ring_set_id"))?;
    let location = format!("/api/v1/tenants/{tenant}/rules/{}", row.id);
    Ok(Created { location, body: rule(row) })
}

/// Read a rule
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/rules/{rule}", operation_id = "rule_read",
    tag = "rules", params(RulePath),
    responses((status = 200, body = Rule, description = "The rule")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(path): Path<RulePath>,
) -> Result<axum::Json<Rule>, Problem> {
    Ok(axum::Json(rule(state.store.rule_fetch(path.tenant, path.rule).await?)))
}

/// Replace a rule
///
/// What it approved goes on. What is due by what it says now is approved at once.
#[utoipa::path(put, path = "/api/v1/tenants/{tenant}/rules/{rule}", operation_id = "rule_replace",
    tag = "rules", params(RulePath), request_body = CreateRule,
    responses((status = 200, body = Rule, description = "The rule")))]
pub(crate) async fn replace(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(RulePath { tenant, rule: id }): Path<RulePath>,
    Json(body): Json<CreateRule>,
) -> Result<axum::Json<Rule>, Problem> {
    let wanted = rule_in(body)?;
    let made = state.store.rule_replace(tenant, id, &wanted, &caller.name, state.now()).await;
    Ok(axum::Json(rule(made.map_err(Problem::about("/ring_set_id"))?)))
}

/// Delete a rule
///
/// What it approved goes on.
#[utoipa::path(delete, path = "/api/v1/tenants/{tenant}/rules/{rule}",
    operation_id = "rule_delete", tag = "rules", params(RulePath),
    responses((status = 204, description = "It is gone")))]
pub(crate) async fn delete(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(RulePath { tenant, rule: id }): Path<RulePath>,
) -> Result<StatusCode, Problem> {
    state.store.rule_delete(tenant, id, &caller.name, state.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Preview a rule
///
/// How every update of its kind stands with it at this moment. Changes nothing.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/rules/{rule}/preview",
    operation_id = "rule_preview", tag = "rules", params(RulePath),
    responses((status = 200, body = RulePreview, description = "What it approves, and why not the rest")))]
pub(crate) async fn preview(
    Given(state): Given<State>,
    Path(RulePath { tenant, rule: id }): Path<RulePath>,
) -> Result<axum::Json<RulePreview>, Problem> {
    let row = state.store.rule_fetch(tenant, id).await?;
    let at = state.now();
    let updates = state.store.rule_preview(tenant, &row.rule, Some(id), at).await?;
    Ok(axum::Json(RulePreview { at, updates: updates.iter().map(standing).collect() }))
}

/// Preview a new rule
///
/// What it would approve now. Makes nothing.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/rules/preview",
    operation_id = "rule_preview_new", tag = "rules", params(TenantPath),
    request_body = CreateRule,
    responses((status = 200, body = RulePreview, description = "What it would approve, and why not the rest")))]
pub(crate) async fn preview_new(
    Given(state): Given<State>,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<CreateRule>,
) -> Result<axum::Json<RulePreview>, Problem> {
    let wanted = rule_in(body)?;
    let at = state.now();
    let found = state.store.rule_preview(tenant, &wanted, None, at).await;
    let updates = found.map_err(Problem::about("/ring_set_id"))?;
    Ok(axum::Json(RulePreview { at, updates: updates.iter().map(standing).collect() }))
}
