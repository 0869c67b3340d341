//! Reading the catalogue.

use chrono::{DateTime, Utc};
use domain::build::Build;
use domain::ids::{TenantId, UpdateId};
use domain::update::UpdateKind;
use serde::Deserialize;
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::{ImportedUpdate, Needed, UpdateBuild, UpdateFilter, UpdateRow};
use crate::convert::{count, update_kind};
use crate::page::Page;
use crate::scope::Tx;
use crate::{Store, StoreError};

const NOT_FOUND: StoreError = StoreError::NotFound { what: "update" };

/// Updates of tenant `$1` with their builds; the first argument goes on after `where .. and`.
macro_rules! updates {
    ($which:literal, $($argument:expr),*) => {
        sqlx::query_as!(
            Columns,
            r#"select u.id, u.kind, u.version, u.channel, u.catalog_entry_id, u.title, u.short_name,
                 u.classification, u.cadence, u.kb, u.released_at, u.deployable_until, u.is_expeditable,
                 u.details, u.superseded_by, u.declined, case when u.kind = 'driver' then (
                     select array[count(*), count(*) filter (where m.recommended)]::int[]
                     from driver_match m where m.tenant_id = $1 and m.update_id = u.id
                 ) end as needed, coalesce((
                     select json_agg(b order by b.product, b.version, b.os_build, b.os_revision)
                     from update_build b where b.tenant_id = $1 and b.update_id = u.id
                 ), '[]') as "builds!: Json<Vec<StoredBuild>>"
             from catalog_update u where u.tenant_id = $1 and "# + $which,
            $($argument),*
        )
    };
}

impl Store {
    /// Newest release first; `after` continues behind that update.
    pub async fn update_list(
        &self,
        tenant: TenantId,
        page: Page,
    ) -> Result<Vec<UpdateRow>, StoreError> {
        self.update_search(tenant, &UpdateFilter::default(), page).await
    }

    /// As `update_list`, only those that fit.
    pub async fn update_search(
        &self,
        tenant: TenantId,
        filter: &UpdateFilter,
        page: Page,
    ) -> Result<Vec<UpdateRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = updates!(
            "($2::uuid is null or (u.released_at, u.id) < (
                 select l.released_at, l.id from catalog_update l
                 where l.tenant_id = $1 and l.id = $2))
                 and ($4::text is null or u.kind = $4)
                 and ($5::text is null or u.classification = $5)
                 and ($6::bool is null or (u.superseded_by is not null) = $6)
             order by u.released_at desc, u.id desc limit $3",
            tenant.0,
            page.after,
            page.rows(),
            filter.kind.map(UpdateKind::name),
            filter.classification.as_deref(),
            filter.superseded
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter().map(UpdateRow::try_from).collect()
    }

    pub async fn update_fetch(
        &self,
        tenant: TenantId,
        update: UpdateId,
    ) -> Result<UpdateRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = some(&mut tx, tenant, &[update.0]).await?.pop().ok_or(NOT_FOUND)?;
        tx.commit().await?;
        Ok(row)
    }

    /// The updates that this one is the newest replacement of, newest first.
    pub async fn update_supersedes(
        &self,
        tenant: TenantId,
        update: UpdateId,
    ) -> Result<Vec<UpdateRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = updates!(
            "u.superseded_by = $2 order by u.released_at desc, u.id desc",
            tenant.0,
            update.0
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter().map(UpdateRow::try_from).collect()
    }
}

/// Every update of one kind, or every update.
pub(crate) async fn all_of(
    tx: &mut Tx,
    tenant: TenantId,
    kind: Option<UpdateKind>,
) -> Result<Vec<UpdateRow>, StoreError> {
    let rows = updates!(
        "($2::text is null or u.kind = $2) order by u.released_at desc, u.id desc",
        tenant.0,
        kind.map(UpdateKind::name)
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(UpdateRow::try_from).collect()
}

/// Those of these ids that there are, in no order.
pub(crate) async fn some(
    tx: &mut Tx,
    tenant: TenantId,
    ids: &[Uuid],
) -> Result<Vec<UpdateRow>, StoreError> {
    let rows = updates!("u.id = any($2)", tenant.0, ids).fetch_all(&mut **tx).await?;
    rows.into_iter().map(UpdateRow::try_from).collect()
}

#[derive(Debug, Deserialize)]
struct StoredBuild {
    os_major: i32,
    os_minor: i32,
    os_build: i32,
    os_revision: i32,
    product: String,
    version: String,
    kb: Option<String>,
    is_hotpatch: bool,
}

struct Columns {
    id: Uuid,
    kind: String,
    version: Option<String>,
    channel: Option<String>,
    catalog_entry_id: String,
    title: String,
    short_name: String,
    classification: String,
    cadence: String,
    kb: Option<String>,
    released_at: DateTime<Utc>,
    deployable_until: Option<DateTime<Utc>>,
    is_expeditable: bool,
    details: Value,
    superseded_by: Option<Uuid>,
    declined: Option<Value>,
    needed: Option<Vec<i32>>,
    builds: Json<Vec<StoredBuild>>,
}

impl TryFrom<StoredBuild> for UpdateBuild {
    type Error = StoreError;

    fn try_from(row: StoredBuild) -> Result<Self, StoreError> {
        let build = Build {
            major: count(row.os_major)?,
            minor: count(row.os_minor)?,
            build: count(row.os_build)?,
            revision: count(row.os_revision)?,
        };
        let StoredBuild { product, version, kb, is_hotpatch, .. } = row;
        Ok(Self { build, product, version, kb, is_hotpatch })
    }
}

impl TryFrom<Columns> for UpdateRow {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        let builds = row.builds.0.into_iter().map(UpdateBuild::try_from);
        let update = ImportedUpdate {
            catalog_entry_id: row.catalog_entry_id,
            kind: update_kind(&row.kind)?,
            version: row.version,
            channel: row.channel,
            title: row.title,
            short_name: row.short_name,
            classification: row.classification,
            cadence: row.cadence,
            kb: row.kb,
            released_at: row.released_at,
            deployable_until: row.deployable_until,
            is_expeditable: row.is_expeditable,
            details: serde_json::from_value(row.details).map_err(StoreError::corrupt)?,
            builds: builds.collect::<Result<_, StoreError>>()?,
        };
        let superseded_by = row.superseded_by.map(UpdateId);
        let declined = row.declined.map(serde_json::from_value).transpose();
        let needed = match row.needed.as_deref() {
            None => None,
            Some(&[devices, recommended]) => {
                Some(Needed { devices: count(devices)?, recommended: count(recommended)? })
            }
            Some(_) => return Err(StoreError::corrupt("devices that need a driver")),
        };
        Ok(Self {
            id: UpdateId(row.id),
            update,
            superseded_by,
            declined: declined.map_err(StoreError::corrupt)?,
            needed,
        })
    }
}
