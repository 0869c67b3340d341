//! Webhooks, in the loop's words.

use chrono::{DateTime, Utc};
use domain::ids::{TenantId, WebhookId};
use domain::webhook::{Duty, Message, Tried};
use scheduler::WebhookJournal;

use super::{Done, StoreJournal, failed};

impl WebhookJournal for StoreJournal {
    async fn webhook_due(
        &self,
        tenant: TenantId,
        webhook: WebhookId,
        now: DateTime<Utc>,
    ) -> Done<Duty> {
        self.store.webhook_due(tenant, webhook, now).await.map_err(failed)
    }

    async fn webhook_tried(
        &self,
        tenant: TenantId,
        webhook: WebhookId,
        tried: &[(Message, Tried)],
        now: DateTime<Utc>,
    ) -> Done<()> {
        self.store.webhook_tried(tenant, webhook, tried, now).await.map_err(failed)
    }
}
