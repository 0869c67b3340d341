//! Handing support requests on to a desk, a few at a time.
//!
//! A ticket is looked for before it is made, so whoever dies between the two leaves one. What is told to a webhook, and
//! what is added to a ticket, is told at least once.

use domain::ids::{SupportDeskId, TenantId};
use domain::metric::Metric;
use futures_util::future::join_all;

use super::{Next, TaskError, World};
use crate::ports::{Fleet, Journal};
use crate::settings::Clock;

/// Batches of one claim; then others have their turn.
const MOST: usize = 16;

pub(super) async fn hand_on<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
    desk: SupportDeskId,
) -> Result<Next, TaskError> {
    for _ in 0..MOST {
        let duty = world.journal.desk_due(tenant, desk, world.clock.now()).await?;
        if duty.told.is_empty() {
            return Ok(duty.next);
        }
        // Of different requests, so in any order.
        let telling = duty.told.into_iter().map(|told| async move {
            let ended = world.fleet.hand_on(tenant, desk, &told, world.clock.now()).await;
            let outcome = ended.0.refusal.map_or("taken", domain::webhook::Refusal::name);
            metrics::counter!(Metric::DeskTries.name(), "outcome" => outcome).increment(1);
            (told, ended)
        });
        for (told, (tried, reference)) in join_all(telling).await {
            let (ended, now) = ((tried, reference.as_ref()), world.clock.now());
            world.journal.desk_tried(tenant, desk, &told, ended, now).await?;
        }
    }
    Ok(Some(world.clock.now()))
}
