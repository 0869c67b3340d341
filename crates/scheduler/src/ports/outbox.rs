//! What the loop needs to send letters.

use std::future::Future;

use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use domain::outbox::{Duty, Envelope, Tried};
use uuid::Uuid;

use super::JournalError;

/// The database, as far as letters go.
pub trait OutboxJournal {
    /// Tells people of a tenant what there is to be told at `now`; when to look again though nobody asks.
    fn notify(
        &self,
        tenant: TenantId,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Option<DateTime<Utc>>, JournalError>> + Send;
    /// What is to be sent one way at `now`; nothing while it rests.
    fn letters_due(
        &self,
        tenant: TenantId,
        route: Uuid,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Duty, JournalError>> + Send;
    /// Keeps how a try of each letter ended, and what follows from it for the way.
    fn letters_tried(
        &self,
        tenant: TenantId,
        route: Uuid,
        tried: &[(Envelope, Tried)],
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), JournalError>> + Send;
}

/// Mail servers and chats.
pub trait Post {
    /// Sends one letter; what goes wrong is a try too.
    fn send_letter(
        &self,
        tenant: TenantId,
        envelope: &Envelope,
    ) -> impl Future<Output = Tried> + Send;
}
