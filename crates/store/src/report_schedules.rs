//! Reports that are sent again and again: who wants which view, when, and what became of it.
//!
//! A report is sent once for each of its moments: the letters, the next moment and the entry in the chain are written in
//! one transaction, which looks whether the moment is still the one that was due.

use chrono::{DateTime, Utc};
use domain::calendar::Recurrence;
use domain::ids::{ReportScheduleId, ReportViewId, TenantId};
use domain::outbox::{Attachment, EmailAddress, Letter};
use domain::report::{FileFormat, Made, Order, Turn, letter};
use domain::work::WorkKind;
use serde_json::json;
use uuid::Uuid;

use crate::chain::{self, Entry};
use crate::convert::json;
use crate::error::taken;
use crate::outbox::{self, Outgoing, To};
use crate::page::Page;
use crate::report_views;
use crate::scope::{Tx, retried};
use crate::signals::By;
use crate::{Store, StoreError, work};

const NOT_FOUND: StoreError = StoreError::NotFound { what: "report schedule" };
/// Each costs an export whenever it is due.
const MOST: i64 = 100;

/// What somebody wants sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSchedule {
    pub name: String,
    pub view: ReportViewId,
    pub recurrence: Recurrence,
    pub format: FileFormat,
    pub to: Vec<EmailAddress>,
    pub enabled: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleRow {
    pub id: ReportScheduleId,
    pub schedule: NewSchedule,
    pub view_name: String,
    pub owner: String,
    /// None: it is disabled.
    pub next_at: Option<DateTime<Utc>>,
    /// The moment that it was sent for last.
    pub last_at: Option<DateTime<Utc>>,
    /// Why the last try failed; none: it did not.
    pub error: Option<String>,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

impl Store {
    /// Makes a schedule, whose reports its maker sees. `Invalid` when there is no such view for them; `Conflict` when the
    /// name is taken or there are 100 already.
    pub async fn schedule_create(
        &self,
        tenant: TenantId,
        new: &NewSchedule,
        by: By<'_>,
    ) -> Result<ScheduleRow, StoreError> {
        retried(|| self.schedule_insert(tenant, new, by)).await
    }

    async fn schedule_insert(
        &self,
        tenant: TenantId,
        new: &NewSchedule,
        by: By<'_>,
    ) -> Result<ScheduleRow, StoreError> {
        let id = ReportScheduleId(Uuid::now_v7());
        let mut tx = self.tenant_begin(tenant).await?;
        let count = sqlx::query_scalar!(
            r#"select count(*) as "count!" from report_schedule where tenant_id = $1"#,
            tenant.0
        )
        .fetch_one(&mut *tx)
        .await?;
        if count >= MOST {
            return Err(StoreError::Conflict(format!("a tenant has {MOST} schedules at most")));
        }
        check_view(&mut tx, tenant, new.view, by.actor).await?;
        sqlx::query!(
            "insert into report_schedule (tenant_id, id, name, view_id, recurrence, format, addresses, owner,
                 next_at, created_at, changed_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
            tenant.0,
            id.0,
            new.name,
            new.view.0,
            json(&new.recurrence)?,
            new.format.word(),
            &addresses(new),
            by.actor,
            next(new, by.at),
            by.at,
        )
        .execute(&mut *tx)
        .await
        .map_err(|error| taken_name(error, &new.name))?;
        self.schedule_finish(tx, tenant, id, ("report_schedule_created", new), by).await
    }

    /// Replaces what is wanted. From now on its reports are those that `by` sees.
    pub async fn schedule_replace(
        &self,
        tenant: TenantId,
        id: ReportScheduleId,
        new: &NewSchedule,
        by: By<'_>,
    ) -> Result<ScheduleRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        lock(&mut tx, tenant, id).await?;
        check_view(&mut tx, tenant, new.view, by.actor).await?;
        sqlx::query!(
            "update report_schedule set name = $3, view_id = $4, recurrence = $5, format = $6, addresses = $7,
                 owner = $8, next_at = $9, changed_at = $10, error = null
             where tenant_id = $1 and id = $2",
            tenant.0,
            id.0,
            new.name,
            new.view.0,
            json(&new.recurrence)?,
            new.format.word(),
            &addresses(new),
            by.actor,
            next(new, by.at),
            by.at,
        )
        .execute(&mut *tx)
        .await
        .map_err(|error| taken_name(error, &new.name))?;
        self.schedule_finish(tx, tenant, id, ("report_schedule_changed", new), by).await
    }

    async fn schedule_finish(
        &self,
        mut tx: Tx,
        tenant: TenantId,
        id: ReportScheduleId,
        (kind, new): (&str, &NewSchedule),
        by: By<'_>,
    ) -> Result<ScheduleRow, StoreError> {
        let row = fetch(&mut tx, tenant, id).await?;
        if let Some(at) = row.next_at {
            // Whatever moment was planned before: whoever comes early sees that, and goes to sleep again.
            work::ask(&mut tx, tenant, WorkKind::SendReport, &[id.0], at).await?;
        }
        let body = json!({ "schedule": id, "name": new.name, "view": new.view,
            "recurrence": new.recurrence, "format": new.format.word(), "to": addresses(new),
            "enabled": new.enabled });
        chain::append_by(&mut tx, tenant, by, kind, body).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Takes a schedule away. What was sent is on its way.
    pub async fn schedule_delete(
        &self,
        tenant: TenantId,
        id: ReportScheduleId,
        by: By<'_>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        sqlx::query!(
            "delete from report_schedule where tenant_id = $1 and id = $2",
            tenant.0,
            id.0
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "delete from work where kind = 'send_report' and subject = $2 and tenant_id = $1",
            tenant.0,
            id.0
        )
        .execute(&mut *tx)
        .await?;
        let body = json!({ "schedule": id, "name": row.schedule.name });
        chain::append_by(&mut tx, tenant, by, "report_schedule_deleted", body).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Makes a schedule due now; its other moments stay. `Conflict` when it is disabled.
    pub async fn schedule_run(
        &self,
        tenant: TenantId,
        id: ReportScheduleId,
        by: By<'_>,
    ) -> Result<ScheduleRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        lock(&mut tx, tenant, id).await?;
        let changed = sqlx::query!(
            "update report_schedule set next_at = least(next_at, $3)
             where tenant_id = $1 and id = $2 and next_at is not null",
            tenant.0,
            id.0,
            by.at,
        )
        .execute(&mut *tx)
        .await?;
        if changed.rows_affected() == 0 {
            return Err(StoreError::Conflict("the schedule is disabled".to_owned()));
        }
        let row = fetch(&mut tx, tenant, id).await?;
        work::ask(&mut tx, tenant, WorkKind::SendReport, &[id.0], by.at).await?;
        let body = json!({ "schedule": id, "name": row.schedule.name });
        chain::append_by(&mut tx, tenant, by, "report_requested", body).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// In the order in which they were made.
    pub async fn schedule_list(
        &self,
        tenant: TenantId,
        page: Page,
    ) -> Result<Vec<ScheduleRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = read(&mut tx, tenant, None, page).await?;
        tx.commit().await?;
        Ok(rows)
    }

    pub async fn schedule_fetch(
        &self,
        tenant: TenantId,
        id: ReportScheduleId,
    ) -> Result<ScheduleRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Whether a report is due at `now`, and what is to be in it.
    pub async fn report_turn(
        &self,
        tenant: TenantId,
        id: ReportScheduleId,
        now: DateTime<Utc>,
    ) -> Result<Turn, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = match fetch(&mut tx, tenant, id).await {
            Ok(row) => row,
            Err(StoreError::NotFound { .. }) => return Ok(Turn::Wait { until: None }),
            Err(other) => return Err(other),
        };
        let Some(at) = row.next_at.filter(|at| *at <= now) else {
            return Ok(Turn::Wait { until: row.next_at });
        };
        let view = report_views::fetch(&mut tx, tenant, row.schedule.view, &row.owner).await;
        let view = match view {
            Ok(view) => view.view,
            // It became somebody's own.
            Err(StoreError::NotFound { .. }) => {
                let why = format!("{} does not see the view any more", row.owner);
                return Ok(Turn::Impossible { at, why });
            }
            Err(other) => return Err(other),
        };
        tx.commit().await?;
        Ok(Turn::Due(Order {
            at,
            schedule: id,
            name: row.schedule.name,
            view: row.schedule.view,
            report: view.report,
            filter: view.filter,
            order_by: view.order_by,
            columns: view.columns,
            format: row.schedule.format,
        }))
    }

    /// Writes the letters of a report that was made for the moment `order.at`, and plans the next; with an entry in the
    /// chain. Nothing when another server did, or somebody changed the schedule meanwhile. Returns when it is due again.
    pub async fn report_made(
        &self,
        tenant: TenantId,
        order: &Order,
        made: &Made,
        link: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        retried(|| self.report_send(tenant, order, made, link, now)).await
    }

    async fn report_send(
        &self,
        tenant: TenantId,
        order: &Order,
        made: &Made,
        link: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = match lock(&mut tx, tenant, order.schedule).await {
            Ok(()) => fetch(&mut tx, tenant, order.schedule).await?,
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(other) => return Err(other),
        };
        if row.next_at != Some(order.at) {
            return Ok(row.next_at);
        }
        let (letter, file) =
            letter(order, made, link).map_err(|error| StoreError::corrupt(error.to_string()))?;
        let letters = outgoing(order, &row.schedule.to, &letter, file.as_ref());
        let written = outbox::write(&mut tx, tenant, &letters, now).await?;
        // What was missed meanwhile is not sent one by one.
        let next = row.schedule.recurrence.next_after(now.max(order.at));
        sqlx::query!(
            "update report_schedule set next_at = $3, last_at = $4, error = null
             where tenant_id = $1 and id = $2",
            tenant.0,
            order.schedule.0,
            next,
            order.at,
        )
        .execute(&mut *tx)
        .await?;
        let body = json!({ "schedule": order.schedule, "name": order.name, "report": order.report,
            "view": order.view, "for": order.at, "rows": made.rows(), "attached": file.is_some(),
            "letters": written, "link": link });
        let entry = Entry {
            rollout: None,
            at: now,
            actor: chain::SERVICE,
            kind: "report_sent",
            body: &body,
        };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(next)
    }

    /// Notes why a report could not be made; it stays due.
    pub async fn report_failed(
        &self,
        tenant: TenantId,
        id: ReportScheduleId,
        why: &str,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!(
            "update report_schedule set error = $3 where tenant_id = $1 and id = $2",
            tenant.0,
            id.0,
            why,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

fn outgoing(
    order: &Order,
    to: &[EmailAddress],
    letter: &Letter,
    file: Option<&Attachment>,
) -> Vec<Outgoing> {
    let of = |address: &EmailAddress| Outgoing {
        key: format!("report/{}/{}/{}", order.schedule, order.at.timestamp(), address.as_str()),
        kind: "report",
        to: To::Email(address.clone()),
        letter: letter.clone(),
        attachments: file.cloned().into_iter().collect(),
    };
    to.iter().map(of).collect()
}

fn addresses(new: &NewSchedule) -> Vec<String> {
    new.to.iter().map(|address| address.as_str().to_owned()).collect()
}

fn next(new: &NewSchedule, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    new.enabled.then(|| new.recurrence.next_after(now)).flatten()
}

async fn check_view(
    tx: &mut Tx,
    tenant: TenantId,
    view: ReportViewId,
    viewer: &str,
) -> Result<(), StoreError> {
    report_views::fetch(tx, tenant, view, viewer).await.map(drop).map_err(|error| {
        if let StoreError::NotFound { .. } = error {
            StoreError::Invalid("there is no such view here".to_owned())
        } else {
            error
        }
    })
}

fn taken_name(error: sqlx::Error, name: &str) -> StoreError {
    taken(error, |_| format!("there is a schedule named {name:?} already"))
}

async fn lock(tx: &mut Tx, tenant: TenantId, id: ReportScheduleId) -> Result<(), StoreError> {
    sqlx::query!(
        "select id from report_schedule where tenant_id = $1 and id = $2 for update",
        tenant.0,
        id.0,
    )
    .fetch_optional(&mut **tx)
    .await?
    .map(drop)
    .ok_or(NOT_FOUND)
}

async fn fetch(
    tx: &mut Tx,
    tenant: TenantId,
    id: ReportScheduleId,
) -> Result<ScheduleRow, StoreError> {
    let page = Page { after: None, limit: 1 };
    read(tx, tenant, Some(id.0), page).await?.pop().ok_or(NOT_FOUND)
}

async fn read(
    tx: &mut Tx,
    tenant: TenantId,
    only: Option<Uuid>,
    page: Page,
) -> Result<Vec<ScheduleRow>, StoreError> {
    let rows = sqlx::query!(
        "select s.id, s.name, s.view_id, v.name as view_name, s.recurrence, s.format, s.addresses, s.owner,
             s.next_at, s.last_at, s.error, s.created_at, s.changed_at
         from report_schedule s
         join report_view v on v.tenant_id = s.tenant_id and v.id = s.view_id
         where s.tenant_id = $1 and ($2::uuid is null or s.id = $2) and ($3::uuid is null or s.id > $3)
         order by s.id limit $4",
        tenant.0,
        only,
        page.after,
        page.rows(),
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let format = FileFormat::from_word(&row.format)
                .ok_or_else(|| StoreError::corrupt(format_args!("a file as {:?}", row.format)))?;
            let address = |text: &String| text.parse().map_err(StoreError::corrupt);
            Ok(ScheduleRow {
                id: ReportScheduleId(row.id),
                schedule: NewSchedule {
                    name: row.name,
                    view: ReportViewId(row.view_id),
                    recurrence: serde_json::from_value(row.recurrence)
                        .map_err(StoreError::corrupt)?,
                    format,
                    to: row.addresses.iter().map(address).collect::<Result<_, _>>()?,
                    enabled: row.next_at.is_some(),
                },
                view_name: row.view_name,
                owner: row.owner,
                next_at: row.next_at,
                last_at: row.last_at,
                error: row.error,
                created_at: row.created_at,
                changed_at: row.changed_at,
            })
        })
        .collect()
}
