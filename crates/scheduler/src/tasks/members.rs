//! Bringing the members of ring groups on Graph up to date, chunk by chunk.

use domain::ids::TenantId;

use super::{Next, TaskError, World};
use crate::ports::{Fleet, Journal};
use crate::settings::Clock;

/// Cost: the devices whose ring changed since their group was last told. A chunk told twice is
/// harmless: memberships are set, not counted.
pub(super) async fn members<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
) -> Result<Next, TaskError> {
    while let Some(batch) = world.journal.group_batch(tenant).await? {
        world.fleet.change_members(tenant, &batch).await?;
        world.journal.batch_told(tenant, &batch).await?;
    }
    Ok(None)
}
