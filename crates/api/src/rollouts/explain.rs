//! Why a rollout does what it does, from the functions that decide it.

use api_types::{Condition, Explanation, RingGate};
use axum::extract::State as Given;
use chrono::{DateTime, Utc};
use domain::gate::Evidence;
use domain::ring::RingIndex;
use domain::rollout::decide::{Decision, decide, report};
use domain::rollout::phase::Phase;
use store::journal::Snapshot;

use crate::convert::rollouts::phase;
use crate::extract::Path;
use crate::paths::RolloutPath;
use crate::problem::Problem;
use crate::state::State;
use crate::words::actions::Scene;
use crate::words::{events, gate, waiting};

/// Explain a rollout
///
/// What it waits for or does next, the gate of every ring opened so far, and what a person can do.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/explain",
    operation_id = "rollout_explain", tag = "rollouts", params(RolloutPath),
    responses((status = 200, body = Explanation, description = "Why it does what it does")))]
pub(crate) async fn explain(
    Given(state): Given<State>,
    Path(path): Path<RolloutPath>,
) -> Result<axum::Json<Explanation>, Problem> {
    let snapshot = state.store.rollout_snapshot(path.tenant, path.rollout).await?;
    Ok(axum::Json(explanation(path, &snapshot, state.now())))
}

fn explanation(path: RolloutPath, snapshot: &Snapshot, now: DateTime<Utc>) -> Explanation {
    let Snapshot { plan, phase: stands, observations, .. } = snapshot;
    let scene = Scene::from(snapshot);
    let (summary, next_look) = match decide(plan, *stands, observations, now) {
        Decision::Act(event) => (events::next(event, &scene.rings), Some(now)),
        Decision::Wait(on) => (waiting::waiting(&on, &scene.rings, None), on.next_look()),
    };
    Explanation {
        rollout_id: path.rollout.0,
        at: now,
        phase: phase(*stands, &scene.rings),
        summary,
        next_look,
        gates: gates(snapshot, now),
        actions: scene.actions(),
    }
}

/// Where the current ring stands: when it opened, and since when it soaks. In a phase in which no
/// gate decides, times mean nothing, and only counted conditions are shown.
fn stage(phase: Phase) -> Option<(RingIndex, DateTime<Utc>, Option<DateTime<Utc>>, bool)> {
    match phase {
        Phase::Scheduled | Phase::Paused { ring: None, .. } => None,
        Phase::Offering { ring, since } => Some((ring, since, None, true)),
        Phase::Soaking { ring, opened_at, since } => Some((ring, opened_at, Some(since), true)),
        Phase::Paused { ring: Some(ring), since, .. } => Some((ring, since, None, false)),
        Phase::Completed { ring, since } | Phase::RollingBack { ring, since } => {
            Some((ring, since, None, false))
        }
        Phase::RolledBack { ring, since } => Some((ring, since, None, false)),
        Phase::Cancelled { ring, since } => ring.map(|ring| (ring, since, None, false)),
    }
}

fn gates(snapshot: &Snapshot, now: DateTime<Utc>) -> Vec<RingGate> {
    let Snapshot { plan, observations, .. } = snapshot;
    let Some((current, opened_at, soaking_since, is_running)) = stage(snapshot.phase) else {
        return Vec::new();
    };
    let of = |ring: RingIndex| {
        let stage = (current, opened_at, soaking_since);
        let report = report(plan, stage, ring, observations, now);
        let times_count = is_running && ring == current;
        let conditions: Vec<Condition> = report
            .conditions
            .iter()
            .filter(|one| match one.evidence {
                Evidence::Devices { .. } => true,
                Evidence::Time { .. } => times_count,
            })
            .map(gate::condition)
            .collect();
        RingGate {
            ring: ring.0,
            name: plan.ring(ring).map(|ring| ring.name.clone()).unwrap_or_default(),
            vouched: observations.intent.vouches_for(ring),
            conditions,
        }
    };
    current.up_to_here().map(of).collect()
}
