//! Letters for people to look at, and sending one again.

use chrono::{DateTime, Utc};
use domain::ids::{ChannelId, TenantId};
use domain::outbox::{Letter, Refusal, Tried};
use domain::work::WorkKind;
use serde_json::json;
use uuid::Uuid;

use crate::chain::{self, Entry};
use crate::scope::Tx;
use crate::signals::By;
use crate::{Store, StoreError, work};

const NOT_FOUND: StoreError = StoreError::NotFound { what: "letter" };

/// Where a letter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterState {
    Pending,
    Delivered,
    GivenUp,
}

impl LetterState {
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::GivenUp];

    /// The word in tables and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
        }
    }

    fn from_name(name: &str) -> Result<Self, StoreError> {
        let known = Self::ALL.into_iter().find(|state| state.name() == name);
        known.ok_or_else(|| StoreError::corrupt(format_args!("letter {name:?}")))
    }
}

/// Which letters. All that are given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LetterFilter {
    pub state: Option<LetterState>,
    pub kind: Option<String>,
}

/// A letter, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterRow {
    pub id: Uuid,
    pub kind: String,
    /// Of e-mail; none: a chat.
    pub address: Option<String>,
    pub channel: Option<ChannelId>,
    pub subject: String,
    pub written_at: DateTime<Utc>,
    pub state: LetterState,
    /// None: it is not tried again.
    pub next_at: Option<DateTime<Utc>>,
    /// Of the last try.
    pub refusal: Option<Refusal>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Oldest first, the newest twenty.
    pub tries: Vec<LetterTry>,
}

/// One try of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LetterTry {
    pub at: DateTime<Utc>,
    pub tried: Tried,
}

impl Store {
    /// Newest first, with the log of each.
    pub async fn letter_list(
        &self,
        tenant: TenantId,
        filter: &LetterFilter,
        before: Option<Uuid>,
        limit: u16,
    ) -> Result<Vec<LetterRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = read(&mut tx, tenant, filter, (None, before), limit).await?;
        tx.commit().await?;
        Ok(rows)
    }

    pub async fn letter_fetch(
        &self,
        tenant: TenantId,
        id: Uuid,
    ) -> Result<(LetterRow, Letter), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let only = (Some(id), None);
        let rows = read(&mut tx, tenant, &LetterFilter::default(), only, 1).await?;
        let row = rows.into_iter().next().ok_or(NOT_FOUND)?;
        let content = sqlx::query_scalar!(
            "select content from letter where tenant_id = $1 and id = $2",
            tenant.0,
            id,
        )
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok((row, serde_json::from_value(content).map_err(StoreError::corrupt)?))
    }

    /// Sends a letter again that was given up, under the same id; with an entry in the chain. `Conflict` when it
    /// was not.
    pub async fn letter_retry(
        &self,
        tenant: TenantId,
        id: Uuid,
        by: By<'_>,
    ) -> Result<LetterRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let only = (Some(id), None);
        let rows = read(&mut tx, tenant, &LetterFilter::default(), only, 1).await?;
        let row = rows.into_iter().next().ok_or(NOT_FOUND)?;
        let route = sqlx::query_scalar!(
            "update letter set state = 'pending', due_since = $3, next_at = $3, tries = 0,
                 ended_at = null
             where tenant_id = $1 and id = $2 and state = 'given_up' returning route",
            tenant.0,
            id,
            by.at,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or_else(|| StoreError::Conflict("only what was given up is sent again".to_owned()))?;
        work::ask(&mut tx, tenant, WorkKind::Send, &[route], by.at).await?;
        let body = json!({ "letter": id, "kind": row.kind, "reason": by.reason });
        let entry = Entry {
            rollout: None,
            at: by.at,
            actor: by.actor,
            kind: "letter_retried",
            body: &body,
        };
        chain::append(&mut tx, tenant, entry).await?;
        let rows = read(&mut tx, tenant, &LetterFilter::default(), only, 1).await?;
        let row = rows.into_iter().next().ok_or(NOT_FOUND)?;
        tx.commit().await?;
        Ok(row)
    }
}

async fn read(
    tx: &mut Tx,
    tenant: TenantId,
    filter: &LetterFilter,
    (only, before): (Option<Uuid>, Option<Uuid>),
    limit: u16,
) -> Result<Vec<LetterRow>, StoreError> {
    let rows = sqlx::query!(
        r#"select id, kind, address, channel_id, content->>'subject' as "subject!", written_at, state,
             next_at, refusal, ended_at
         from letter
         where tenant_id = $1 and ($2::uuid is null or id = $2) and ($3::uuid is null or id < $3)
             and ($4::text is null or state = $4) and ($5::text is null or kind = $5)
         order by id desc limit $6"#,
        tenant.0,
        only,
        before,
        filter.state.map(LetterState::name),
        filter.kind,
        i64::from(limit),
    )
    .fetch_all(&mut **tx)
    .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut tries = tries(tx, tenant, &ids).await?;
    rows.into_iter()
        .map(|row| {
            let state = LetterState::from_name(&row.state)?;
            let own = tries.extract_if(.., |(of, _)| *of == row.id).map(|(_, one)| one);
            Ok(LetterRow {
                id: row.id,
                kind: row.kind,
                address: row.address,
                channel: row.channel_id.map(ChannelId),
                subject: row.subject,
                written_at: row.written_at,
                state,
                next_at: (state == LetterState::Pending).then_some(row.next_at),
                refusal: row.refusal.as_deref().map(refusal).transpose()?,
                ended_at: row.ended_at,
                tries: own.collect(),
            })
        })
        .collect()
}

async fn tries(
    tx: &mut Tx,
    tenant: TenantId,
    letters: &[Uuid],
) -> Result<Vec<(Uuid, LetterTry)>, StoreError> {
    let rows = sqlx::query!(
        r#"select l.id as "id!", t.at, t.code, t.latency_ms, t.refusal
         from unnest($2::uuid[]) as l(id)
         cross join lateral (
             select * from letter_try t where t.tenant_id = $1 and t.letter_id = l.id
             order by t.at desc limit 20) t
         order by t.at"#,
        tenant.0,
        letters,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let tried = Tried {
                code: row.code.map(i16::unsigned_abs),
                latency_ms: row.latency_ms.unsigned_abs(),
                refusal: row.refusal.as_deref().map(refusal).transpose()?,
            };
            Ok((row.id, LetterTry { at: row.at, tried }))
        })
        .collect()
}

fn refusal(word: &str) -> Result<Refusal, StoreError> {
    Refusal::from_name(word).ok_or_else(|| StoreError::corrupt(format_args!("refusal {word:?}")))
}
