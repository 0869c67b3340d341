//! Telling a receiver what happened, a few messages at a time.
//!
//! A message is sent before it is written down that it was: whoever dies in between leaves it to be sent
//! again, with the same id. So it is delivered at least once.

use domain::ids::{TenantId, WebhookId};
use domain::metric::Metric;
use futures_util::future::join_all;

use super::{Next, TaskError, World};
use crate::ports::{Fleet, Journal};
use crate::settings::Clock;

/// Batches of one claim; then others have their turn.
const MOST: usize = 16;

pub(super) async fn deliver<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
    webhook: WebhookId,
) -> Result<Next, TaskError> {
    for _ in 0..MOST {
        let duty = world.journal.webhook_due(tenant, webhook, world.clock.now()).await?;
        if duty.messages.is_empty() {
            return Ok(duty.next);
        }
        let sending = duty.messages.into_iter().map(|message| async move {
            let tried =
                world.fleet.send_webhook(tenant, webhook, &message, world.clock.now()).await;
            let outcome = tried.refusal.map_or("taken", domain::webhook::Refusal::name);
            metrics::counter!(Metric::WebhookTries.name(), "outcome" => outcome).increment(1);
            (message, tried)
        });
        let tried = join_all(sending).await;
        world.journal.webhook_tried(tenant, webhook, &tried, world.clock.now()).await?;
    }
    Ok(Some(world.clock.now()))
}
