//! What a caller asked of the interface, as far as the database has to keep the promise: the same
//! `Idempotency-Key` never has two effects (I16), and `If-Match` is held against what is there when the
//! change commits, not when it was looked at.
//!
//! Every change of a tenant appends to the tenant's chain in its own transaction, under the lock on
//! the head. There, in [`settle`], the request is marked as done and its condition is checked, so both hold
//! for every change there is or will be, whatever crashes. The request travels with the task it is served
//! by ([`within`]); what the service does by itself has none, and pays nothing.

use std::cell::Cell;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{RolloutId, TenantId};
use uuid::Uuid;

use crate::scope::Tx;
use crate::{Store, StoreError};

/// How long an answer is kept for those who ask again.
pub const KEPT_FOR: TimeDelta = TimeDelta::hours(24);

/// How long a request without effect and without answer is taken to be at work. Longer than any takes.
const AT_WORK: TimeDelta = TimeDelta::seconds(60);

/// The status of what was answered with a secret that is shown once: the answer is not kept.
const UNKEPT: i16 = 0;

tokio::task_local! {
    static REQUEST: Request;
}

/// A request that changes something.
#[derive(Debug)]
pub struct Request {
    /// The try it is, if it came with a key.
    asked: Option<Asked>,
    /// What it changes, by its path behind the tenant's; rollouts are known by their entries.
    changes: Option<String>,
    /// What the caller looked at, if that was said.
    expects: Option<Expects>,
    /// The transaction that was checked: what it appends after that is its own doing.
    checked: Cell<Option<i64>>,
    /// Set when nothing is to be kept (`validate_only`).
    trial: Option<Trial>,
}

/// A request that is looked at as any other, and whose transaction then ends without a trace. Clones are
/// of the same request.
#[derive(Debug, Clone, Default)]
pub struct Trial(Arc<Marks>);

#[derive(Debug, Default)]
struct Marks {
    /// It has come to its entry in a chain.
    appends: AtomicBool,
    /// A transaction with an entry was not kept.
    held_back: AtomicBool,
}

impl Trial {
    /// Whether the request would have changed something.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.0.held_back.load(Ordering::Relaxed)
    }

    /// At a commit: whether it is not to be.
    fn holds_back(&self) -> bool {
        let holds = self.0.appends.load(Ordering::Relaxed);
        self.0.held_back.fetch_or(holds, Ordering::Relaxed);
        holds
    }
}

/// A thing at a version: the number of the newest entry that changed it; 0: none did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expects {
    pub thing: Thing,
    pub version: i64,
}

/// What has a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    Rollout(RolloutId),
    /// By its path behind the tenant's.
    Other(String),
}

/// One try of a request with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub tenant: TenantId,
    pub caller: Uuid,
    pub key: String,
    /// Names the try: a later one has another.
    begun_at: DateTime<Utc>,
}

/// An answer as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    pub status: u16,
    pub location: Option<String>,
    pub content_type: Option<String>,
    pub body: Vec<u8>,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Nothing: go on, and say so to [`within`].
    New(Asked),
    /// It was for another request.
    Other,
    /// The first try is at work.
    AtWork,
    /// The effect is there, with this entry of the chain; the answer was lost.
    Done { entry: i64 },
    /// This was answered.
    Answered(Answered),
}

impl Request {
    #[must_use]
    pub fn new(asked: Option<Asked>, changes: Option<String>, expects: Option<Expects>) -> Self {
        Self { asked, changes, expects, checked: Cell::new(None), trial: None }
    }

    /// The same request, only tried.
    #[must_use]
    pub fn tried(self, trial: Trial) -> Self {
        Self { trial: Some(trial), ..self }
    }
}

/// Runs `work`, whose changes are those of `request`.
pub async fn within<F: Future>(request: Request, work: F) -> F::Output {
    REQUEST.scope(request, work).await
}

