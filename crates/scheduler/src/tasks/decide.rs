//! Deciding, one recorded event after the other, until there is something to wait for.

use domain::ids::{RolloutId, TenantId};
use domain::metric::Metric;
use domain::rollout::decide::{Decision, decide as next};
use domain::rollout::phase::Phase;

use super::{Next, TaskError, World};
use crate::ports::{Fleet, Journal, JournalError};
use crate::settings::Clock;

/// More events in a row than any plan needs: then the rest waits for the next turn, so that one
/// rollout cannot starve the others.
const IN_A_ROW: usize = 64;

pub(super) async fn decide<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
    rollout: RolloutId,
) -> Result<Next, TaskError> {
    for _ in 0..IN_A_ROW {
        let snapshot = world.journal.snapshot(tenant, rollout).await?;
        let now = world.clock.now();
        match next(&snapshot.plan, snapshot.phase, &snapshot.observations, now) {
            Decision::Act(event) => {
                match world.journal.record(tenant, rollout, &snapshot, event, now).await {
                    Ok(()) => tracing::info!(%tenant, %rollout, ?event, "decided"),
                    // Somebody asked for something, or another server was faster: look again.
                    Err(JournalError::Stale) => continue,
                    Err(error) => return Err(error.into()),
                }
                metrics::counter!(Metric::Decisions.name()).increment(1);
            }
            Decision::Wait(waiting) => {
                world.journal.waits(tenant, rollout, &waiting, now).await?;
                return Ok(waiting.next_look());
            }
        }
    }
    Ok(Some(world.clock.now()))
}

/// Gives up on silent devices; rests when there are none to give up on any more.
pub(super) async fn sweep<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    tenant: TenantId,
    rollout: RolloutId,
) -> Result<Next, TaskError> {
    let snapshot = world.journal.snapshot(tenant, rollout).await?;
    let over = match snapshot.phase {
        // Of a cancelled one nothing is read any more, so its devices cannot be told from silent.
        Phase::RolledBack { .. } | Phase::Cancelled { .. } => true,
        Phase::Scheduled | Phase::Offering { .. } | Phase::Soaking { .. } => false,
        Phase::Paused { .. } | Phase::RollingBack { .. } => false,
        // Devices offered before the end still come in.
        Phase::Completed { ring, .. } => {
            ring.up_to_here().all(|ring| snapshot.observations.ring(ring).tally.in_flight() == 0)
        }
    };
    if over {
        return Ok(None);
    }
    // As of the last complete read: while we do not listen ourselves, no device is silent.
    if let Some(heard_to) = snapshot.observations.observed_at {
        let as_of = heard_to.min(world.clock.now());
        let given_up = world.journal.sweep(tenant, rollout, as_of).await?;
        if given_up > 0 {
            tracing::info!(%tenant, %rollout, devices = given_up, "gave up on devices not heard of");
        }
    }
    Ok(Some(world.later(world.settings.sweep_every, world.settings.observe_at_most_every)))
}
