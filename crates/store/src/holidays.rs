//! Holiday calendars of sites, and what a ring set's calendar has to know.

use chrono::{DateTime, Utc};
use domain::calendar::{Holidays, Known};
use domain::ids::{HolidaysId, RingSetId, TenantId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::calendar::{Touched, known_of_set};
use crate::chain::Entry;
use crate::convert::json;
use crate::page::Page;
use crate::scope::{Tx, retried};
use crate::{Store, StoreError, chain};

const NOT_FOUND: StoreError = StoreError::NotFound { what: "holiday calendar" };

/// The holidays of a site as they were imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolidaysRow {
    pub id: HolidaysId,
    pub holidays: Holidays,
    pub imported_by: String,
    pub imported_at: DateTime<Utc>,
}

struct Columns {
    id: Uuid,
    name: String,
    days: Value,
    imported_by: String,
    imported_at: DateTime<Utc>,
}

impl TryFrom<Columns> for HolidaysRow {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        let days = serde_json::from_value(row.days).map_err(StoreError::corrupt)?;
        Ok(Self {
            id: HolidaysId(row.id),
            holidays: Holidays { name: row.name, days },
            imported_by: row.imported_by,
            imported_at: row.imported_at,
        })
    }
}

impl Store {
    /// Makes a holiday calendar, or replaces the days of the one of that name, with its entry in the chain.
    /// When this returns, no offer is decided on its days any more.
    pub async fn holidays_import(
        &self,
        tenant: TenantId,
        holidays: &Holidays,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<HolidaysRow, StoreError> {
        let row = retried(|| self.holidays_write(tenant, holidays, actor, now)).await?;
        // As for freezes: not before it can be seen.
        let touched = Touched::Holidays(&holidays.name);
        retried(|| self.calendar_wake(tenant, touched, now)).await?;
        Ok(row)
    }

    pub async fn holidays_list(
        &self,
        tenant: TenantId,
        page: Page,
    ) -> Result<Vec<HolidaysRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query_as!(
            Columns,
            "select id, name, days, imported_by, imported_at from holiday_calendar
             where tenant_id = $1 and ($2::uuid is null or id > $2) order by id limit $3",
            tenant.0,
            page.after,
            page.rows(),
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter().map(HolidaysRow::try_from).collect()
    }

    pub async fn holidays_fetch(
        &self,
        tenant: TenantId,
        holidays: HolidaysId,
    ) -> Result<HolidaysRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = fetch(&mut tx, tenant, holidays).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Deletes a holiday calendar, with its entry in the chain. `Conflict` while a ring set or the plan of an
    /// unfinished rollout names it.
    pub async fn holidays_delete(
        &self,
        tenant: TenantId,
        holidays: HolidaysId,
        (actor, reason): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let name = fetch(&mut tx, tenant, holidays).await?.holidays.name;
        check_unused(&mut tx, tenant, &name).await?;
        sqlx::query!(
            "delete from holiday_calendar where tenant_id = $1 and id = $2",
            tenant.0,
            holidays.0,
        )
        .execute(&mut *tx)
        .await?;
        let body = json!({ "holidays": holidays, "name": name, "reason": reason });
        let entry = Entry { rollout: None, at: now, actor, kind: "holidays_deleted", body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What the calendars of a ring set have to know: its freezes that are not over, and the holidays of
    /// these names, as far as they are there.
    pub async fn ring_set_known(
        &self,
        tenant: TenantId,
        ring_set: RingSetId,
        holidays: &[String],
        now: DateTime<Utc>,
    ) -> Result<Known, StoreError> {
        let mut tx = self.tenant_begin_frozen(tenant).await?;
        let known = known_of_set(&mut tx, tenant, ring_set, holidays, now).await?;
        tx.commit().await?;
        Ok(known)
    }

    /// Which of these names are holiday calendars.
    pub async fn holidays_there(
        &self,
        tenant: TenantId,
        names: &[String],
    ) -> Result<Vec<String>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let there = sqlx::query_scalar!(
            "select name from holiday_calendar where tenant_id = $1 and name = any($2)",
            tenant.0,
            names,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(there)
    }

    async fn holidays_write(
        &self,
        tenant: TenantId,
        holidays: &Holidays,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<HolidaysRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let id = sqlx::query_scalar!(
            "insert into holiday_calendar (tenant_id, id, name, days, imported_by, imported_at)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (tenant_id, name) do update
             set days = excluded.days, imported_by = excluded.imported_by,
                 imported_at = excluded.imported_at
             returning id",
            tenant.0,
            Uuid::now_v7(),
            holidays.name,
            json(&holidays.days)?,
            actor,
            now,
        )
        .fetch_one(&mut *tx)
        .await?;
        let body = json!({ "holidays": id, "name": holidays.name, "days": holidays.days });
        let entry = Entry { rollout: None, at: now, actor, kind: "holidays_imported", body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        let row = fetch(&mut tx, tenant, HolidaysId(id)).await?;
        tx.commit().await?;
        Ok(row)
    }
}

async fn fetch(
    tx: &mut Tx,
    tenant: TenantId,
    holidays: HolidaysId,
) -> Result<HolidaysRow, StoreError> {
    sqlx::query_as!(
        Columns,
        "select id, name, days, imported_by, imported_at from holiday_calendar
         where tenant_id = $1 and id = $2",
        tenant.0,
        holidays.0,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(NOT_FOUND)?
    .try_into()
}

async fn check_unused(tx: &mut Tx, tenant: TenantId, name: &str) -> Result<(), StoreError> {
    let users = sqlx::query_scalar!(
        r#"select 'ring set ' || s.name as "user!" from ring_set s
         where s.tenant_id = $1 and exists (
             select from jsonb_array_elements(s.rings) as g(ring)
             where g.ring->'calendar'->>'holidays' = $2)
         union all
         select 'rollout of ' || l.name from rollout r
         join release l on l.tenant_id = r.tenant_id and l.id = r.release_id
         join plan p on p.tenant_id = r.tenant_id and p.id = r.plan_id
         where r.tenant_id = $1 and r.phase_name not in ('completed', 'rolled_back', 'cancelled')
             and exists (select from jsonb_array_elements(p.body->'rings') as g(ring)
                 where g.ring->'calendar'->>'holidays' = $2)
         limit 5"#,
        tenant.0,
        name,
    )
    .fetch_all(&mut **tx)
    .await?;
    if users.is_empty() {
        return Ok(());
    }
    let users = users.join(", ");
    Err(StoreError::Conflict(format!("these look at the holidays of {name}: {users}")))
}
