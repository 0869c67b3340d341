//! Letters that are on their way: written in the transaction of what they tell of, so that none is lost and none
//! tells of what did not happen; sent by work of its own (`deliver` here is what the loop reads and writes of it).
//!
//! Whoever has something to send calls `write` before its entry in the chain is appended, as for all work.

mod deliver;
mod read;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::ids::{ChannelId, TenantId};
use domain::outbox::{ATTACHED_MOST, Attachment, EmailAddress, Letter};
use domain::work::WorkKind;
use serde_json::{Value, json};
use uuid::Uuid;

pub use read::{LetterFilter, LetterRow, LetterState, LetterTry};

use crate::chain::{self, Entry};
use crate::scope::Tx;
use crate::signals::By;
use crate::{Store, StoreError, work};

/// A letter that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outgoing {
    /// What makes it the same letter to the same recipient: it is written once, however often it is asked for.
    pub(crate) key: String,
    /// What it is about, for people: `rollout_started`, `support_request`.
    pub(crate) kind: &'static str,
    pub(crate) to: To,
    pub(crate) letter: Letter,
    pub(crate) attachments: Vec<Attachment>,
}

/// To whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum To {
    Email(EmailAddress),
    /// One address of a list that the tenant named.
    Listed(ChannelId, EmailAddress),
    Chat(ChannelId),
}

/// Writes letters, and asks for them to be sent once the transaction commits. Those whose key is known already
/// are left alone. Returns how many were written.
pub(crate) async fn write(
    tx: &mut Tx,
    tenant: TenantId,
    letters: &[Outgoing],
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let mut routes = BTreeSet::new();
    let mut written = 0;
    for Outgoing { key, kind, to, letter, attachments } in letters {
        let size: usize = attachments.iter().map(|file| file.bytes().len()).sum();
        if size > ATTACHED_MOST {
            return Err(StoreError::Invalid(format!(
                "attachments of {size} bytes are more than a mail takes, which is {ATTACHED_MOST}"
            )));
        }
        let (route, address, channel) = match to {
            To::Email(address) => (tenant.0, Some(address.as_str()), None),
            To::Listed(channel, address) => (tenant.0, Some(address.as_str()), Some(channel.0)),
            To::Chat(channel) => (channel.0, None, Some(channel.0)),
        };
        let id = Uuid::now_v7();
        let content = serde_json::to_value(letter).map_err(StoreError::corrupt)?;
        let is_new = sqlx::query!(
            "insert into letter (tenant_id, id, key, kind, address, channel_id, route, content,
                 written_at, due_since, next_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $9)
             on conflict (tenant_id, key) do nothing",
            tenant.0,
            id,
            key,
            kind,
            address,
            channel,
            route,
            content,
            now,
        )
        .execute(&mut **tx)
        .await?
        .rows_affected();
        if is_new == 0 {
            continue;
        }
        attach(tx, tenant, id, attachments).await?;
        written += is_new;
        routes.insert(route);
    }
    if !routes.is_empty() {
        let routes: Vec<Uuid> = routes.into_iter().collect();
        work::ask(tx, tenant, WorkKind::Send, &routes, now).await?;
    }
    Ok(written)
}

async fn attach(
    tx: &mut Tx,
    tenant: TenantId,
    letter: Uuid,
    files: &[Attachment],
) -> Result<(), StoreError> {
    for (position, file) in (0_i32..).zip(files) {
        sqlx::query!(
            "insert into letter_attachment (tenant_id, letter_id, position, name, media_type, bytes)
             values ($1, $2, $3, $4, $5, $6)",
            tenant.0,
            letter,
            position,
            file.name(),
            file.media_type(),
            file.bytes(),
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

impl Store {
    /// Writes a letter that tests the mail server, to one address; with an entry in the chain. Returns its id.
    pub async fn letter_test(
        &self,
        tenant: TenantId,
        to: &EmailAddress,
        letter: Letter,
        by: By<'_>,
    ) -> Result<Uuid, StoreError> {
        let key = format!("test/{}", Uuid::now_v7());
        let outgoing = Outgoing {
            key: key.clone(),
            kind: "test",
            to: To::Email(to.clone()),
            letter,
            attachments: Vec::new(),
        };
        self.letter_test_write(tenant, &[outgoing], (&key, json!({ "to": to })), by).await
    }

    pub(crate) async fn letter_test_write(
        &self,
        tenant: TenantId,
        outgoing: &[Outgoing],
        (key, mut body): (&str, Value),
        by: By<'_>,
    ) -> Result<Uuid, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        write(&mut tx, tenant, outgoing, by.at).await?;
        let id = sqlx::query_scalar!(
            "select id from letter where tenant_id = $1 and key = $2",
            tenant.0,
            key,
        )
        .fetch_one(&mut *tx)
        .await?;
        body["letter"] = json!(id);
        body["reason"] = by.reason.into();
        let kind = "letter_tested";
        let entry = Entry { rollout: None, at: by.at, actor: by.actor, kind, body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(id)
    }
}
