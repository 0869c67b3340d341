//! Holiday calendars of sites.

use api_types::{HolidayCalendar, ImportHolidays, List, ListQuery, ReasonQuery};
use axum::extract::State as Given;
use axum::http::StatusCode;
use chrono::{Days, Months};
use domain::calendar::{Holidays, import as holidays_of};

use crate::auth::Caller;
use crate::checks::Checks;
use crate::convert::calendar::holidays;
use crate::extract::{Json, Path, Query};
use crate::listing;
use crate::paths::{HolidaysPath, TenantPath};
use crate::problem::Problem;
use crate::reply::Created;
use crate::state::State;

/// How far a recurring holiday is written out: five years.
const AHEAD: Months = Months::new(60);
/// Rollouts that began so long ago still count their business days.
const BACK: Days = Days::new(366);
const LONGEST_FILE: usize = 500_000;

/// List holiday calendars
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/holidays", operation_id = "holidays_list",
    tag = "calendar", params(TenantPath, ListQuery),
    responses((status = 200, body = List<HolidayCalendar>, description = "One page of them")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<List<HolidayCalendar>>, Problem> {
    let fetch = |page| state.store.holidays_list(path.tenant, page);
    listing::list(&query, fetch, |row| row.id.0, |row| holidays(&row)).await
}

/// Import the holidays of a site
///
/// Replaces the calendar of that name. When this answers, nothing is offered on its days any more by rings
/// that name it, of rollouts under way too.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/holidays", operation_id = "holidays_import",
    tag = "calendar", params(TenantPath), request_body = ImportHolidays,
    responses((status = 201, body = HolidayCalendar, description = "What was read")))]
pub(crate) async fn import(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<ImportHolidays>,
) -> Result<Created<HolidayCalendar>, Problem> {
    let mut checks = Checks::default();
    checks.text("/name", &body.name, 64);
    if body.ics.len() > LONGEST_FILE {
        checks.wrong("/ics", format!("more than {LONGEST_FILE} bytes"));
    }
    checks.finish()?;
    let now = state.now();
    let today = now.date_naive();
    let from = today.checked_sub_days(BACK).unwrap_or(today);
    let until = today.checked_add_months(AHEAD).unwrap_or(today);
    let text = body.ics;
    let read = tokio::task::spawn_blocking(move || holidays_of(&text, from, until)).await;
    let read = read.map_err(|error| Problem::internal(&error))?;
    let days = read.map_err(|error| Problem::field("/ics", error.to_string()))?;
    let imported = Holidays { name: body.name, days };
    let row = state.store.holidays_import(tenant, &imported, &caller.name, now).await?;
    let location = format!("/api/v1/tenants/{tenant}/holidays/{}", row.id);
    Ok(Created { location, body: holidays(&row) })
}

/// Read a holiday calendar
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/holidays/{holidays}",
    operation_id = "holidays_read", tag = "calendar", params(HolidaysPath),
    responses((status = 200, body = HolidayCalendar, description = "Its days")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(path): Path<HolidaysPath>,
) -> Result<axum::Json<HolidayCalendar>, Problem> {
    let row = state.store.holidays_fetch(path.tenant, path.holidays).await?;
    Ok(axum::Json(holidays(&row)))
}

/// Delete a holiday calendar
///
/// Refused while a ring set or an unfinished rollout names it.
#[utoipa::path(delete, path = "/api/v1/tenants/{tenant}/holidays/{holidays}",
    operation_id = "holidays_delete", tag = "calendar", params(HolidaysPath, ReasonQuery),
    responses((status = 204, description = "It is gone")))]
pub(crate) async fn delete(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<HolidaysPath>,
    Query(ReasonQuery { reason }): Query<ReasonQuery>,
) -> Result<StatusCode, Problem> {
    let mut checks = Checks::default();
    checks.text("reason", &reason, 500);
    checks.finish()?;
    let said = (caller.name.as_str(), reason.as_str());
    state.store.holidays_delete(path.tenant, path.holidays, said, state.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
