//! Controls that have run out: lifted by the service, and told in the chain.

use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use serde_json::json;
use uuid::Uuid;

use super::effects;
use crate::chain::{self, Entry};
use crate::devices::due;
use crate::scope::Tx;
use crate::{Store, StoreError};

impl Store {
    /// When the next control of the tenant runs out; none: none does.
    pub async fn device_control_expiry(
        &self,
        tenant: TenantId,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let next = sqlx::query_scalar!(
            "select min(expires_at) from (
                 select expires_at from device_control
                 where tenant_id = $1 and expires_at is not null
                 union all
                 select expires_at from cohort_hold
                 where tenant_id = $1 and expires_at is not null
             ) ends",
            tenant.0
        )
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(next)
    }
}

/// Lifts what has run out and marks its devices. Returns how many controls that were. The caller asks
/// for work, tells the chain and commits.
pub(crate) async fn expire(
    tx: &mut Tx,
    tenant: TenantId,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let expired = sqlx::query_scalar!(
        "delete from device_control where tenant_id = $1 and expires_at <= $2 returning device_id",
        tenant.0,
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    let (holds, of_cohorts) = super::cohorts::expire(tx, tenant, now).await?;
    if expired.is_empty() && holds == 0 {
        return Ok(0);
    }
    let mut devices: Vec<Uuid> = expired.iter().copied().chain(of_cohorts).collect();
    devices.sort_unstable();
    devices.dedup();
    let attempts = effects::give_back(tx, tenant, &devices, now).await?;
    due::mark(tx, tenant, &devices).await?;
    effects::wake(tx, tenant, attempts, now).await?;
    Ok((expired.len() + holds) as u64)
}

/// Last of all, for it locks the head of the chain.
pub(crate) async fn tell_expired(
    tx: &mut Tx,
    tenant: TenantId,
    controls: u64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let body = json!({ "controls": controls });
    let (actor, kind) = (chain::SERVICE, "controls_expired");
    chain::append(tx, tenant, Entry { rollout: None, at: now, actor, kind, body: &body }).await?;
    Ok(())
}
