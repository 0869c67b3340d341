//! By which of Microsoft's ways each kind of update is delivered to a tenant.

use api_types::{ChooseStrategies, KindStrategy, List};
use axum::extract::State as Given;
use domain::offering::possible;

use crate::auth::Caller;
use crate::checks::Checks;
use crate::convert::strategies::{choices_in, strategies};
use crate::extract::{Json, Path};
use crate::paths::TenantPath;
use crate::problem::Problem;
use crate::state::State;

/// Read the strategies
///
/// How every kind of update is delivered, and which kinds cannot be.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/strategies", operation_id = "strategies_read",
    tag = "tenants", params(TenantPath),
    responses((status = 200, body = List<KindStrategy>, description = "One strategy for each kind")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
) -> Result<axum::Json<List<KindStrategy>>, Problem> {
    Ok(axum::Json(strategies(&state.store.strategies(path.tenant).await?)))
}

/// Choose the strategies
///
/// Replaces the choices of the tenant. A strategy that cannot deliver a kind is refused with the
/// reason. Rollouts that are there keep theirs.
#[utoipa::path(put, path = "/api/v1/tenants/{tenant}/strategies",
    operation_id = "strategies_choose", tag = "tenants", params(TenantPath),
    request_body = ChooseStrategies,
    responses((status = 200, body = List<KindStrategy>, description = "As they are now")))]
pub(crate) async fn choose(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<TenantPath>,
    Json(body): Json<ChooseStrategies>,
) -> Result<axum::Json<List<KindStrategy>>, Problem> {
    let choices = choices_in(body);
    let mut checks = Checks::default();
    for (kind, strategy) in &choices {
        if let Err(impossible) = possible(*kind, *strategy) {
            checks.wrong(format!("/{}", kind.name()), impossible.to_string());
        }
    }
    checks.finish()?;
    let (store, now) = (&state.store, state.now());
    let chosen = store.strategies_choose(path.tenant, &choices, &caller.name, now).await?;
    Ok(axum::Json(strategies(&chosen)))
}
