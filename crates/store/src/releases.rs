//! Releases: updates approved to go out.

use chrono::{DateTime, Utc};
use domain::ids::{ReleaseId, TenantId, UpdateId};
use domain::update::Delivery;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::catalog::Declined;
use crate::chain::Entry;
use crate::convert::{delivery, json as column, update_kind};
use crate::error::taken;
use crate::page::Page;
use crate::scope::Tx;
use crate::{Store, StoreError, chain};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseRow {
    pub id: ReleaseId,
    pub update: UpdateId,
    pub name: String,
    pub delivery: Delivery,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
}

/// A release to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewRelease<'a> {
    pub update: UpdateId,
    /// Unique in the tenant.
    pub name: &'a str,
    /// None: as the kind of the update is delivered when nobody chooses.
    pub delivery: Option<Delivery>,
}

impl Store {
    /// `Invalid` when there is no such update or it is not delivered that way, `Conflict` when the
    /// name is taken.
    pub async fn release_create(
        &self,
        tenant: TenantId,
        new: NewRelease<'_>,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<ReleaseRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let (row, body) = made(&mut tx, tenant, new, actor, now).await?;
        append(&mut tx, tenant, &body, actor, now).await?;
        tx.commit().await?;
        Ok(row)
    }

    pub async fn release_list(
        &self,
        tenant: TenantId,
        page: Page,
    ) -> Result<Vec<ReleaseRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query_as!(
            Columns,
            "select id, update_id, name, delivery, created_by, created_at from release
             where tenant_id = $1 and ($2::uuid is null or id > $2) order by id limit $3",
            tenant.0,
            page.after,
            page.rows(),
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter().map(ReleaseRow::try_from).collect()
    }

    pub async fn release_fetch(
        &self,
        tenant: TenantId,
        release: ReleaseId,
    ) -> Result<ReleaseRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = fetch(&mut tx, tenant, release).await?;
        tx.commit().await?;
        Ok(row)
    }
}

/// The release of this name, if it is of this update and delivered so; else a new one, with what is to
/// be appended to the chain. `Conflict` when the name is taken by another.
pub(crate) async fn found_or_made(
    tx: &mut Tx,
    tenant: TenantId,
    new: NewRelease<'_>,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<(ReleaseRow, Option<Value>), StoreError> {
    let there = sqlx::query_scalar!(
        "select id from release where tenant_id = $1 and name = $2",
        tenant.0,
        new.name,
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(id) = there else {
        let (row, body) = made(tx, tenant, new, actor, now).await?;
        return Ok((row, Some(body)));
    };
    let row = fetch(tx, tenant, ReleaseId(id)).await?;
    let delivered = new.delivery.is_none_or(|delivery| delivery == row.delivery);
    if row.update == new.update && delivered {
        return Ok((row, None));
    }
    let what = if delivered { "of another update" } else { "delivered in another way" };
    let why = format!("there is a release named {:?} already, {what}", new.name);
    Err(StoreError::Conflict(why))
}

/// A new release, but for its entry in the chain, whose body this returns.
pub(crate) async fn made(
    tx: &mut Tx,
    tenant: TenantId,
    new: NewRelease<'_>,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<(ReleaseRow, Value), StoreError> {
    let id = ReleaseId(Uuid::now_v7());
    let delivery = settled(tx, tenant, new).await?;
    sqlx::query!(
        "insert into release (tenant_id, id, update_id, name, delivery, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        tenant.0,
        id.0,
        new.update.0,
        new.name,
        column(&delivery)?,
        actor,
        now,
    )
    .execute(&mut **tx)
    .await
    .map_err(|error| {
        taken(error, |_| format!("there is a release named {:?} already", new.name))
    })?;
    let body = json!({
        "release": id, "update": new.update, "name": new.name, "delivery": delivery,
    });
    Ok((fetch(tx, tenant, id).await?, body))
}

pub(crate) async fn append(
    tx: &mut Tx,
    tenant: TenantId,
    body: &Value,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let entry = Entry { rollout: None, at: now, actor, kind: "release_created", body };
    chain::append(tx, tenant, entry).await.map(|_| ())
}

/// How the release is delivered, held against the kind of its update.
async fn settled(
    tx: &mut Tx,
    tenant: TenantId,
    new: NewRelease<'_>,
) -> Result<Delivery, StoreError> {
    let update = sqlx::query!(
        "select kind, is_expeditable, declined from catalog_update where tenant_id = $1 and id = $2",
        tenant.0,
        new.update.0,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or_else(|| StoreError::Invalid("there is no such update".to_owned()))?;
    if let Some(declined) = update.declined {
        let Declined { by, reason, .. } =
            serde_json::from_value(declined).map_err(StoreError::corrupt)?;
        let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
        let why = format!("the update was declined by {by}{reason}; approve it first");
        return Err(StoreError::Conflict(why));
    }
    let kind = update_kind(&update.kind)?;
    let delivery = new.delivery.unwrap_or(Delivery::of(kind));
    if delivery.kind() != kind {
        let (delivery, kind) = (delivery.kind().name(), kind.name());
        return Err(StoreError::Invalid(format!(
            "the update is of kind {kind}, the delivery is for kind {delivery}"
        )));
    }
    if matches!(delivery, Delivery::Quality { expedite: Some(_) }) && !update.is_expeditable {
        return Err(StoreError::Invalid("the update cannot be expedited".to_owned()));
    }
    delivery.check().map_err(|error| StoreError::Invalid(error.to_string()))?;
    Ok(delivery)
}

struct Columns {
    id: Uuid,
    update_id: Uuid,
    name: String,
    delivery: Value,
    created_by: String,
    created_at: DateTime<Utc>,
}

impl TryFrom<Columns> for ReleaseRow {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        Ok(Self {
            id: ReleaseId(row.id),
            update: UpdateId(row.update_id),
            name: row.name,
            delivery: delivery(row.delivery)?,
            created_by: row.created_by,
            created_at: row.created_at,
        })
    }
}

async fn fetch(
    tx: &mut Tx,
    tenant: TenantId,
    release: ReleaseId,
) -> Result<ReleaseRow, StoreError> {
    sqlx::query_as!(
        Columns,
        "select id, update_id, name, delivery, created_by, created_at from release
         where tenant_id = $1 and id = $2",
        tenant.0,
        release.0,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(StoreError::NotFound { what: "release" })?
    .try_into()
}
