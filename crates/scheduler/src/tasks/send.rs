//! Sending letters one way, a few at a time.
//!
//! A letter is sent before it is written down that it was: whoever dies in between leaves it to be sent again,
//! under the same id. So it arrives at least once; that it is written only once is the store's matter.

use domain::ids::TenantId;
use domain::metric::Metric;
use domain::outbox::Refusal;
use futures_util::future::join_all;
use uuid::Uuid;

use super::{Next, TaskError, World};
use crate::ports::{Fleet, Journal};
use crate::settings::Clock;

/// Batches of one claim; then others have their turn.
const MOST: usize = 16;

pub(super) async fn send<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
    route: Uuid,
) -> Result<Next, TaskError> {
    for _ in 0..MOST {
        let duty = world.journal.letters_due(tenant, route, world.clock.now()).await?;
        if duty.envelopes.is_empty() {
            return Ok(duty.next);
        }
        let sending = duty.envelopes.into_iter().map(|envelope| async move {
            let tried = world.fleet.send_letter(tenant, &envelope).await;
            let outcome = tried.refusal.map_or("taken", Refusal::name);
            metrics::counter!(Metric::LetterTries.name(), "outcome" => outcome).increment(1);
            (envelope, tried)
        });
        let tried = join_all(sending).await;
        world.journal.letters_tried(tenant, route, &tried, world.clock.now()).await?;
    }
    Ok(Some(world.clock.now()))
}
