//! Releases: updates approved to go out.

use chrono::{DateTime, Utc};
use domain::ids::{ReleaseId, TenantId, UpdateId};

use serde_json::json;
use uuid::Uuid;

use crate::chain::Entry;
use crate::error::taken;
use crate::page::Page;
use crate::scope::Tx;
use crate::{Store, StoreError, chain};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseRow {
    pub id: ReleaseId,
    pub update: UpdateId,
    pub name: String,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
}

impl Store {
    /// `Invalid` when there is no such update, `Conflict` when the name is taken.
    pub async fn release_create(
        &self,
        tenant: TenantId,
        update: UpdateId,
        name: &str,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<ReleaseRow, StoreError> {
        let id = ReleaseId(Uuid::now_v7());
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!(
            "insert into release (tenant_id, id, update_id, name, created_by, created_at)
             values ($1, $2, $3, $4, $5, $6)",
            tenant.0,
            id.0,
            update.0,
            name,
            actor,
            now,
        )
        .execute(&mut *tx)
        .await
        .map_err(|error| match error.as_database_error() {
            Some(broken) if broken.is_foreign_key_violation() => {
                StoreError::Invalid("there is no such update".to_owned())
            }
            Some(_) | None => {
                taken(error, |_| format!("there is a release named {name:?} already"))
            }
        })?;
        let body = json!({ "release": id, "update": update, "name": name });
        let entry = Entry { rollout: None, at: now, actor, kind: "release_created", body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(row)
    }

    pub async fn release_list(
        &self,
        tenant: TenantId,
        page: Page,
    ) -> Result<Vec<ReleaseRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query_as!(
            ReleaseRow,
            "select id, update_id as update, name, created_by, created_at from release
             where tenant_id = $1 and ($2::uuid is null or id > $2) order by id limit $3",
            tenant.0,
            page.after,
            page.rows(),
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(rows)
    }

    pub async fn release_fetch(
        &self,
        tenant: TenantId,
        release: ReleaseId,
    ) -> Result<ReleaseRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = fetch(&mut tx, tenant, release).await?;
        tx.commit().await?;
        Ok(row)
    }
}

async fn fetch(
    tx: &mut Tx,
    tenant: TenantId,
    release: ReleaseId,
) -> Result<ReleaseRow, StoreError> {
    sqlx::query_as!(
        ReleaseRow,
        "select id, update_id as update, name, created_by, created_at from release
         where tenant_id = $1 and id = $2",
        tenant.0,
        release.0,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(StoreError::NotFound { what: "release" })
}
