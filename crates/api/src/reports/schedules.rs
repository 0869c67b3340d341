//! Reports that are sent again and again.

use api_types::{
    ExportFormat, List, ListQuery, Reason, ReasonQuery, ReportSchedule, SaveReportSchedule,
};
use axum::extract::State as Given;
use axum::http::StatusCode;
use chrono::NaiveTime;
use domain::calendar::{Recurrence, Rule, WindowError, Zone};
use domain::ids::ReportViewId;
use domain::outbox::EmailAddress;
use domain::report::FileFormat;
use store::StoreError;
use store::report_schedules::{NewSchedule, ScheduleRow};
use store::signals::By;

use crate::auth::Caller;
use crate::checks::Checks;
use crate::extract::{Json, Path, Query};
use crate::listing;
use crate::paths::{ReportSchedulePath, TenantPath};
use crate::problem::Problem;
use crate::reply::Created;
use crate::state::State;

/// What is recorded when nobody gave a reason.
const NO_REASON: &str = "no reason given";
const MOST_ADDRESSES: usize = 20;

/// List the schedules of reports
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/report-schedules",
    operation_id = "schedule_list", tag = "reports", params(TenantPath, ListQuery),
    responses((status = 200, body = List<ReportSchedule>, description = "One page of schedules")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<List<ReportSchedule>>, Problem> {
    let fetch = |page| state.store.schedule_list(path.tenant, page);
    listing::list(&query, fetch, |row| row.id.0, schedule).await
}

/// Schedule a report
///
/// It is sent once for each of its moments. What was missed while no server ran is sent once, not one by one.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/report-schedules",
    operation_id = "schedule_create", tag = "reports", params(TenantPath),
    request_body = SaveReportSchedule,
    responses((status = 201, body = ReportSchedule, description = "The schedule")))]
pub(crate) async fn create(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<SaveReportSchedule>,
) -> Result<Created<ReportSchedule>, Problem> {
    let (new, reason) = schedule_in(body)?;
    let reason = reason.as_deref().unwrap_or(NO_REASON);
    let by = By { actor: &caller.name, reason, at: state.now() };
    let row = state.store.schedule_create(tenant, &new, by).await.map_err(of_view)?;
    let location = format!("/api/v1/tenants/{tenant}/report-schedules/{}", row.id);
    Ok(Created { location, body: schedule(row) })
}

/// Read a schedule of reports
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/report-schedules/{report_schedule}",
    operation_id = "schedule_read", tag = "reports", params(ReportSchedulePath),
    responses((status = 200, body = ReportSchedule, description = "The schedule")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(path): Path<ReportSchedulePath>,
) -> Result<axum::Json<ReportSchedule>, Problem> {
    let row = state.store.schedule_fetch(path.tenant, path.report_schedule).await?;
    Ok(axum::Json(schedule(row)))
}

/// Replace a schedule of reports
///
/// From now on its reports are those that the caller sees.
#[utoipa::path(put, path = "/api/v1/tenants/{tenant}/report-schedules/{report_schedule}",
    operation_id = "schedule_replace", tag = "reports", params(ReportSchedulePath),
    request_body = SaveReportSchedule,
    responses((status = 200, body = ReportSchedule, description = "The schedule")))]
pub(crate) async fn replace(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<ReportSchedulePath>,
    Json(body): Json<SaveReportSchedule>,
) -> Result<axum::Json<ReportSchedule>, Problem> {
    let (new, reason) = schedule_in(body)?;
    let reason = reason.as_deref().unwrap_or(NO_REASON);
    let by = By { actor: &caller.name, reason, at: state.now() };
    let (tenant, id) = (path.tenant, path.report_schedule);
    // That the schedule is not there is another thing than that the view is not.
    state.store.schedule_fetch(tenant, id).await?;
    let row = state.store.schedule_replace(tenant, id, &new, by).await.map_err(of_view)?;
    Ok(axum::Json(schedule(row)))
}

/// Delete a schedule of reports
#[utoipa::path(delete, path = "/api/v1/tenants/{tenant}/report-schedules/{report_schedule}",
    operation_id = "schedule_delete", tag = "reports", params(ReportSchedulePath, ReasonQuery),
    responses((status = 204, description = "It is gone; what was sent is on its way")))]
pub(crate) async fn delete(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<ReportSchedulePath>,
    Query(ReasonQuery { reason }): Query<ReasonQuery>,
) -> Result<StatusCode, Problem> {
    let mut checks = Checks::default();
    checks.text("reason", &reason, 500);
    checks.finish()?;
    let by = By { actor: &caller.name, reason: &reason, at: state.now() };
    state.store.schedule_delete(path.tenant, path.report_schedule, by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send a scheduled report now
///
/// Besides its other moments.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/report-schedules/{report_schedule}/run",
    operation_id = "schedule_run", tag = "reports", params(ReportSchedulePath),
    request_body = Reason,
    responses((status = 202, body = ReportSchedule, description = "It will be made and sent")))]
