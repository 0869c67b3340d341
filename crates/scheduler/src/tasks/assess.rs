//! Running the readiness checks.

use domain::ids::TenantId;
use domain::readiness::evaluate;

use super::{Next, TaskError, World};
use crate::ports::{Fleet, Journal};
use crate::settings::Clock;

pub(super) async fn assess<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
) -> Result<Next, TaskError> {
    let network = world.journal.assess_network(tenant).await?;
    // What is dated later than a request has seen it.
    let now = world.clock.now();
    let facts = world.fleet.facts(tenant, network).await;
    let noted = world.journal.note_connection(tenant, facts.as_ref().err(), world.clock.now());
    noted.await?;
    let assessment = evaluate::assess(&facts?, now);
    world.journal.keep_assessment(tenant, &assessment).await?;
    tracing::info!(%tenant, level = ?assessment.level, "assessed");
    Ok(Some(world.later(world.settings.assess_every, world.settings.reconcile_every)))
}
