//! Telling people of a tenant what there is to be told. One transaction of the journal; sending is another work.

use domain::ids::TenantId;

use super::{Next, TaskError, World};
use crate::ports::{Fleet, Journal};
use crate::settings::Clock;

pub(super) async fn notify<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
) -> Result<Next, TaskError> {
    Ok(world.journal.notify(tenant, world.clock.now()).await?)
}
