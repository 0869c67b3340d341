//! What is to be told to a receiver now, what became of it, and the log of that.

use chrono::{DateTime, Utc};
use domain::ids::{RolloutId, TenantId, WebhookId};
use domain::webhook::{self, Disabled, Duty, Fate, KEPT_FOR, Message, Refusal, Tried};
use serde_json::json;
use uuid::Uuid;

use super::{NOT_FOUND, fetch};
use crate::chain::{self, Entry};
use crate::scope::Tx;
use crate::{Store, StoreError};

/// Sent to one receiver at once.
const AT_ONCE: i64 = 8;

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    Pending,
    Delivered,
    GivenUp,
}

impl DeliveryState {
    const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::GivenUp];

    /// The state of that word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// The word in tables and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
        }
    }
}

/// A message to a receiver, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    pub id: Uuid,
    pub seq: i64,
    pub event: String,
    pub state: DeliveryState,
    pub due_since: DateTime<Utc>,
    /// None: it is not tried again.
    pub next_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Oldest first, the newest twenty.
    pub tries: Vec<TryRow>,
}

/// One try of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TryRow {
    pub at: DateTime<Utc>,
    pub tried: Tried,
}

impl Store {
    /// What is to be sent to a receiver at `now`: those that are due longest. Nothing while it rests, is
    /// disabled or is gone.
    pub async fn webhook_due(
        &self,
        tenant: TenantId,
        id: WebhookId,
        now: DateTime<Utc>,
    ) -> Result<Duty, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let receiver = sqlx::query!(
            "select rests_until from webhook where tenant_id = $1 and id = $2 and disabled is null",
            tenant.0,
            id.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(receiver) = receiver else { return Ok(Duty::default()) };
        if let Some(until) = receiver.rests_until.filter(|until| *until > now) {
            return Ok(Duty { messages: Vec::new(), next: Some(until) });
        }
        let rows = sqlx::query!(
            "select d.id, d.seq, d.event, d.due_since, d.tries, e.at, e.actor, e.rollout_id
             from webhook_delivery d
             join event e on e.tenant_id = d.tenant_id and e.seq = d.seq
             where d.tenant_id = $1 and d.webhook_id = $2 and d.state = 'pending' and d.next_at <= $3
             order by d.next_at, d.seq limit $4",
            tenant.0,
            id.0,
            now,
            AT_ONCE,
        )
        .fetch_all(&mut *tx)
        .await?;
        let next = sqlx::query_scalar!(
            "select min(next_at) from webhook_delivery
             where tenant_id = $1 and webhook_id = $2 and state = 'pending'",
            tenant.0,
            id.0,
        )
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        let messages = rows.into_iter().map(|row| Message {
            id: row.id,
            event: row.event,
            tenant,
            entry: row.seq,
            at: row.at,
            actor: row.actor,
            rollout: row.rollout_id.map(RolloutId),
            tries: row.tries.unsigned_abs(),
            due_since: row.due_since,
        });
        Ok(Duty { messages: messages.collect(), next })
    }

