//! Judging devices that changed, and placing them.

use domain::ids::TenantId;
use domain::work::WorkKind;

use super::{Next, TaskError, World};
use crate::ports::{Fleet, Journal};
use crate::settings::Clock;

/// Cost: what changed; once in `register_every` also a look over the fleet for devices that fell
/// silent. A hold or an exclusion ends when it says, not at the next look.
pub(super) async fn register<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
) -> Result<Next, TaskError> {
    let now = world.clock.now();
    let expiry = world.journal.register(tenant, now).await?;
    world.journal.ask(tenant, WorkKind::Members, tenant.0, now).await?;
    let regular = world.later(world.settings.register_every, world.settings.reconcile_every);
    Ok(Some(expiry.map_or(regular, |expiry| expiry.min(regular))))
}
