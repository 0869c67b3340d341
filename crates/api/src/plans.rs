//! Plans: computed without effect, saved, and started exactly as saved.

pub(crate) mod simulate;

use api_types::{
    CreatePlan, List, ListQuery, PlanDifference, PlanDifferenceQuery, Rollout, SavedPlan, StartPlan,
};
use axum::extract::State as Given;
use chrono::TimeDelta;
use domain::access::Action;
use domain::ring::Ring;
use domain::rollout::lint::{RingProof, note_windows, prove};
use domain::rollout::plan::Plan;
use domain::rollout::revision::difference;
use store::rollouts::{NewPlan, PlanStart, SavedPlanRow};

use crate::auth::{Caller, check_ring_set};
use crate::checks::Checks;
use crate::convert::forecast::of_plan_now;
use crate::convert::plans::saved_plan;
use crate::convert::releases::delivery;
use crate::convert::revisions::{changes_out, rings_in};
use crate::convert::rollouts::{choices_in, on_gate_failure_in, rollout};
use crate::extract::{Json, Path, Query};
use crate::listing;
use crate::paths::{PlanPath, TenantPath};
use crate::problem::Problem;
use crate::reply::Created;
use crate::rollouts::{INACTIVE_AFTER_DAYS, check_times};
use crate::state::State;

/// List saved plans
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/plans", operation_id = "plan_list",
    tag = "plans", params(TenantPath, ListQuery),
    responses((status = 200, body = List<SavedPlan>, description = "One page of plans")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<List<SavedPlan>>, Problem> {
    let fetch = |page| state.store.plan_list(path.tenant, page);
    let id = |row: &SavedPlanRow| row.id.unwrap_or_default();
    listing::list(&query, fetch, id, |row| saved_plan(row, &[], Vec::new(), None)).await
}

/// Plan a rollout
///
/// Says what each ring can prove, who is left out and why, and refuses what a rollout would be refused
/// for; has no effect but that the plan is saved, which `validate_only` prevents.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/plans", operation_id = "plan_create",
    tag = "plans", params(TenantPath), request_body = CreatePlan,
    responses((status = 201, body = SavedPlan, description = "The plan")))]
pub(crate) async fn create(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<CreatePlan>,
) -> Result<Created<SavedPlan>, Problem> {
    let now = state.now();
    let mut checks = Checks::default();
    checks.text("/release_name", &body.release_name, 100);
    let inactive_after = body.inactive_after_days.unwrap_or(INACTIVE_AFTER_DAYS);
    check_times(&mut checks, inactive_after, body.starts_at, now);
    let choices = choices_in(&body.evidence, &mut checks);
    checks.finish()?;
    check_ring_set(&caller, Action::Release, tenant, body.ring_set_id.into())?;
    let rings = planned(&state, tenant, &body).await?;
    let new = NewPlan {
        update: body.update_id.into(),
        release: body.release_name,
        delivery: body.delivery.map(delivery),
        ring_set: body.ring_set_id.into(),
        rings,
        starts_at: body.starts_at,
        on_gate_failure: on_gate_failure_in(body.on_gate_failure),
        inactive_after: TimeDelta::days(inactive_after.into()),
        choices: choices.unwrap_or_default(),
    };
    let update = state.store.update_fetch(tenant, new.update).await;
    update.map_err(Problem::about("/update_id"))?;
    let save = !body.validate_only;
    let row = state.store.plan_compute(tenant, &new, save, &caller.name, now).await;
    let row = row.map_err(Problem::about("/ring_set_id"))?;
    let proofs = proofs(&row).await?;
    let location = match row.id {
        Some(id) => format!("/api/v1/tenants/{tenant}/plans/{id}"),
        None => format!("/api/v1/tenants/{tenant}/plans"),
    };
    let forecast = forecast(&state, tenant, &row).await?;
    let body = saved_plan(row, &proofs, Vec::new(), Some(forecast));
    Ok(Created { location, body })
}

/// The rings of the set with what the plan wants otherwise; none: as they are.
async fn planned(
    state: &State,
    tenant: domain::ids::TenantId,
    body: &CreatePlan,
) -> Result<Option<Vec<Ring>>, Problem> {
    let set = state.store.ring_set_fetch(tenant, body.ring_set_id.into()).await;
    let set = set.map_err(Problem::about("/ring_set_id"))?.set;
    if body.rings.is_empty() {
        return Ok(None);
    }
    let mut checks = Checks::default();
    let rings = rings_in(set.rings(), &body.rings, &mut checks);
    checks.finish()?;
    Ok(Some(rings))
}

