//! Reading saved plans, and what changed since.

use chrono::{DateTime, Utc};
use domain::ids::{RolloutId, TenantId};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{SavedPlanRow, hex, members};
use crate::page::Page;
use crate::scope::Tx;
use crate::{Store, StoreError};

const NOT_FOUND: StoreError = StoreError::NotFound { what: "plan" };

struct Columns {
    id: Uuid,
    body: String,
    hash: Vec<u8>,
    excluded: Value,
    created_by: String,
    created_at: DateTime<Utc>,
    rollout_id: Option<Uuid>,
    started_by: Option<String>,
    started_at: Option<DateTime<Utc>>,
}

impl Store {
    pub async fn plan_list(
        &self,
        tenant: TenantId,
        page: Page,
    ) -> Result<Vec<SavedPlanRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query_as!(
            Columns,
            "select id, body, hash, excluded, created_by, created_at, rollout_id, started_by,
                 started_at
             from saved_plan
             where tenant_id = $1 and ($2::uuid is null or id > $2) order by id limit $3",
            tenant.0,
            page.after,
            page.rows(),
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter().map(SavedPlanRow::try_from).collect()
    }

    /// A saved plan; of one that was not started, a sentence for each ring that has other members by
    /// now. Cost: the members of the ring set.
    pub async fn plan_fetch(
        &self,
        tenant: TenantId,
        plan: Uuid,
    ) -> Result<(SavedPlanRow, Vec<String>), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = fetch(&mut tx, tenant, plan, false).await?;
        let body = &row.body;
        let changes = if row.started.is_some() {
            Vec::new()
        } else {
            let rings = body.plan.rings().len();
            let now = members::of(&mut tx, tenant, body.ring_set, rings).await?;
            members::changes(&body.plan, &body.members, &now)
        };
        tx.commit().await?;
        Ok((row, changes))
    }
}

/// A saved plan, if it still is what its hash covers; under a lock, so that it is started once.
pub(super) async fn fetch(
    tx: &mut Tx,
    tenant: TenantId,
    plan: Uuid,
    lock: bool,
) -> Result<SavedPlanRow, StoreError> {
    if lock {
        sqlx::query!(
            "select id from saved_plan where tenant_id = $1 and id = $2 for no key update",
            tenant.0,
            plan,
        )
        .fetch_optional(&mut **tx)
        .await?;
    }
    sqlx::query_as!(
        Columns,
        "select id, body, hash, excluded, created_by, created_at, rollout_id, started_by, started_at
         from saved_plan where tenant_id = $1 and id = $2",
        tenant.0,
        plan,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(NOT_FOUND)?
    .try_into()
}

impl TryFrom<Columns> for SavedPlanRow {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        let hash: [u8; 32] = Sha256::digest(&row.body).into();
        if row.hash != hash {
            let what = format_args!("plan {} is not what its hash covers", row.id);
            return Err(StoreError::corrupt(what));
        }
        let started = row.rollout_id.zip(row.started_by).zip(row.started_at);
        Ok(Self {
            id: Some(row.id),
            body: serde_json::from_str(&row.body).map_err(StoreError::corrupt)?,
            hash: hex(&row.hash),
            excluded: serde_json::from_value(row.excluded).map_err(StoreError::corrupt)?,
            created_by: row.created_by,
            created_at: row.created_at,
            started: started.map(|((rollout, by), at)| (RolloutId(rollout), by, at)),
        })
    }
}
