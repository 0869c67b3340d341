//! Reports: lists with the same columns for people, for programs and for files.
//!
//! Two sorts. Reports of **devices** come from one stream of the fleet, and are never held as a whole: a
//! page looks at 20,000 devices or so at most, an export holds a few hundred at a time. All **others** have
//! no more rows than a tenant has rings, days, releases and decisions, and are made whole.

mod cell;
mod csv;
mod devices;
mod encode;
mod export;
mod json;
mod make;
mod query;
pub(crate) mod schedules;
mod shape;
mod sieve;
mod table;
pub(crate) mod views;
mod whole;
mod xlsx;

use api_types::{List, ReportDescription, ReportQuery, ReportRow};
use axum::extract::State as Given;
use axum::response::Response;
use domain::ids::{ReportViewId, TenantId};
use store::StoreError;
use store::page::Page;
use uuid::Uuid;

use crate::auth::Caller;
use crate::extract::{Path, Query};
use crate::paging;
use crate::paths::{ReportPath, TenantPath};
use crate::problem::{Kind, Problem};
use crate::state::State;

pub use make::{Source, make};

use cell::Row;
use query::{Filter, Order};
use shape::Shape;
use table::{Report, Sort};

/// What is asked of a report.
struct Wanted {
    filter: Filter,
    order: Order,
    shape: Shape,
}

/// What is asked for directly, on top of a view: a filter holds besides the view's, all else in its place.
async fn wanted(
    state: &State,
    caller: &str,
    (tenant, report): (TenantId, Report),
    view: Option<Uuid>,
    (filter, order_by, columns): (Option<&str>, Option<&str>, Option<&str>),
) -> Result<Wanted, Problem> {
    let asked = Wanted {
        filter: Filter::parse(report, filter)?,
        order: Order::parse(report, order_by)?,
        shape: Shape::parse(report, columns)?,
    };
    let Some(id) = view else { return Ok(asked) };
    let found = state.store.view_fetch(tenant, ReportViewId(id), caller).await;
    let found = found.map_err(|error| {
        if let StoreError::NotFound { .. } = error {
            Problem::parameter("view", "there is no such view here")
        } else {
            error.into()
        }
    })?;
    let view = found.view;
    if view.report != report.name() {
        let wrong = format!("this is a view of {}, not of {}", view.report, report.name());
        return Err(Problem::parameter("view", wrong));
    }
    // A later version may have other columns.
    let of_view = |problem: Problem| Problem::parameter("view", problem.detail);
    let saved = Filter::parse(report, view.filter.as_deref()).map_err(of_view)?;
    let order = match order_by {
        Some(_) => asked.order,
        None => Order::parse(report, view.order_by.as_deref()).map_err(of_view)?,
    };
    let shape = match columns {
        Some(_) => asked.shape,
        None => Shape::of(report, view.columns.iter().map(String::as_str))
            .map_err(|wrong| Problem::parameter("view", wrong))?,
    };
    Ok(Wanted { filter: asked.filter.and(saved), order, shape })
}

/// List the reports
///
/// With their columns; every column can be filtered by.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/reports", operation_id = "report_list",
    tag = "reports", params(TenantPath),
    responses((status = 200, body = List<ReportDescription>, description = "All of them")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
) -> Result<axum::Json<List<ReportDescription>>, Problem> {
    state.store.tenant_fetch(path.tenant).await?;
    let items = Report::ALL.iter().map(|report| report.description()).collect();
    Ok(axum::Json(List { items, next_page_token: None }))
}

/// Run a report
///
/// `filter` is a condition on its columns: `status=not_up_to_date and ring=Broad`; the operators are `=`,
/// `!=`, `<`, `>` and `~` (contains). A page may hold fewer rows than asked for, or none, and still have a
/// `next_page_token`: it ends after 20,000 devices that the filter passed over.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/reports/{report}", operation_id = "report_run",
    tag = "reports", params(ReportPath, ReportQuery),
    responses((status = 200, body = List<ReportRow>, description = "One page of rows")))]
pub(crate) async fn run(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<ReportPath>,
    Query(query): Query<ReportQuery>,
) -> Result<axum::Json<List<ReportRow>>, Problem> {
    let report = named(&path.report)?;
    let asked = (query.filter.as_deref(), query.order_by.as_deref(), query.columns.as_deref());
    let of = (path.tenant, report);
    let Wanted { filter, order, shape } =
        wanted(&state, &caller.name, of, query.view, asked).await?;
    let page = paging::page(query.page_size, query.page_token.as_deref())?;
    let (rows, next) = match report.sort() {
        Sort::Devices(of) => {
            let source = Source::of(&state);
            let found = devices::page(&source, path.tenant, (of, report), &filter, page).await?;
            (found.rows, found.next)
        }
        Sort::Whole(of) => {
            let mut rows = whole::rows(&Source::of(&state), path.tenant, of).await?;
            rows.retain(|row| filter.holds(row));
            order.sort(&mut rows);
            cut(rows, page)
        }
    };
    let columns = shape.columns();
    let object = |row| ReportRow(json::object(columns, &shape.apply(row)));
    let items = rows.into_iter().map(object).collect();
    let next_page_token = next.map(paging::token);
    Ok(axum::Json(List { items, next_page_token }))
}

/// Export a report
///
/// All of its rows as `csv`, `json` or `xlsx`, streamed. Cells that a spreadsheet would take for a formula
/// begin with an apostrophe in CSV. An export that fails half way breaks off, so that nobody takes it for
/// whole.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/reports/{report}/export",
    operation_id = "report_export", tag = "reports", params(ReportPath, api_types::ReportExportQuery),
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/csv")))]
pub(crate) async fn export(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<ReportPath>,
    Query(query): Query<api_types::ReportExportQuery>,
) -> Result<Response, Problem> {
    let report = named(&path.report)?;
    let asked = (query.filter.as_deref(), query.order_by.as_deref(), query.columns.as_deref());
    let of = (path.tenant, report);
    let Wanted { filter, order, shape } =
        wanted(&state, &caller.name, of, query.view, asked).await?;
    let format = query.format.unwrap_or_default();
    export::stream(Source::of(&state), path.tenant, report, (filter, order, shape), format).await
}

fn named(name: &str) -> Result<Report, Problem> {
    Report::of_name(name).ok_or_else(|| {
        let names: Vec<&str> = Report::ALL.iter().map(|report| report.name()).collect();
        let detail = format!("there is no such report; there are {}", names.join(", "));
        Problem::new(Kind::NotFound, detail)
    })
}

/// The page of rows that were made whole. Its token counts rows.
fn cut(rows: Vec<Row>, page: Page) -> (Vec<Row>, Option<Uuid>) {
    let from = page.after.map_or(0, |after| after.as_u128());
    let from = usize::try_from(from).unwrap_or(usize::MAX).min(rows.len());
    let to = from.saturating_add(page.limit.into()).min(rows.len());
    let next = (to < rows.len()).then(|| Uuid::from_u128(to as u128));
    (rows.into_iter().skip(from).take(to - from).collect(), next)
}
