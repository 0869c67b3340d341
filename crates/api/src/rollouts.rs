//! Rollouts: making, listing and reading them. What can be asked of one is in [`actions`].

pub(crate) mod actions;
pub(crate) mod approvals;
pub(crate) mod events;
pub(crate) mod explain;
pub(crate) mod failures;
pub(crate) mod in_flight;
pub(crate) mod plans;
pub(crate) mod replay;
pub(crate) mod segments;

use api_types::{CreateRollout, List, PageQuery, Rollout};
use axum::extract::State as Given;
use chrono::{DateTime, TimeDelta, Utc};
use store::rollouts::NewRollout;

use crate::auth::Caller;
use crate::checks::Checks;
use crate::convert::rollouts::{choices_in, on_gate_failure_in, rollout};
use crate::extract::{Json, Path, Query};
use crate::paging;
use crate::paths::{RolloutPath, TenantPath};
use crate::problem::Problem;
use crate::reply::Created;
use crate::state::State;

pub(crate) const INACTIVE_AFTER_DAYS: u16 = 28;

/// List rollouts
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/rollouts", operation_id = "rollout_list",
    tag = "rollouts", params(TenantPath, PageQuery),
    responses((status = 200, body = List<Rollout>, description = "One page of rollouts")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
    Query(query): Query<PageQuery>,
) -> Result<axum::Json<List<Rollout>>, Problem> {
    let page = paging::page(query.page_size, query.page_token.as_deref())?;
    let rows = state.store.rollout_list(path.tenant, page).await?;
    Ok(paging::list(page, rows, |row| row.id.0, rollout))
}

/// Walk a release through a ring set
///
/// It follows the rings as they are now; a later change of the ring set is not its business.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/rollouts", operation_id = "rollout_create",
    tag = "rollouts", params(TenantPath), request_body = CreateRollout,
    responses((status = 201, body = Rollout, description = "The rollout, scheduled")))]
pub(crate) async fn create(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<CreateRollout>,
) -> Result<Created<Rollout>, Problem> {
    let now = state.now();
    let new = new_in(&body, now)?;
    let release = state.store.release_fetch(tenant, new.release).await;
    release.map_err(Problem::about("/release_id"))?;
    let made = state.store.rollout_create(tenant, &new, &caller.name, now).await;
    let row = made.map_err(Problem::about("/ring_set_id"))?;
    let location = format!("/api/v1/tenants/{tenant}/rollouts/{}", row.id);
    Ok(Created { location, body: rollout(row) })
}

/// Read a rollout
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}",
    operation_id = "rollout_read", tag = "rollouts", params(RolloutPath),
    responses((status = 200, body = Rollout, description = "The rollout")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(path): Path<RolloutPath>,
) -> Result<axum::Json<Rollout>, Problem> {
    Ok(axum::Json(rollout(state.store.rollout_fetch(path.tenant, path.rollout).await?)))
}

fn new_in(body: &CreateRollout, now: DateTime<Utc>) -> Result<NewRollout, Problem> {
    let inactive_after = body.inactive_after_days.unwrap_or(INACTIVE_AFTER_DAYS);
    let mut checks = Checks::default();
    check_times(&mut checks, inactive_after, body.starts_at, now);
    let choices = choices_in(&body.evidence, &mut checks);
    checks.finish()?;
    Ok(NewRollout {
        choices: choices.unwrap_or_default(),
        release: body.release_id.into(),
        ring_set: body.ring_set_id.into(),
        starts_at: body.starts_at,
        on_gate_failure: on_gate_failure_in(body.on_gate_failure),
        inactive_after: TimeDelta::days(inactive_after.into()),
    })
}

pub(crate) fn check_times(
    checks: &mut Checks,
    inactive_after_days: u16,
    starts_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) {
    checks.range("/inactive_after_days", &inactive_after_days, 1..=365);
    check_start(checks, starts_at, now);
}

pub(crate) fn check_start(
    checks: &mut Checks,
    starts_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) {
    let year = TimeDelta::days(365);
    if starts_at.is_some_and(|at| at.signed_duration_since(now).abs() > year) {
        checks.wrong("/starts_at", "this is more than a year away from now");
    }
}
