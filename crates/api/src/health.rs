//! How a fleet stands.

use api_types as wire;
use axum::extract::State as Given;

use crate::convert::health::health;
use crate::extract::Path;
use crate::paths::TenantPath;
use crate::problem::Problem;
use crate::state::State;

/// Read the health of a tenant
///
/// Devices by status for the tenant, each ring set and each ring, objectives with who is excluded and why,
/// how fresh each source is, and open alerts. From counters: the answer costs the same for any fleet.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/health", operation_id = "health_read",
    tag = "reports", params(TenantPath),
    responses((status = 200, body = wire::Health, description = "How the fleet stands")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
) -> Result<axum::Json<wire::Health>, Problem> {
    let now = state.now();
    let row = state.store.fleet_health(path.tenant, now).await?;
    Ok(axum::Json(health(&row, now)))
}
