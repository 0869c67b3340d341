//! Why a rollout does what it does, from the functions that decide it.

use api_types::{ExplainQuery, Explanation, RingGate, SafeguardHold};
use axum::extract::State as Given;
use chrono::{DateTime, Utc};
use domain::gate::ConditionKind;
use domain::gate::weigh::{Weighed, weigh};
use domain::ids::RolloutId;
use domain::ring::RingIndex;
use domain::rollout::decide::{Decision, decide, report};
use domain::rollout::phase::Phase;
use domain::update::known_issue::KnownIssue;
use store::history::Past;
use store::ingest::SafeguardCount;
use store::journal::Snapshot;

use crate::convert::forecast::of_rollout_now;
use crate::convert::pauses::{asked, of_rollout, with_devices};
use crate::convert::rollouts::phase;
use crate::convert::updates::known_issue;
use crate::extract::{Path, Query};
use crate::paths::RolloutPath;
use crate::problem::{Kind, Problem};
use crate::state::State;
use crate::words::actions::{Action, Scene};
use crate::words::{Rings, capital, devices as devices_in, events, gate, moment, waiting};

/// Explain a rollout
///
/// What it waits for or does next, the gate of every ring opened so far, and what a person can do.
///
/// With `at`, what was decided last at that time, and the gates from the very observations it was
/// decided by. What was merely waited for between two decisions is not on record.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/explain",
    operation_id = "rollout_explain", tag = "rollouts", params(RolloutPath, ExplainQuery),
    responses((status = 200, body = Explanation, description = "Why it does what it does")))]
pub(crate) async fn explain(
    Given(state): Given<State>,
    Path(path): Path<RolloutPath>,
    Query(query): Query<ExplainQuery>,
) -> Result<axum::Json<Explanation>, Problem> {
    if let Some(at) = query.at {
        return past(&state, path, at).await.map(axum::Json);
    }
    let snapshot = state.store.rollout_snapshot(path.tenant, path.rollout).await?;
    let mut explained = explanation(path.rollout, &snapshot, state.now());
    if let Some(why) = state.store.rollout_no_way_back(path.tenant, path.rollout).await? {
        let rollback = Action::Rollback.name();
        for one in explained.actions.iter_mut().filter(|one| one.action == rollback) {
            (one.allowed, one.text) = (false, format!("{}.", capital(why)));
        }
    }
    let row = state.store.rollout_fetch(path.tenant, path.rollout).await?;
    let pauses = of_rollout(&row, &Scene::from(&row).rings);
    let heard = state.store.rollout_heard_since(path.tenant, path.rollout, &asked(&pauses)).await?;
    let issues = state.store.rollout_known_issues(path.tenant, path.rollout).await?;
    let held = state.store.rollout_safeguards(path.tenant, path.rollout).await?;
    let safeguards = held.into_iter().map(|one| safeguard(one, &issues)).collect();
    let open = issues.into_iter().filter(KnownIssue::is_open);
    let prospect = state.store.rollout_prospect(path.tenant, path.rollout).await?;
    Ok(axum::Json(Explanation {
        forecast: Some(of_rollout_now(&snapshot, &prospect, explained.at)),
        pauses: with_devices(pauses, heard),
        known_issues: open.map(known_issue).collect(),
        safeguards,
        ..explained
    }))
}

fn safeguard(held: SafeguardCount, issues: &[KnownIssue]) -> SafeguardHold {
    let SafeguardCount { hold, devices } = held;
    let number: Option<u32> = hold.as_deref().and_then(|hold| hold.parse().ok());
    let is_it = |issue: &&KnownIssue| {
        number.is_some_and(|number| issue.safeguard_hold_ids.contains(&number))
    };
    let issue = issues.iter().find(is_it).map(|issue| issue.title.clone());
    let id = hold.as_deref().map(|hold| format!(" (safeguard {hold})")).unwrap_or_default();
    let verb = if devices == 1 { "is" } else { "are" };
    let text = format!("{} {verb} held by Microsoft{id}, and wait.", devices_in(devices));
    SafeguardHold { id: hold, devices, text, issue }
}

async fn past(state: &State, path: RolloutPath, at: DateTime<Utc>) -> Result<Explanation, Problem> {
    let now = state.now();
    if at > now {
        let now = now.to_rfc3339();
        return Err(Problem::parameter("at", format!("this has not come yet; it is {now} now")));
    }
    let past = state.store.rollout_past(path.tenant, path.rollout, at).await?;
    let past = past.ok_or_else(|| {
        let detail = format!("nothing was decided about this rollout by {}", at.to_rfc3339());
        Problem::new(Kind::NotFound, detail)
    })?;
    Ok(past_explanation(path.rollout, &past))
}

