//! Saved views: reports as somebody wants to see them, for themselves or for everybody of the tenant.

use chrono::{DateTime, Utc};
use domain::ids::{ReportViewId, TenantId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::chain;
use crate::error::taken;
use crate::page::Page;
use crate::scope::{Tx, retried};
use crate::signals::By;
use crate::{Store, StoreError};

pub(crate) const NOT_FOUND: StoreError = StoreError::NotFound { what: "view" };
/// More are not found again.
const MOST: i64 = 500;

/// What somebody wants to see. Whether its report has such columns is not looked at here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewView {
    pub name: String,
    pub report: String,
    pub filter: Option<String>,
    pub order_by: Option<String>,
    /// None: all of them.
    pub columns: Vec<String>,
    /// Everybody of the tenant sees it; else its maker alone.
    pub is_shared: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewRow {
    pub id: ReportViewId,
    pub view: NewView,
    pub owner: String,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

impl Store {
    /// Saves a view, with its entry in the chain. `Conflict` when its maker, or the tenant, has one of that name.
    pub async fn view_create(
        &self,
        tenant: TenantId,
        new: &NewView,
        by: By<'_>,
    ) -> Result<ViewRow, StoreError> {
        retried(|| self.view_insert(tenant, new, by)).await
    }

    async fn view_insert(
        &self,
        tenant: TenantId,
        new: &NewView,
        by: By<'_>,
    ) -> Result<ViewRow, StoreError> {
        let id = ReportViewId(Uuid::now_v7());
        let mut tx = self.tenant_begin(tenant).await?;
        let count = sqlx::query_scalar!(
            r#"select count(*) as "count!" from report_view where tenant_id = $1"#,
            tenant.0
        )
        .fetch_one(&mut *tx)
        .await?;
        if count >= MOST {
            return Err(StoreError::Conflict(format!("a tenant has {MOST} views at most")));
        }
        sqlx::query!(
            "insert into report_view (tenant_id, id, name, report, filter, order_by, columns, owner, is_shared,
                 created_at, changed_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
            tenant.0,
            id.0,
            new.name,
            new.report,
            new.filter,
            new.order_by,
            &new.columns,
            by.actor,
            new.is_shared,
            by.at,
        )
        .execute(&mut *tx)
        .await
        .map_err(|error| taken_name(error, &new.name))?;
        let row = fetch(&mut tx, tenant, id, by.actor).await?;
        chain::append_by(&mut tx, tenant, by, "report_view_saved", said(id, new)).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Replaces what a view shows. Its owner stays. `NotFound` when it is somebody else's own.
    pub async fn view_replace(
        &self,
        tenant: TenantId,
        id: ReportViewId,
        new: &NewView,
        by: By<'_>,
    ) -> Result<ViewRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        fetch(&mut tx, tenant, id, by.actor).await?;
        sqlx::query!(
            "update report_view set name = $3, report = $4, filter = $5, order_by = $6, columns = $7,
                 is_shared = $8, changed_at = $9
             where tenant_id = $1 and id = $2",
            tenant.0,
            id.0,
            new.name,
            new.report,
            new.filter,
            new.order_by,
            &new.columns,
            new.is_shared,
            by.at,
        )
        .execute(&mut *tx)
        .await
        .map_err(|error| taken_name(error, &new.name))?;
        let row = fetch(&mut tx, tenant, id, by.actor).await?;
        chain::append_by(&mut tx, tenant, by, "report_view_changed", said(id, new)).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Takes a view away. `NotFound` when it is somebody else's own, `Conflict` while a schedule sends it.
    pub async fn view_delete(
        &self,
        tenant: TenantId,
        id: ReportViewId,
        by: By<'_>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = fetch(&mut tx, tenant, id, by.actor).await?;
        let schedule = sqlx::query_scalar!(
            "select name from report_schedule where tenant_id = $1 and view_id = $2 order by name limit 1",
            tenant.0,
            id.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(schedule) = schedule {
            let why = format!("the schedule {schedule:?} sends this view; delete that first");
            return Err(StoreError::Conflict(why));
        }
        sqlx::query!("delete from report_view where tenant_id = $1 and id = $2", tenant.0, id.0)
            .execute(&mut *tx)
            .await?;
        let body = json!({ "view": id, "name": row.view.name });
        chain::append_by(&mut tx, tenant, by, "report_view_deleted", body).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What `viewer` sees: their own views, and those of everybody, in the order in which they were made.
    pub async fn view_list(
        &self,
        tenant: TenantId,
        viewer: &str,
        page: Page,
    ) -> Result<Vec<ViewRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = read(&mut tx, tenant, (None, viewer), page).await?;
        tx.commit().await?;
        Ok(rows)
    }

    /// `NotFound` when it is somebody else's own.
    pub async fn view_fetch(
        &self,
        tenant: TenantId,
        id: ReportViewId,
        viewer: &str,
    ) -> Result<ViewRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = fetch(&mut tx, tenant, id, viewer).await?;
        tx.commit().await?;
        Ok(row)
    }
}

fn said(id: ReportViewId, new: &NewView) -> Value {
    json!({ "view": id, "name": new.name, "report": new.report, "filter": new.filter,
        "order_by": new.order_by, "columns": new.columns, "is_shared": new.is_shared })
}

fn taken_name(error: sqlx::Error, name: &str) -> StoreError {
    taken(error, |_| format!("there is a view named {name:?} already"))
}

pub(crate) async fn fetch(
    tx: &mut Tx,
    tenant: TenantId,
    id: ReportViewId,
    viewer: &str,
) -> Result<ViewRow, StoreError> {
    let page = Page { after: None, limit: 1 };
    read(tx, tenant, (Some(id.0), viewer), page).await?.pop().ok_or(NOT_FOUND)
}

async fn read(
    tx: &mut Tx,
    tenant: TenantId,
    (only, viewer): (Option<Uuid>, &str),
    page: Page,
) -> Result<Vec<ViewRow>, StoreError> {
    let rows = sqlx::query!(
        "select id, name, report, filter, order_by, columns, owner, is_shared, created_at, changed_at
         from report_view
         where tenant_id = $1 and ($2::uuid is null or id = $2) and ($3::uuid is null or id > $3)
             and (is_shared or owner = $4)
         order by id limit $5",
        tenant.0,
        only,
        page.after,
        viewer,
        page.rows(),
    )
    .fetch_all(&mut **tx)
    .await?;
    let row = rows.into_iter().map(|row| ViewRow {
        id: ReportViewId(row.id),
        view: NewView {
            name: row.name,
            report: row.report,
            filter: row.filter,
            order_by: row.order_by,
            columns: row.columns,
            is_shared: row.is_shared,
        },
        owner: row.owner,
        created_at: row.created_at,
        changed_at: row.changed_at,
    });
    Ok(row.collect())
}