impl Store {
    /// Begins a request with a key: `hash` is the SHA-256 of what is asked. One statement when the key is
    /// new.
    pub async fn request_begin(
        &self,
        tenant: TenantId,
        caller: Uuid,
        key: &str,
        hash: [u8; 32],
    ) -> Result<Known, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        // A key is free again after a day; and after a minute, if its try left nothing behind.
        let begun = sqlx::query_scalar!(
            "insert into asked as a (tenant_id, caller, key, request, begun_at)
             values ($1, $2, $3, $4, clock_timestamp())
             on conflict (tenant_id, caller, key) do update
                 set request = excluded.request, begun_at = excluded.begun_at, entry = null,
                     status = null, location = null, content_type = null, body = null
                 where a.begun_at < excluded.begun_at - $5::interval
                    or (a.request = excluded.request and a.entry is null and a.status is null
                        and a.begun_at < excluded.begun_at - $6::interval)
             returning begun_at",
            tenant.0,
            caller,
            key,
            hash.as_slice(),
            interval(KEPT_FOR),
            interval(AT_WORK),
        )
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(begun_at) = begun {
            tx.commit().await?;
            return Ok(Known::New(Asked { tenant, caller, key: key.to_owned(), begun_at }));
        }
        let row = sqlx::query!(
            r#"select request, entry, status, location, content_type, body,
                 begun_at > clock_timestamp() - $4::interval as "is_young!"
             from asked where tenant_id = $1 and caller = $2 and key = $3"#,
            tenant.0,
            caller,
            key,
            interval(AT_WORK),
        )
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        if row.request != hash {
            return Ok(Known::Other);
        }
        Ok(match (row.status, row.entry) {
            (Some(UNKEPT), Some(entry)) => Known::Done { entry },
            (Some(status), _) => Known::Answered(Answered {
                status: u16::try_from(status).map_err(StoreError::corrupt)?,
                location: row.location,
                content_type: row.content_type,
                body: row.body.unwrap_or_default(),
            }),
            // Between the effect and its answer, the try is still at work.
            (None, Some(entry)) if !row.is_young => Known::Done { entry },
            (None, _) => Known::AtWork,
        })
    }

    /// Keeps the answer for those who ask again.
    pub async fn request_answer(
        &self,
        asked: &Asked,
        answered: &Answered,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(asked.tenant).await?;
        sqlx::query!(
            "update asked set status = $5, location = $6, content_type = $7, body = $8
             where tenant_id = $1 and caller = $2 and key = $3 and begun_at = $4",
            asked.tenant.0,
            asked.caller,
            asked.key,
            asked.begun_at,
            i16::try_from(answered.status).map_err(StoreError::corrupt)?,
            answered.location,
            answered.content_type,
            answered.body,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Notes that there was an answer, and that it is not kept.
    pub async fn request_answered(&self, asked: &Asked) -> Result<(), StoreError> {
        let status = UNKEPT.unsigned_abs();
        let none = Answered { status, location: None, content_type: None, body: Vec::new() };
        self.request_answer(asked, &none).await
    }

    /// Frees the key of a request that had no effect and may be sent again: the service could not answer.
    pub async fn request_forget(&self, asked: &Asked) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(asked.tenant).await?;
        sqlx::query!(
            "delete from asked where tenant_id = $1 and caller = $2 and key = $3 and begun_at = $4
                 and entry is null",
            asked.tenant.0,
            asked.caller,
            asked.key,
            asked.begun_at,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Forgets what was answered more than a day ago. Cost: what is forgotten.
    pub async fn requests_sweep(&self) -> Result<u64, StoreError> {
        let mut tx = self.service_begin().await?;
        let gone = sqlx::query!(
            "delete from asked where begun_at < clock_timestamp() - $1::interval",
            interval(KEPT_FOR)
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(gone.rows_affected())
    }

    /// The version of a thing.
    pub async fn version_of(&self, tenant: TenantId, thing: &Thing) -> Result<i64, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let version = version(&mut tx, tenant, thing).await?;
        tx.commit().await?;
        Ok(version)
    }
}

/// Keeps the promises of the request that this transaction belongs to, if it does, before the entry `seq`
/// is appended. Under the lock on the head.
pub(crate) async fn settle(tx: &mut Tx, tenant: TenantId, seq: i64) -> Result<(), StoreError> {
    let _ = REQUEST.try_with(|request| {
        if let Some(trial) = &request.trial {
            trial.0.appends.store(true, Ordering::Relaxed);
        }
    });
    // The task's own value cannot be borrowed over an await.
    let known = REQUEST.try_with(|request| {
        (
            request.asked.clone(),
            request.changes.clone(),
            request.expects.clone(),
            request.checked.get(),
        )
    });
    let Ok((asked, changes, expects, checked)) = known else { return Ok(()) };
    if let Some(asked) = asked {
        mark(tx, &asked, seq).await?;
    }
    if let Some(expects) = expects {
        let current =
            sqlx::query_scalar!(r#"select txid_current() as "id!""#).fetch_one(&mut **tx).await?;
        if checked != Some(current) {
            if version(tx, tenant, &expects.thing).await? != expects.version {
                return Err(StoreError::Changed);
            }
            // Of another request this cannot be: it is set in the task that serves this one.
            let _ = REQUEST.try_with(|request| request.checked.set(Some(current)));
        }
    }
    if let Some(changes) = changes {
        sqlx::query!(
            "insert into resource_version (tenant_id, resource, seq) values ($1, $2, $3)
             on conflict (tenant_id, resource) do update set seq = excluded.seq",
            tenant.0,
            changes,
            seq,
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// Whether the commit that is about to be made is not to be: a request is tried, and has come to its entry.
pub(crate) fn holds_back() -> bool {
    REQUEST
        .try_with(|request| request.trial.as_ref().is_some_and(Trial::holds_back))
        .unwrap_or(false)
}

/// Marks a try as done. `Stale` when a later try has taken its place.
async fn mark(tx: &mut Tx, asked: &Asked, seq: i64) -> Result<(), StoreError> {
    let marked = sqlx::query!(
        "update asked set entry = coalesce(entry, $5)
         where tenant_id = $1 and caller = $2 and key = $3 and begun_at = $4",
        asked.tenant.0,
        asked.caller,
        asked.key,
        asked.begun_at,
        seq,
    )
    .execute(&mut **tx)
    .await?;
    if marked.rows_affected() == 0 {
        return Err(StoreError::Stale);
    }
    Ok(())
}

async fn version(tx: &mut Tx, tenant: TenantId, thing: &Thing) -> Result<i64, StoreError> {
    let version = match thing {
        Thing::Rollout(rollout) => {
            sqlx::query_scalar!(
                "select seq from event where tenant_id = $1 and rollout_id = $2
                 order by seq desc limit 1",
                tenant.0,
                rollout.0,
            )
            .fetch_optional(&mut **tx)
            .await?
        }
        Thing::Other(path) => {
            sqlx::query_scalar!(
                "select seq from resource_version where tenant_id = $1 and resource = $2",
                tenant.0,
                path,
            )
            .fetch_optional(&mut **tx)
            .await?
        }
    };
    Ok(version.unwrap_or(0))
}

fn interval(length: TimeDelta) -> sqlx::postgres::types::PgInterval {
    let microseconds = length.num_microseconds().unwrap_or(i64::MAX);
    sqlx::postgres::types::PgInterval { months: 0, days: 0, microseconds }
}
