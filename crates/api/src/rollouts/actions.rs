//! What people ask of a rollout. Asking twice is the same as asking once.
//!
//! A pause is written down at once, without reading anything first: nothing may stand in the way of
//! a stop. The others are held against [`crate::words::actions`] before.

use api_types::{Action as Body, Pause, Promote, Rollout};
use axum::extract::State as Given;
use domain::access::{self, Target};
use domain::ids::TenantId;
use domain::ring::RingIndex;
use domain::rollout::observations::Wish;
use domain::rollout::phase::{PausedBy, Phase};
use store::rollouts::{Request, RolloutRow};
use store::tokens::Principal;

use crate::access::roles_for;
use crate::auth::Caller;
use crate::checks::Checks;
use crate::convert::rollouts::rollout;
use crate::extract::{Json, OptionalJson, Path};
use crate::paths::RolloutPath;
use crate::problem::{Kind, Problem};
use crate::state::State;
use crate::words::actions::{Action, Effect, Scene};

type Answer = Result<axum::Json<Rollout>, Problem>;

/// Pause a rollout
///
/// When this answers, no new offer is decided any more, whatever fails after it. Devices offered
/// before may still take the update until they check in; with `take_back`, only those that have
/// begun.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/pause",
    operation_id = "rollout_pause", tag = "rollouts", params(RolloutPath),
    request_body = Option<Pause>,
    responses((status = 200, body = Rollout, description = "The rollout, held")))]
pub(crate) async fn pause(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<RolloutPath>,
    OptionalJson(body): OptionalJson<Pause>,
) -> Answer {
    let take_back = body.take_back;
    let reason = reason(Body { reason: body.reason })?;
    let actor = caller.name;
    let request = Request { wish: Wish::Hold, promoted: None, take_back, actor, reason };
    ask(&state, path, request).await
}

/// Let a paused rollout go on
///
/// The current ring gathers outcomes and is watched again. A gate that still fails pauses it again.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/resume",
    operation_id = "rollout_resume", tag = "rollouts", params(RolloutPath),
    request_body = Option<Body>,
    responses((status = 200, body = Rollout, description = "The rollout, going on")))]
pub(crate) async fn resume(
    given: Given<State>,
    caller: Caller,
    path: Path<RolloutPath>,
    body: OptionalJson<Body>,
) -> Answer {
    wish(Action::Resume, Wish::Run, given, caller, path, body).await
}

/// Take the update back
///
/// Open offers are withdrawn at once, and the update is uninstalled in waves.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/rollback",
    operation_id = "rollout_rollback", tag = "rollouts", params(RolloutPath),
    request_body = Option<Body>,
    responses((status = 200, body = Rollout, description = "The rollout, to be rolled back")))]
pub(crate) async fn rollback(
    given: Given<State>,
    caller: Caller,
    path: Path<RolloutPath>,
    body: OptionalJson<Body>,
) -> Answer {
    wish(Action::Rollback, Wish::Withdraw, given, caller, path, body).await
}

/// Stop a rollout for good
///
/// Devices keep what they have.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/cancel",
    operation_id = "rollout_cancel", tag = "rollouts", params(RolloutPath),
    request_body = Option<Body>,
    responses((status = 200, body = Rollout, description = "The rollout, to be cancelled")))]
pub(crate) async fn cancel(
    given: Given<State>,
    caller: Caller,
    path: Path<RolloutPath>,
    body: OptionalJson<Body>,
) -> Answer {
    wish(Action::Cancel, Wish::Cancel, given, caller, path, body).await
}

/// Vouch for a ring
///
/// Its gate, and those of the rings before it, no longer hold or pause the rollout, nor do approvals
/// that are missing: this outranks both, and stands in the history with who and why. A pause by a
/// person stays.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/promote",
    operation_id = "rollout_promote", tag = "rollouts", params(RolloutPath),
    request_body = Promote,
    responses((status = 200, body = Rollout, description = "The rollout, its ring vouched for")))]
pub(crate) async fn promote(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<RolloutPath>,
    Json(body): Json<Promote>,
) -> Answer {
    let mut checks = Checks::default();
    checks.text("/reason", &body.reason, 1000);
    checks.finish()?;
    let row = state.store.rollout_fetch(path.tenant, path.rollout).await?;
    let ring = ring_in(body.ring, &row)?;
    let is_earlier = row.phase.ring().is_some_and(|current| ring < current);
    match Scene::from(&row).effect(Action::Promote) {
        Effect::Refused(why) => return Err(Problem::new(Kind::Conflict, why)),
        Effect::Already(_) => return Ok(axum::Json(rollout(row))),
        Effect::Does(_) if is_earlier && row.intent.vouches_for(ring) => {
            return Ok(axum::Json(rollout(row)));
        }
        Effect::Does(_) => {}
    }
    let RolloutPath { tenant, rollout: id } = path;
    let (actor, reason, now) = (&caller.name, &body.reason, state.now());
    let row = state.store.rollout_promote(tenant, id, ring, actor, reason, now).await?;
    Ok(axum::Json(rollout(row)))
}

fn ring_in(asked: Option<u8>, row: &RolloutRow) -> Result<RingIndex, Problem> {
    let Some(current) = row.phase.ring() else {
        let why = "no ring has opened yet, so there is no gate to vouch for";
        return Err(Problem::field("/ring", why));
    };
    match asked.map(RingIndex) {
        Some(ring) if ring > current => Err(Problem::field(
            "/ring",
            format!("ring {} has not opened; 0 to {} can be vouched for", ring.0, current.0),
        )),
        Some(ring) => Ok(ring),
        None => Ok(current),
    }
}

async fn wish(
    action: Action,
    wish: Wish,
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<RolloutPath>,
    OptionalJson(body): OptionalJson<Body>,
) -> Answer {
    let reason = reason(body)?;
    let row = state.store.rollout_fetch(path.tenant, path.rollout).await?;
    match Scene::from(&row).effect(action) {
        Effect::Refused(why) => Err(Problem::new(Kind::Conflict, why)),
        Effect::Already(_) => Ok(axum::Json(rollout(row))),
        Effect::Does(_) => {
            if action == Action::Resume {
                check_alarm(&caller, path.tenant, &row)?;
            }
            let request =
                Request { wish, promoted: None, take_back: false, actor: caller.name, reason };
            ask(&state, path, request).await
        }
    }
}

/// What the service stopped goes on only on the word of somebody who may release.
fn check_alarm(caller: &Principal, tenant: TenantId, row: &RolloutRow) -> Result<(), Problem> {
    let is_alarm =
        matches!(row.phase, Phase::Paused { by: PausedBy::Service(_) | PausedBy::Both(_), .. });
    let target = Target::RingSet(tenant, row.ring_set);
    if !is_alarm || caller.grants.may(access::Action::Release, target) {
        return Ok(());
    }
    let detail = format!(
        "the service paused this rollout; to resume it takes the role {}, and {:?} has the role {}",
        roles_for(access::Action::Release),
        caller.name,
        caller.grants.roles(),
    );
    Err(Problem::new(Kind::Forbidden, detail))
}

async fn ask(state: &State, path: RolloutPath, request: Request) -> Answer {
    let RolloutPath { tenant, rollout: id } = path;
    let row = state.store.rollout_request(tenant, id, &request, state.now()).await?;
    Ok(axum::Json(rollout(row)))
}

fn reason(body: Body) -> Result<Option<String>, Problem> {
    let mut checks = Checks::default();
    if let Some(reason) = &body.reason {
        checks.text("/reason", reason, 1000);
    }
    checks.finish()?;
    Ok(body.reason)
}
