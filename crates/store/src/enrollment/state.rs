//! How far an enrollment has come, as the service notes it.

use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use domain::work::WorkKind;
use serde_json::json;

use super::{DriftRow, EnrollmentState};
use crate::chain::{self, Entry};
use crate::convert::json;
use crate::{Store, StoreError, work};

impl Store {
    /// Moves the enrollment on, and clears its error and what was asked to be restored. `Stale` when
    /// something else was asked for since `generation`. With an entry in the chain. What is enrolled
    /// wakes `Members`.
    pub async fn enrollment_state_set(
        &self,
        tenant: TenantId,
        generation: i64,
        state: EnrollmentState,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let moved = sqlx::query!(
            "update enrollment
             set state_at = case when state = $3 then state_at else $4 end, state = $3, error = null,
                 restore = '{}', drift = case when $3 = 'none' then '[]' else drift end
             where tenant_id = $1 and generation = $2",
            tenant.0,
            generation,
            state.word(),
            now,
        )
        .execute(&mut *tx)
        .await?;
        if moved.rows_affected() == 0 {
            return Err(StoreError::Stale);
        }
        if state == EnrollmentState::Enrolled {
            work::ask(&mut tx, tenant, WorkKind::Members, &[tenant.0], now).await?;
        }
        let body = json!({ "state": state.word(), "generation": generation });
        let (actor, kind) = (chain::SERVICE, "enrollment_moved");
        chain::append(&mut tx, tenant, Entry { rollout: None, at: now, actor, kind, body: &body })
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Notes why it does not get on; none: it does.
    pub async fn enrollment_error_set(
        &self,
        tenant: TenantId,
        error: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!(
            "update enrollment set error = $2 where tenant_id = $1 and error is distinct from $2",
            tenant.0,
            error,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Keeps what a comparison of objects found, in place of what the one before did. When that
    /// differs, it has its entry in the chain. Returns whether it does.
    pub async fn drift_keep(
        &self,
        tenant: TenantId,
        drift: &[DriftRow],
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let found = json(&drift)?;
        let mut tx = self.tenant_begin(tenant).await?;
        let before = sqlx::query_scalar!(
            "select drift from enrollment where tenant_id = $1 for update",
            tenant.0,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(StoreError::NotFound { what: "enrollment" })?;
        sqlx::query!(
            "update enrollment set drift = $2, drift_at = $3 where tenant_id = $1",
            tenant.0,
            found,
            now,
        )
        .execute(&mut *tx)
        .await?;
        let differs = before != found;
        if differs {
            let body = json!({ "drift": found });
            let (actor, kind) = (chain::SERVICE, "drift_found");
            let entry = Entry { rollout: None, at: now, actor, kind, body: &body };
            chain::append(&mut tx, tenant, entry).await?;
        }
        tx.commit().await?;
        Ok(differs)
    }
}
