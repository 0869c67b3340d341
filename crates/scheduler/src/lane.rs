//! One lane: claims work of some kinds, runs it, sleeps when there is none.

use std::time::Duration;

use domain::work::{Claim, Nudges, Upcoming, WorkKind};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::ports::{Fleet, Journal, JournalError};
use crate::settings::Clock;
use crate::tasks::{self, World};

/// Sleeps no longer than this, should a nudge ever get lost.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// After a lease has ended, so that it has.
const A_MOMENT: Duration = Duration::from_millis(5);
/// After the database failed.
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) async fn run<J: Journal, F: Fleet, C: Clock>(
    world: World<J, F, C>,
    kinds: &'static [WorkKind],
    slots: usize,
    stop: CancellationToken,
) {
    let mut nudges = world.journal.nudges();
    let mut running = JoinSet::new();
    while !stop.is_cancelled() {
        // Read before the claim, so that a nudge during it ends the sleep after it.
        let heard = nudges.borrow_and_update().of(kinds);
        let free = slots - running.len();
        match claim(&world, kinds, free).await {
            Ok(claims) => {
                let full = claims.len() == free;
                for claim in claims {
                    let world = world.clone();
                    running.spawn(async move { tasks::run(&world, claim).await });
                }
                if full || running.len() == slots {
                    wait_for_a_slot(&mut running, slots, &stop).await;
                    continue;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "work could not be claimed");
                sleep(PAUSE, (&mut nudges, kinds, heard), &mut running, &stop).await;
                continue;
            }
        }
        let length = until_due(&world, kinds).await;
        sleep(length, (&mut nudges, kinds, heard), &mut running, &stop).await;
    }
    while running.join_next().await.is_some() {}
}

async fn claim<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    kinds: &[WorkKind],
    free: usize,
) -> Result<Vec<Claim>, JournalError> {
    if free == 0 {
        return Ok(Vec::new());
    }
    world.journal.claim(kinds, free, world.settings.lease, world.clock.now()).await
}

async fn until_due<J: Journal, F: Fleet, C: Clock>(
    world: &World<J, F, C>,
    kinds: &[WorkKind],
) -> Duration {
    match world.journal.upcoming(kinds).await {
        Ok(Upcoming { due, lease_ends_in }) => {
            let due = due.map(|due| world.clock.wall_time(due - world.clock.now()));
            let lease = lease_ends_in.map(|lease| lease + A_MOMENT);
            due.into_iter().chain(lease).min().unwrap_or(LONGEST_SLEEP).min(LONGEST_SLEEP)
        }
        Err(error) => {
            tracing::warn!(%error, "the next due time could not be read");
            PAUSE
        }
    }
}

async fn wait_for_a_slot(running: &mut JoinSet<()>, slots: usize, stop: &CancellationToken) {
    while running.len() >= slots {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = running.join_next() => {}
        }
    }
    while running.try_join_next().is_some() {}
}

async fn sleep(
    length: Duration,
    (nudges, kinds, heard): (&mut watch::Receiver<Nudges>, &[WorkKind], u64),
    running: &mut JoinSet<()>,
    stop: &CancellationToken,
) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(length) => {}
        // An error means the journal is going away; the stop follows.
        alive = nudged(nudges, kinds, heard) => if !alive { tokio::time::sleep(PAUSE).await },
        // Finished work may be due again, and frees a slot.
        Some(_) = running.join_next(), if !running.is_empty() => {}
    }
    while running.try_join_next().is_some() {}
}

/// Waits for a nudge of one of `kinds`; whether there is still somebody to nudge.
async fn nudged(nudges: &mut watch::Receiver<Nudges>, kinds: &[WorkKind], heard: u64) -> bool {
    nudges.wait_for(|nudges| nudges.of(kinds) != heard).await.is_ok()
}
