//! Doing something for as long as the claim on it lasts.

use std::future::Future;

use domain::work::Claim;

use crate::ports::{Journal, JournalError};
use crate::settings::Settings;

/// Runs `work`, prolonging the claim meanwhile. Once the claim has passed to another server the
/// work is dropped where it stands; its last call to Graph may still arrive, which is why every
/// such call sets a state that the next holder sets too.
pub(crate) async fn hold<J: Journal, T>(
    journal: &J,
    settings: &Settings,
    claim: &Claim,
    work: impl Future<Output = T>,
) -> Result<T, JournalError> {
    tokio::pin!(work);
    let mut keeping = tokio::time::interval(settings.lease / 3);
    keeping.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    keeping.tick().await; // the first tick is at once
    loop {
        tokio::select! {
            biased;
            _ = keeping.tick() => match journal.keep(claim, settings.lease).await {
                Ok(()) => {}
                Err(JournalError::LeaseLost) => return Err(JournalError::LeaseLost),
                // The database may be back before the lease ends; if not, this says so.
                Err(error) => tracing::warn!(%error, "a claim could not be prolonged"),
            },
            done = &mut work => return Ok(done),
        }
    }
}
