//! What there is to be told of a tenant, told: events since the last look, what time alone makes due, and digests.
//!
//! All of one look is one transaction under a lock on the tenant's state: what was read, which bulletins were made,
//! which letters were written and how far the look went stand or fall together. So what happens once is told once,
//! whoever dies meanwhile and however many servers look.

mod alerts;
mod month;
mod rollouts;

use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use domain::notification::{About, Bulletin, Occasion, Way, digest, digest_before, due, letter};
use domain::outbox::{Letter, LetterError};

use super::channels::{self, ChannelRow, recipients};
use super::contacts::{self, ContactRow};
use crate::outbox::{self, Outgoing, To};
use crate::scope::{Tx, retried};
use crate::{Store, StoreError};

/// Bulletins are kept for so long, so that what they told of is not told again.
const KEPT: chrono::TimeDelta = chrono::TimeDelta::days(90);
/// Entries of the chain read at one look.
const ENTRIES: i64 = 500;

/// Whether an entry of this kind may be worth a letter. Whoever appends one asks for a look.
pub(crate) fn is_told(kind: &str) -> bool {
    matches!(
        kind,
        "ring_opened"
            | "paused"
            | "resumed"
            | "completed"
            | "rollback_started"
            | "rolled_back"
            | "cancelled"
            | "superseded"
            | "alert_opened"
            | "alert_resolved"
    )
}

/// Somebody who is told, with what they want.
struct Reader {
    /// What tells one reader from the next in the keys of letters.
    key: String,
    wants: domain::notification::Preferences,
    because: String,
    to: Vec<To>,
}

/// What came of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    pub letters: u64,
    /// When to look again though nobody asks; none: nobody is told anything.
    pub next: Option<DateTime<Utc>>,
}

