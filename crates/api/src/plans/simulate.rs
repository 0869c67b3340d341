//! What a plan would come to.

use api_types::{PlanSimulation, SimulatePlan, SimulatedRate, SimulatedRing};
use axum::extract::State as Given;
use domain::gate::policy::Policy;
use domain::rollout::plan::Plan;
use domain::rollout::simulate::{Met, meet};

use crate::checks::Checks;
use crate::extract::{Json, Path};
use crate::paths::{PlanPath, RolloutPath};
use crate::problem::Problem;
use crate::rollouts::replay::replay_under;
use crate::state::State;

/// Beyond what is healthy, and one that anybody would see.
const TIMES: [f64; 3] = [1.0, 2.0, 5.0];
const PLAIN: f64 = 0.1;

/// Simulate a saved plan
///
/// For stated failure rates: the chance that each ring stops the release, and how many devices it
/// reaches. On a past release: what the evidence policy of the plan would have decided. Changes
/// nothing. Cost: seconds for a large fleet.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/plans/{plan}/simulate",
    operation_id = "plan_simulate", tag = "plans", params(PlanPath), request_body = SimulatePlan,
    responses((status = 200, body = PlanSimulation, description = "What it would come to")))]
pub(crate) async fn simulate(
    Given(state): Given<State>,
    Path(PlanPath { tenant, plan }): Path<PlanPath>,
    Json(body): Json<SimulatePlan>,
) -> Result<axum::Json<PlanSimulation>, Problem> {
    let mut checks = Checks::default();
    if body.failed_percent.len() > 10 {
        checks.wrong("/failed_percent", "10 rates are the most");
    }
    for (at, percent) in body.failed_percent.iter().enumerate() {
        checks.range(format!("/failed_percent/{at}"), percent, 0.01..=100.0);
    }
    checks.finish()?;
    let (row, _) = state.store.plan_fetch(tenant, plan).await?;
    let members = super::eligible(&row);
    let forecast = super::forecast(&state, tenant, &row).await?;
    let plan = row.body.plan;
    let policy = plan.policy().clone();
    let healthy = policy.failed.limit().get();
    let replay = match body.rollout_id {
        None => None,
        Some(rollout) => {
            let path = RolloutPath { tenant, rollout: rollout.into() };
            let there = state.store.rollout_fetch(tenant, path.rollout).await;
            there.map_err(Problem::about("/rollout_id"))?;
            let other = move |past: &Plan| {
                let segments = past.policy().segments.clone();
                Ok(past.with_policy(Policy { segments, ..policy }))
            };
            Some(replay_under(&state, path, other).await?)
        }
    };
    let mut rates: Vec<f64> = body.failed_percent.iter().map(|percent| percent / 100.0).collect();
    if rates.is_empty() {
        rates = TIMES.iter().map(|times| times * healthy).chain([PLAIN]).collect();
    }
    // Walks the fleet device by device: no work for a thread that others wait for.
    let work = move || {
        let each = rates.iter().map(|rate| shown(&meet(&plan, &members, *rate), &plan, healthy));
        each.collect()
    };
    let rates = tokio::task::spawn_blocking(work).await;
    let rates = rates.map_err(|error| Problem::internal(&error))?;
    Ok(axum::Json(PlanSimulation { rates, forecast, replay }))
}

fn shown(met: &Met, plan: &Plan, healthy: f64) -> SimulatedRate {
    let ring = |one: &domain::rollout::simulate::RingMet| SimulatedRing {
        ring: one.ring.0,
        name: plan.ring(one.ring).map(|ring| ring.name.clone()).unwrap_or_default(),
        devices: one.devices,
        stopped_percent: one.stopped * 100.0,
    };
    SimulatedRate {
        failed_percent: met.rate * 100.0,
        times_healthy: met.rate / healthy,
        rings: met.rings.iter().map(ring).collect(),
        exposed: met.exposed,
    }
}