pub(crate) async fn run(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<ReportSchedulePath>,
    Json(body): Json<Reason>,
) -> Result<(StatusCode, axum::Json<ReportSchedule>), Problem> {
    let mut checks = Checks::default();
    checks.text("/reason", &body.reason, 500);
    checks.finish()?;
    let by = By { actor: &caller.name, reason: &body.reason, at: state.now() };
    let row = state.store.schedule_run(path.tenant, path.report_schedule, by).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(schedule(row))))
}

fn of_view(error: StoreError) -> Problem {
    if let StoreError::Invalid(why) = error {
        Problem::field("/view_id", why)
    } else {
        error.into()
    }
}

fn schedule(row: ScheduleRow) -> ReportSchedule {
    let ScheduleRow { id, schedule, view_name, owner, next_at, last_at, error, .. } = row;
    let recurrence = &schedule.recurrence;
    ReportSchedule {
        id: id.0,
        name: schedule.name,
        view_id: schedule.view.0,
        view: view_name,
        rule: recurrence.rule().to_string(),
        first_day: recurrence.first_day(),
        start: recurrence.start().format("%H:%M").to_string(),
        time_zone: recurrence.zone().name().to_owned(),
        format: match schedule.format {
            FileFormat::Csv => ExportFormat::Csv,
            FileFormat::Json => ExportFormat::Json,
            FileFormat::Xlsx => ExportFormat::Xlsx,
        },
        to: schedule.to.iter().map(|address| address.as_str().to_owned()).collect(),
        owner,
        enabled: schedule.enabled,
        next_at,
        last_at,
        error,
        created_at: row.created_at,
        changed_at: row.changed_at,
    }
}

/// What a caller wants sent, checked; and the reason.
fn schedule_in(body: SaveReportSchedule) -> Result<(NewSchedule, Option<String>), Problem> {
    let mut checks = Checks::default();
    checks.text("/name", &body.name, 100);
    if let Some(reason) = &body.reason {
        checks.text("/reason", reason, 500);
    }
    let recurrence = recurrence_in(&body, &mut checks);
    if !(1..=MOST_ADDRESSES).contains(&body.to.len()) {
        checks.wrong("/to", format!("1 to {MOST_ADDRESSES} addresses are right"));
    }
    let mut to = Vec::with_capacity(body.to.len());
    for (at, text) in body.to.iter().enumerate() {
        match text.parse::<EmailAddress>() {
            Ok(address) => to.push(address),
            Err(error) => checks.wrong(format!("/to/{at}"), error.to_string()),
        }
    }
    to.sort_unstable();
    to.dedup();
    checks.finish()?;
    // What is wrong with it was said.
    let recurrence = recurrence.ok_or_else(|| Problem::field("/rule", "this names no moment"))?;
    let new = NewSchedule {
        name: body.name,
        view: ReportViewId(body.view_id),
        recurrence,
        format: match body.format {
            ExportFormat::Csv => FileFormat::Csv,
            ExportFormat::Json => FileFormat::Json,
            ExportFormat::Xlsx => FileFormat::Xlsx,
        },
        to,
        enabled: body.enabled,
    };
    Ok((new, body.reason))
}

fn recurrence_in(body: &SaveReportSchedule, checks: &mut Checks) -> Option<Recurrence> {
    let rule = Rule::new(&body.rule);
    if let Err(error) = &rule {
        checks.wrong("/rule", error.to_string());
    }
    let zone = body.time_zone.parse::<Zone>();
    if let Err(error) = &zone {
        checks.wrong("/time_zone", error.to_string());
    }
    let start = NaiveTime::parse_from_str(&body.start, "%H:%M");
    let start = start.ok().filter(|_| body.start.len() == 5);
    if start.is_none() {
        checks.wrong("/start", "a time of day such as 07:00 is right");
    }
    let recurrence = Recurrence::new(rule.ok()?, body.first_day, start?, zone.ok()?);
    match recurrence {
        Ok(recurrence) => Some(recurrence),
        Err(error @ (WindowError::FirstDay | WindowError::FirstDayOfMonth)) => {
            checks.wrong("/first_day", error.to_string());
            None
        }
        Err(error @ (WindowError::Length | WindowError::Start | WindowError::Never)) => {
            checks.wrong("/rule", error.to_string());
            None
        }
    }
}
