//! Readiness: the checks, what they found, and what Graph permissions are for.

use api_types::{
    Asked, AssessRequest, Assessment, AssessmentSummary, Check, List, PageQuery, Permission,
};
use axum::extract::State as Given;
use axum::http::StatusCode;
use domain::ids::TenantId;
use domain::permission::{PERMISSIONS, consent_link};
use domain::readiness::CHECKS;
use store::assessments::AssessmentRow;
use store::page::Page;

use crate::auth::Caller;
use crate::convert::readiness::{assessment, check, permission, summary};
use crate::extract::{Json, Path, Query};
use crate::paging;
use crate::paths::{AssessmentPath, TenantPath};
use crate::problem::Problem;
use crate::state::State;

/// List the readiness checks
///
/// They are data: what each reads, when it fails, since when Microsoft asks for it, and why.
#[utoipa::path(get, path = "/api/v1/readiness/checks", operation_id = "readiness_checks",
    tag = "readiness",
    responses((status = 200, body = List<Check>, description = "Every check, in order")))]
pub(crate) async fn checks() -> axum::Json<List<Check>> {
    let items = CHECKS.iter().map(check).collect();
    axum::Json(List { items, next_page_token: None })
}

/// List the Graph permissions
///
/// What Concentric may ask for, and what for. Reading alone needs no permission to write.
#[utoipa::path(get, path = "/api/v1/permissions", operation_id = "permission_list",
    tag = "readiness",
    responses((status = 200, body = List<Permission>, description = "Every permission")))]
pub(crate) async fn permissions() -> axum::Json<List<Permission>> {
    let items = PERMISSIONS.iter().map(permission).collect();
    axum::Json(List { items, next_page_token: None })
}

/// Run the readiness checks
///
/// This answers at once; the newest assessment, dated later than `at`, is the answer.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/readiness", operation_id = "readiness_run",
    tag = "readiness", params(TenantPath), request_body = AssessRequest,
    responses((status = 202, body = Asked, description = "They will be run")))]
pub(crate) async fn run(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<AssessRequest>,
) -> Result<(StatusCode, axum::Json<Asked>), Problem> {
    let at = state.now();
    state.store.assessment_request(tenant, body.network, &caller.name, at).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(Asked { at })))
}

/// Read the newest assessment
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/readiness", operation_id = "readiness_read",
    tag = "readiness", params(TenantPath),
    responses((status = 200, body = Assessment, description = "The newest assessment")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(TenantPath { tenant }): Path<TenantPath>,
) -> Result<axum::Json<Assessment>, Problem> {
    let latest = state.store.assessment_latest(tenant).await?;
    let row = latest.ok_or_else(|| Problem::not_found("assessment"))?;
    shown(&state, tenant, row).await
}

/// List the assessments
///
/// Newest first.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/readiness/history",
    operation_id = "readiness_history", tag = "readiness", params(TenantPath, PageQuery),
    responses((status = 200, body = List<AssessmentSummary>, description = "One page")))]
pub(crate) async fn history(
    Given(state): Given<State>,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Query(query): Query<PageQuery>,
) -> Result<axum::Json<List<AssessmentSummary>>, Problem> {
    let page = paging::page(query.page_size, query.page_token.as_deref())?;
    let rows = state.store.assessment_list(tenant, page).await?;
    Ok(paging::list(page, rows, |row| row.id, |row| summary(&row)))
}

/// Read an assessment
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/readiness/history/{assessment}",
    operation_id = "readiness_past", tag = "readiness", params(AssessmentPath),
    responses((status = 200, body = Assessment, description = "The assessment")))]
pub(crate) async fn past(
    Given(state): Given<State>,
    Path(AssessmentPath { tenant, assessment }): Path<AssessmentPath>,
) -> Result<axum::Json<Assessment>, Problem> {
    let row = state.store.assessment_fetch(tenant, assessment).await?;
    shown(&state, tenant, row).await
}

async fn shown(
    state: &State,
    tenant: TenantId,
    row: AssessmentRow,
) -> Result<axum::Json<Assessment>, Problem> {
    let before =
        state.store.assessment_list(tenant, Page { after: Some(row.id), limit: 1 }).await?;
    let connection = state.store.tenant_fetch(tenant).await?;
    let link = consent_link(&connection.login_url, connection.entra_tenant, connection.client_id);
    Ok(axum::Json(assessment(&row, before.first(), &link)))
}