/// The members of each ring that would not have been left out when the plan was saved.
fn eligible(row: &SavedPlanRow) -> Vec<u32> {
    let each = (0..).zip(&row.body.members).map(|(at, members)| {
        let out = row.excluded.iter().filter(|one| one.ring.0 == at).map(|one| one.devices);
        members.devices.saturating_sub(out.fold(0, u32::saturating_add))
    });
    each.collect()
}

/// What each ring can prove with those of its members that would be offered the update.
async fn proofs(row: &SavedPlanRow) -> Result<Vec<RingProof>, Problem> {
    let members = eligible(row);
    let plan: Plan = row.body.plan.clone();
    let delivery = row.body.delivery;
    // Walks the fleet device by device: no work for a thread that others wait for.
    let found = tokio::task::spawn_blocking(move || {
        let mut proofs = prove(&plan, &members);
        note_windows(&plan, &delivery, &mut proofs);
        proofs
    })
    .await;
    found.map_err(|error| Problem::internal(&error))
}

/// When its rings would open if it was started now.
async fn forecast(
    state: &State,
    tenant: domain::ids::TenantId,
    row: &SavedPlanRow,
) -> Result<api_types::Forecast, Problem> {
    let now = state.now();
    let prospect = state.store.plan_prospect(tenant, &row.body, now).await?;
    Ok(of_plan_now(&row.body.plan, &eligible(row), prospect, now))
}

/// Read a saved plan
///
/// With the rings that have other members by now. Cost: seconds for a large fleet.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/plans/{plan}", operation_id = "plan_read",
    tag = "plans", params(PlanPath),
    responses((status = 200, body = SavedPlan, description = "The plan")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(path): Path<PlanPath>,
) -> Result<axum::Json<SavedPlan>, Problem> {
    let (row, changes) = state.store.plan_fetch(path.tenant, path.plan).await?;
    let proofs = proofs(&row).await?;
    let forecast = match row.started {
        None => Some(forecast(&state, path.tenant, &row).await?),
        Some(_) => None,
    };
    Ok(axum::Json(saved_plan(row, &proofs, changes, forecast)))
}

/// Compare a saved plan
///
/// With another one, or with the ring set as it is now.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/plans/{plan}/difference",
    operation_id = "plan_difference", tag = "plans", params(PlanPath, PlanDifferenceQuery),
    responses((status = 200, body = PlanDifference, description = "What the other says")))]
pub(crate) async fn compare(
    Given(state): Given<State>,
    Path(path): Path<PlanPath>,
    Query(query): Query<PlanDifferenceQuery>,
) -> Result<axum::Json<PlanDifference>, Problem> {
    let (row, membership_changes) = state.store.plan_fetch(path.tenant, path.plan).await?;
    let plan = row.body.plan;
    let other = if let Some(other) = query.other {
        let found = state.store.plan_fetch(path.tenant, other).await;
        let (found, _) =
            found.map_err(|_| Problem::parameter("other", "there is no such plan here"))?;
        found.body.plan
    } else {
        let set = state.store.ring_set_fetch(path.tenant, row.body.ring_set).await?.set;
        let policy = plan.policy().clone();
        Plan::new(&set, plan.starts_at(), plan.on_gate_failure(), policy)
    };
    let changes = changes_out(&difference(&plan, &other), &plan);
    let membership_changes = query.other.map_or(membership_changes, |_| Vec::new());
    Ok(axum::Json(PlanDifference { changes, membership_changes }))
}

/// Start a saved plan
///
/// Exactly as saved. Refused when `hash` is not the plan's, and when rings have other members by now
/// and that is not accepted.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/plans/{plan}/start",
    operation_id = "plan_start", tag = "plans", params(PlanPath), request_body = StartPlan,
    responses((status = 201, body = Rollout, description = "The rollout, scheduled")))]
pub(crate) async fn start(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(PlanPath { tenant, plan }): Path<PlanPath>,
    Json(body): Json<StartPlan>,
) -> Result<Created<Rollout>, Problem> {
    let StartPlan { hash, accept_changes } = body;
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hash {
        return Err(Problem::field("/hash", "64 hexadecimal digits are right"));
    }
    if caller.grants.0.iter().any(|grant| grant.ring_sets.is_some()) {
        let set = state.store.plan_ring_set(tenant, plan).await?;
        check_ring_set(&caller, Action::Release, tenant, set)?;
    }
    let start = PlanStart { plan, hash: &hash, accept_changes };
    let row = state.store.plan_start(tenant, start, &caller.name, state.now()).await?;
    let location = format!("/api/v1/tenants/{tenant}/rollouts/{}", row.id);
    Ok(Created { location, body: rollout(row) })
}
