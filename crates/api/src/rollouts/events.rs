//! The history of a rollout: as a list, and as a stream of what is added to it.

use api_types::{Change, Event, EventQuery, List};
use axum::extract::State as Given;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use store::audit_trail::{Direction, Filter};
use store::events::EventRow;

use crate::auth::{Caller, Credential};
use crate::extract::{Path, Query};
use crate::follow::{Follower, History, change};
use crate::paging;
use crate::paths::{RolloutPath, TenantPath};
use crate::problem::Problem;
use crate::state::State;
use crate::words::{Rings, events};

/// Read the history of a rollout
///
/// Oldest first. `next_page_token` of a full page is the `after` of the next.
///
/// With `Accept: text/event-stream` it is a stream that goes on as the history grows. The id of each
/// event is its `seq`; after a broken connection, `Last-Event-ID` (which browsers send by
/// themselves) goes on where it broke, with nothing lost and nothing repeated. A comment is sent
/// every 15 seconds in which nothing happens. An event `reset` says that the history is not what the reader
/// knows of it: read everything anew, and go on from its id. The stream ends when the token is revoked or the session ends.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/events",
    operation_id = "rollout_events", tag = "rollouts",
    params(RolloutPath, EventQuery,
        ("Last-Event-ID" = Option<i64>, Header, description = "Only on a stream: the `seq` seen last")),
    responses((status = 200, description = "One page of the history, or a stream of it",
        content((List<Event> = "application/json"), (String = "text/event-stream")))))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Caller(caller): Caller,
    credential: Credential,
    Path(path): Path<RolloutPath>,
    Query(query): Query<EventQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let limit = paging::limit("limit", query.limit)?;
    let after = after("after", query.after.unwrap_or_default())?;
    let row = state.store.rollout_fetch(path.tenant, path.rollout).await?;
    let rings =
        Rings::new(row.rings.iter().map(|ring| ring.name.as_str())).with_segments(&row.segments);
    let seen = last_event_id(&headers)?;
    if wants_stream(&headers) {
        let after = seen.unwrap_or(after);
        let history = History::Rollout { id: path.rollout, rings };
        let follower = Follower::new(state, path.tenant, history, after, credential, caller.id);
        return Ok(follower.into_response());
    }
    let rows = state.store.event_list(path.tenant, path.rollout, after, limit).await?;
    let is_full = rows.len() >= usize::from(limit);
    let next_page_token = rows.last().filter(|_| is_full).map(|last| last.seq.to_string());
    let items = rows.into_iter().map(|row| event(row, &rings)).collect();
    Ok(axum::Json(List::<Event> { items, next_page_token }).into_response())
}

/// Read what changes in a tenant
///
/// That something was asked for or decided, of whatever it is: its kind and rollout, for programs that read
/// anew what they show. What it says is in the history of the rollout, and in the audit trail.
///
/// As a stream, as that of a rollout; a reader that is more than 10,000 changes behind gets a `reset`.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/events", operation_id = "tenant_events",
    tag = "tenants",
    params(TenantPath, EventQuery,
        ("Last-Event-ID" = Option<i64>, Header, description = "Only on a stream: the `seq` seen last")),
    responses((status = 200, description = "One page of the changes, or a stream of them",
        content((List<Change> = "application/json"), (String = "text/event-stream")))))]
pub(crate) async fn changes(
    Given(state): Given<State>,
    Caller(caller): Caller,
    credential: Credential,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Query(query): Query<EventQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let limit = paging::limit("limit", query.limit)?;
    let from = after("after", query.after.unwrap_or_default())?;
    let seen = last_event_id(&headers)?;
    if wants_stream(&headers) {
        let from = seen.unwrap_or(from);
        let follower = Follower::new(state, tenant, History::Tenant, from, credential, caller.id);
        return Ok(follower.into_response());
    }
    let from = Direction::After(from);
    let rows = state.store.audit_list(tenant, &Filter::default(), from, limit).await?;
    let is_full = rows.len() >= usize::from(limit);
    let next_page_token = rows.last().filter(|_| is_full).map(|last| last.seq.to_string());
    let items = rows.into_iter().map(change).collect();
    Ok(axum::Json(List::<Change> { items, next_page_token }).into_response())
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .map(|range| range.split(';').next().unwrap_or_default().trim())
        .any(|range| range.eq_ignore_ascii_case("text/event-stream"))
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let seq = value.to_str().ok().and_then(|text| text.parse().ok());
    let wrong = || Problem::parameter("Last-Event-ID", "this is not the id of an event of ours");
    after("Last-Event-ID", seq.ok_or_else(wrong)?).map(Some)
}

fn after(name: &str, seq: i64) -> Result<i64, Problem> {
    if seq < 0 { Err(Problem::parameter(name, "0 or more is right")) } else { Ok(seq) }
}

pub(crate) fn event(row: EventRow, rings: &Rings) -> Event {
    let body: Value = serde_json::from_str(&row.body).unwrap_or_default();
    Event {
        seq: row.seq,
        rollout_id: row.rollout.map(|rollout| rollout.0),
        at: row.at,
        text: events::entry(&row.kind, &row.actor, &body, rings),
        actor: row.actor,
        kind: row.kind,
        body,
    }
}
