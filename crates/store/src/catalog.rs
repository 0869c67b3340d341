//! The update catalogue of a tenant.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::build::Build;
use domain::ids::{TenantId, UpdateId};
use serde::Deserialize;
use sqlx::types::Json;
use uuid::Uuid;

use crate::convert::{column, count, update_kind};
use crate::page::Page;
use crate::scope::Tx;
use crate::{Store, StoreError};
pub use domain::inventory::{ImportedUpdate, UpdateBuild};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateRow {
    pub id: UpdateId,
    pub update: ImportedUpdate,
}

impl Store {
    /// Adds new entries and changes known ones; entries that disappeared stay.
    pub async fn catalog_import(
        &self,
        tenant: TenantId,
        updates: &[ImportedUpdate],
    ) -> Result<(), StoreError> {
        // Of an entry read twice the last counts. Sorted, as all that locks several rows.
        let updates: BTreeMap<&str, &ImportedUpdate> =
            updates.iter().map(|update| (update.catalog_entry_id.as_str(), update)).collect();
        let mut tx = self.tenant_begin(tenant).await?;
        for update in updates.into_values() {
            let id = upsert(&mut tx, tenant, update).await?;
            replace_builds(&mut tx, tenant, id, &update.builds).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Newest release first; `after` continues behind that update.
    pub async fn update_list(
        &self,
        tenant: TenantId,
        page: Page,
    ) -> Result<Vec<UpdateRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query_as!(
            Columns,
            r#"select id, kind, version, channel, catalog_entry_id, title, short_name, classification, cadence, kb,
                 released_at, deployable_until, is_expeditable, coalesce((
                     select json_agg(b order by b.product, b.version, b.os_build, b.os_revision)
                     from update_build b where b.tenant_id = $1 and b.update_id = u.id
                 ), '[]') as "builds!: Json<Vec<StoredBuild>>"
             from catalog_update u
             where tenant_id = $1 and ($2::uuid is null or (released_at, id) < (
                 select l.released_at, l.id from catalog_update l
                 where l.tenant_id = $1 and l.id = $2))
             order by released_at desc, id desc limit $3"#,
            tenant.0,
            page.after,
            page.rows(),
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
        let row = sqlx::query_as!(
            Columns,
            r#"select id, kind, version, channel, catalog_entry_id, title, short_name, classification, cadence, kb,
                 released_at, deployable_until, is_expeditable, coalesce((
                     select json_agg(b order by b.product, b.version, b.os_build, b.os_revision)
                     from update_build b where b.tenant_id = $1 and b.update_id = u.id
                 ), '[]') as "builds!: Json<Vec<StoredBuild>>"
             from catalog_update u where tenant_id = $1 and id = $2"#,
            tenant.0,
            update.0,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(StoreError::NotFound { what: "update" })?;
        tx.commit().await?;
        row.try_into()
    }
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
        Ok(Self { build, product: row.product, version: row.version, kb: row.kb })
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
            builds: builds.collect::<Result<_, StoreError>>()?,
        };
        Ok(Self { id: UpdateId(row.id), update })
    }
}

async fn upsert(
    tx: &mut Tx,
    tenant: TenantId,
    update: &ImportedUpdate,
) -> Result<Uuid, StoreError> {
    let id = sqlx::query_scalar!(
        "insert into catalog_update (tenant_id, id, catalog_entry_id, kind, version, channel, title,
             short_name, classification, cadence, kb, released_at, deployable_until, is_expeditable)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         on conflict (tenant_id, catalog_entry_id) do update
         set version = excluded.version, channel = excluded.channel,
             title = excluded.title, short_name = excluded.short_name,
             classification = excluded.classification, cadence = excluded.cadence, kb = excluded.kb,
             released_at = excluded.released_at, deployable_until = excluded.deployable_until,
             is_expeditable = excluded.is_expeditable
         returning id",
        tenant.0,
        Uuid::now_v7(),
        update.catalog_entry_id,
        update.kind.name(),
        update.version,
        update.channel,
        update.title,
        update.short_name,
        update.classification,
        update.cadence,
        update.kb,
        update.released_at,
        update.deployable_until,
        update.is_expeditable,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(id)
}

async fn replace_builds(
    tx: &mut Tx,
    tenant: TenantId,
    update: Uuid,
    builds: &[UpdateBuild],
) -> Result<(), StoreError> {
    sqlx::query!(
        "delete from update_build where tenant_id = $1 and update_id = $2",
        tenant.0,
        update
    )
    .execute(&mut **tx)
    .await?;
    let numbers = |number: fn(&Build) -> u32| -> Vec<i32> {
        builds.iter().map(|one| column(number(&one.build))).collect()
    };
    let products: Vec<&str> = builds.iter().map(|one| one.product.as_str()).collect();
    let versions: Vec<&str> = builds.iter().map(|one| one.version.as_str()).collect();
    let kbs: Vec<Option<&str>> = builds.iter().map(|one| one.kb.as_deref()).collect();
    sqlx::query!(
        "insert into update_build (tenant_id, update_id, os_major, os_minor, os_build, os_revision,
             product, version, kb)
         select $1, $2, b.* from unnest($3::int[], $4::int[], $5::int[], $6::int[],
             $7::text[], $8::text[], $9::text[]) as b
         on conflict do nothing",
        tenant.0,
        update,
        &numbers(|build| build.major),
        &numbers(|build| build.minor),
        &numbers(|build| build.build),
        &numbers(|build| build.revision),
        &products as &[&str],
        &versions as &[&str],
        &kbs as &[Option<&str>],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
