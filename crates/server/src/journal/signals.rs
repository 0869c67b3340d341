//! Signals, in the loop's words.

use chrono::{DateTime, Utc};
use domain::ids::{RolloutId, SignalId, TenantId};
use domain::signal::{Duty, Reading};
use scheduler::SignalJournal;

use super::{Done, StoreJournal, failed};

impl SignalJournal for StoreJournal {
    async fn signals_due(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        now: DateTime<Utc>,
    ) -> Done<Duty> {
        self.store.signals_due(tenant, rollout, now).await.map_err(failed)
    }

    async fn signal_read(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        signal: (SignalId, i64),
        reading: &Reading,
        now: DateTime<Utc>,
    ) -> Done<()> {
        self.store.signal_record(tenant, rollout, signal, reading, now).await.map_err(failed)
    }
}
