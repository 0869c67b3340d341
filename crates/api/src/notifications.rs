//! Notifications: what was sent to whom, what became of it, and how each sort of message reads.

use api_types::{Letter, LetterQuery, LetterWithContent, List, NotificationTopic};
use axum::extract::State as Given;
use domain::notification::TOPICS;
use store::outbox::LetterFilter;
use store::signals::By;

use crate::auth::Caller;
use crate::convert::notifications::{content, letter, state_in, topic};
use crate::extract::{Path, Query};
use crate::paging;
use crate::paths::{LetterPath, TenantPath};
use crate::problem::Problem;
use crate::state::State;

/// Of a word for a sort of message.
const LONGEST_KIND: usize = 50;

/// List the sorts of messages
///
/// Each with an example of how it reads.
#[utoipa::path(get, path = "/api/v1/notification-topics", operation_id = "notification_topics",
    tag = "notifications",
    responses((status = 200, body = List<NotificationTopic>, description = "All of them")))]
pub(crate) async fn topics() -> Result<axum::Json<List<NotificationTopic>>, Problem> {
    let items = TOPICS.iter().map(topic).collect::<Result<_, _>>()?;
    Ok(axum::Json(List { items, next_page_token: None }))
}

/// List letters
///
/// Newest first, each with the log of its tries. What ended is kept for 30 days.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/notifications",
    operation_id = "notification_list", tag = "notifications", params(TenantPath, LetterQuery),
    responses((status = 200, body = List<Letter>, description = "One page of letters")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
    Query(query): Query<LetterQuery>,
) -> Result<axum::Json<List<Letter>>, Problem> {
    let page = paging::page(query.page_size, query.page_token.as_deref())?;
    if query.kind.as_ref().is_some_and(|kind| kind.chars().count() > LONGEST_KIND) {
        let why = format!("{LONGEST_KIND} characters are the most");
        return Err(Problem::parameter("kind", why));
    }
    let filter = LetterFilter { state: query.state.map(state_in), kind: query.kind };
    // Newest first, so what comes after a page was made before it.
    let rows = state.store.letter_list(path.tenant, &filter, page.after, page.limit).await?;
    Ok(paging::list(page, rows, |row| row.id, letter))
}

/// Read a letter
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/notifications/{letter}",
    operation_id = "notification_read", tag = "notifications", params(LetterPath),
    responses((status = 200, body = LetterWithContent, description = "The letter, with what it says")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(path): Path<LetterPath>,
) -> Result<axum::Json<LetterWithContent>, Problem> {
    let (row, said) = state.store.letter_fetch(path.tenant, path.letter).await?;
    Ok(axum::Json(LetterWithContent { letter: letter(row), content: content(&said) }))
}

/// Send a letter again
///
/// One that was given up, under the same id, and tried for three days anew.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/notifications/{letter}/retry",
    operation_id = "notification_retry", tag = "notifications", params(LetterPath),
    responses((status = 200, body = Letter, description = "It will be sent")))]
pub(crate) async fn retry(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(LetterPath { tenant, letter: id }): Path<LetterPath>,
) -> Result<axum::Json<Letter>, Problem> {
    let by = By { actor: &caller.name, reason: "no reason given", at: state.now() };
    Ok(axum::Json(letter(state.store.letter_retry(tenant, id, by).await?)))
}
