//! Approving what the rules of a tenant say. Asked for after each sync, and due when a delay ends.

use domain::ids::TenantId;

use super::{Next, TaskError, World};
use crate::ports::{Fleet, Journal};
use crate::settings::Clock;

pub(super) async fn approve<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
) -> Result<Next, TaskError> {
    let next = world.journal.approve(tenant, world.clock.now()).await?;
    tracing::debug!(%tenant, ?next, "held the rules against the catalogue");
    Ok(next)
}
