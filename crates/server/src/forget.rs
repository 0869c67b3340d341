//! Forgets what is kept for a time: answers for those who send a request again, once their day is over,
//! sessions that ended, and deliveries of webhooks and letters that ended a month ago.

use std::time::Duration;

use chrono::Utc;
use store::Store;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;

/// Each sweep costs what it forgets, whoever of several servers comes first.
const EVERY: Duration = Duration::from_hours(1);

/// Sweeps at once, and every hour until the server stops.
pub(crate) async fn run(store: Store, clock: Clock, stop: CancellationToken) {
    let mut due = interval(EVERY);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = due.tick() => {}
        }
        match store.requests_sweep().await {
            Ok(answers) => tracing::debug!(answers, "forgotten"),
            Err(error) => tracing::warn!(%error, "kept answers could not be forgotten"),
        }
        match store.sessions_sweep(Utc::now()).await {
            Ok(sessions) => tracing::debug!(sessions, "forgotten"),
            Err(error) => tracing::warn!(%error, "sessions that ended could not be forgotten"),
        }
        match store.webhooks_sweep(clock.now()).await {
            Ok(messages) => tracing::debug!(messages, "forgotten"),
            Err(error) => tracing::warn!(%error, "old deliveries could not be forgotten"),
        }
        match store.desks_sweep(clock.now()).await {
            Ok(notes) => tracing::debug!(notes, "forgotten"),
            Err(error) => tracing::warn!(%error, "old deliveries to desks could not be forgotten"),
        }
        match store.letters_sweep(clock.now()).await {
            Ok(letters) => tracing::debug!(letters, "forgotten"),
            Err(error) => tracing::warn!(%error, "old letters could not be forgotten"),
        }
    }
}