impl Store {
    /// Tells the tenant's people what there is to be told at `now`. `console`: where people reach the service,
    /// without a slash at its end.
    pub async fn notify(
        &self,
        tenant: TenantId,
        console: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Told, StoreError> {
        retried(|| self.look(tenant, console, now)).await
    }

    async fn look(
        &self,
        tenant: TenantId,
        console: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Told, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let state = sqlx::query!(
            "select seq, since, digest_at from notification_state where tenant_id = $1
             for no key update",
            tenant.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(state) = state else { return Ok(Told { letters: 0, next: None }) };
        // Another server's clock may be ahead: nothing is told of a time whose digest has gone out.
        let now = state.digest_at.map_or(now, |digest| now.max(digest));
        let name = sqlx::query_scalar!("select name from tenant where id = $1", tenant.0)
            .fetch_one(&mut *tx)
            .await?;
        let console = console.map(|base| format!("{base}/t/{tenant}"));
        let readers = readers(&mut tx, tenant, &name).await?;
        let mut made = Vec::new();
        let (seq, more) = events(&mut tx, tenant, state.seq, &mut made).await?;
        rollouts::approvals(&mut tx, tenant, now, &mut made).await?;
        let alerts_next = alerts::still_open(&mut tx, tenant, now, &mut made).await?;
        let by_calendar = due(now);
        if let Some(month) = by_calendar.schedule {
            month::schedule(&mut tx, tenant, month, (state.since, now), &mut made).await?;
        }
        if let Some(month) = by_calendar.summary {
            month::summary(&mut tx, tenant, month, (state.since, now), &mut made).await?;
        }
        let about = |because: &str| About {
            tenant: name.clone(),
            console: console.clone(),
            because: because.to_owned(),
        };
        let mut letters = Vec::new();
        for (occasion, bulletin) in &made {
            if !keep(&mut tx, tenant, occasion, bulletin, now).await? {
                continue;
            }
            let at_once = |one: &&Reader| one.wants.way(bulletin) == Some(Way::AtOnce);
            for reader in readers.iter().filter(at_once) {
                let written = letter(bulletin, &about(&reader.because)).map_err(unwritten)?;
                let key = format!("{}/{}", occasion.0, reader.key);
                letters.extend(to_each(reader, &key, bulletin.topic.word(), &written));
            }
        }
        let digest_at = digest_before(now);
        if state.digest_at.is_none_or(|last| last < digest_at) {
            let from = state.digest_at.unwrap_or(state.since);
            for reader in &readers {
                let waiting = waiting(&mut tx, tenant, reader, (from, digest_at)).await?;
                if waiting.is_empty() {
                    continue;
                }
                let day = digest_at.date_naive();
                let written = digest(day, &waiting, &about(&reader.because)).map_err(unwritten)?;
                let key = format!("digest/{day}/{}", reader.key);
                letters.extend(to_each(reader, &key, "digest", &written));
            }
        }
        let written = outbox::write(&mut tx, tenant, &letters, now).await?;
        sqlx::query!(
            "update notification_state set seq = $2, digest_at = $3 where tenant_id = $1",
            tenant.0,
            seq,
            digest_at,
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "delete from bulletin where tenant_id = $1 and at < $2",
            tenant.0,
            now - KEPT,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        let next = if more {
            now
        } else {
            alerts_next.map_or(by_calendar.next, |at| at.min(by_calendar.next))
        };
        Ok(Told { letters: written, next: Some(next) })
    }
}

fn unwritten(error: LetterError) -> StoreError {
    StoreError::corrupt(format_args!("a letter cannot be written: {error}"))
}

fn to_each<'a>(
    reader: &'a Reader,
    key: &'a str,
    kind: &'static str,
    letter: &'a Letter,
) -> impl Iterator<Item = Outgoing> + use<'a> {
    reader.to.iter().enumerate().map(move |(number, to)| Outgoing {
        key: format!("{key}/{number}"),
        kind,
        to: to.clone(),
        letter: letter.clone(),
        attachments: Vec::new(),
    })
}

async fn readers(tx: &mut Tx, tenant: TenantId, name: &str) -> Result<Vec<Reader>, StoreError> {
    let contacts = contacts::all(tx, tenant).await?;
    let channels = channels::all(tx, tenant).await?;
    let people = contacts.into_iter().filter(|row| row.contact.enabled);
    let chats = channels.into_iter().filter(|row| row.enabled);
    let of_contact = |row: ContactRow| {
        let because = format!(
            "You get this as a contact of {name}. Who gets what is set with `concentric contact update {}`; \
             `--disable` ends it.",
            row.id
        );
        let to = vec![To::Email(row.contact.email)];
        Reader { key: row.id.to_string(), wants: row.contact.wants, because, to }
    };
    let of_channel = |row: ChannelRow| {
        let because = format!(
            "This goes to the channel {} of {name}. What it is told is set with `concentric notification \
             channel update {}`; `--disable` ends it.",
            row.name, row.id
        );
        let to = recipients(&row);
        Reader { key: row.id.to_string(), wants: row.wants, because, to }
    };
    Ok(people.map(of_contact).chain(chats.map(of_channel)).collect())
}

/// Keeps a bulletin; whether it is new.
async fn keep(
    tx: &mut Tx,
    tenant: TenantId,
    occasion: &Occasion,
    bulletin: &Bulletin,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let content = serde_json::to_value(bulletin).map_err(StoreError::corrupt)?;
    let kept = sqlx::query!(
        "insert into bulletin (tenant_id, occasion, topic, at, content) values ($1, $2, $3, $4, $5)
         on conflict (tenant_id, occasion) do nothing",
        tenant.0,
        occasion.0,
        bulletin.topic.word(),
        now,
        content,
    )
    .execute(&mut **tx)
    .await?;
    Ok(kept.rows_affected() > 0)
}

/// The bulletins of a stretch of time that wait for a reader's digest, in their order.
async fn waiting(
    tx: &mut Tx,
    tenant: TenantId,
    reader: &Reader,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<Bulletin>, StoreError> {
    if !reader.wants.digest {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_scalar!(
        "select content from bulletin where tenant_id = $1 and at >= $2 and at < $3 order by at, occasion",
        tenant.0,
        from,
        until,
    )
    .fetch_all(&mut **tx)
    .await?;
    let all: Vec<Bulletin> = rows
        .into_iter()
        .map(|row| serde_json::from_value(row).map_err(StoreError::corrupt))
        .collect::<Result<_, _>>()?;
    Ok(all.into_iter().filter(|one| reader.wants.way(one) == Some(Way::InDigest)).collect())
}

/// Bulletins of the entries after `seq`; how far that went, and whether there are more.
async fn events(
    tx: &mut Tx,
    tenant: TenantId,
    seq: i64,
    made: &mut Vec<(Occasion, Bulletin)>,
) -> Result<(i64, bool), StoreError> {
    // `body` is text, so that what was hashed stays what it was.
    let rows = sqlx::query!(
        "select seq, rollout_id, kind, body from event
         where tenant_id = $1 and seq > $2 order by seq limit $3",
        tenant.0,
        seq,
        ENTRIES,
    )
    .fetch_all(&mut **tx)
    .await?;
    let more = i64::try_from(rows.len()).is_ok_and(|read| read == ENTRIES);
    let last = rows.last().map_or(seq, |row| row.seq);
    for row in rows.into_iter().filter(|row| is_told(&row.kind)) {
        let body: serde_json::Value =
            serde_json::from_str(&row.body).map_err(StoreError::corrupt)?;
        made.extend(match row.rollout_id {
            Some(rollout) => rollouts::moved(tx, tenant, rollout, row.seq, &body).await?,
            None => alerts::changed(tx, tenant, &row.kind, &body).await?,
        });
    }
    Ok((last, more))
}
