//! Devices between offer and outcome.

use api_types::{InFlightDevice, List, PageQuery};
use axum::extract::State as Given;
use domain::attempt::AttemptState;

use crate::convert::devices::attempt_state;
use crate::extract::{Path, Query};
use crate::paging;
use crate::paths::RolloutPath;
use crate::problem::Problem;
use crate::state::State;

/// List the devices in flight
///
/// Those that were offered the update and have no outcome yet: they may still take it after a pause,
/// until they check in.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/in-flight",
    operation_id = "rollout_in_flight", tag = "rollouts", params(RolloutPath, PageQuery),
    responses((status = 200, body = List<InFlightDevice>, description = "One page of devices")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<RolloutPath>,
    Query(query): Query<PageQuery>,
) -> Result<axum::Json<List<InFlightDevice>>, Problem> {
    let page = paging::page(query.page_size, query.page_token.as_deref())?;
    let rows = state.store.rollout_in_flight(path.tenant, path.rollout, page).await?;
    Ok(paging::list(
        page,
        rows,
        |row| row.device.0,
        |row| InFlightDevice {
            device_id: row.device.0,
            name: row.name,
            ring: row.ring.0,
            state: attempt_state(row.state),
            since: row.since,
            last_check_in: row.last_sync,
            can_be_taken_back: row.state == AttemptState::Offered,
            safeguard: row.safeguard,
        },
    ))
}
