//! Letters, in the loop's words.

use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use domain::metric::Metric;
use domain::outbox::{Duty, Envelope, Tried};
use scheduler::OutboxJournal;
use uuid::Uuid;

use super::{Done, StoreJournal, failed};

impl OutboxJournal for StoreJournal {
    async fn notify(&self, tenant: TenantId, now: DateTime<Utc>) -> Done<Option<DateTime<Utc>>> {
        let told = self.store.notify(tenant, self.console.as_deref(), now).await.map_err(failed)?;
        metrics::counter!(Metric::LettersWritten.name()).increment(told.letters);
        Ok(told.next)
    }

    async fn letters_due(&self, tenant: TenantId, route: Uuid, now: DateTime<Utc>) -> Done<Duty> {
        self.store.letters_due(tenant, route, now).await.map_err(failed)
    }

    async fn letters_tried(
        &self,
        tenant: TenantId,
        route: Uuid,
        tried: &[(Envelope, Tried)],
        now: DateTime<Utc>,
    ) -> Done<()> {
        self.store.letters_tried(tenant, route, tried, now).await.map_err(failed)
    }
}
