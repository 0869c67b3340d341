//! Support desks, in the loop's words.

use chrono::{DateTime, Utc};
use domain::ids::{SupportDeskId, TenantId};
use domain::support::desk::{Duty, Reference, Told};
use domain::webhook::Tried;
use scheduler::DeskJournal;

use super::{Done, StoreJournal, failed};

impl DeskJournal for StoreJournal {
    async fn desk_due(
        &self,
        tenant: TenantId,
        desk: SupportDeskId,
        now: DateTime<Utc>,
    ) -> Done<Duty> {
        self.store.desk_due(tenant, desk, now).await.map_err(failed)
    }

    async fn desk_tried(
        &self,
        tenant: TenantId,
        desk: SupportDeskId,
        told: &Told,
        ended: (Tried, Option<&Reference>),
        now: DateTime<Utc>,
    ) -> Done<()> {
        self.store.desk_tried(tenant, desk, told, ended, now).await.map_err(failed)
    }
}
