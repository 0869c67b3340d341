//! Reading freezes.

use chrono::{DateTime, Utc};
use domain::calendar::{Crossing, Freeze};
use domain::ids::{FreezeId, RolloutId, TenantId};
use uuid::Uuid;

use super::NOT_FOUND;
use crate::calendar::FreezeColumns;
use crate::page::Page;
use crate::scope::Tx;
use crate::{Store, StoreError};

/// A freeze, whatever became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreezeRow {
    pub freeze: Freeze,
    pub created_at: DateTime<Utc>,
    /// None: by time alone, or not yet.
    pub ended: Option<Ended>,
    pub crossings: Vec<CrossingRow>,
}

/// Who ended a freeze, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub at: DateTime<Utc>,
    pub by: String,
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrossingRow {
    pub rollout: RolloutId,
    pub release_name: String,
    pub crossing: Crossing,
}

struct Columns {
    id: Uuid,
    scope: String,
    ring_set_id: Option<Uuid>,
    ring: Option<String>,
    from_at: DateTime<Utc>,
    until_at: Option<DateTime<Utc>>,
    owner: String,
    reason: String,
    created_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    ended_by: Option<String>,
    end_reason: Option<String>,
}

impl TryFrom<Columns> for FreezeRow {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        let ended = match (row.ended_at, row.ended_by, row.end_reason) {
            (Some(at), Some(by), Some(reason)) => Some(Ended { at, by, reason }),
            (None, ..) | (_, None, _) | (.., None) => None,
        };
        let freeze = Freeze::try_from(FreezeColumns {
            id: row.id,
            scope: row.scope,
            ring_set_id: row.ring_set_id,
            ring: row.ring,
            from_at: row.from_at,
            until_at: row.until_at,
            owner: row.owner,
            reason: row.reason,
        })?;
        Ok(Self { freeze, created_at: row.created_at, ended, crossings: Vec::new() })
    }
}

impl Store {
    /// Freezes in the order in which they were made, those that are over too.
    pub async fn freeze_list(
        &self,
        tenant: TenantId,
        page: Page,
    ) -> Result<Vec<FreezeRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query_as!(
            Columns,
            "select id, scope, ring_set_id, ring, from_at, until_at, owner, reason, created_at,
                 ended_at, ended_by, end_reason from rollout_freeze
             where tenant_id = $1 and ($2::uuid is null or id > $2) order by id limit $3",
            tenant.0,
            page.after,
            page.rows(),
        )
        .fetch_all(&mut *tx)
        .await?;
        let rows = rows.into_iter().map(FreezeRow::try_from).collect::<Result<_, _>>()?;
        let rows = with_crossings(&mut tx, tenant, rows).await?;
        tx.commit().await?;
        Ok(rows)
    }

    pub async fn freeze_fetch(
        &self,
        tenant: TenantId,
        freeze: FreezeId,
    ) -> Result<FreezeRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = sqlx::query_as!(
            Columns,
            "select id, scope, ring_set_id, ring, from_at, until_at, owner, reason, created_at,
                 ended_at, ended_by, end_reason from rollout_freeze where tenant_id = $1 and id = $2",
            tenant.0,
            freeze.0,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        let mut rows = with_crossings(&mut tx, tenant, vec![FreezeRow::try_from(row)?]).await?;
        tx.commit().await?;
        rows.pop().ok_or(NOT_FOUND)
    }
}

async fn with_crossings(
    tx: &mut Tx,
    tenant: TenantId,
    mut freezes: Vec<FreezeRow>,
) -> Result<Vec<FreezeRow>, StoreError> {
    let ids: Vec<Uuid> = freezes.iter().map(|row| row.freeze.id.0).collect();
    let rows = sqlx::query!(
        "select c.freeze_id, c.rollout_id, c.given_by, c.reason, c.at, l.name
         from freeze_crossing c
         join rollout r on r.tenant_id = c.tenant_id and r.id = c.rollout_id
         join release l on l.tenant_id = r.tenant_id and l.id = r.release_id
         where c.tenant_id = $1 and c.freeze_id = any($2) order by c.at, c.rollout_id",
        tenant.0,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    for row in rows {
        let freeze = FreezeId(row.freeze_id);
        let crossing = Crossing { freeze, by: row.given_by, reason: row.reason, at: row.at };
        if let Some(of) = freezes.iter_mut().find(|of| of.freeze.id == freeze) {
            of.crossings.push(CrossingRow {
                rollout: RolloutId(row.rollout_id),
                release_name: row.name,
                crossing,
            });
        }
    }
    Ok(freezes)
}
