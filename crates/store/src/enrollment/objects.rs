//! What stands on Graph for an enrollment, kept before and after each step, so that a step whose
//! answer was lost is found again.

use chrono::{DateTime, Utc};
use domain::enrollment::object::Recorded;
use domain::ids::TenantId;
use serde_json::json;

use crate::chain::{self, Entry};
use crate::convert::json;
use crate::{Store, StoreError};

impl Store {
    /// In order of keys.
    pub async fn enrollment_objects(&self, tenant: TenantId) -> Result<Vec<Recorded>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query!(
            "select key, id, applied, original from enrollment_object
             where tenant_id = $1 order by key",
            tenant.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter()
            .map(|row| {
                let original = row.original.map(serde_json::from_value).transpose();
                Ok(Recorded {
                    key: row.key.parse().map_err(StoreError::corrupt)?,
                    id: row.id,
                    applied: serde_json::from_value(row.applied).map_err(StoreError::corrupt)?,
                    original: original.map_err(StoreError::corrupt)?,
                })
            })
            .collect()
    }

    /// Keeps what was written to an object, with its entry in the chain. What an object that is not
    /// ours held at first is kept for ever: a later `original` does not replace it.
    pub async fn enrollment_object_keep(
        &self,
        tenant: TenantId,
        object: &Recorded,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let (key, applied) = (object.key.to_string(), json(&object.applied)?);
        let original = object.original.as_ref().map(json).transpose()?;
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!(
            "insert into enrollment_object as o (tenant_id, key, id, applied, original, at)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (tenant_id, key) do update
             set id = excluded.id, applied = excluded.applied, at = excluded.at,
                 original = coalesce(o.original, excluded.original)",
            tenant.0,
            key,
            object.id,
            applied,
            original,
            now,
        )
        .execute(&mut *tx)
        .await?;
        let body = json!({ "key": key, "id": object.id, "applied": applied, "original": original });
        let (actor, kind) = (chain::SERVICE, "object_kept");
        chain::append(&mut tx, tenant, Entry { rollout: None, at: now, actor, kind, body: &body })
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Forgets the object of this id, which is gone or was given back. Twice is harmless.
    pub async fn enrollment_object_forget(
        &self,
        tenant: TenantId,
        id: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let gone = sqlx::query_scalar!(
            "delete from enrollment_object where tenant_id = $1 and id = $2 returning key",
            tenant.0,
            id,
        )
        .fetch_all(&mut *tx)
        .await?;
        if gone.is_empty() {
            return Ok(());
        }
        let body = json!({ "keys": gone, "id": id });
        let (actor, kind) = (chain::SERVICE, "object_forgotten");
        let entry = Entry { rollout: None, at: now, actor, kind, body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(())
    }
}
