//! What another policy would have decided on the same observations.

use std::collections::HashMap;

use api_types::{Replay, ReplayPolicy, ReplayStep, ReplayStop};
use axum::extract::State as Given;
use domain::evidence::Limit;
use domain::evidence::level::LevelsError;
use domain::gate::policy::OnSuspect;
use domain::ids::PlanId;
use domain::rollout::plan::Plan;
use domain::rollout::replay::{self, Changes, Stop, replay as replayed};

use crate::checks::Checks;
use crate::extract::{Json, Path};
use crate::paths::RolloutPath;
use crate::problem::Problem;
use crate::state::State;
use crate::words::{Rings, events, replay as words};

/// Decisions read of one rollout: a rollout of a million devices makes some thousand.
const MOST_DECISIONS: u16 = 10_000;

/// Differences shown.
const MOST_STEPS: usize = 200;

/// Replay a rollout under another policy
///
/// Asks another policy what it makes of the observations of each decision on record, up to the first
/// time it would have stopped the release. Changes nothing.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/replay",
    operation_id = "rollout_replay", tag = "rollouts", params(RolloutPath),
    request_body = ReplayPolicy,
    responses((status = 200, body = Replay, description = "Where the two policies part")))]
pub(crate) async fn replay(
    Given(state): Given<State>,
    Path(path): Path<RolloutPath>,
    Json(body): Json<ReplayPolicy>,
) -> Result<axum::Json<Replay>, Problem> {
    let changes = changes_in(&body)?;
    let other = move |plan: &Plan| plan.changed(&changes);
    replay_under(&state, path, other).await.map(axum::Json)
}

/// What the policy that `other` makes of the plan would have decided.
pub(crate) async fn replay_under(
    state: &State,
    path: RolloutPath,
    other: impl FnOnce(&Plan) -> Result<Plan, LevelsError> + Send + 'static,
) -> Result<Replay, Problem> {
    let revisions = state.store.rollout_revisions(path.tenant, path.rollout).await?;
    let recorded = state.store.rollout_recorded(path.tenant, path.rollout, MOST_DECISIONS).await?;
    let complete = recorded.len() < usize::from(MOST_DECISIONS);
    let newest = revisions.last().map(|revision| revision.plan.clone());
    let newest = newest.ok_or_else(|| Problem::internal("a rollout without a plan"))?;
    let rings = Rings::new(newest.rings().iter().map(|ring| ring.name.as_str()))
        .with_segments(&newest.policy().segments);
    // A new policy is settled and every decision weighed again: no work for a thread that others
    // wait for.
    let work = move || {
        let newest = other(&newest)?;
        // All revisions have one policy.
        let policy = newest.policy();
        let each = revisions.into_iter().map(|one| (one.id, one.plan.with_policy(policy.clone())));
        let others: HashMap<PlanId, Plan> = each.collect();
        Ok::<_, LevelsError>(replayed(|id| others.get(&id).unwrap_or(&newest), &recorded))
    };
    let found = tokio::task::spawn_blocking(work).await;
    let found = found.map_err(|error| Problem::internal(&error))?.map_err(|_| {
        Problem::field(
            "/pause_at",
            "watch_at, pause_at and roll_back_at, where not given those of the rollout, must rise \
             in this order, or be equal",
        )
    })?;
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(Replay {
        rollout_id: path.rollout.0,
        summary: words::summary(&found),
        compared: count(found.steps.len()),
        beyond: count(found.beyond),
        complete,
        differing: count(found.differences().count()),
        steps: found
            .differences()
            .take(MOST_STEPS)
            .filter_map(|step| shown(step, &rings))
            .collect(),
        stopped: found.stopped.as_ref().map(|one| stop(one, &rings)),
        would_stop: found.stops.as_ref().map(|one| stop(one, &rings)),
    })
}

fn shown(step: &replay::Step, rings: &Rings) -> Option<ReplayStep> {
    Some(ReplayStep {
        seq: step.seq,
        at: step.at,
        decided: events::happened(step.decided, rings),
        would: words::would(&step.would, rings)?,
    })
}

fn stop(stop: &Stop, rings: &Rings) -> ReplayStop {
    let text = events::happened(stop.event, rings);
    ReplayStop { seq: stop.seq, at: stop.at, offered: stop.offered, text }
}

fn changes_in(body: &ReplayPolicy) -> Result<Changes, Problem> {
    let mut checks = Checks::default();
    let mut share = |name: &str, percent: Option<f64>| {
        let percent = percent?;
        checks.range(format!("/{name}"), &percent, 0.01..=50.0);
        Limit::new(percent / 100.0).ok()
    };
    let failed = share("healthy_failed_percent", body.healthy_failed_percent);
    let lost = share("healthy_lost_percent", body.healthy_lost_percent);
    let levels = [
        ("watch_at", body.watch_at),
        ("pause_at", body.pause_at),
        ("roll_back_at", body.roll_back_at),
    ];
    for (name, at) in levels {
        if let Some(at) = at {
            checks.range(format!("/{name}"), &at, 2.0..=1e12);
        }
    }
    checks.finish()?;
    Ok(Changes {
        failed,
        lost,
        watch: body.watch_at,
        pause: body.pause_at,
        roll_back: body.roll_back_at,
        on_suspect: body.on_suspect.map(|choice| match choice {
            api_types::OnSuspect::Pause => OnSuspect::Pause,
            api_types::OnSuspect::Hold => OnSuspect::Hold,
        }),
    })
}
