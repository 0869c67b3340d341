//! Holds on cohorts.

use api_types::{CohortHold, CreateCohortHold, List, ListQuery, Reason};
use axum::extract::State as Given;
use axum::http::StatusCode;
use store::controls::{CohortHoldRow, NewCohortHold};

use crate::auth::Caller;
use crate::checks::Checks;
use crate::extract::{Json, Path, Query};
use crate::listing;
use crate::paths::{HoldPath, TenantPath};
use crate::problem::Problem;
use crate::reply::Created;
use crate::selection::parse;
use crate::state::State;

/// List holds on cohorts
///
/// Those that stand, in the order in which they were made. Holds on single devices are shown with the devices.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/holds", operation_id = "hold_list",
    tag = "devices", params(TenantPath, ListQuery),
    responses((status = 200, body = List<CohortHold>, description = "One page of holds")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<List<CohortHold>>, Problem> {
    let rows = state.store.cohort_hold_list(path.tenant).await?;
    listing::whole(&query, rows, |row| row.id, hold).await
}

/// Hold a cohort
///
/// Every device the filter is true of is offered nothing new, in any rollout, as long as the hold
/// stands: those that come to belong to it later too. What was offered already goes on.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/holds", operation_id = "hold_create",
    tag = "devices", params(TenantPath), request_body = CreateCohortHold,
    responses((status = 201, body = CohortHold, description = "The hold")))]
pub(crate) async fn create(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<CreateCohortHold>,
) -> Result<Created<CohortHold>, Problem> {
    let now = state.now();
    let mut checks = Checks::default();
    checks.text("/reason", &body.reason, 500);
    if body.expires_at.is_some_and(|end| end <= now) {
        checks.wrong("/expires_at", format!("this has passed; it is {} now", now.to_rfc3339()));
    }
    checks.finish()?;
    let filter = parse(&body.filter, "/filter")?;
    let new = NewCohortHold {
        filter: &filter,
        reason: &body.reason,
        owner: &caller.name,
        expires_at: body.expires_at,
    };
    let made = hold(state.store.cohort_hold_create(tenant, &new, now).await?);
    let location = format!("/api/v1/tenants/{tenant}/holds/{}", made.id);
    Ok(Created { location, body: made })
}

/// End a hold on a cohort
///
/// Devices that nothing else holds are offered updates again.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/holds/{hold}/end", operation_id = "hold_end",
    tag = "devices", params(HoldPath), request_body = Reason,
    responses((status = 204, description = "It has ended")))]
pub(crate) async fn end(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<HoldPath>,
    Json(body): Json<Reason>,
) -> Result<StatusCode, Problem> {
    let mut checks = Checks::default();
    checks.text("/reason", &body.reason, 1000);
    checks.finish()?;
    let said = (caller.name.as_str(), body.reason.as_str());
    state.store.cohort_hold_end(path.tenant, path.hold, said, state.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn hold(row: CohortHoldRow) -> CohortHold {
    CohortHold {
        id: row.id,
        filter: row.filter,
        reason: row.reason,
        owner: row.owner,
        since: row.since,
        expires_at: row.expires_at,
        devices: row.devices.unsigned_abs(),
        complete: row.complete,
    }
}
