//! The budget of a tenant.

use api_types::{Budget, SetBudget};
use axum::extract::State as Given;
use store::budget::BudgetRow;

use crate::auth::Caller;
use crate::checks::Checks;
use crate::extract::{Json, Path};
use crate::paths::TenantPath;
use crate::problem::Problem;
use crate::state::State;

/// More than any fleet has; a column holds it.
const MOST: u32 = 2_000_000_000;

/// Read the budget of a tenant
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/budget", operation_id = "budget_read",
    tag = "tenants", params(TenantPath),
    responses((status = 200, body = Budget, description = "The budget, and what is taken")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
) -> Result<axum::Json<Budget>, Problem> {
    Ok(axum::Json(budget(state.store.budget_fetch(path.tenant).await?)))
}

/// Set the budget of a tenant
///
/// Most devices between offer and outcome, over all rollouts. What is offered already stays offered.
#[utoipa::path(put, path = "/api/v1/tenants/{tenant}/budget", operation_id = "budget_set",
    tag = "tenants", params(TenantPath), request_body = SetBudget,
    responses((status = 200, body = Budget, description = "The budget, and what is taken")))]
pub(crate) async fn put(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<TenantPath>,
    Json(body): Json<SetBudget>,
) -> Result<axum::Json<Budget>, Problem> {
    let mut checks = Checks::default();
    if let Some(devices) = body.devices {
        checks.range("/devices", &devices, 0..=MOST);
    }
    checks.finish()?;
    let set = state.store.budget_set(path.tenant, body.devices, &caller.name, state.now()).await?;
    Ok(axum::Json(budget(set)))
}

const fn budget(row: BudgetRow) -> Budget {
    Budget { devices: row.limit, in_flight: row.in_flight, waiting_rollouts: row.waiting }
}
