//! Contacts: people who are told what happens, by e-mail.

use api_types::{Contact, CreateContact, LetterSent, List, PageQuery, ReasonQuery};
use axum::extract::State as Given;
use axum::http::StatusCode;
use store::signals::By;

use crate::auth::Caller;
use crate::checks::Checks;
use crate::convert::notifications::{contact, contact_in, test_letter};
use crate::extract::{Json, Path, Query};
use crate::paging;
use crate::paths::{ContactPath, TenantPath};
use crate::problem::Problem;
use crate::reply::Created;
use crate::state::State;

/// What is recorded when nobody gave a reason.
const NO_REASON: &str = "no reason given";

/// List contacts
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/contacts", operation_id = "contact_list",
    tag = "notifications", params(TenantPath, PageQuery),
    responses((status = 200, body = List<Contact>, description = "One page of contacts")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
    Query(query): Query<PageQuery>,
) -> Result<axum::Json<List<Contact>>, Problem> {
    let page = paging::page(query.page_size, query.page_token.as_deref())?;
    let rows = state.store.contact_list(path.tenant, page).await?;
    Ok(paging::list(page, rows, |row| row.id.0, contact))
}

/// Add a contact
///
/// They are told what happens from now on. A tenant has 100 at most.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/contacts", operation_id = "contact_create",
    tag = "notifications", params(TenantPath), request_body = CreateContact,
    responses((status = 201, body = Contact, description = "The contact")))]
pub(crate) async fn create(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<CreateContact>,
) -> Result<Created<Contact>, Problem> {
    let reason = body.reason.clone();
    let new = contact_in(body)?;
    let reason = reason.as_deref().unwrap_or(NO_REASON);
    let by = By { actor: &caller.name, reason, at: state.now() };
    let row = state.store.contact_create(tenant, &new, by).await?;
    let location = format!("/api/v1/tenants/{tenant}/contacts/{}", row.id);
    Ok(Created { location, body: contact(row) })
}

/// Read a contact
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/contacts/{contact}",
    operation_id = "contact_read", tag = "notifications", params(ContactPath),
    responses((status = 200, body = Contact, description = "The contact")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(path): Path<ContactPath>,
) -> Result<axum::Json<Contact>, Problem> {
    Ok(axum::Json(contact(state.store.contact_fetch(path.tenant, path.contact).await?)))
}

/// Replace a contact
#[utoipa::path(put, path = "/api/v1/tenants/{tenant}/contacts/{contact}",
    operation_id = "contact_replace", tag = "notifications", params(ContactPath),
    request_body = CreateContact,
    responses((status = 200, body = Contact, description = "The contact")))]
pub(crate) async fn replace(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(ContactPath { tenant, contact: id }): Path<ContactPath>,
    Json(body): Json<CreateContact>,
) -> Result<axum::Json<Contact>, Problem> {
    let reason = body.reason.clone();
    let new = contact_in(body)?;
    let reason = reason.as_deref().unwrap_or(NO_REASON);
    let by = By { actor: &caller.name, reason, at: state.now() };
    Ok(axum::Json(contact(state.store.contact_replace(tenant, id, &new, by).await?)))
}

/// Delete a contact
#[utoipa::path(delete, path = "/api/v1/tenants/{tenant}/contacts/{contact}",
    operation_id = "contact_delete", tag = "notifications", params(ContactPath, ReasonQuery),
    responses((status = 204, description = "It is gone")))]
pub(crate) async fn delete(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(ContactPath { tenant, contact: id }): Path<ContactPath>,
    Query(ReasonQuery { reason }): Query<ReasonQuery>,
) -> Result<StatusCode, Problem> {
    let mut checks = Checks::default();
    checks.text("reason", &reason, 500);
    checks.finish()?;
    let by = By { actor: &caller.name, reason: &reason, at: state.now() };
    state.store.contact_delete(tenant, id, by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Test a contact
///
/// Sends an e-mail; the letter says what became of it.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/contacts/{contact}/test",
    operation_id = "contact_test", tag = "notifications", params(ContactPath),
    responses((status = 202, body = LetterSent, description = "It will be sent")))]
pub(crate) async fn test(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(ContactPath { tenant, contact: id }): Path<ContactPath>,
) -> Result<(StatusCode, axum::Json<LetterSent>), Problem> {
    let row = state.store.contact_fetch(tenant, id).await?;
    let by = By { actor: &caller.name, reason: NO_REASON, at: state.now() };
    let letter = test_letter(&caller.name)?;
    let id = state.store.letter_test(tenant, &row.contact.email, letter, by).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(LetterSent { id })))
}
