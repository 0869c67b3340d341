//! Support requests: filed from whatever is shown, with the evidence as it was then.

mod bundle;
pub(crate) mod desks;
mod markdown;

use api_types::{
    CommentSupportRequest, CreateSupportRequest, List, ListQuery, MoveSupportRequest, Reason,
    SupportExport, SupportExportQuery, SupportFormat, SupportRequest, SupportRequestDetail,
};
use axum::extract::State as Given;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ids::SupportRequestId;
use store::support::{Act, NewRequest};

use crate::auth::Caller;
use crate::checks::Checks;
use crate::convert::support::{category_in, detail, event_in, request, severity_in, subject_in};
use crate::extract::{Json, Path, Query};
use crate::listing;
use crate::paths::{SupportRequestPath, TenantPath};
use crate::problem::Problem;
use crate::reply::Created;
use crate::state::State;

/// The hash of a body (RFC 9530).
static CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

const LONGEST_TITLE: usize = 160;
const LONGEST_DESCRIPTION: usize = 8_000;
const LONGEST_COMMENT: usize = 4_000;
const LONGEST_NAME: usize = 200;

/// List support requests
///
/// In the order in which they were filed, those that have ended too.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/support-requests",
    operation_id = "support_list", tag = "support", params(TenantPath, ListQuery),
    responses((status = 200, body = List<SupportRequest>, description = "One page of requests")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<List<SupportRequest>>, Problem> {
    let fetch = |page| state.store.support_list(path.tenant, page);
    let now = state.now();
    listing::list(&query, fetch, |row| row.id.0, |row| request(row, now)).await
}

/// File a support request
///
/// About the tenant or a thing of it. What is known of it now is kept with the request: versions, settings without
/// secrets, how fresh each source is, why the thing stands as it does, decisions and history.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/support-requests",
    operation_id = "support_file", tag = "support", params(TenantPath),
    request_body = CreateSupportRequest,
    responses((status = 201, body = SupportRequest, description = "The request")))]
pub(crate) async fn file(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<CreateSupportRequest>,
) -> Result<Created<SupportRequest>, Problem> {
    let mut checks = Checks::default();
    checks.text("/title", &body.title, LONGEST_TITLE);
    checks.text("/description", &body.description, LONGEST_DESCRIPTION);
    let about = subject_in(&body.about, tenant, &mut checks);
    checks.finish()?;
    if let Some(follows) = body.follows {
        let found = state.store.support_fetch(tenant, SupportRequestId(follows)).await;
        found.map_err(Problem::about("/follows"))?;
    }
    let now = state.now();
    let evidence = bundle::gather(&state, tenant, about).await?;
    let new = NewRequest {
        about,
        about_name: evidence.name,
        title: body.title,
        description: body.description,
        severity: severity_in(body.severity),
        category: category_in(body.category),
        follows: body.follows.map(SupportRequestId),
        bundle: evidence.bundle.close(now).text,
    };
    let row = state.store.support_file(tenant, &new, &caller.name, now).await?;
    let location = format!("/api/v1/tenants/{tenant}/support-requests/{}", row.id);
    Ok(Created { location, body: request(row, now) })
}

/// Read a support request
///
/// With its conversation.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/support-requests/{support_request}",
    operation_id = "support_read", tag = "support", params(SupportRequestPath),
    responses((status = 200, body = SupportRequestDetail, description = "The request")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(path): Path<SupportRequestPath>,
) -> Result<axum::Json<SupportRequestDetail>, Problem> {
    whole(&state, path).await.map(axum::Json)
}

/// Comment on a support request
///
/// An answer of who filed it ends the waiting for them.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/support-requests/{support_request}/comments",
    operation_id = "support_comment", tag = "support", params(SupportRequestPath),
    request_body = CommentSupportRequest,
    responses((status = 200, body = SupportRequest, description = "The request")))]
pub(crate) async fn comment(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<SupportRequestPath>,
    Json(body): Json<CommentSupportRequest>,
) -> Result<axum::Json<SupportRequest>, Problem> {
    let mut checks = Checks::default();
    checks.text("/text", &body.text, LONGEST_COMMENT);
    checks.finish()?;
    act(&state, path, Act::Comment { text: &body.text }, &caller.name).await
}

/// Move a support request
///
/// Into another status, into somebody's hands, or to another severity.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/support-requests/{support_request}/move",
    operation_id = "support_move", tag = "support", params(SupportRequestPath),
    request_body = MoveSupportRequest,
    responses((status = 200, body = SupportRequest, description = "The request")))]
