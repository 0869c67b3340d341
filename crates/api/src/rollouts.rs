//! Rollouts: making, listing and reading them. What can be asked of one is in [`actions`].

pub(crate) mod actions;
pub(crate) mod approvals;
pub(crate) mod batch;
pub(crate) mod events;
pub(crate) mod explain;
pub(crate) mod failures;
pub(crate) mod forecast;
pub(crate) mod in_flight;
pub(crate) mod plans;
pub(crate) mod replay;
pub(crate) mod segments;
mod wait;

use api_types::{CreateRollout, List, ListQuery, Rollout, WaitQuery};
use axum::extract::State as Given;
use axum::http::HeaderMap;
use chrono::{DateTime, TimeDelta, Utc};
use domain::access::Action;
use store::rollouts::NewRollout;

use crate::auth::{Caller, check_ring_set};
use crate::checks::Checks;
use crate::conditional::{Answer, version_known};
use crate::convert::rollouts::{choices_in, on_gate_failure_in, rollout};
use crate::extract::{Json, Path, Query};
use crate::listing;
use crate::paths::{RolloutPath, TenantPath};
use crate::problem::Problem;
use crate::reply::Created;
use crate::state::State;
use wait::Wait;

pub(crate) const INACTIVE_AFTER_DAYS: u16 = 28;

/// List rollouts
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/rollouts", operation_id = "rollout_list",
    tag = "rollouts", params(TenantPath, ListQuery),
    responses((status = 200, body = List<Rollout>, description = "One page of rollouts")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<List<Rollout>>, Problem> {
    let fetch = |page| state.store.rollout_list(path.tenant, page);
    listing::list(&query, fetch, |row| row.id.0, rollout).await
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
    check_ring_set(&caller, Action::Release, tenant, new.ring_set)?;
    let release = state.store.release_fetch(tenant, new.release).await;
    release.map_err(Problem::about("/release_id"))?;
    let made = state.store.rollout_create(tenant, &new, &caller.name, now).await;
    let row = made.map_err(Problem::about("/ring_set_id"))?;
    let location = format!("/api/v1/tenants/{tenant}/rollouts/{}", row.id);
    Ok(Created { location, body: rollout(row) })
}

/// Read a rollout
///
/// With `wait`, the answer comes when `until` is so, or when the time is over: look at what it says. A
/// caller that knows a version says so in `If-None-Match`, and misses no change between two requests.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}",
    operation_id = "rollout_read", tag = "rollouts", params(RolloutPath, WaitQuery),
    responses((status = 200, body = Rollout, description = "The rollout")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(path): Path<RolloutPath>,
    Query(query): Query<WaitQuery>,
    headers: HeaderMap,
) -> Result<Answer, Problem> {
    let RolloutPath { tenant, rollout: id } = path;
    let Some(wait) = Wait::read(query.wait.as_deref(), query.until.as_deref())? else {
        let read = async || {
            let row = state.store.rollout_fetch(tenant, id).await?;
            Answer::new(row.version, &rollout(row))
        };
        return state.answers.0.get(&(tenant, id), read).await;
    };
    let row = wait.fetch(&state, tenant, id, version_known(&headers)).await?;
    Answer::new(row.version, &rollout(row))
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
