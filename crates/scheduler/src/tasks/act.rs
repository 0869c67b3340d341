//! Asking devices to check in at once.

use domain::ids::TenantId;

use super::{Next, TaskError, World};
use crate::ports::{Fleet, FleetError, Journal};
use crate::settings::Clock;

pub(super) async fn act<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
) -> Result<Next, TaskError> {
    loop {
        let pending = world.journal.actions(tenant).await?;
        if pending.is_empty() {
            return Ok(None);
        }
        for action in pending {
            let now = world.clock.now();
            match world.fleet.sync_device(tenant, action.device).await {
                Ok(()) => world.journal.action_done(tenant, action.id, None, now).await?,
                // One device that Graph does not know keeps nobody else waiting.
                Err(FleetError::Rejected(what)) => {
                    world.journal.action_done(tenant, action.id, Some(&what), now).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}
