//! Reading pauses. A tenant has few.

use domain::ids::{RolloutId, TenantId};
use domain::pause::StandingPause;

use super::{Columns, PauseRow};
use crate::scope::Tx;
use crate::{Store, StoreError};

impl Store {
    /// Every pause that stands, oldest first; at most 500.
    pub async fn pause_list(&self, tenant: TenantId) -> Result<Vec<PauseRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = all(&mut tx, tenant).await?;
        tx.commit().await?;
        Ok(rows)
    }
}

/// Every pause that stands, oldest first; at most 500.
pub(crate) async fn all(tx: &mut Tx, tenant: TenantId) -> Result<Vec<PauseRow>, StoreError> {
    let rows = sqlx::query_as!(
        Columns,
        "select id, release_id, rollout_id, ring, take_back, reason, paused_by, at from pause
         where tenant_id = $1 order by at, id limit 500",
        tenant.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(PauseRow::try_from).collect()
}

/// The pauses that cover a rollout, or a ring of it, oldest first.
pub(crate) async fn standing(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
) -> Result<Vec<StandingPause>, StoreError> {
    let rows = sqlx::query_as!(
        Columns,
        "select p.id, p.release_id, p.rollout_id, p.ring, p.take_back, p.reason, p.paused_by, p.at
         from rollout r
         join pause p on p.tenant_id = $1 and (p.rollout_id = r.id or p.release_id = r.release_id
             or p.rollout_id is null and p.release_id is null)
         where r.tenant_id = $1 and r.id = $2 order by p.at, p.id",
        tenant.0,
        rollout.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(StandingPause::try_from).collect()
}

/// Whether the pauses of a rollout are still those that were `seen`; until the transaction ends nobody
/// sets or lifts any. A pause raises the generation of every rollout it finds, but it cannot find one
/// that is being made at that moment: the first decision about a rollout asks here.
pub(crate) async fn unchanged(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
    seen: &[StandingPause],
) -> Result<bool, StoreError> {
    sqlx::query!("select pg_advisory_xact_lock_shared(hashtextextended($1, 0))", lock_name(tenant))
        .execute(&mut **tx)
        .await?;
    Ok(standing(tx, tenant, rollout).await? == seen)
}

/// What is locked against setting and lifting pauses.
pub(super) fn lock_name(tenant: TenantId) -> String {
    format!("pauses of {tenant}")
}