pub(crate) async fn shift(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<SupportRequestPath>,
    Json(body): Json<MoveSupportRequest>,
) -> Result<axum::Json<SupportRequest>, Problem> {
    let mut checks = Checks::default();
    if let Some(comment) = &body.comment {
        checks.text("/comment", comment, LONGEST_COMMENT);
    }
    if let Some(assignee) = &body.assignee {
        checks.text("/assignee", assignee, LONGEST_NAME);
    }
    if body.status.is_none() && body.severity.is_none() && body.assignee.is_none() {
        checks.wrong("", "nothing would change: a status, a severity or an assignee is right");
    }
    checks.finish()?;
    let what = Act::Move {
        event: body.status.map(event_in),
        severity: body.severity.map(severity_in),
        assignee: body.assignee.as_deref(),
        text: body.comment.as_deref(),
    };
    act(&state, path, what, &caller.name).await
}

/// Reopen a support request
///
/// Within 24 hours of its mitigation; later, file another that follows it.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/support-requests/{support_request}/reopen",
    operation_id = "support_reopen", tag = "support", params(SupportRequestPath),
    request_body = Reason,
    responses((status = 200, body = SupportRequest, description = "The request")))]
pub(crate) async fn reopen(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<SupportRequestPath>,
    Json(body): Json<Reason>,
) -> Result<axum::Json<SupportRequest>, Problem> {
    let mut checks = Checks::default();
    checks.text("/reason", &body.reason, LONGEST_COMMENT);
    checks.finish()?;
    act(&state, path, Act::Reopen { reason: &body.reason }, &caller.name).await
}

/// Read the evidence of a support request
///
/// Byte for byte as it was hashed; `Content-Digest` says how.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/support-requests/{support_request}/bundle",
    operation_id = "support_bundle", tag = "support", params(SupportRequestPath),
    responses((status = 200, body = serde_json::Value, description = "The evidence")))]
pub(crate) async fn bundle(
    Given(state): Given<State>,
    Path(path): Path<SupportRequestPath>,
) -> Result<Response, Problem> {
    let id = path.support_request;
    let (text, hash) = state.store.support_bundle(path.tenant, id).await?;
    let digest = format!("sha-256=:{}:", STANDARD.encode(hash));
    let digest = HeaderValue::from_str(&digest).map_err(|error| Problem::internal(&error))?;
    let name = attachment(&format!("support-{id}-evidence.json"))?;
    let kind = HeaderValue::from_static("application/json");
    let headers =
        [(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name), (CONTENT_DIGEST.clone(), digest)];
    Ok((headers, text).into_response())
}

/// Export a support request
///
/// As JSON with its conversation and its evidence, or as Markdown to be read.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/support-requests/{support_request}/export",
    operation_id = "support_export", tag = "support",
    params(SupportRequestPath, SupportExportQuery),
    responses((status = 200, description = "The request",
        content((SupportExport = "application/json"), (String = "text/markdown")))))]
pub(crate) async fn export(
    Given(state): Given<State>,
    Path(path): Path<SupportRequestPath>,
    Query(query): Query<SupportExportQuery>,
) -> Result<Response, Problem> {
    let request = whole(&state, path).await?;
    let id = path.support_request;
    match query.format.unwrap_or_default() {
        SupportFormat::Json => {
            let (text, _) = state.store.support_bundle(path.tenant, id).await?;
            let bundle = serde_json::from_str(&text).map_err(|error| Problem::internal(&error))?;
            let name = attachment(&format!("support-{id}.json"))?;
            let body = axum::Json(SupportExport { request, bundle });
            Ok(([(CONTENT_DISPOSITION, name)], body).into_response())
        }
        SupportFormat::Markdown => {
            let kind = HeaderValue::from_static("text/markdown; charset=utf-8");
            let name = attachment(&format!("support-{id}.md"))?;
            let headers = [(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name)];
            Ok((headers, markdown::written(&request)).into_response())
        }
    }
}

fn attachment(name: &str) -> Result<HeaderValue, Problem> {
    let value = format!("attachment; filename=\"{name}\"");
    HeaderValue::from_str(&value).map_err(|error| Problem::internal(&error))
}

async fn whole(state: &State, path: SupportRequestPath) -> Result<SupportRequestDetail, Problem> {
    let (row, notes) = state.store.support_fetch(path.tenant, path.support_request).await?;
    let references = state.store.support_references(path.tenant, path.support_request).await?;
    Ok(detail(row, notes, references, state.now()))
}

async fn act(
    state: &State,
    path: SupportRequestPath,
    what: Act<'_>,
    actor: &str,
) -> Result<axum::Json<SupportRequest>, Problem> {
    let now = state.now();
    let row = state.store.support_act(path.tenant, path.support_request, what, actor, now).await?;
    Ok(axum::Json(request(row, now)))
}
