//! Telling a receiver again, or something only to try it.

use chrono::{DateTime, Utc};
use domain::ids::{TenantId, WebhookId};
use domain::webhook::{EVENTS, TEST};
use serde_json::json;
use uuid::Uuid;

use super::{ask, fetch};
use crate::chain;
use crate::scope::Tx;
use crate::signals::By;
use crate::{Store, StoreError};

/// A stretch of time; what happened at its end does not belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

/// Messages of one replay.
const MOST: i64 = 10_000;

impl Store {
    /// Sends a test to a receiver and to no other: `webhook.test`, which tells of its own entry in the
    /// chain. Returns the id of the message. `Conflict` when it is disabled.
    pub async fn webhook_test(
        &self,
        tenant: TenantId,
        id: WebhookId,
        by: By<'_>,
    ) -> Result<Uuid, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let name = enabled(&mut tx, tenant, id).await?;
        let body = json!({ "webhook": id, "name": name });
        let seq = chain::append_by(&mut tx, tenant, by, "webhook_tested", body).await?;
        let message = sqlx::query_scalar!(
            "insert into webhook_delivery (tenant_id, webhook_id, seq, event, due_since, next_at)
             values ($1, $2, $3, $4, $5, $5) returning id",
            tenant.0,
            id.0,
            seq,
            TEST,
            by.at,
        )
        .fetch_one(&mut *tx)
        .await?;
        ask(&mut tx, tenant, id, by.at).await?;
        tx.commit().await?;
        Ok(message)
    }

    /// Sends one message again, under the same id.
    pub async fn webhook_replay_one(
        &self,
        tenant: TenantId,
        id: WebhookId,
        message: Uuid,
        by: By<'_>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let name = enabled(&mut tx, tenant, id).await?;
        let again = sqlx::query!(
            "update webhook_delivery
             set state = 'pending', due_since = $4, next_at = $4, tries = 0, ended_at = null
             where tenant_id = $1 and webhook_id = $2 and id = $3",
            tenant.0,
            id.0,
            message,
            by.at,
        )
        .execute(&mut *tx)
        .await?;
        if again.rows_affected() == 0 {
            return Err(StoreError::NotFound { what: "delivery" });
        }
        let body = json!({ "webhook": id, "name": name, "message": message });
        chain::append_by(&mut tx, tenant, by, "webhook_replayed", body).await?;
        ask(&mut tx, tenant, id, by.at).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Sends all that happened in a stretch of time and that the receiver wants, whether it was told before
    /// or not: from the history, so nothing is missing. What it was told keeps its id. Returns how many.
    /// `Conflict` when they are more than 10,000.
    pub async fn webhook_replay(
        &self,
        tenant: TenantId,
        id: WebhookId,
        stretch: Stretch,
        by: By<'_>,
    ) -> Result<u64, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let name = enabled(&mut tx, tenant, id).await?;
        let events = fetch(&mut tx, tenant, id).await?.events;
        let wanted = EVENTS.iter().filter(|event| {
            event.name != TEST && (events.is_empty() || events.iter().any(|one| one == event.name))
        });
        let (kinds, names): (Vec<String>, Vec<String>) =
            wanted.map(|event| (event.kind.to_owned(), event.name.to_owned())).unzip();
        // Entries stand in the order in which they were appended, and their times nearly so; history is
        // long and a replay rare.
        let sent = sqlx::query!(
            "insert into webhook_delivery as d (tenant_id, webhook_id, seq, event, due_since, next_at)
             select $1, $2, e.seq, n.name, $5, $5
             from event e join unnest($6::text[], $7::text[]) as n(kind, name) on n.kind = e.kind
             where e.tenant_id = $1 and e.at >= $3 and e.at < $4
             order by e.seq limit $8
             on conflict (tenant_id, webhook_id, seq) do update
             set state = 'pending', due_since = excluded.due_since, next_at = excluded.next_at,
                 tries = 0, ended_at = null",
            tenant.0,
            id.0,
            stretch.from,
            stretch.until,
            by.at,
            &kinds,
            &names,
            MOST + 1,
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if sent > MOST.unsigned_abs() {
            return Err(StoreError::Conflict(format!(
                "more than {MOST} events happened in that time; replay it in parts"
            )));
        }
        let body = json!({ "webhook": id, "name": name, "from": stretch.from,
            "until": stretch.until, "messages": sent });
        chain::append_by(&mut tx, tenant, by, "webhook_replayed", body).await?;
        ask(&mut tx, tenant, id, by.at).await?;
        tx.commit().await?;
        Ok(sent)
    }
}

/// The name of a receiver that is told, under the lock that whoever changes its messages takes first;
/// `Conflict` of one that is not.
async fn enabled(tx: &mut Tx, tenant: TenantId, id: WebhookId) -> Result<String, StoreError> {
    let lock = "select from webhook where tenant_id = $1 and id = $2 for no key update";
    sqlx::query(lock).bind(tenant.0).bind(id.0).execute(&mut **tx).await?;
    let row = fetch(tx, tenant, id).await?;
    if row.disabled.is_some() {
        let why = "the webhook is disabled; enable it first";
        return Err(StoreError::Conflict(why.to_owned()));
    }
    Ok(row.name)
}
