//! Support requests: filed with their evidence, moved and talked about. What may happen when is
//! `domain::support`'s to say.

mod desks;
mod hand_on;
mod read;
mod timeline;

use chrono::{DateTime, Utc};
use domain::ids::{SupportRequestId, TenantId};
use domain::support::desk::Said;
use domain::support::{Category, Event, Severity, Status, Subject};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

pub use desks::{DeskRow, NewDesk};
pub use hand_on::{HandOnRow, ReferenceRow};

use crate::chain::{self, Entry};
use crate::scope::{Tx, retried};
use crate::{Store, StoreError};

const NOT_FOUND: StoreError = StoreError::NotFound { what: "support request" };

/// More is a conversation to be had elsewhere.
const MOST_NOTES: i64 = 500;

/// What somebody needs help with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRequest {
    pub about: Subject,
    pub about_name: String,
    pub title: String,
    pub description: String,
    pub severity: Severity,
    pub category: Category,
    /// A request that this one goes on with.
    pub follows: Option<SupportRequestId>,
    /// The evidence, a JSON document.
    pub bundle: String,
}

/// A request as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRow {
    pub id: SupportRequestId,
    pub about: Subject,
    pub about_name: String,
    pub title: String,
    pub description: String,
    pub severity: Severity,
    pub category: Category,
    pub status: Status,
    pub status_at: DateTime<Utc>,
    pub requester: String,
    pub assignee: Option<String>,
    pub follows: Option<SupportRequestId>,
    pub answered_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
    pub bundle_bytes: u32,
    pub bundle_sha256: [u8; 32],
}

/// What was said or done, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteRow {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub author: String,
    pub text: Option<String>,
    /// The word of the status it came into.
    pub status: Option<String>,
    pub assignee: Option<String>,
}

/// What somebody does about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act<'a> {
    Comment {
        text: &'a str,
    },
    /// With something to say, and into somebody's hands.
    Move {
        event: Option<Event>,
        severity: Option<Severity>,
        assignee: Option<&'a str>,
        text: Option<&'a str>,
    },
    Reopen {
        reason: &'a str,
    },
}

