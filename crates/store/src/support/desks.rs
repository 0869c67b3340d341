//! Desks: who support requests are handed on to. Their secrets are sealed, and never read back to people.

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use domain::ids::{SupportDeskId, TenantId};
use domain::support::desk::{Choice, Desk, Way};
use domain::support::{Category, Severity};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::chain;
use crate::convert::json;
use crate::error::taken;
use crate::page::Page;
use crate::scope::{Tx, retried};
use crate::signals::By;
use crate::{Store, StoreError};

pub(super) const NOT_FOUND: StoreError = StoreError::NotFound { what: "support desk" };
/// Each costs a row for each request and note.
const MOST: i64 = 20;

/// What a person wants of a desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDesk {
    pub name: String,
    pub url: String,
    pub way: Way,
    pub choice: Choice,
    pub enabled: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskRow {
    pub id: SupportDeskId,
    pub name: String,
    pub url: String,
    pub way: Way,
    pub choice: Choice,
    pub enabled: bool,
    /// Of the first failure after its last success.
    pub failing_since: Option<DateTime<Utc>>,
    pub pending: i64,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

impl Store {
    /// Adds a desk. A webhook makes its own secret, which is returned and shown this once; a ticket system has the
    /// one that is given. `Conflict` when the name is taken or there are 20 already.
    pub async fn desk_create(
        &self,
        tenant: TenantId,
        new: &NewDesk,
        secret: Option<&str>,
        by: By<'_>,
    ) -> Result<(DeskRow, Option<String>), StoreError> {
        let (clear, shown) = if let Some(secret) = secret {
            (secret.to_owned(), None)
        } else {
            let made = own_secret()?;
            (made.clone(), Some(made))
        };
        let sealed = self.inner.sealer.seal(tenant, clear.into_bytes())?;
        let row = retried(|| self.desk_insert(tenant, new, &sealed, by)).await?;
        Ok((row, shown))
    }

    async fn desk_insert(
        &self,
        tenant: TenantId,
        new: &NewDesk,
        sealed: &[u8],
        by: By<'_>,
    ) -> Result<DeskRow, StoreError> {
        let id = SupportDeskId(Uuid::now_v7());
        let mut tx = self.tenant_begin(tenant).await?;
        let count = sqlx::query_scalar!(
            r#"select count(*) as "count!" from support_desk where tenant_id = $1"#,
            tenant.0
        )
        .fetch_one(&mut *tx)
        .await?;
        if count >= MOST {
            return Err(StoreError::Conflict(format!("a tenant has {MOST} desks at most")));
        }
        sqlx::query!(
            "insert into support_desk (tenant_id, id, name, url, way, at_least, categories, enabled,
                 secret_sealed, created_at, changed_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
            tenant.0,
            id.0,
            new.name,
            new.url,
            json(&new.way)?,
            new.choice.at_least.word(),
            &words(&new.choice),
            new.enabled,
            sealed,
            by.at,
        )
        .execute(&mut *tx)
        .await
        .map_err(|error| taken_name(error, &new.name))?;
        chain::append_by(&mut tx, tenant, by, "support_desk_created", said(id, new)).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Replaces what is wanted of a desk; its secret stays unless another is given. `Invalid` when it would become
    /// another sort of desk: what it calls the requests would be lost.
    pub async fn desk_replace(
        &self,
        tenant: TenantId,
        id: SupportDeskId,
        new: &NewDesk,
        secret: Option<&str>,
        by: By<'_>,
    ) -> Result<DeskRow, StoreError> {
        let seal = |secret: &str| self.inner.sealer.seal(tenant, secret.as_bytes().to_vec());
        let sealed = secret.map(seal).transpose()?;
        let mut tx = self.tenant_begin(tenant).await?;
        let before = fetch(&mut tx, tenant, id).await?;
        if before.way.word() != new.way.word() {
            let why = format!("the desk is a {}; make another for that", before.way.word());
            return Err(StoreError::Invalid(why));
        }
        sqlx::query!(
            "update support_desk set name = $3, url = $4, way = $5, at_least = $6, categories = $7,
                 enabled = $8, secret_sealed = coalesce($9, secret_sealed), changed_at = $10,
                 failing_since = null, failures = 0, rests_until = null
             where tenant_id = $1 and id = $2",
            tenant.0,
            id.0,
            new.name,
            new.url,
            json(&new.way)?,
            new.choice.at_least.word(),
            &words(&new.choice),
            new.enabled,
            sealed,
            by.at,
        )
        .execute(&mut *tx)
        .await
        .map_err(|error| taken_name(error, &new.name))?;
        // What waited for the desk to be mended.
        ask(&mut tx, tenant, id, by.at).await?;
        chain::append_by(&mut tx, tenant, by, "support_desk_changed", said(id, new)).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Takes a desk away, with what was still to be told to it, and with what it calls the requests.
    pub async fn desk_delete(
        &self,
        tenant: TenantId,
        id: SupportDeskId,
        by: By<'_>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        sqlx::query!("delete from support_desk where tenant_id = $1 and id = $2", tenant.0, id.0)
            .execute(&mut *tx)
            .await?;
        sqlx::query!(
            "delete from work where kind = 'hand_on' and subject = $2 and tenant_id = $1",
            tenant.0,
            id.0
        )
        .execute(&mut *tx)
        .await?;
        let body = json!({ "desk": id, "name": row.name });
        chain::append_by(&mut tx, tenant, by, "support_desk_deleted", body).await?;
        tx.commit().await?;
        Ok(())
    }

    /// In the order in which they were made.
    pub async fn desk_list(
        &self,
        tenant: TenantId,
        page: Page,
    ) -> Result<Vec<DeskRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = read(&mut tx, tenant, None, page).await?;
        tx.commit().await?;
        Ok(rows)
    }

    pub async fn desk_fetch(
        &self,
        tenant: TenantId,
        id: SupportDeskId,
    ) -> Result<DeskRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Where a desk is, and its secret, opened.
    pub async fn desk_target(
        &self,
        tenant: TenantId,
        id: SupportDeskId,
    ) -> Result<(Desk, String), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = sqlx::query!(
            "select url, way, secret_sealed from support_desk where tenant_id = $1 and id = $2",
            tenant.0,
            id.0,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        tx.commit().await?;
        let clear = self.inner.sealer.open(tenant, &row.secret_sealed)?;
        // The error would hold the bytes.
        let secret = String::from_utf8(clear)
            .map_err(|_| StoreError::corrupt("the secret is not what was sealed"))?;
        Ok((Desk { id, url: row.url, way: way(row.way)? }, secret))
    }
}

/// A new key of 32 random bytes, as Standard Webhooks writes it.
fn own_secret() -> Result<String, StoreError> {
    let mut key = [0; 32];
    rand::fill(&mut key).map_err(|_| StoreError::corrupt("there are no random numbers"))?;
    Ok(format!("whsec_{}", STANDARD.encode(key)))
}

fn words(choice: &Choice) -> Vec<String> {
    choice.categories.iter().map(|category| category.word().to_owned()).collect()
}

fn said(id: SupportDeskId, new: &NewDesk) -> Value {
    // Without what stands behind the host: people put tokens there.
    let host = new.url.split('/').take(3).collect::<Vec<_>>().join("/");
    json!({ "desk": id, "name": new.name, "kind": new.way.word(), "host": host,
        "at_least": new.choice.at_least.word(), "categories": words(&new.choice),
        "enabled": new.enabled })
}

pub(super) async fn ask(
    tx: &mut Tx,
    tenant: TenantId,
    id: SupportDeskId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    crate::work::ask(tx, tenant, domain::work::WorkKind::HandOn, &[id.0], now).await
}

fn taken_name(error: sqlx::Error, name: &str) -> StoreError {
    taken(error, |_| format!("there is a desk named {name:?} already"))
}

fn way(value: Value) -> Result<Way, StoreError> {
    serde_json::from_value(value).map_err(StoreError::corrupt)
}

pub(super) async fn fetch(
    tx: &mut Tx,
    tenant: TenantId,
    id: SupportDeskId,
) -> Result<DeskRow, StoreError> {
    let page = Page { after: None, limit: 1 };
    read(tx, tenant, Some(id.0), page).await?.pop().ok_or(NOT_FOUND)
}

pub(super) async fn read(
    tx: &mut Tx,
    tenant: TenantId,
    only: Option<Uuid>,
    page: Page,
) -> Result<Vec<DeskRow>, StoreError> {
    let rows = sqlx::query!(
        r#"select id, name, url, way, at_least, categories, enabled, failing_since, created_at, changed_at,
             (select count(*) from support_delivery v
                 where v.tenant_id = d.tenant_id and v.desk_id = d.id and v.state = 'pending') as "pending!"
         from support_desk d
         where tenant_id = $1 and ($2::uuid is null or id = $2) and ($3::uuid is null or id > $3)
         order by id limit $4"#,
        tenant.0,
        only,
        page.after,
        page.rows(),
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let unknown = |word: &str| StoreError::corrupt(format_args!("a desk of {word:?}"));
            let category = |word: &String| Category::from_word(word).ok_or_else(|| unknown(word));
            Ok(DeskRow {
                id: SupportDeskId(row.id),
                name: row.name,
                url: row.url,
                way: way(row.way)?,
                choice: Choice {
                    at_least: Severity::from_word(&row.at_least)
                        .ok_or_else(|| unknown(&row.at_least))?,
                    categories: row.categories.iter().map(category).collect::<Result<_, _>>()?,
                },
                enabled: row.enabled,
                failing_since: row.failing_since,
                pending: row.pending,
                created_at: row.created_at,
                changed_at: row.changed_at,
            })
        })
        .collect()
}
