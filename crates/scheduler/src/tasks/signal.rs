//! Reading the custom signals of a rollout, a few at a time: one slow source holds up few others.

use chrono::{DateTime, Utc};
use domain::ids::{RolloutId, TenantId};
use domain::metric::Metric;
use domain::signal::{Context, Due};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::{Next, TaskError, World};
use crate::ports::{Fleet, Journal};
use crate::settings::Clock;

/// Sources asked at once for one rollout.
const AT_ONCE: usize = 4;

pub(super) async fn signal<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
    rollout: RolloutId,
) -> Result<Next, TaskError> {
    let duty = world.journal.signals_due(tenant, rollout, world.clock.now()).await?;
    let Some(context) = duty.context else { return Ok(None) };
    if duty.due.is_empty() {
        return Ok(duty.next);
    }
    let mut next = duty.next;
    for some in duty.due.chunks(AT_ONCE) {
        let mut reading = FuturesUnordered::new();
        for due in some {
            reading.push(read(world, tenant, &context, due));
        }
        while let Some(again) = reading.next().await {
            let again = again?;
            next = Some(next.map_or(again, |next| next.min(again)));
        }
    }
    Ok(next)
}

/// When the signal is due again.
async fn read<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
    context: &Context,
    due: &Due,
) -> Result<DateTime<Utc>, TaskError> {
    let now = world.clock.now();
    let reading = world.fleet.read_signal(context, due, now).await;
    let outcome = reading.outcome.name();
    metrics::counter!(Metric::SignalReadings.name(), "outcome" => outcome).increment(1);
    let of = (due.id, due.generation);
    world.journal.signal_read(tenant, context.rollout, of, &reading, world.clock.now()).await?;
    Ok(world.later(due.signal.definition().interval, world.settings.observe_at_most_every))
}
