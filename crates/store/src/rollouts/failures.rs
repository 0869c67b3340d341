//! Devices of a rollout that failed or were lost, by what they said of it.

use domain::attempt::AttemptState;
use domain::ids::{RolloutId, TenantId};
use domain::ring::RingIndex;

use super::NOT_FOUND;
use crate::convert::{count, ring, state};
use crate::{Store, StoreError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureRow {
    pub ring: RingIndex,
    /// Failed or lost.
    pub state: AttemptState,
    /// None: the device said nothing.
    pub code: Option<String>,
    pub devices: u32,
}

impl Store {
    /// By ring, most devices first. Read from counters. Cost: rings times codes.
    pub async fn rollout_failures(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
    ) -> Result<Vec<FailureRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let found = sqlx::query_scalar!(
            r#"select true as "yes!" from rollout where tenant_id = $1 and id = $2"#,
            tenant.0,
            rollout.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        found.ok_or(NOT_FOUND)?;
        let rows = sqlx::query!(
            "select ring, state, code, devices from failure_tally
             where tenant_id = $1 and rollout_id = $2 and devices > 0
             order by ring, devices desc, state, code",
            tenant.0,
            rollout.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let rows = rows.into_iter().map(|row| {
            Ok(FailureRow {
                ring: ring(row.ring)?,
                state: state(row.state)?,
                code: Some(row.code).filter(|code| !code.is_empty()),
                devices: count(row.devices)?,
            })
        });
        rows.collect()
    }
}
