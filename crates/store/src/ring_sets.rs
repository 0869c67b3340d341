//! Ring sets, and the placement of devices in them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::ids::{DirectoryObjectId, RingSetId, TenantId};
use domain::ring::{RingIndex, RingSet};
use domain::work::WorkKind;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::chain::Entry;
use crate::convert::{count, json};
use crate::error::taken;
use crate::page::Page;
use crate::scope::Tx;
use crate::{Store, StoreError, chain, work};

mod candidates;
mod change;
pub(crate) mod claims;
mod counted;
mod members;
mod place;
mod preview;
mod told;

pub use place::DuePlacement;
pub use preview::{Move, PlacementPreview, RingPreview};
pub use told::{GroupTold, RingGroupChanges};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingSetRow {
    pub id: RingSetId,
    pub set: RingSet,
    pub placed_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

impl Store {
    /// `Conflict` when the name is taken, or there are 300 ring sets already. Marks the devices of the
    /// groups it names as due. Asks for a sync, which reads the groups and places.
    pub async fn ring_set_create(
        &self,
        tenant: TenantId,
        set: &RingSet,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<RingSetRow, StoreError> {
        self.ring_set_create_as(tenant, RingSetId(Uuid::now_v7()), set, actor, now).await
    }

    /// As `ring_set_create`, under an id that was previewed. `Conflict` when that is taken too.
    pub async fn ring_set_create_as(
        &self,
        tenant: TenantId,
        id: RingSetId,
        set: &RingSet,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<RingSetRow, StoreError> {
        let rings = json(&set.rings())?;
        let rules = json(set.rules())?;
        let mut tx = self.tenant_begin(tenant).await?;
        change::check_room(&mut tx, tenant).await?;
        sqlx::query!(
            "insert into ring_set (tenant_id, id, name, rings, rules, created_at)
             values ($1, $2, $3, $4, $5, $6)",
            tenant.0,
            id.0,
            set.name(),
            rings,
            rules,
            now,
        )
        .execute(&mut *tx)
        .await
        .map_err(|error| {
            taken(error, |constraint| match constraint {
                Some("ring_set_pkey") => format!("there is a ring set {id} already"),
                Some(_) | None => format!("there is a ring set named {:?} already", set.name()),
            })
        })?;
        change::mark_named(&mut tx, tenant, &[set], now).await?;
        work::ask(&mut tx, tenant, WorkKind::Sync, &[tenant.0], now).await?;
        let body = json!({ "ring_set": id, "name": set.name(), "rings": rings, "rules": rules });
        let entry = Entry { rollout: None, at: now, actor, kind: "ring_set_created", body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(row)
    }

    pub async fn ring_set_list(
        &self,
        tenant: TenantId,
        page: Page,
    ) -> Result<Vec<RingSetRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query_as!(
            Columns,
            "select id, name, rings, rules, placed_at, created_at from ring_set
             where tenant_id = $1 and ($2::uuid is null or id > $2) order by id limit $3",
            tenant.0,
            page.after,
            page.rows(),
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter().map(RingSetRow::try_from).collect()
    }

    pub async fn ring_set_fetch(
        &self,
        tenant: TenantId,
        ring_set: RingSetId,
    ) -> Result<RingSetRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = fetch(&mut tx, tenant, ring_set).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// How many members each ring has, in order. Cost: the rings.
    pub async fn ring_set_members(
        &self,
        tenant: TenantId,
        ring_set: RingSetId,
    ) -> Result<Vec<(RingIndex, u32)>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query!(
            r#"select n.ring as "ring!", coalesce(t.members, 0) as "members!"
             from ring_set s
             cross join generate_series(0, jsonb_array_length(s.rings) - 1) as n(ring)
             left join ring_tally t
                 on t.tenant_id = $1 and t.ring_set_id = $2 and t.ring = n.ring
             where s.tenant_id = $1 and s.id = $2 order by n.ring"#,
            tenant.0,
            ring_set.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        if rows.is_empty() {
            return Err(NOT_FOUND);
        }
        rows.into_iter()
            .map(|row| {
                let ring = u8::try_from(row.ring).map_err(StoreError::corrupt)?;
                Ok((RingIndex(ring), count(row.members)?))
            })
            .collect()
    }

    /// Every group that some ring set of the tenant names, as one of a ring or as a source.
    pub async fn ring_set_groups(
        &self,
        tenant: TenantId,
    ) -> Result<Vec<DirectoryObjectId>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = all(&mut tx, tenant).await?;
        tx.commit().await?;
        let groups: BTreeSet<DirectoryObjectId> = rows
            .iter()
            .flat_map(|row| claims::groups_named(&row.set))
            .map(|(_, group)| DirectoryObjectId(group))
            .collect();
        Ok(groups.into_iter().collect())
    }
}

/// Every ring set of the tenant, in order of id.
pub(crate) async fn all(tx: &mut Tx, tenant: TenantId) -> Result<Vec<RingSetRow>, StoreError> {
    let rows = sqlx::query_as!(
        Columns,
        "select id, name, rings, rules, placed_at, created_at from ring_set
         where tenant_id = $1 order by id",
        tenant.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(RingSetRow::try_from).collect()
}

pub(crate) const NOT_FOUND: StoreError = StoreError::NotFound { what: "ring set" };

struct Columns {
    id: Uuid,
    name: String,
    rings: Value,
    rules: Value,
    placed_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl TryFrom<Columns> for RingSetRow {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        let rings = serde_json::from_value(row.rings).map_err(StoreError::corrupt)?;
        let rules = serde_json::from_value(row.rules).map_err(StoreError::corrupt)?;
        let set = RingSet::new(row.name, rings).and_then(|set| set.with_rules(rules));
        Ok(Self {
            id: RingSetId(row.id),
            set: set.map_err(StoreError::corrupt)?,
            placed_at: row.placed_at,
            created_at: row.created_at,
        })
    }
}

pub(crate) async fn fetch(
    tx: &mut Tx,
    tenant: TenantId,
    ring_set: RingSetId,
) -> Result<RingSetRow, StoreError> {
    sqlx::query_as!(
        Columns,
        "select id, name, rings, rules, placed_at, created_at from ring_set
         where tenant_id = $1 and id = $2",
        tenant.0,
        ring_set.0,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(NOT_FOUND)?
    .try_into()
}
