//! Sessions of everybody, for administrators of the service.

use api_types::{List, ListQuery, Session, SessionWay};
use axum::extract::State as Given;
use axum::http::StatusCode;
use store::sessions::{SessionRow, Way};

use crate::auth::Caller;
use crate::extract::{Path, Query};
use crate::listing;
use crate::paths::SessionPath;
use crate::problem::Problem;
use crate::state::State;

/// List the sessions of browsers
///
/// Those that are good, in the order in which they began. What their cookies hold is not kept.
#[utoipa::path(get, path = "/api/v1/sessions", operation_id = "session_list", tag = "tokens",
    params(ListQuery),
    responses((status = 200, body = List<Session>, description = "One page of sessions")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<List<Session>>, Problem> {
    let rows = state.store.session_list(state.moment()).await?;
    listing::whole(&query, rows, |row| row.id, session).await
}

/// End a session
///
/// Its cookie is refused from then on.
#[utoipa::path(delete, path = "/api/v1/sessions/{session}", operation_id = "session_end",
    tag = "tokens", params(SessionPath),
    responses((status = 204, description = "It has ended")))]
pub(crate) async fn end(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<SessionPath>,
) -> Result<StatusCode, Problem> {
    state.store.session_end(path.session, &caller.name, state.moment()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn session(row: SessionRow) -> Session {
    Session {
        id: row.id,
        name: row.name,
        way: match row.way {
            Way::Token => SessionWay::Token,
            Way::Provider => SessionWay::Provider,
        },
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        ends_at: row.ends_at,
    }
}
