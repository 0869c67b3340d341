//! What the rings of a set can prove, before a rollout starts.

use api_types::{ProofQuery, RingSetProof};
use axum::extract::State as Given;
use domain::evidence::Limit;
use domain::gate::policy::{Choices, Policy};
use domain::rollout::lint::prove;
use domain::rollout::plan::{OnGateFailure, Plan};

use crate::convert::ring_sets::proof_out;
use crate::extract::{Path, Query};
use crate::paths::RingSetPath;
use crate::problem::Problem;
use crate::state::State;

/// Show what a ring set can prove
///
/// For each ring the smallest failure rate that a release is stopped for, from the devices that are
/// in it now, under the policy that a rollout made now would have. Cost: seconds for a large fleet.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/ring-sets/{ring_set}/proof",
    operation_id = "ring_set_proof", tag = "ring sets", params(RingSetPath, ProofQuery),
    responses((status = 200, body = RingSetProof, description = "What each ring can prove")))]
pub(crate) async fn proof(
    Given(state): Given<State>,
    Path(path): Path<RingSetPath>,
    Query(query): Query<ProofQuery>,
) -> Result<axum::Json<RingSetProof>, Problem> {
    let choices = choices(query)?;
    let set = state.store.ring_set_fetch(path.tenant, path.ring_set).await?.set;
    // One for each ring, in order.
    let members = state.store.ring_set_members(path.tenant, path.ring_set).await?;
    let members: Vec<u32> = members.into_iter().map(|(_, members)| members).collect();
    let (past, segments) = state.store.rollout_basis(path.tenant, path.ring_set).await?;
    let starts_at = state.now();
    // Walks the fleet device by device: no work for a thread that others wait for.
    let work = move || {
        let policy = Policy::settle(choices, &past, segments);
        let plan = Plan::new(&set, starts_at, OnGateFailure::Pause, policy);
        let proofs = prove(&plan, &members);
        (plan, proofs)
    };
    let found = tokio::task::spawn_blocking(work).await;
    let (plan, proofs) = found.map_err(|error| Problem::internal(&error))?;
    Ok(axum::Json(RingSetProof {
        ring_set_id: path.ring_set.0,
        healthy_failed_percent: plan.policy().failed.limit().get() * 100.0,
        doubled_after: plan.policy().enough,
        rings: proofs.iter().map(|proof| proof_out(proof, &plan)).collect(),
    }))
}

fn choices(query: ProofQuery) -> Result<Choices, Problem> {
    let Some(percent) = query.healthy_failed_percent else { return Ok(Choices::default()) };
    let limit = Limit::new(percent / 100.0).ok().filter(|_| (0.01..=50.0).contains(&percent));
    let failed = limit.ok_or_else(|| {
        let detail = format!("{percent} is out of range; 0.01 to 50 is right");
        Problem::parameter("healthy_failed_percent", detail)
    })?;
    Ok(Choices { failed, ..Choices::default() })
}
