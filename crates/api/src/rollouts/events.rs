//! The history of a rollout: as a list, and as a stream of what is added to it.

mod stream;

use api_types::{Event, EventQuery, List};
use axum::extract::State as Given;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use store::events::EventRow;

use crate::auth::{Caller, TokenText};
use crate::extract::{Path, Query};
use crate::paging;
use crate::paths::RolloutPath;
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
/// every 15 seconds in which nothing happens. The stream ends when the token is revoked.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/events",
    operation_id = "rollout_events", tag = "rollouts",
    params(RolloutPath, EventQuery,
        ("Last-Event-ID" = Option<i64>, Header, description = "Only on a stream: the `seq` seen last")),
    responses((status = 200, description = "One page of the history, or a stream of it",
        content((List<Event> = "application/json"), (String = "text/event-stream")))))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Caller(caller): Caller,
    token: TokenText,
    Path(path): Path<RolloutPath>,
    Query(query): Query<EventQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let limit = paging::limit("limit", query.limit)?;
    let after = after("after", query.after.unwrap_or_default())?;
    let row = state.store.rollout_fetch(path.tenant, path.rollout).await?;
    let rings =
        Rings::new(row.rings.iter().map(|ring| ring.name.as_str())).with_segments(&row.segments);
    if wants_stream(&headers) {
        let after = last_event_id(&headers)?.unwrap_or(after);
        let follower = stream::Follower::new(state, path, rings, after, token, caller.token);
        return Ok(follower.into_response());
    }
    let rows = state.store.event_list(path.tenant, path.rollout, after, limit).await?;
    let is_full = rows.len() >= usize::from(limit);
    let next_page_token = rows.last().filter(|_| is_full).map(|last| last.seq.to_string());
    let items = rows.into_iter().map(|row| event(row, &rings)).collect();
    Ok(axum::Json(List::<Event> { items, next_page_token }).into_response())
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

fn event(row: EventRow, rings: &Rings) -> Event {
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
