//! How far an enrollment has come, as the service notes it.

use chrono::{DateTime, Utc};
use domain::enrollment::Plan;
use domain::enrollment::drift::Difference;
use domain::ids::TenantId;
use domain::work::WorkKind;
use serde_json::json;

use super::EnrollmentState;
use crate::chain::{self, Entry};
use crate::convert::{column, json};
use crate::{Store, StoreError, work};

impl Store {
    /// Keeps the steps that are left of the request of `generation`, and how many were taken. What was
    /// only to be planned is met by that. `Stale` when something else was asked for since.
    pub async fn enrollment_plan_keep(
        &self,
        tenant: TenantId,
        generation: i64,
        (plan, done): (&Plan, u32),
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let kept = sqlx::query!(
            "update enrollment
             set plan = $3, done = $4, planned_at = coalesce(planned_at, $5), is_open = is_open and apply
             where tenant_id = $1 and generation = $2",
            tenant.0,
            generation,
            json(plan)?,
            column(done),
            now,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        if kept.rows_affected() == 0 { Err(StoreError::Stale) } else { Ok(()) }
    }

    /// The request of `generation` is carried out. `Stale` when something else was asked for since.
    /// With an entry in the chain. What is enrolled wakes `Members`. How objects differ is left to the
    /// next comparison, unless there are none any more.
    pub async fn enrollment_met(
        &self,
        tenant: TenantId,
        generation: i64,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let state = sqlx::query_scalar!(
            "update enrollment
             set is_open = false, error = null, state_at = $3,
                 drift = case asked when 'unenroll' then '[]' else drift end,
                 state = case asked when 'unenroll' then 'none' else 'enrolled' end,
                 ring_set_id = case asked when 'unenroll' then null else ring_set_id end,
                 settings = case asked when 'unenroll' then null else settings end
             where tenant_id = $1 and generation = $2 and is_open and apply returning state",
            tenant.0,
            generation,
            now,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(StoreError::Stale)?;
        if state == EnrollmentState::Enrolled.word() {
            work::ask(&mut tx, tenant, WorkKind::Members, &[tenant.0], now).await?;
        }
        let body = json!({ "state": state, "generation": generation });
        let (actor, kind) = (chain::SERVICE, "enrollment_moved");
        let entry = Entry { rollout: None, at: now, actor, kind, body: &body };
        chain::append(&mut tx, tenant, entry).await?;
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
        drift: &[Difference],
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
