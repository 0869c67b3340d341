//! What the loop needs to send reports.

use std::future::Future;

use chrono::{DateTime, Utc};
use domain::ids::{ReportScheduleId, TenantId};
use domain::report::{Made, Order, Turn};

use super::JournalError;

/// The database, as far as scheduled reports go.
pub trait ReportJournal {
    /// Whether a report is due at `now`, and what is to be in it.
    fn report_turn(
        &self,
        tenant: TenantId,
        schedule: ReportScheduleId,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Turn, JournalError>> + Send;
    /// Sends what was made, once for its moment, and plans the next. Returns when that is.
    fn report_made(
        &self,
        tenant: TenantId,
        order: &Order,
        made: &Made,
        link: &str,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Option<DateTime<Utc>>, JournalError>> + Send;
    /// Notes why it could not be made; it stays due.
    fn report_failed(
        &self,
        tenant: TenantId,
        schedule: ReportScheduleId,
        why: &str,
    ) -> impl Future<Output = Result<(), JournalError>> + Send;
}

/// Who makes the files.
pub trait Reports {
    /// The report, and the address at which it is read; or why it cannot be made.
    fn make_report(
        &self,
        tenant: TenantId,
        order: &Order,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<(Made, String), String>> + Send;
}
