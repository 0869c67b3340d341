//! What the loop needs to deliver webhooks.

use std::future::Future;

use chrono::{DateTime, Utc};
use domain::ids::{TenantId, WebhookId};
use domain::webhook::{Duty, Message, Tried};

use super::JournalError;

/// The database, as far as webhooks go.
pub trait WebhookJournal {
    /// What is to be sent to a receiver at `now`; nothing while it rests.
    fn webhook_due(
        &self,
        tenant: TenantId,
        webhook: WebhookId,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Duty, JournalError>> + Send;
    /// Keeps how a try of each message ended, and what follows from it for the receiver.
    fn webhook_tried(
        &self,
        tenant: TenantId,
        webhook: WebhookId,
        tried: &[(Message, Tried)],
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), JournalError>> + Send;
}

/// The receivers.
pub trait Webhooks {
    /// Sends one message; what goes wrong is a try too.
    fn send_webhook(
        &self,
        tenant: TenantId,
        webhook: WebhookId,
        message: &Message,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Tried> + Send;
}
