//! The update catalogue of a tenant.

mod declare;
mod decline;
mod issues;
mod read;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::build::Build;
use domain::ids::{TenantId, UpdateId};
use domain::update::UpdateKind;
use domain::update::supersede::{Content, superseded_by};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::convert::{column, json};
use crate::scope::Tx;
use crate::{Store, StoreError};
pub use declare::NewUpdate;
pub use domain::inventory::{ImportedUpdate, UpdateBuild};
pub(crate) use read::{all_of, some};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateRow {
    pub id: UpdateId,
    pub update: ImportedUpdate,
    /// The newest update that replaces it.
    pub superseded_by: Option<UpdateId>,
    pub declined: Option<Declined>,
    /// Of a driver: the devices that need it, as of the last read.
    pub needed: Option<Needed>,
}

/// Somebody said that an update is not to go out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declined {
    pub by: String,
    pub at: DateTime<Utc>,
    pub reason: Option<String>,
}

/// How many devices need a driver.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needed {
    pub devices: u32,
    /// Those for which a vendor recommends it.
    pub recommended: u32,
}

/// Which updates are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpdateFilter {
    pub kind: Option<UpdateKind>,
    /// In Microsoft's words.
    pub classification: Option<String>,
    /// Those that are replaced by another, or those that are not.
    pub superseded: Option<bool>,
}

impl Store {
    /// Adds new entries and changes known ones, and says anew which replaces which; entries that
    /// disappeared stay. Cost: the catalogue, never the fleet.
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
        supersede(&mut tx, tenant).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Writes down which update replaces which, where that changed.
pub(crate) async fn supersede(tx: &mut Tx, tenant: TenantId) -> Result<(), StoreError> {
    let rows = all_of(tx, tenant, None).await?;
    let all: Vec<(UpdateId, Content)> =
        rows.iter().map(|row| (row.id, Content::of(&row.update))).collect();
    let ids: Vec<Uuid> = all.iter().map(|(id, _)| id.0).collect();
    let by: Vec<Option<Uuid>> =
        superseded_by(&all).into_iter().map(|by| by.map(|by| by.0)).collect();
    sqlx::query!(
        "update catalog_update u set superseded_by = n.by
         from unnest($2::uuid[], $3::uuid[]) as n(id, by)
         where u.tenant_id = $1 and u.id = n.id and u.superseded_by is distinct from n.by",
        tenant.0,
        &ids,
        &by as &[Option<Uuid>],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn upsert(
    tx: &mut Tx,
    tenant: TenantId,
    update: &ImportedUpdate,
) -> Result<Uuid, StoreError> {
    let id = sqlx::query_scalar!(
        "insert into catalog_update (tenant_id, id, catalog_entry_id, kind, version, channel, title,
             short_name, classification, cadence, kb, released_at, deployable_until, is_expeditable,
             details)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         on conflict (tenant_id, catalog_entry_id) do update
         set version = excluded.version, channel = excluded.channel,
             title = excluded.title, short_name = excluded.short_name,
             classification = excluded.classification, cadence = excluded.cadence, kb = excluded.kb,
             released_at = excluded.released_at, deployable_until = excluded.deployable_until,
             is_expeditable = excluded.is_expeditable, details = excluded.details
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
        json(&update.details)?,
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
    let hotpatches: Vec<bool> = builds.iter().map(|one| one.is_hotpatch).collect();
    sqlx::query!(
        "insert into update_build (tenant_id, update_id, os_major, os_minor, os_build, os_revision,
             product, version, kb, is_hotpatch)
         select $1, $2, b.* from unnest($3::int[], $4::int[], $5::int[], $6::int[],
             $7::text[], $8::text[], $9::text[], $10::bool[]) as b
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
        &hotpatches,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
