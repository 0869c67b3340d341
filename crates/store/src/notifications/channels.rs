//! Channels: chats and lists of addresses. The address of a chat is a secret, sealed and never shown again.

use chrono::{DateTime, Utc};
use domain::ids::{ChannelId, TenantId};
use domain::notification::Preferences;
use domain::outbox::{Chat, EmailAddress, Letter};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{begin, preferences, room, wake, words};
use crate::chain;
use crate::error::taken;
use crate::outbox::{Outgoing, To};
use crate::page::Page;
use crate::scope::Tx;
use crate::signals::By;
use crate::{Store, StoreError};

const NOT_FOUND: StoreError = StoreError::NotFound { what: "channel" };

/// Where a channel leads, as it is written down.
#[derive(Clone, PartialEq, Eq)]
pub enum ChannelTo {
    /// None: the address that is there stays.
    Chat(Chat, Option<String>),
    List(Vec<EmailAddress>),
}

impl std::fmt::Debug for ChannelTo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Chat(chat, _) => f.debug_tuple("Chat").field(chat).finish(),
            Self::List(addresses) => f.debug_tuple("List").field(addresses).finish(),
        }
    }
}

/// A channel that is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChannel {
    pub name: String,
    pub to: ChannelTo,
    pub wants: Preferences,
    /// One that is not is told nothing.
    pub enabled: bool,
}

