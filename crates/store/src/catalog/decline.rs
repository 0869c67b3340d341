//! Saying of an update that it is not to go out, and taking that back.

use chrono::{DateTime, Utc};
use domain::ids::{TenantId, UpdateId};
use domain::work::WorkKind;
use serde_json::json;

use super::{Declined, UpdateRow, some};
use crate::chain::Entry;
use crate::convert::json as column;
use crate::{Store, StoreError, chain, work};

impl Store {
    /// Marks an update: no rule approves it, and no release is made of it, until the mark is taken away. What
    /// goes out already goes on. Doing it again changes the reason.
    pub async fn update_decline(
        &self,
        tenant: TenantId,
        update: UpdateId,
        declined: &Declined,
    ) -> Result<UpdateRow, StoreError> {
        let Declined { by, at, reason } = declined;
        self.mark(tenant, update, Some(declined), (by, *at), reason.as_deref()).await
    }

    /// Takes the mark away, and asks the rules.
    pub async fn update_approve(
        &self,
        tenant: TenantId,
        update: UpdateId,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<UpdateRow, StoreError> {
        self.mark(tenant, update, None, (actor, now), None).await
    }

    async fn mark(
        &self,
        tenant: TenantId,
        update: UpdateId,
        declined: Option<&Declined>,
        (actor, at): (&str, DateTime<Utc>),
        reason: Option<&str>,
    ) -> Result<UpdateRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let changed = sqlx::query!(
            "update catalog_update set declined = $3
             where tenant_id = $1 and id = $2 and declined is distinct from $3",
            tenant.0,
            update.0,
            declined.map(column).transpose()?,
        )
        .execute(&mut *tx)
        .await?;
        let row = some(&mut tx, tenant, &[update.0]).await?.pop();
        let row = row.ok_or(StoreError::NotFound { what: "update" })?;
        if changed.rows_affected() > 0 {
            work::ask(&mut tx, tenant, WorkKind::Approve, &[tenant.0], at).await?;
            let kind = if declined.is_some() { "update_declined" } else { "update_approved" };
            let body = json!({ "update": update, "name": row.update.short_name, "reason": reason });
            chain::append(&mut tx, tenant, Entry { rollout: None, at, actor, kind, body: &body })
                .await?;
        }
        tx.commit().await?;
        Ok(row)
    }
}
