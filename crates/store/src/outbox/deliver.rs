//! What is to be sent one way now, and what became of it.

use chrono::{DateTime, Utc};
use domain::ids::{ChannelId, TenantId};
use domain::outbox::{
    Attachment, Chat, Duty, Envelope, Fate, KEPT_FOR, Letter, Recipient, Refusal, Tried, fate, rest,
};
use uuid::Uuid;

use super::LetterState;
use crate::scope::Tx;
use crate::{Store, StoreError};

/// Sent one way at once.
const AT_ONCE: i64 = 8;

impl Store {
    /// What is to be sent one way at `now`: what is due longest. Nothing while the way rests.
    pub async fn letters_due(
        &self,
        tenant: TenantId,
        route: Uuid,
        now: DateTime<Utc>,
    ) -> Result<Duty, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rests_until = sqlx::query_scalar!(
            "select rests_until from letter_route where tenant_id = $1 and route = $2",
            tenant.0,
            route,
        )
        .fetch_optional(&mut *tx)
        .await?
        .flatten();
        if let Some(until) = rests_until.filter(|until| *until > now) {
            return Ok(Duty { envelopes: Vec::new(), next: Some(until) });
        }
        let rows = sqlx::query!(
            "select id, address, channel_id, content, written_at, tries, due_since from letter
             where tenant_id = $1 and route = $2 and state = 'pending' and next_at <= $3
             order by next_at, id limit $4",
            tenant.0,
            route,
            now,
            AT_ONCE,
        )
        .fetch_all(&mut *tx)
        .await?;
        let next = sqlx::query_scalar!(
            "select min(next_at) from letter
             where tenant_id = $1 and route = $2 and state = 'pending'",
            tenant.0,
            route,
        )
        .fetch_one(&mut *tx)
        .await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let mut files = attachments(&mut tx, tenant, &ids).await?;
        tx.commit().await?;
        let envelopes = rows.into_iter().map(|row| {
            let to = match (row.address, row.channel_id) {
                (Some(address), _) => {
                    Recipient::Email(address.parse().map_err(StoreError::corrupt)?)
                }
                (None, Some(channel)) => Recipient::Channel(ChannelId(channel)),
                (None, None) => return Err(StoreError::corrupt("a letter to nobody")),
            };
            let letter: Letter =
                serde_json::from_value(row.content).map_err(StoreError::corrupt)?;
            let own = files.extract_if(.., |(of, _)| *of == row.id).map(|(_, file)| file);
            Ok(Envelope {
                id: row.id,
                to,
                letter,
                attachments: own.collect(),
                at: row.written_at,
                tries: row.tries.unsigned_abs(),
                due_since: row.due_since,
            })
        });
        Ok(Duty { envelopes: envelopes.collect::<Result<_, StoreError>>()?, next })
    }

    /// Keeps how a try of each letter ended. A way that took none of them, for a reason of its own, rests.
    pub async fn letters_tried(
        &self,
        tenant: TenantId,
        route: Uuid,
        tried: &[(Envelope, Tried)],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        write(&mut tx, tenant, tried, now).await?;
        // What is wrong with one letter says nothing of the way.
        let of_route =
            |(_, tried): &(Envelope, Tried)| tried.refusal.is_some_and(Refusal::is_of_route);
        let rests = !tried.is_empty() && tried.iter().all(of_route);
        let failures = sqlx::query_scalar!(
            "insert into letter_route as r (tenant_id, route, failing_since, failures)
             values ($1, $2, case when $4 then $3::timestamptz end, case when $4 then 1 else 0 end)
             on conflict (tenant_id, route) do update
             set failing_since = case when $4 then coalesce(r.failing_since, $3) end,
                 failures = case when $4 then r.failures + 1 else 0 end
             returning failures",
            tenant.0,
            route,
            now,
            rests,
        )
        .fetch_one(&mut *tx)
        .await?;
        let until = (failures > 0).then(|| now + rest(failures.unsigned_abs()));
        sqlx::query!(
            "update letter_route set rests_until = $3 where tenant_id = $1 and route = $2",
            tenant.0,
            route,
            until,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// Which chat a channel is, and its address, opened. `NotFound` when it is gone or no chat.
    pub async fn channel_target(
        &self,
        tenant: TenantId,
        channel: ChannelId,
    ) -> Result<(Chat, String), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = sqlx::query!(
            "select kind, url_sealed from notification_channel where tenant_id = $1 and id = $2",
            tenant.0,
            channel.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        let gone = StoreError::NotFound { what: "channel" };
        let Some(row) = row else { return Err(gone) };
        let chat = Chat::ALL.into_iter().find(|chat| chat.name() == row.kind);
        let (Some(chat), Some(sealed)) = (chat, row.url_sealed) else { return Err(gone) };
        let clear = self.inner.sealer.open(tenant, &sealed)?;
        // The error would hold the bytes.
        let url = String::from_utf8(clear)
            .map_err(|_| StoreError::corrupt("the address is not what was sealed"))?;
        Ok((chat, url))
    }

    /// Forgets what ended a month before `now`. Cost: what is forgotten.
    pub async fn letters_sweep(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut tx = self.service_begin().await?;
        let gone = sqlx::query!("delete from letter where ended_at < $1", now - KEPT_FOR)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(gone.rows_affected())
    }
}

/// The tries, and what becomes of each letter. One that is due anew meanwhile stays so.
async fn write(
    tx: &mut Tx,
    tenant: TenantId,
    tried: &[(Envelope, Tried)],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = tried.iter().map(|(envelope, _)| envelope.id).collect();
    let code = |tried: &Tried| tried.code.and_then(|code| i16::try_from(code).ok());
    let codes: Vec<Option<i16>> = tried.iter().map(|(_, tried)| code(tried)).collect();
    let latency = |tried: &Tried| i32::try_from(tried.latency_ms).unwrap_or(i32::MAX);
    let latencies: Vec<i32> = tried.iter().map(|(_, tried)| latency(tried)).collect();
    let refusals: Vec<Option<&str>> =
        tried.iter().map(|(_, tried)| tried.refusal.map(Refusal::name)).collect();
    sqlx::query!(
        "insert into letter_try (tenant_id, letter_id, at, code, latency_ms, refusal)
         select $1, n.id, $2, n.code, n.latency, n.refusal
         from unnest($3::uuid[], $4::smallint[], $5::int[], $6::text[])
             as n(id, code, latency, refusal)
         join letter l on l.tenant_id = $1 and l.id = n.id",
        tenant.0,
        now,
        &ids,
        &codes as &[Option<i16>],
        &latencies,
        &refusals as &[Option<&str>],
    )
    .execute(&mut **tx)
    .await?;
    let fates: Vec<Fate> =
        tried.iter().map(|(envelope, tried)| fate(envelope, *tried, now)).collect();
    let becomes: Vec<&str> = fates.iter().map(|fate| state_of(*fate).name()).collect();
    let again = |fate: &Fate| match fate {
        Fate::Again { at } => Some(*at),
        Fate::Delivered | Fate::GivenUp => None,
    };
    let nexts: Vec<Option<DateTime<Utc>>> = fates.iter().map(again).collect();
    let since: Vec<DateTime<Utc>> = tried.iter().map(|(envelope, _)| envelope.due_since).collect();
    sqlx::query!(
        "update letter l
         set state = n.state, tries = l.tries + 1, next_at = coalesce(n.next_at, l.next_at),
             refusal = n.refusal,
             ended_at = case when n.state <> 'pending' then $2::timestamptz end
         from unnest($3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::text[])
             as n(id, state, next_at, due_since, refusal)
         where l.tenant_id = $1 and l.id = n.id and l.state = 'pending'
             and l.due_since = n.due_since",
        tenant.0,
        now,
        &ids,
        &becomes as &[&str],
        &nexts as &[Option<DateTime<Utc>>],
        &since,
        &refusals as &[Option<&str>],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

const fn state_of(fate: Fate) -> LetterState {
    match fate {
        Fate::Delivered => LetterState::Delivered,
        Fate::Again { .. } => LetterState::Pending,
        Fate::GivenUp => LetterState::GivenUp,
    }
}

async fn attachments(
    tx: &mut Tx,
    tenant: TenantId,
    letters: &[Uuid],
) -> Result<Vec<(Uuid, Attachment)>, StoreError> {
    let rows = sqlx::query!(
        "select letter_id, name, media_type, bytes from letter_attachment
         where tenant_id = $1 and letter_id = any($2) order by letter_id, position",
        tenant.0,
        letters,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let file = Attachment::new(row.name, row.media_type, row.bytes);
            Ok((row.letter_id, file.map_err(StoreError::corrupt)?))
        })
        .collect()
}
