//! Custom signals, and what they say of rollouts.

use api_types::{
    CreateSignal, List, ListQuery, ReasonQuery, SeenSignals, Signal, SignalTest, TestSignal,
};
use axum::extract::State as Given;
use axum::http::StatusCode;
use domain::ids::{RolloutId, TenantId};
use domain::ring::RingIndex;
use domain::signal::{Context, History, Seen, judge_one};
use store::signals::{By, SecretChange, SignalRow};
use uuid::Uuid;

use crate::auth::Caller;
use crate::checks::Checks;
use crate::convert::signals::{answer, reading, seen, signal, signal_in};
use crate::extract::{Json, OptionalJson, Path, Query};
use crate::listing;
use crate::paths::{RolloutPath, SignalPath, TenantPath};
use crate::problem::Problem;
use crate::reply::Created;
use crate::state::State;

/// What is recorded when nobody gave a reason.
const NO_REASON: &str = "no reason given";
/// What stands for a rollout when there is none to speak of.
const NOTHING: &str = "test";

/// List signals
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/signals", operation_id = "signal_list",
    tag = "signals", params(TenantPath, ListQuery),
    responses((status = 200, body = List<Signal>, description = "One page of signals")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<List<Signal>>, Problem> {
    let fetch = |page| state.store.signal_list(path.tenant, page);
    listing::list(&query, fetch, |row| row.id.0, |row| signal(&row)).await
}

/// Add a signal
///
/// It is read at once for every rollout that listens to it, and held against their gates.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/signals", operation_id = "signal_create",
    tag = "signals", params(TenantPath), request_body = CreateSignal,
    responses((status = 201, body = Signal, description = "The signal")))]
pub(crate) async fn create(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<CreateSignal>,
) -> Result<Created<Signal>, Problem> {
    let reason = body.reason.clone();
    let (wanted, secret) = signal_in(body)?;
    let secret = match secret {
        SecretChange::Set(secret) => Some(secret),
        SecretChange::Keep | SecretChange::Forget => None,
    };
    let by =
        By { actor: &caller.name, reason: reason.as_deref().unwrap_or(NO_REASON), at: state.now() };
    let made = state.store.signal_create(tenant, &wanted, secret.as_deref(), by).await;
    let row = made.map_err(Problem::about("/ring_set_id"))?;
    let location = format!("/api/v1/tenants/{tenant}/signals/{}", row.id);
    Ok(Created { location, body: signal(&row) })
}

/// Read a signal
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/signals/{signal}",
    operation_id = "signal_read", tag = "signals", params(SignalPath),
    responses((status = 200, body = Signal, description = "The signal, without its secret")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(path): Path<SignalPath>,
) -> Result<axum::Json<Signal>, Problem> {
    let row = state.store.signal_fetch(path.tenant, path.signal).await?;
    Ok(axum::Json(signal(&row)))
}

/// Replace a signal
///
/// What was read of it is forgotten. Its secret stays if none is given and the source is the same.
#[utoipa::path(put, path = "/api/v1/tenants/{tenant}/signals/{signal}",
    operation_id = "signal_replace", tag = "signals", params(SignalPath),
    request_body = CreateSignal,
    responses((status = 200, body = Signal, description = "The signal")))]
pub(crate) async fn replace(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(SignalPath { tenant, signal: id }): Path<SignalPath>,
    Json(body): Json<CreateSignal>,
) -> Result<axum::Json<Signal>, Problem> {
    let reason = body.reason.clone();
    let has_ring_set = body.ring_set_id.is_some();
    let (wanted, secret) = signal_in(body)?;
    let by =
        By { actor: &caller.name, reason: reason.as_deref().unwrap_or(NO_REASON), at: state.now() };
    let row = match state.store.signal_replace(tenant, id, &wanted, &secret, by).await {
        Ok(row) => row,
        Err(store::StoreError::Invalid(why)) => {
            let about_ring_set = has_ring_set && why.contains("ring set");
            let pointer = if about_ring_set { "/ring_set_id" } else { "/secret" };
            return Err(Problem::field(pointer, why));
        }
        Err(other) => return Err(other.into()),
    };
    Ok(axum::Json(signal(&row)))
}