/// Where a channel leads, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelKind {
    /// The host of its address.
    Chat(Chat, String),
    List(Vec<EmailAddress>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelRow {
    pub id: ChannelId,
    pub name: String,
    pub kind: ChannelKind,
    pub wants: Preferences,
    pub enabled: bool,
    /// Since when the chat takes nothing.
    pub failing_since: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

impl Store {
    /// Adds a channel. `Conflict` when the name is taken or there are too many; `Invalid` when a chat has no
    /// address.
    pub async fn channel_create(
        &self,
        tenant: TenantId,
        new: &NewChannel,
        by: By<'_>,
    ) -> Result<ChannelRow, StoreError> {
        let id = ChannelId(Uuid::now_v7());
        let to = self.sealed(tenant, &new.to)?;
        let mut tx = self.tenant_begin(tenant).await?;
        let count = sqlx::query_scalar!(
            r#"select count(*) as "count!" from notification_channel where tenant_id = $1"#,
            tenant.0
        )
        .fetch_one(&mut *tx)
        .await?;
        room(count, "channels")?;
        if to.kind != "email" && to.url.is_none() {
            return Err(StoreError::Invalid("a chat has an address".to_owned()));
        }
        let wants = words(&new.wants);
        sqlx::query!(
            "insert into notification_channel (tenant_id, id, name, kind, host, url_sealed, addresses,
                 focus, topics, least, digest, enabled, created_at, changed_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)",
            tenant.0,
            id.0,
            new.name,
            to.kind,
            to.host,
            to.url,
            &to.addresses,
            &wants.focus,
            &wants.topics,
            wants.least,
            new.wants.digest,
            new.enabled,
            by.at,
        )
        .execute(&mut *tx)
        .await
        .map_err(|error| taken_name(error, &new.name))?;
        begin(&mut tx, tenant, by.at).await?;
        chain::append_by(&mut tx, tenant, by, "channel_created", said(id, new, to.host.as_deref()))
            .await?;
        wake(&mut tx, tenant, by.at).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Replaces a channel. A chat stays what it is and keeps its address if none is given; `Invalid` when it is to
    /// become another sort of channel.
    pub async fn channel_replace(
        &self,
        tenant: TenantId,
        id: ChannelId,
        new: &NewChannel,
        by: By<'_>,
    ) -> Result<ChannelRow, StoreError> {
        let to = self.sealed(tenant, &new.to)?;
        let mut tx = self.tenant_begin(tenant).await?;
        let wants = words(&new.wants);
        let changed = sqlx::query!(
            "update notification_channel set name = $3, host = coalesce($4, host),
                 url_sealed = coalesce($5, url_sealed), addresses = $6, focus = $7, topics = $8,
                 least = $9, digest = $10, enabled = $11, changed_at = $12
             where tenant_id = $1 and id = $2 and kind = $13",
            tenant.0,
            id.0,
            new.name,
            to.host,
            to.url,
            &to.addresses,
            &wants.focus,
            &wants.topics,
            wants.least,
            new.wants.digest,
            new.enabled,
            by.at,
            to.kind,
        )
        .execute(&mut *tx)
        .await
        .map_err(|error| taken_name(error, &new.name))?;
        if changed.rows_affected() == 0 {
            fetch(&mut tx, tenant, id).await?;
            return Err(StoreError::Invalid(
                "a channel stays of its kind; delete it and make another one".to_owned(),
            ));
        }
        // Another address may take what the one before did not.
        sqlx::query!(
            "update letter_route set failing_since = null, failures = 0, rests_until = null
             where tenant_id = $1 and route = $2",
            tenant.0,
            id.0,
        )
        .execute(&mut *tx)
        .await?;
        crate::work::ask(&mut tx, tenant, domain::work::WorkKind::Send, &[id.0], by.at).await?;
        chain::append_by(&mut tx, tenant, by, "channel_changed", said(id, new, to.host.as_deref()))
            .await?;
        let row = fetch(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Takes a channel away, with what a chat was still to be sent.
    pub async fn channel_delete(
        &self,
        tenant: TenantId,
        id: ChannelId,
        by: By<'_>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let name = sqlx::query_scalar!(
            "delete from notification_channel where tenant_id = $1 and id = $2 returning name",
            tenant.0,
            id.0,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        sqlx::query!(
            "delete from letter where tenant_id = $1 and route = $2 and state = 'pending'",
            tenant.0,
            id.0,
        )
        .execute(&mut *tx)
        .await?;
        for table in [
            "delete from letter_route where tenant_id = $1 and route = $2",
            "delete from work where kind = 'send' and tenant_id = $1 and subject = $2",
        ] {
            sqlx::query(table).bind(tenant.0).bind(id.0).execute(&mut *tx).await?;
        }
        chain::append_by(
            &mut tx,
            tenant,
            by,
            "channel_deleted",
            json!({ "channel": id, "name": name }),
        )
        .await?;
        tx.commit().await
    }

    /// In the order in which they were made.
    pub async fn channel_list(
        &self,
        tenant: TenantId,
        page: Page,
    ) -> Result<Vec<ChannelRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = read(&mut tx, tenant, None, page).await?;
        tx.commit().await?;
        Ok(rows)
    }

    pub async fn channel_fetch(
        &self,
        tenant: TenantId,
        id: ChannelId,
    ) -> Result<ChannelRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = fetch(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Writes a letter that tests a channel: to the chat, or to each address of the list. Returns the id of the
    /// first.
    pub async fn channel_test(
        &self,
        tenant: TenantId,
        id: ChannelId,
        letter: &Letter,
        by: By<'_>,
    ) -> Result<Uuid, StoreError> {
        let row = self.channel_fetch(tenant, id).await?;
        let key = format!("test/{}", Uuid::now_v7());
        let letters: Vec<Outgoing> = recipients(&row)
            .into_iter()
            .enumerate()
            .map(|(number, to)| Outgoing {
                key: format!("{key}/{number}"),
                kind: "test",
                to,
                letter: letter.clone(),
                attachments: Vec::new(),
            })
            .collect();
        let body = json!({ "channel": id, "name": row.name });
        self.letter_test_write(tenant, &letters, (&format!("{key}/0"), body), by).await
    }

    fn sealed(&self, tenant: TenantId, to: &ChannelTo) -> Result<Sealed, StoreError> {
        Ok(match to {
            ChannelTo::List(addresses) => Sealed {
                kind: "email",
                host: None,
                url: None,
                addresses: addresses.iter().map(ToString::to_string).collect(),
            },
            ChannelTo::Chat(chat, url) => {
                let seal = |url: &String| self.inner.sealer.seal(tenant, url.clone().into_bytes());
                // People put secrets into what stands behind the host.
                let host = |url: &String| url.split('/').nth(2).unwrap_or_default().to_owned();
                Sealed {
                    kind: chat.name(),
                    host: url.as_ref().map(host),
                    url: url.as_ref().map(seal).transpose()?,
                    addresses: Vec::new(),
                }
            }
        })
    }
}

struct Sealed {
    kind: &'static str,
    host: Option<String>,
    url: Option<Vec<u8>>,
    addresses: Vec<String>,
}

/// Whom a channel reaches.
pub(super) fn recipients(row: &ChannelRow) -> Vec<To> {
    match &row.kind {
        ChannelKind::Chat(_, _) => vec![To::Chat(row.id)],
        ChannelKind::List(addresses) => {
            addresses.iter().map(|address| To::Listed(row.id, address.clone())).collect()
        }
    }
}

fn said(id: ChannelId, new: &NewChannel, host: Option<&str>) -> Value {
    let (kind, addresses) = match &new.to {
        ChannelTo::Chat(chat, _) => (chat.name(), None),
        ChannelTo::List(addresses) => ("email", Some(addresses.len())),
    };
    json!({ "channel": id, "name": new.name, "kind": kind, "host": host, "addresses": addresses,
        "wants": new.wants, "enabled": new.enabled })
}

fn taken_name(error: sqlx::Error, name: &str) -> StoreError {
    taken(error, |_| format!("there is a channel named {name:?} already"))
}

async fn fetch(tx: &mut Tx, tenant: TenantId, id: ChannelId) -> Result<ChannelRow, StoreError> {
    let page = Page { after: None, limit: 1 };
    read(tx, tenant, Some(id.0), page).await?.into_iter().next().ok_or(NOT_FOUND)
}

/// All of them, for who tells them.
pub(super) async fn all(tx: &mut Tx, tenant: TenantId) -> Result<Vec<ChannelRow>, StoreError> {
    read(tx, tenant, None, Page { after: None, limit: u16::MAX }).await
}

async fn read(
    tx: &mut Tx,
    tenant: TenantId,
    only: Option<Uuid>,
    page: Page,
) -> Result<Vec<ChannelRow>, StoreError> {
    let rows = sqlx::query!(
        r#"select id, name, kind, host, addresses, focus, topics, least, digest, enabled, created_at,
             changed_at, (select failing_since from letter_route r
                 where r.tenant_id = c.tenant_id and r.route = c.id) as failing_since
         from notification_channel c
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
            let chat = Chat::ALL.into_iter().find(|chat| chat.name() == row.kind);
            let kind = if let Some(chat) = chat {
                ChannelKind::Chat(chat, row.host.unwrap_or_default())
            } else {
                let addresses = row.addresses.iter().map(|address| address.parse());
                ChannelKind::List(addresses.collect::<Result<_, _>>().map_err(StoreError::corrupt)?)
            };
            Ok(ChannelRow {
                id: ChannelId(row.id),
                name: row.name,
                kind,
                wants: preferences(&row.focus, &row.topics, &row.least, row.digest)?,
                enabled: row.enabled,
                failing_since: row.failing_since,
                created_at: row.created_at,
                changed_at: row.changed_at,
            })
        })
        .collect()
}
