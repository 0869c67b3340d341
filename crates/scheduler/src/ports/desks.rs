//! What the loop needs to hand support requests on.

use std::future::Future;

use chrono::{DateTime, Utc};
use domain::ids::{SupportDeskId, TenantId};
use domain::support::desk::{Duty, Reference, Told};
use domain::webhook::Tried;

use super::JournalError;

/// The database, as far as desks go.
pub trait DeskJournal {
    /// What is to be told to a desk at `now`; nothing while it rests.
    fn desk_due(
        &self,
        tenant: TenantId,
        desk: SupportDeskId,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Duty, JournalError>> + Send;
    /// Keeps how a try ended, what the desk calls the request, and what follows from it for the desk.
    fn desk_tried(
        &self,
        tenant: TenantId,
        desk: SupportDeskId,
        told: &Told,
        ended: (Tried, Option<&Reference>),
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), JournalError>> + Send;
}

/// The desks.
pub trait Desks {
    /// Hands one thing on; what goes wrong is a try too.
    fn hand_on(
        &self,
        tenant: TenantId,
        desk: SupportDeskId,
        told: &Told,
        now: DateTime<Utc>,
    ) -> impl Future<Output = (Tried, Option<Reference>)> + Send;
}