impl Store {
    /// Files a request with its evidence and its entry in the chain, in one transaction. `Invalid` when the request
    /// it follows is not there.
    pub async fn support_file(
        &self,
        tenant: TenantId,
        new: &NewRequest,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<RequestRow, StoreError> {
        retried(|| self.support_insert(tenant, new, actor, now)).await
    }

    async fn support_insert(
        &self,
        tenant: TenantId,
        new: &NewRequest,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<RequestRow, StoreError> {
        let id = SupportRequestId(Uuid::now_v7());
        let hash: [u8; 32] = Sha256::digest(&new.bundle).into();
        let mut tx = self.tenant_begin(tenant).await?;
        if let Some(follows) = new.follows {
            read::fetch(&mut tx, tenant, follows).await?;
        }
        sqlx::query!(
            "insert into support_request (tenant_id, id, about_kind, about_id, about_name, title, description,
                 severity, category, status, status_at, requester, follows, created_at, changed_at,
                 bundle, bundle_sha256)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $11, $11, $14, $15)",
            tenant.0,
            id.0,
            new.about.kind.word(),
            new.about.id,
            new.about_name,
            new.title,
            new.description,
            new.severity.word(),
            new.category.word(),
            Status::New.word(),
            now,
            actor,
            new.follows.map(|follows| follows.0),
            new.bundle,
            hash.as_slice(),
        )
        .execute(&mut *tx)
        .await?;
        let body = json!({
            "request": id,
            "about": { "kind": new.about.kind.word(), "id": new.about.id, "name": new.about_name },
            "title": new.title,
            "severity": new.severity.word(),
            "category": new.category.word(),
            "follows": new.follows,
            "bundle_sha256": audit::Hex(hash).to_string(),
        });
        let row = read::fetch(&mut tx, tenant, id).await?;
        hand_on::filed(&mut tx, tenant, &row, now).await?;
        // In no rollout's history: that is the version of the rollout, which does not change by this.
        let entry = Entry { rollout: None, at: now, actor, kind: "support_filed", body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Notes what a person says or does about a request, with its entry in the chain. `Conflict` when its status
    /// forbids it, or there is nothing in it that would change anything.
    pub async fn support_act(
        &self,
        tenant: TenantId,
        id: SupportRequestId,
        act: Act<'_>,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<RequestRow, StoreError> {
        retried(|| self.support_change(tenant, id, act, actor, now)).await
    }

    async fn support_change(
        &self,
        tenant: TenantId,
        id: SupportRequestId,
        act: Act<'_>,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<RequestRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!(
            "select id from support_request where tenant_id = $1 and id = $2 for update",
            tenant.0,
            id.0,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        let before = read::fetch(&mut tx, tenant, id).await?;
        let change = change(&before, act, actor, now)?;
        check_room(&mut tx, tenant, id).await?;
        let status_at = if change.status == before.status { before.status_at } else { now };
        let answered_at = before.answered_at.or((actor != before.requester).then_some(now));
        sqlx::query!(
            "update support_request set status = $3, status_at = $4, severity = $5, assignee = $6,
                 answered_at = $7, changed_at = $8
             where tenant_id = $1 and id = $2",
            tenant.0,
            id.0,
            change.status.word(),
            status_at,
            change.severity.word(),
            change.assignee,
            answered_at,
            now,
        )
        .execute(&mut *tx)
        .await?;
        let moved = (change.status != before.status).then(|| change.status.word());
        let given = change.assignee.filter(|_| change.assignee != before.assignee.as_deref());
        // A severity is no part of a conversation unless somebody says so.
        if change.text.is_some() || moved.is_some() || given.is_some() {
            let said = Said {
                id: Uuid::now_v7(),
                at: now,
                author: actor.to_owned(),
                text: change.text.map(str::to_owned),
                status: moved.map(str::to_owned),
                assignee: given.map(str::to_owned),
            };
            note(&mut tx, tenant, id, &said).await?;
            hand_on::noted(&mut tx, tenant, &before, &said, now).await?;
        }
        let body = json!({
            "request": id,
            "title": before.title,
            "status": change.status.word(),
            "before": before.status.word(),
            "severity": change.severity.word(),
            "assignee": change.assignee,
            "comment": change.text,
        });
        let row = read::fetch(&mut tx, tenant, id).await?;
        let entry = Entry { rollout: None, at: now, actor, kind: change.kind, body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(row)
    }
}

struct Change<'a> {
    kind: &'static str,
    status: Status,
    severity: Severity,
    assignee: Option<&'a str>,
    text: Option<&'a str>,
}

fn change<'a>(
    before: &'a RequestRow,
    act: Act<'a>,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<Change<'a>, StoreError> {
    let refused = |refusal: domain::support::Refusal| StoreError::Conflict(refusal.to_string());
    let same = Change {
        kind: "support_commented",
        status: before.status,
        severity: before.severity,
        assignee: before.assignee.as_deref(),
        text: None,
    };
    match act {
        Act::Comment { text } => {
            let by_requester = actor == before.requester;
            let status = before.status.after_comment(by_requester, now).map_err(refused)?;
            Ok(Change { status, text: Some(text), ..same })
        }
        Act::Move { event, severity, assignee, text } => {
            let status = match event {
                Some(event) => before.status.apply(event, now).map_err(refused)?,
                // Into other hands, or of another severity, as long as there is something to do.
                None if before.status.is_open() => before.status,
                None => {
                    let why = format!("the request is {}", before.status.word());
                    return Err(StoreError::Conflict(why));
                }
            };
            let severity = severity.unwrap_or(before.severity);
            let assignee = assignee.or(before.assignee.as_deref());
            let changed = Change { kind: "support_moved", status, severity, assignee, text };
            let is_same = status == before.status
                && severity == before.severity
                && assignee == before.assignee.as_deref();
            if is_same {
                return Err(StoreError::Conflict("the request is so already".to_owned()));
            }
            Ok(changed)
        }
        Act::Reopen { reason } => {
            let status = before.status.apply(Event::Reopened, now).map_err(refused)?;
            Ok(Change { kind: "support_reopened", status, text: Some(reason), ..same })
        }
    }
}

async fn check_room(tx: &mut Tx, tenant: TenantId, id: SupportRequestId) -> Result<(), StoreError> {
    let notes = sqlx::query_scalar!(
        r#"select count(*) as "count!" from support_note where tenant_id = $1 and request_id = $2"#,
        tenant.0,
        id.0,
    )
    .fetch_one(&mut **tx)
    .await?;
    if notes < MOST_NOTES {
        return Ok(());
    }
    let why = format!("a request has {MOST_NOTES} notes at most; file another that follows it");
    Err(StoreError::Conflict(why))
}

async fn note(
    tx: &mut Tx,
    tenant: TenantId,
    id: SupportRequestId,
    said: &Said,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into support_note (tenant_id, request_id, id, at, author, text, status, assignee)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        tenant.0,
        id.0,
        said.id,
        said.at,
        said.author,
        said.text,
        said.status,
        said.assignee,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The SHA-256 of a bundle, as it is shown.
#[must_use]
pub fn shown(hash: &[u8; 32]) -> String {
    audit::Hex(*hash).to_string()
}

/// The body of an entry without what a decision was made from.
#[must_use]
pub fn without_evidence(mut body: Value) -> Value {
    if let Some(fields) = body.as_object_mut() {
        fields.remove("evidence");
    }
    body
}
