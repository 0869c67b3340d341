//! Who is told what: contacts and channels of a tenant, and what there is to be told.

mod channels;
mod contacts;
mod tell;

use chrono::{DateTime, Utc};
use domain::alert::Severity;
use domain::ids::TenantId;
use domain::notification::{Focus, MOST_RECIPIENTS, Preferences, Topic};
use domain::work::WorkKind;

pub use channels::{ChannelKind, ChannelRow, ChannelTo, NewChannel};
pub use contacts::{ContactRow, NewContact};

pub use tell::Told;
pub(crate) use tell::is_told;

use crate::scope::Tx;
use crate::{StoreError, work};

/// From now on the tenant's people are told: what happened before the first contact or channel was there is told
/// to nobody. Whoever calls it asks for a look (`wake`) after its entry in the chain is appended, as the chain does
/// itself: the other order could wait in a circle.
async fn begin(tx: &mut Tx, tenant: TenantId, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into notification_state (tenant_id, seq, since)
         select $1, seq, $2 from chain_head where tenant_id = $1
         on conflict (tenant_id) do nothing",
        tenant.0,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Asks for a look, if the tenant has anybody to tell. The last lock of a transaction.
pub(crate) async fn wake(
    tx: &mut Tx,
    tenant: TenantId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let is_told = sqlx::query_scalar!(
        r#"select exists (select from notification_state where tenant_id = $1) as "is_told!""#,
        tenant.0,
    )
    .fetch_one(&mut **tx)
    .await?;
    if is_told {
        work::ask(tx, tenant, WorkKind::Notify, &[tenant.0], now).await?;
    }
    Ok(())
}

fn room(count: i64, what: &str) -> Result<(), StoreError> {
    if count < MOST_RECIPIENTS {
        return Ok(());
    }
    Err(StoreError::Conflict(format!("a tenant has {MOST_RECIPIENTS} {what} at most")))
}

/// The words of preferences, as rows keep them.
struct Words {
    focus: Vec<String>,
    topics: Vec<String>,
    least: &'static str,
}

fn words(preferences: &Preferences) -> Words {
    Words {
        focus: preferences.focus.iter().map(|focus| focus.word().to_owned()).collect(),
        topics: preferences.topics.iter().map(|topic| topic.word().to_owned()).collect(),
        least: preferences.least.word(),
    }
}

/// A topic that this program does not know, which a later one wrote, is left out.
fn preferences(
    focus: &[String],
    topics: &[String],
    least: &str,
    digest: bool,
) -> Result<Preferences, StoreError> {
    let focus = focus.iter().map(|word| {
        Focus::from_word(word).ok_or_else(|| StoreError::corrupt(format_args!("focus {word:?}")))
    });
    let least = Severity::from_word(least)
        .ok_or_else(|| StoreError::corrupt(format_args!("severity {least:?}")))?;
    Ok(Preferences {
        focus: focus.collect::<Result<_, _>>()?,
        topics: topics.iter().filter_map(|word| Topic::from_word(word)).collect(),
        least,
        digest,
    })
}