/// What was decided, and the gates as they stood; nothing can be done about it any more.
fn past_explanation(rollout: RolloutId, past: &Past) -> Explanation {
    let Past { now, snapshot, .. } = past;
    let rings = Scene::from(snapshot).rings;
    let happened = events::happened(past.event, &rings);
    Explanation {
        rollout_id: rollout.0,
        at: *now,
        phase: phase(snapshot.phase, &rings),
        summary: format!("Decided at {}: {happened}", moment(*now)),
        next_look: None,
        pauses: Vec::new(),
        gates: gates(snapshot, &rings, *now),
        forecast: None,
        known_issues: Vec::new(),
        safeguards: Vec::new(),
        actions: Vec::new(),
    }
}

/// What a snapshot says at `now`; it knows nothing of what Graph has accepted, so its pauses are left
/// to who does.
#[must_use]
pub fn explanation(rollout: RolloutId, snapshot: &Snapshot, now: DateTime<Utc>) -> Explanation {
    let Snapshot { plan, phase: stands, observations, .. } = snapshot;
    let scene = Scene::from(snapshot);
    let (summary, next_look) = match decide(plan, *stands, observations, now) {
        Decision::Act(event) => (events::next(event, &scene.rings), Some(now)),
        Decision::Wait(on) => (waiting::waiting(&on, &scene.rings, None), on.next_look()),
    };
    Explanation {
        rollout_id: rollout.0,
        at: now,
        phase: phase(*stands, &scene.rings),
        summary,
        next_look,
        pauses: Vec::new(),
        gates: gates(snapshot, &scene.rings, now),
        forecast: None,
        known_issues: Vec::new(),
        safeguards: Vec::new(),
        actions: scene.actions(),
    }
}

/// Where the current ring stands.
struct Stage {
    ring: RingIndex,
    opened_at: DateTime<Utc>,
    soaking_since: Option<DateTime<Utc>>,
    /// Whether its gate decides anything now. If not, times mean nothing, and only what is counted
    /// is shown.
    decides: bool,
}

fn stage(phase: Phase) -> Option<Stage> {
    let at_rest =
        |ring, since| Some(Stage { ring, opened_at: since, soaking_since: None, decides: false });
    match phase {
        Phase::Scheduled | Phase::Paused { ring: None, .. } => None,
        Phase::Offering { ring, since } => {
            Some(Stage { ring, opened_at: since, soaking_since: None, decides: true })
        }
        Phase::Soaking { ring, opened_at, since } => {
            Some(Stage { ring, opened_at, soaking_since: Some(since), decides: true })
        }
        Phase::Paused { ring: Some(ring), since, .. } => at_rest(ring, since),
        Phase::Completed { ring, since } | Phase::RollingBack { ring, since } => {
            at_rest(ring, since)
        }
        Phase::RolledBack { ring, since } => at_rest(ring, since),
        Phase::Cancelled { ring, since } => ring.and_then(|ring| at_rest(ring, since)),
    }
}

fn gates(snapshot: &Snapshot, rings: &Rings, now: DateTime<Utc>) -> Vec<RingGate> {
    let weighed = weigh(&snapshot.plan, &snapshot.observations);
    let words = (&weighed, rings);
    stage(snapshot.phase).map_or(Vec::new(), |stage| {
        stage.ring.up_to_here().map(|ring| gate_of(ring, &stage, snapshot, words, now)).collect()
    })
}

fn gate_of(
    ring: RingIndex,
    stage: &Stage,
    snapshot: &Snapshot,
    (weighed, rings): (&Weighed, &Rings),
    now: DateTime<Utc>,
) -> RingGate {
    let Snapshot { plan, observations, .. } = snapshot;
    let current = (stage.ring, stage.opened_at, stage.soaking_since);
    let report = report(plan, current, ring, observations, weighed, now);
    // An earlier ring has done its waiting; it can still fail.
    let shows_times = stage.decides && ring == stage.ring;
    let is_shown = |one: &&domain::gate::Condition| match one.kind {
        ConditionKind::Exposure | ConditionKind::Success | ConditionKind::NoHalt => true,
        ConditionKind::Bake | ConditionKind::Stall | ConditionKind::Calendar => shows_times,
        ConditionKind::Signals | ConditionKind::Approvals => shows_times,
    };
    RingGate {
        ring: ring.0,
        name: plan.ring(ring).map(|ring| ring.name.clone()).unwrap_or_default(),
        vouched: observations.intent.vouches_for(ring),
        conditions: report
            .conditions
            .iter()
            .filter(is_shown)
            .map(|one| gate::condition(one, plan.policy(), rings))
            .collect(),
    }
}
