//! Failed and lost devices of a rollout, by code.

use api_types::{Failure, List};
use axum::extract::State as Given;
use domain::failure;
use store::rollouts::{FailureRow, RingRow};

use crate::convert::devices::attempt_state;
use crate::extract::Path;
use crate::paths::RolloutPath;
use crate::problem::Problem;
use crate::state::State;

/// List failures by code
///
/// Devices that failed or were lost, by ring and by what they reported, most devices first.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/rollouts/{rollout}/failures",
    operation_id = "rollout_failures", tag = "rollouts", params(RolloutPath),
    responses((status = 200, body = List<Failure>, description = "All of them")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<RolloutPath>,
) -> Result<axum::Json<List<Failure>>, Problem> {
    let rings = state.store.rollout_fetch(path.tenant, path.rollout).await?.rings;
    let rows = state.store.rollout_failures(path.tenant, path.rollout).await?;
    let items = rows.into_iter().map(|row| failure(row, &rings)).collect();
    Ok(axum::Json(List { items, next_page_token: None }))
}

fn failure(row: FailureRow, rings: &[RingRow]) -> Failure {
    let known = row.code.as_deref().and_then(failure::find);
    let ring = rings.iter().find(|ring| ring.ring == row.ring);
    Failure {
        ring: row.ring.0,
        ring_name: ring.map(|ring| ring.name.clone()).unwrap_or_default(),
        state: attempt_state(row.state),
        name: known.map(|known| known.name.to_owned()).filter(|name| !name.is_empty()),
        text: known.map(|known| known.words.to_owned()),
        code: row.code,
        devices: row.devices,
    }
}
