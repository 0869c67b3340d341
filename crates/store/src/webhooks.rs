//! Receivers of events: who is told what. What is to be told is laid out by `chain::append`, in the
//! transaction of the entry it tells of; `deliver` here is what the loop reads and writes of it.
//!
//! Work on a webhook is asked for after its entry in the chain is appended, as `chain::append` does itself:
//! the other order could wait in a circle.

mod deliver;
mod replay;

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{TenantId, WebhookId};
use domain::webhook::Disabled;
use serde_json::{Value, json};
use uuid::Uuid;

pub use deliver::{DeliveryRow, DeliveryState, TryRow};
pub use replay::Stretch;

use crate::chain;
use crate::error::taken;
use crate::page::Page;
use crate::scope::Tx;
use crate::signals::By;
use crate::{Store, StoreError};

const NOT_FOUND: StoreError = StoreError::NotFound { what: "webhook" };
/// Each costs a row for each event.
const MOST: i64 = 50;

/// What a person wants of a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWebhook {
    pub name: String,
    pub url: String,
    /// Names of sorts of events; none: all of them.
    pub events: Vec<String>,
    pub enabled: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRow {
    pub id: WebhookId,
    pub name: String,
    pub url: String,
    pub events: Vec<String>,
    pub disabled: Option<(Disabled, DateTime<Utc>)>,
    /// Until then the secret before this one signs too.
    pub old_secret_until: Option<DateTime<Utc>>,
    pub failing_since: Option<DateTime<Utc>>,
    pub pending: i64,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

impl Store {
    /// Adds a receiver. Returns it with its secret, which is kept sealed and shown this once. `Conflict` when
    /// the name is taken or there are 50 already.
    pub async fn webhook_create(
        &self,
        tenant: TenantId,
        new: &NewWebhook,
        by: By<'_>,
    ) -> Result<(WebhookRow, String), StoreError> {
        let id = WebhookId(Uuid::now_v7());
        let secret = secret()?;
        let sealed = self.inner.sealer.seal(tenant, secret.as_bytes().to_vec())?;
        let mut tx = self.tenant_begin(tenant).await?;
        let count = sqlx::query_scalar!(
            r#"select count(*) as "count!" from webhook where tenant_id = $1"#,
            tenant.0
        )
        .fetch_one(&mut *tx)
        .await?;
        if count >= MOST {
            return Err(StoreError::Conflict(format!("a tenant has {MOST} webhooks at most")));
        }
        sqlx::query!(
            "insert into webhook (tenant_id, id, name, url, events, secret_sealed, created_at,
                 changed_at, disabled, disabled_at)
             values ($1, $2, $3, $4, $5, $6, $7, $7, $8, case when $8::text is not null then $7::timestamptz end)",
            tenant.0,
            id.0,
            new.name,
            new.url,
            &new.events,
            sealed,
            by.at,
            (!new.enabled).then_some(Disabled::Person.name()),
        )
        .execute(&mut *tx)
        .await
        .map_err(|error| taken_name(error, &new.name))?;
        chain::append_by(&mut tx, tenant, by, "webhook_created", said(id, new)).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok((row, secret))
    }

    /// Replaces what is wanted of a receiver; its secret stays. One that was disabled and is enabled again
    /// is told what happens from now on; what it missed is replayed by who wants that.
    pub async fn webhook_replace(
        &self,
        tenant: TenantId,
        id: WebhookId,
        new: &NewWebhook,
        by: By<'_>,
    ) -> Result<WebhookRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let changed = sqlx::query!(
            "update webhook set name = $3, url = $4, events = $5, changed_at = $6,
                 disabled = case when $7 then null else coalesce(disabled, 'person') end,
                 disabled_at = case when $7 then null else coalesce(disabled_at, $6) end,
                 failing_since = null, failures = 0, rests_until = null
             where tenant_id = $1 and id = $2",
            tenant.0,
            id.0,
            new.name,
            new.url,
            &new.events,
            by.at,
            new.enabled,
        )
        .execute(&mut *tx)
        .await
        .map_err(|error| taken_name(error, &new.name))?;
        if changed.rows_affected() == 0 {
            return Err(NOT_FOUND);
        }
        chain::append_by(&mut tx, tenant, by, "webhook_changed", said(id, new)).await?;
        ask(&mut tx, tenant, id, by.at).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Takes a receiver away, with what was still to be told to it and the log of it.
    pub async fn webhook_delete(
        &self,
        tenant: TenantId,
        id: WebhookId,
        by: By<'_>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        sqlx::query!("delete from webhook where tenant_id = $1 and id = $2", tenant.0, id.0)
            .execute(&mut *tx)
            .await?;
        let body = json!({ "webhook": id, "name": row.name, "reason": by.reason });
        chain::append_by(&mut tx, tenant, by, "webhook_deleted", body).await?;
        // What was laid out before the head was locked is seen here; nothing is after it.
        sqlx::query!(
            "delete from webhook_delivery where tenant_id = $1 and webhook_id = $2",
            tenant.0,
            id.0
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "delete from work where kind = 'deliver' and subject = $2 and tenant_id = $1",
            tenant.0,
            id.0
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Gives a receiver a new secret, which is returned and shown this once. The one before signs too, for
    /// as long as `overlap` says; the one before that no more.
    pub async fn webhook_rotate(
        &self,
        tenant: TenantId,
        id: WebhookId,
        overlap: TimeDelta,
        by: By<'_>,
    ) -> Result<(WebhookRow, String), StoreError> {
        let secret = secret()?;
        let sealed = self.inner.sealer.seal(tenant, secret.as_bytes().to_vec())?;
        let until = by.at + overlap;
        let mut tx = self.tenant_begin(tenant).await?;
        let changed = sqlx::query!(
            "update webhook set old_secret_sealed = secret_sealed, old_secret_until = $4,
                 secret_sealed = $3, changed_at = $5
             where tenant_id = $1 and id = $2",
            tenant.0,
            id.0,
            sealed,
            until,
            by.at,
        )
        .execute(&mut *tx)
        .await?;
        if changed.rows_affected() == 0 {
            return Err(NOT_FOUND);
        }
        let row = fetch(&mut tx, tenant, id).await?;
        let body = json!({ "webhook": id, "name": row.name, "old_until": until,
            "reason": by.reason });
        chain::append_by(&mut tx, tenant, by, "webhook_secret_rotated", body).await?;
        tx.commit().await?;
        Ok((row, secret))
    }

    /// In the order in which they were made.
    pub async fn webhook_list(
        &self,
        tenant: TenantId,
        page: Page,
    ) -> Result<Vec<WebhookRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = read(&mut tx, tenant, None, page).await?;
        tx.commit().await?;
        Ok(rows)
    }

    pub async fn webhook_fetch(
        &self,
        tenant: TenantId,
        id: WebhookId,
    ) -> Result<WebhookRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Where a receiver is, and the secrets that sign for it at `now`, opened.
    pub async fn webhook_target(
        &self,
        tenant: TenantId,
        id: WebhookId,
        now: DateTime<Utc>,
    ) -> Result<(String, Vec<String>), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = sqlx::query!(
            "select url, secret_sealed, case when old_secret_until > $3 then old_secret_sealed end as old
             from webhook where tenant_id = $1 and id = $2",
            tenant.0,
            id.0,
            now,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        tx.commit().await?;
        let open = |sealed: Vec<u8>| {
            let clear = self.inner.sealer.open(tenant, &sealed)?;
            // The error would hold the bytes.
            String::from_utf8(clear)
                .map_err(|_| StoreError::corrupt("the secret is not what was sealed"))
        };
        let secrets = [Some(row.secret_sealed), row.old].into_iter().flatten().map(open);
        Ok((row.url, secrets.collect::<Result<_, _>>()?))
    }
}

/// A new key of 32 random bytes, as Standard Webhooks writes it.
fn secret() -> Result<String, StoreError> {
    let mut key = [0; 32];
    rand::fill(&mut key).map_err(|_| StoreError::corrupt("there are no random numbers"))?;
    Ok(format!("whsec_{}", STANDARD.encode(key)))
}

fn said(id: WebhookId, new: &NewWebhook) -> Value {
    // Without what stands behind the host: people put tokens there.
    let host = new.url.split('/').take(3).collect::<Vec<_>>().join("/");
    json!({ "webhook": id, "name": new.name, "host": host, "events": new.events,
        "enabled": new.enabled })
}

async fn ask(
    tx: &mut Tx,
    tenant: TenantId,
    id: WebhookId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    crate::work::ask(tx, tenant, domain::work::WorkKind::Deliver, &[id.0], now).await
}

fn taken_name(error: sqlx::Error, name: &str) -> StoreError {
    taken(error, |_| format!("there is a webhook named {name:?} already"))
}

async fn fetch(tx: &mut Tx, tenant: TenantId, id: WebhookId) -> Result<WebhookRow, StoreError> {
    let page = Page { after: None, limit: 1 };
    read(tx, tenant, Some(id.0), page).await?.into_iter().next().ok_or(NOT_FOUND)
}

async fn read(
    tx: &mut Tx,
    tenant: TenantId,
    only: Option<Uuid>,
    page: Page,
) -> Result<Vec<WebhookRow>, StoreError> {
    let rows = sqlx::query!(
        r#"select id, name, url, events, disabled, disabled_at, old_secret_until, failing_since,
             created_at, changed_at, (select count(*) from webhook_delivery d
                 where d.tenant_id = w.tenant_id and d.webhook_id = w.id and d.state = 'pending')
                 as "pending!"
         from webhook w
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
            let disabled = match (row.disabled, row.disabled_at) {
                (Some(word), Some(at)) => {
                    let why = Disabled::ALL.into_iter().find(|why| why.name() == word);
                    let why = why.ok_or_else(|| {
                        StoreError::corrupt(format_args!("a webhook disabled by {word:?}"))
                    })?;
                    Some((why, at))
                }
                (_, _) => None,
            };
            Ok(WebhookRow {
                id: WebhookId(row.id),
                name: row.name,
                url: row.url,
                events: row.events,
                disabled,
                old_secret_until: row.old_secret_until,
                failing_since: row.failing_since,
                pending: row.pending,
                created_at: row.created_at,
                changed_at: row.changed_at,
            })
        })
        .collect()
}
