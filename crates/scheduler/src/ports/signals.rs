//! What the loop needs to read custom signals.

use std::future::Future;

use chrono::{DateTime, Utc};
use domain::ids::{RolloutId, SignalId, TenantId};
use domain::signal::{Context, Due, Duty, Reading};

use super::JournalError;

/// The database, as far as signals go.
pub trait SignalJournal {
    /// What is to be read for a rollout at `now`.
    fn signals_due(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Duty, JournalError>> + Send;
    /// Keeps a reading of a signal as it was at a generation; one of an older signal is dropped.
    fn signal_read(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        signal: (SignalId, i64),
        reading: &Reading,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), JournalError>> + Send;
}

/// The sources of signals. Reading changes nothing there.
pub trait Signals {
    /// What a source says at `now`; what goes wrong is a reading too.
    fn read_signal(
        &self,
        context: &Context,
        due: &Due,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Reading> + Send;
}