/// Delete a signal
///
/// Gates ask for less afterwards, so it needs a reason.
#[utoipa::path(delete, path = "/api/v1/tenants/{tenant}/signals/{signal}",
    operation_id = "signal_delete", tag = "signals", params(SignalPath, ReasonQuery),
    responses((status = 204, description = "It is gone")))]
pub(crate) async fn delete(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(SignalPath { tenant, signal: id }): Path<SignalPath>,
    Query(ReasonQuery { reason }): Query<ReasonQuery>,
) -> Result<StatusCode, Problem> {
    let mut checks = Checks::default();
    checks.text("reason", &reason, 500);
    checks.finish()?;
    let by = By { actor: &caller.name, reason: &reason, at: state.now() };
    state.store.signal_delete(tenant, id, by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Test a signal
///
/// Asks its source now and says what a gate would make of it. Nothing is kept.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/signals/{signal}/test",
    operation_id = "signal_test", tag = "signals", params(SignalPath),
    request_body = Option<TestSignal>,
    responses((status = 200, body = SignalTest, description = "What its source says")))]
pub(crate) async fn test(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(SignalPath { tenant, signal: id }): Path<SignalPath>,
    OptionalJson(body): OptionalJson<TestSignal>,
) -> Result<axum::Json<SignalTest>, Problem> {
    let row = state.store.signal_fetch(tenant, id).await?;
    let rollout = match body.rollout_id {
        Some(wanted) => Some(RolloutId(wanted)),
        None => state.store.signal_rollout(tenant, id).await?,
    };
    let (context, before) = scene(&state, tenant, &row, rollout).await?;
    let now = state.now();
    // Before anything is sent: what leaves the service is in the trail, whatever crashes.
    let by = By { actor: &caller.name, reason: NO_REASON, at: now };
    state.store.signal_test_note(tenant, id, rollout, by).await?;
    let found = state.signals.read(&row, &context, now).await;
    let after = Seen {
        history: before.history.after(found.clone(), &before.policy),
        first_due: now,
        ..before
    };
    let answer = answer(&judge_one(&after, now));
    let rollout_id = rollout.map(|rollout| rollout.0);
    Ok(axum::Json(SignalTest { rollout_id, reading: reading(&found), answer }))
}

/// What a reading for `rollout` is about, and what came before it.
async fn scene(
    state: &State,
    tenant: TenantId,
    row: &SignalRow,
    rollout: Option<RolloutId>,
) -> Result<(Context, Seen), Problem> {
    let definition = row.signal.definition();
    let nothing = || Seen {
        name: definition.name.clone(),
        owner: definition.owner.clone(),
        runbook: definition.runbook.clone(),
        policy: row.signal.policy(),
        first_due: row.changed_at,
        history: History::default(),
    };
    let Some(rollout) = rollout else {
        let context = Context {
            tenant,
            tenant_name: state.store.tenant_fetch(tenant).await?.name,
            rollout: RolloutId(Uuid::nil()),
            release_name: NOTHING.to_owned(),
            phase: NOTHING.to_owned(),
            ring: RingIndex(0),
            ring_name: NOTHING.to_owned(),
        };
        return Ok((context, nothing()));
    };
    let about = Problem::about("/rollout_id");
    let context = state.store.signal_context(tenant, rollout).await.map_err(about)?;
    let seen = state.store.rollout_signals(tenant, rollout).await?;
    let before = seen.into_iter().find(|seen| seen.name == definition.name);
    Ok((context, before.unwrap_or_else(nothing)))
}

/// Read the signals of a rollout
///
/// What its gates see of them at this moment.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/signals",
    operation_id = "rollout_signals", tag = "rollouts", params(RolloutPath),
    responses((status = 200, body = SeenSignals, description = "Every signal it listens to")))]
pub(crate) async fn of_rollout(
    Given(state): Given<State>,
    Path(path): Path<RolloutPath>,
) -> Result<axum::Json<SeenSignals>, Problem> {
    let found = state.store.rollout_signals(path.tenant, path.rollout).await?;
    Ok(axum::Json(seen(&found, state.now())))
}