    /// Keeps how a try of each message ended. A receiver that took none of them rests; one that is gone, or
    /// failed for days, is disabled, with an entry in the chain.
    pub async fn webhook_tried(
        &self,
        tenant: TenantId,
        id: WebhookId,
        tried: &[(Message, Tried)],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        // Whoever deletes it takes the log along.
        let receiver = sqlx::query!(
            "select failing_since, failures, disabled from webhook
             where tenant_id = $1 and id = $2 for no key update",
            tenant.0,
            id.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(receiver) = receiver else { return Ok(()) };
        write(&mut tx, tenant, tried, now).await?;
        let any_taken = tried.iter().any(|(_, tried)| tried.refusal.is_none());
        let failing_since = if any_taken { None } else { receiver.failing_since.or(Some(now)) };
        let failures = if any_taken { 0 } else { receiver.failures.saturating_add(1) };
        let rests_until = (failures > 0).then(|| now + webhook::rest(failures.unsigned_abs()));
        sqlx::query!(
            "update webhook set failing_since = $3, failures = $4, rests_until = $5
             where tenant_id = $1 and id = $2",
            tenant.0,
            id.0,
            failing_since,
            failures,
            rests_until,
        )
        .execute(&mut *tx)
        .await?;
        let ends = tried.iter().find_map(|(_, tried)| {
            webhook::disables(*tried, failing_since.filter(|_| !any_taken), now)
        });
        if let (Some(why), None) = (ends, receiver.disabled) {
            disable(&mut tx, tenant, id, why, now).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The messages to a receiver, newest first, with the log of each. `NotFound` when there is no such
    /// receiver.
    pub async fn webhook_deliveries(
        &self,
        tenant: TenantId,
        id: WebhookId,
        state: Option<DeliveryState>,
        before: Option<i64>,
        limit: u16,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        fetch(&mut tx, tenant, id).await?;
        let rows = sqlx::query!(
            "select id, seq, event, state, due_since, next_at, ended_at from webhook_delivery
             where tenant_id = $1 and webhook_id = $2 and ($3::text is null or state = $3)
                 and ($4::bigint is null or seq < $4)
             order by seq desc limit $5",
            tenant.0,
            id.0,
            state.map(DeliveryState::name),
            before,
            i64::from(limit),
        )
        .fetch_all(&mut *tx)
        .await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let mut tries = tries(&mut tx, tenant, &ids).await?;
        tx.commit().await?;
        rows.into_iter()
            .map(|row| {
                let state = DeliveryState::ALL.into_iter().find(|state| state.name() == row.state);
                let state = state
                    .ok_or_else(|| StoreError::corrupt(format_args!("delivery {:?}", row.state)))?;
                let own = tries.extract_if(.., |(of, _)| *of == row.id).map(|(_, one)| one);
                Ok(DeliveryRow {
                    id: row.id,
                    seq: row.seq,
                    event: row.event,
                    state,
                    due_since: row.due_since,
                    next_at: (state == DeliveryState::Pending).then_some(row.next_at),
                    ended_at: row.ended_at,
                    tries: own.collect(),
                })
            })
            .collect()
    }

    /// Forgets what ended a month before `now`. Cost: what is forgotten.
    pub async fn webhooks_sweep(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut tx = self.service_begin().await?;
        let gone = sqlx::query!("delete from webhook_delivery where ended_at < $1", now - KEPT_FOR)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(gone.rows_affected())
    }
}

/// The tries, and what becomes of each message. One that was replayed meanwhile stays due.
async fn write(
    tx: &mut Tx,
    tenant: TenantId,
    tried: &[(Message, Tried)],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = tried.iter().map(|(message, _)| message.id).collect();
    let status = |tried: &Tried| tried.status.and_then(|status| i16::try_from(status).ok());
    let statuses: Vec<Option<i16>> = tried.iter().map(|(_, tried)| status(tried)).collect();
    let latency = |tried: &Tried| i32::try_from(tried.latency_ms).unwrap_or(i32::MAX);
    let latencies: Vec<i32> = tried.iter().map(|(_, tried)| latency(tried)).collect();
    let refusals: Vec<Option<&str>> =
        tried.iter().map(|(_, tried)| tried.refusal.map(Refusal::name)).collect();
    sqlx::query!(
        "insert into webhook_try (tenant_id, delivery_id, at, status, latency_ms, refusal)
         select $1, n.id, $2, n.status, n.latency, n.refusal
         from unnest($3::uuid[], $4::smallint[], $5::int[], $6::text[])
             as n(id, status, latency, refusal)
         join webhook_delivery d on d.tenant_id = $1 and d.id = n.id",
        tenant.0,
        now,
        &ids,
        &statuses as &[Option<i16>],
        &latencies,
        &refusals as &[Option<&str>],
    )
    .execute(&mut **tx)
    .await?;
    let fates: Vec<Fate> =
        tried.iter().map(|(message, tried)| webhook::fate(message, *tried, now)).collect();
    let becomes: Vec<&str> = fates.iter().map(|fate| state_of(*fate).name()).collect();
    let again = |fate: &Fate| match fate {
        Fate::Again { at } => Some(*at),
        Fate::Delivered | Fate::GivenUp => None,
    };
    let nexts: Vec<Option<DateTime<Utc>>> = fates.iter().map(again).collect();
    let since: Vec<DateTime<Utc>> = tried.iter().map(|(message, _)| message.due_since).collect();
    sqlx::query!(
        "update webhook_delivery d
         set state = n.state, tries = d.tries + 1, next_at = coalesce(n.next_at, d.next_at),
             ended_at = case when n.state <> 'pending' then $2::timestamptz end
         from unnest($3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[])
             as n(id, state, next_at, due_since)
         where d.tenant_id = $1 and d.id = n.id and d.state = 'pending'
             and d.due_since = n.due_since",
        tenant.0,
        now,
        &ids,
        &becomes as &[&str],
        &nexts as &[Option<DateTime<Utc>>],
        &since,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

const fn state_of(fate: Fate) -> DeliveryState {
    match fate {
        Fate::Delivered => DeliveryState::Delivered,
        Fate::Again { .. } => DeliveryState::Pending,
        Fate::GivenUp => DeliveryState::GivenUp,
    }
}

async fn disable(
    tx: &mut Tx,
    tenant: TenantId,
    id: WebhookId,
    why: Disabled,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let name = sqlx::query_scalar!(
        "update webhook set disabled = $3, disabled_at = $4 where tenant_id = $1 and id = $2
         returning name",
        tenant.0,
        id.0,
        why.name(),
        now,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(NOT_FOUND)?;
    let body = json!({ "webhook": id, "name": name, "reason": why.name() });
    let (actor, kind) = (chain::SERVICE, "webhook_disabled");
    chain::append(tx, tenant, Entry { rollout: None, at: now, actor, kind, body: &body }).await?;
    Ok(())
}

async fn tries(
    tx: &mut Tx,
    tenant: TenantId,
    deliveries: &[Uuid],
) -> Result<Vec<(Uuid, TryRow)>, StoreError> {
    let rows = sqlx::query!(
        r#"select d.id as "id!", t.at, t.status, t.latency_ms, t.refusal
         from unnest($2::uuid[]) as d(id)
         cross join lateral (
             select * from webhook_try t where t.tenant_id = $1 and t.delivery_id = d.id
             order by t.at desc limit 20) t
         order by t.at"#,
        tenant.0,
        deliveries,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let refusal = row.refusal.map(|word| {
                let known = Refusal::ALL.into_iter().find(|refusal| refusal.name() == word);
                known.ok_or_else(|| StoreError::corrupt(format_args!("refusal {word:?}")))
            });
            let tried = Tried {
                status: row.status.map(i16::unsigned_abs),
                latency_ms: row.latency_ms.unsigned_abs(),
                refusal: refusal.transpose()?,
            };
            Ok((row.id, TryRow { at: row.at, tried }))
        })
        .collect()
}
