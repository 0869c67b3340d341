//! Scheduled reports, in the loop's words.

use chrono::{DateTime, Utc};
use domain::ids::{ReportScheduleId, TenantId};
use domain::report::{Made, Order, Turn};
use scheduler::ReportJournal;

use super::{Done, StoreJournal, failed};

impl ReportJournal for StoreJournal {
    async fn report_turn(
        &self,
        tenant: TenantId,
        schedule: ReportScheduleId,
        now: DateTime<Utc>,
    ) -> Done<Turn> {
        self.store.report_turn(tenant, schedule, now).await.map_err(failed)
    }

    async fn report_made(
        &self,
        tenant: TenantId,
        order: &Order,
        made: &Made,
        link: &str,
        now: DateTime<Utc>,
    ) -> Done<Option<DateTime<Utc>>> {
        self.store.report_made(tenant, order, made, link, now).await.map_err(failed)
    }

    async fn report_failed(
        &self,
        tenant: TenantId,
        schedule: ReportScheduleId,
        why: &str,
    ) -> Done<()> {
        self.store.report_failed(tenant, schedule, why).await.map_err(failed)
    }
}
