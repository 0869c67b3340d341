//! Saved views: who made one sees it, and everybody of the tenant if it is shared.

use api_types::{List, ListQuery, ReasonQuery, ReportView, SaveReportView};
use axum::extract::State as Given;
use axum::http::StatusCode;
use store::report_views::{NewView, ViewRow};
use store::signals::By;

use super::query::{Filter, Order};
use super::shape::Shape;
use super::table::Report;
use crate::auth::Caller;
use crate::checks::Checks;
use crate::extract::{Json, Path, Query};
use crate::listing;
use crate::paths::{ReportViewPath, TenantPath};
use crate::problem::Problem;
use crate::reply::Created;
use crate::state::State;

/// What is recorded when nobody gave a reason.
const NO_REASON: &str = "no reason given";

/// List the saved views
///
/// Those of everybody, and one's own.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/report-views", operation_id = "view_list",
    tag = "reports", params(TenantPath, ListQuery),
    responses((status = 200, body = List<ReportView>, description = "One page of views")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<TenantPath>,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<List<ReportView>>, Problem> {
    let fetch = |page| state.store.view_list(path.tenant, &caller.name, page);
    listing::list(&query, fetch, |row| row.id.0, view).await
}

/// Save a view
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/report-views", operation_id = "view_create",
    tag = "reports", params(TenantPath), request_body = SaveReportView,
    responses((status = 201, body = ReportView, description = "The view")))]
pub(crate) async fn create(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<SaveReportView>,
) -> Result<Created<ReportView>, Problem> {
    let (new, reason) = view_in(body)?;
    let reason = reason.as_deref().unwrap_or(NO_REASON);
    let by = By { actor: &caller.name, reason, at: state.now() };
    let row = state.store.view_create(tenant, &new, by).await?;
    let location = format!("/api/v1/tenants/{tenant}/report-views/{}", row.id);
    Ok(Created { location, body: view(row) })
}

/// Read a saved view
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/report-views/{report_view}",
    operation_id = "view_read", tag = "reports", params(ReportViewPath),
    responses((status = 200, body = ReportView, description = "The view")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<ReportViewPath>,
) -> Result<axum::Json<ReportView>, Problem> {
    let row = state.store.view_fetch(path.tenant, path.report_view, &caller.name).await?;
    Ok(axum::Json(view(row)))
}

/// Replace a saved view
///
/// One of everybody may be replaced by whoever may save one; its owner stays.
#[utoipa::path(put, path = "/api/v1/tenants/{tenant}/report-views/{report_view}",
    operation_id = "view_replace", tag = "reports", params(ReportViewPath),
    request_body = SaveReportView,
    responses((status = 200, body = ReportView, description = "The view")))]
pub(crate) async fn replace(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<ReportViewPath>,
    Json(body): Json<SaveReportView>,
) -> Result<axum::Json<ReportView>, Problem> {
    let (new, reason) = view_in(body)?;
    let reason = reason.as_deref().unwrap_or(NO_REASON);
    let by = By { actor: &caller.name, reason, at: state.now() };
    let row = state.store.view_replace(path.tenant, path.report_view, &new, by).await?;
    Ok(axum::Json(view(row)))
}

/// Delete a saved view
#[utoipa::path(delete, path = "/api/v1/tenants/{tenant}/report-views/{report_view}",
    operation_id = "view_delete", tag = "reports", params(ReportViewPath, ReasonQuery),
    responses((status = 204, description = "It is gone")))]
pub(crate) async fn delete(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<ReportViewPath>,
    Query(ReasonQuery { reason }): Query<ReasonQuery>,
) -> Result<StatusCode, Problem> {
    let mut checks = Checks::default();
    checks.text("reason", &reason, 500);
    checks.finish()?;
    let by = By { actor: &caller.name, reason: &reason, at: state.now() };
    state.store.view_delete(path.tenant, path.report_view, by).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn view(row: ViewRow) -> ReportView {
    let ViewRow { id, view, owner, created_at, changed_at } = row;
    ReportView {
        id: id.0,
        name: view.name,
        report: view.report,
        filter: view.filter,
        order_by: view.order_by,
        columns: view.columns,
        owner,
        is_shared: view.is_shared,
        created_at,
        changed_at,
    }
}

/// What a caller wants to see, held against the columns of the report; and the reason.
fn view_in(body: SaveReportView) -> Result<(NewView, Option<String>), Problem> {
    let mut checks = Checks::default();
    checks.text("/name", &body.name, 100);
    if let Some(reason) = &body.reason {
        checks.text("/reason", reason, 500);
    }
    match Report::of_name(&body.report) {
        None => {
            let names: Vec<&str> = Report::ALL.iter().map(|report| report.name()).collect();
            checks.wrong(
                "/report",
                format!("there is no such report; there are {}", names.join(", ")),
            );
        }
        Some(report) => {
            if let Err(wrong) = Filter::parse(report, body.filter.as_deref()) {
                checks.wrong("/filter", told(&wrong));
            }
            if let Err(wrong) = Order::parse(report, body.order_by.as_deref()) {
                checks.wrong("/order_by", told(&wrong));
            }
            if let Err(wrong) = Shape::of(report, body.columns.iter().map(String::as_str)) {
                checks.wrong("/columns", wrong);
            }
        }
    }
    checks.finish()?;
    let SaveReportView { name, report, filter, order_by, columns, is_shared, reason } = body;
    Ok((NewView { name, report, filter, order_by, columns, is_shared }, reason))
}

/// What is wrong with a parameter, of which a field is made here.
fn told(problem: &Problem) -> String {
    problem.errors.first().map_or_else(|| problem.detail.clone(), |error| error.detail.clone())
}
