//! Registration: how many devices may be served, and why the others may not.

use api_types::{Asked, RegistrationSummary};
use axum::extract::State as Given;
use axum::http::StatusCode;

use crate::auth::Caller;
use crate::convert::registration::registration;
use crate::extract::Path;
use crate::paths::TenantPath;
use crate::problem::Problem;
use crate::state::State;

/// Count the devices by standing
///
/// Cost: the devices of the tenant.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/registration",
    operation_id = "registration_read", tag = "registration", params(TenantPath),
    responses((status = 200, body = RegistrationSummary, description = "The counts")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(TenantPath { tenant }): Path<TenantPath>,
) -> Result<axum::Json<RegistrationSummary>, Problem> {
    Ok(axum::Json(registration(&state.store.registration_summary(tenant).await?)))
}

/// Judge every device again
///
/// Only needed after a doubt: devices that change are judged by themselves. This answers at once.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/registration",
    operation_id = "registration_run", tag = "registration", params(TenantPath),
    responses((status = 202, body = Asked, description = "They will be judged")))]
pub(crate) async fn run(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
) -> Result<(StatusCode, axum::Json<Asked>), Problem> {
    let at = state.now();
    state.store.registration_request(tenant, &caller.name, at).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(Asked { at })))
}
