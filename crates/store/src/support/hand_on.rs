//! What is to be told to desks, written in the transaction of what it tells of, and what became of it.
//!
//! Of one request, one desk is told one thing after the other: a note is not told before the one before it was taken
//! or given up.

use chrono::{DateTime, Utc};
use domain::ids::{SupportDeskId, SupportRequestId, TenantId};
use domain::support::desk::{About, Choice, Duty, Reference, Said, Told, Way, addresses, letter};
use domain::webhook::{self, Fate, KEPT_FOR, Refusal, Tried};
use serde_json::json;
use uuid::Uuid;

use super::{DeskRow, RequestRow, desks};
use crate::chain::{self, Entry};
use crate::outbox::{self, Outgoing, To};
use crate::page::Page;
use crate::scope::{Tx, retried};
use crate::webhooks::DeliveryState;
use crate::{Store, StoreError};

/// Told to one desk at once.
const AT_ONCE: i64 = 8;

/// One thing that was or is to be told to a desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOnRow {
    pub id: Uuid,
    pub request: SupportRequestId,
    /// What was said; none: the request was filed.
    pub note: Option<Uuid>,
    pub state: DeliveryState,
    pub tries: u32,
    pub due_since: DateTime<Utc>,
    pub next_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Of the last try.
    pub status: Option<u16>,
    pub refusal: Option<Refusal>,
}

/// What a desk calls a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceRow {
    pub desk: SupportDeskId,
    pub desk_name: String,
    pub reference: Reference,
}

/// Lays out what was filed for the desks that want it.
pub(super) async fn filed(
    tx: &mut Tx,
    tenant: TenantId,
    request: &RequestRow,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let page = Page { after: None, limit: 500 };
    let mut desks = desks::read(tx, tenant, None, page).await?;
    let takes = |choice: &Choice| choice.takes(request.severity, request.category);
    desks.retain(|desk| desk.enabled && takes(&desk.choice));
    lay_out(tx, tenant, (request, None), &desks, now).await
}

/// Lays out what was said for the desks that were told of the request.
pub(super) async fn noted(
    tx: &mut Tx,
    tenant: TenantId,
    request: &RequestRow,
    said: &Said,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let told = sqlx::query_scalar!(
        "select distinct desk_id from support_delivery
         where tenant_id = $1 and request_id = $2 and note_id is null",
        tenant.0,
        request.id.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    if told.is_empty() {
        return Ok(());
    }
    let page = Page { after: None, limit: 500 };
    let mut desks = desks::read(tx, tenant, None, page).await?;
    desks.retain(|desk| desk.enabled && told.contains(&desk.id.0));
    lay_out(tx, tenant, (request, Some(said)), &desks, now).await
}

async fn lay_out(
    tx: &mut Tx,
    tenant: TenantId,
    (request, said): (&RequestRow, Option<&Said>),
    desks: &[DeskRow],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if desks.is_empty() {
        return Ok(());
    }
    let rows: Vec<(Uuid, &DeskRow)> = desks.iter().map(|desk| (Uuid::now_v7(), desk)).collect();
    let ids: Vec<Uuid> = rows.iter().map(|(id, _)| *id).collect();
    let of: Vec<Uuid> = desks.iter().map(|desk| desk.id.0).collect();
    // A letter is told by being written; what becomes of it is the outbox's to say.
    let states = desks.iter().map(|desk| match desk.way {
        Way::Mail => DeliveryState::Delivered,
        Way::Webhook | Way::ServiceNow { .. } | Way::Jira { .. } => DeliveryState::Pending,
    });
    let states: Vec<&str> = states.map(DeliveryState::name).collect();
    sqlx::query!(
        "insert into support_delivery (tenant_id, id, desk_id, request_id, note_id, due_since, next_at, state, ended_at)
         select $1, n.id, n.desk, $2, $3, $4, $4, n.state, case when n.state <> 'pending' then $4::timestamptz end
         from unnest($5::uuid[], $6::uuid[], $7::text[]) as n(id, desk, state)",
        tenant.0,
        request.id.0,
        said.map(|said| said.id),
        now,
        &ids,
        &of,
        &states as &[&str],
    )
    .execute(&mut **tx)
    .await?;
    let letters = letters(tx, tenant, (request, said), &rows).await?;
    outbox::write(tx, tenant, &letters, now).await?;
    let called = desks.iter().filter(|desk| desk.way != Way::Mail).map(|desk| desk.id.0);
    let called: Vec<Uuid> = called.collect();
    if called.is_empty() {
        return Ok(());
    }
    crate::work::ask(tx, tenant, domain::work::WorkKind::HandOn, &called, now).await
}

/// What desks are told by e-mail.
async fn letters(
    tx: &mut Tx,
    tenant: TenantId,
    (request, said): (&RequestRow, Option<&Said>),
    rows: &[(Uuid, &DeskRow)],
) -> Result<Vec<Outgoing>, StoreError> {
    if rows.iter().all(|(_, desk)| desk.way != Way::Mail) {
        return Ok(Vec::new());
    }
    let name = sqlx::query_scalar!("select name from tenant where id = $1", tenant.0)
        .fetch_one(&mut **tx)
        .await?;
    let about = about(request.clone(), tenant, &name);
    let letter = letter(&about, said).map_err(StoreError::corrupt)?;
    let mut all = Vec::new();
    for (id, desk) in rows.iter().filter(|(_, desk)| desk.way == Way::Mail) {
        let to = addresses(&desk.url).transpose().map_err(StoreError::corrupt)?;
        all.extend(to.into_iter().flatten().map(|address| Outgoing {
            key: format!("support/{id}/{}", address.as_str()),
            kind: "support_request",
            to: To::Email(address),
            letter: letter.clone(),
            attachments: Vec::new(),
        }));
    }
    Ok(all)
}

impl Store {
    /// Hands a request on to a desk, whatever the desk wants by itself; or once more, after it was given up.
    /// `Conflict` when the desk is disabled, or was told already, or is being told.
    pub async fn support_hand_on(
        &self,
        tenant: TenantId,
        request: SupportRequestId,
        desk: SupportDeskId,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        retried(|| self.hand_on_once(tenant, request, desk, actor, now)).await
    }

    async fn hand_on_once(
        &self,
        tenant: TenantId,
        request: SupportRequestId,
        desk: SupportDeskId,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = super::read::fetch(&mut tx, tenant, request).await?;
        let to = desks::fetch(&mut tx, tenant, desk).await;
        let to = to.map_err(|error| {
            if let StoreError::NotFound { .. } = error {
                StoreError::Invalid("there is no such desk".to_owned())
            } else {
                error
            }
        })?;
        if !to.enabled {
            return Err(StoreError::Conflict(format!("the desk {:?} is disabled", to.name)));
        }
        sqlx::query!(
            "select id from support_request where tenant_id = $1 and id = $2 for update",
            tenant.0,
            request.0,
        )
        .fetch_one(&mut *tx)
        .await?;
        let known = sqlx::query_scalar!(
            r#"select exists (select from support_delivery where tenant_id = $1 and desk_id = $2
                 and request_id = $3 and note_id is null and state <> 'given_up') as "yes!""#,
            tenant.0,
            desk.0,
            request.0,
        )
        .fetch_one(&mut *tx)
        .await?;
        if known {
            let why = format!("the desk {:?} has it, or is being told", to.name);
            return Err(StoreError::Conflict(why));
        }
        lay_out(&mut tx, tenant, (&row, None), std::slice::from_ref(&to), now).await?;
        let body = json!({ "request": request, "title": row.title, "desk": desk, "name": to.name });
        let entry = Entry { rollout: None, at: now, actor, kind: "support_handed_on", body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What is to be told to a desk at `now`: of each request the oldest, those that are due longest first.
    /// Nothing while it rests, is disabled or is gone.
    pub async fn desk_due(
        &self,
        tenant: TenantId,
        desk: SupportDeskId,
        now: DateTime<Utc>,
    ) -> Result<Duty, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let known = sqlx::query!(
            "select d.rests_until, t.name from support_desk d join tenant t on t.id = d.tenant_id
             where d.tenant_id = $1 and d.id = $2 and d.enabled",
            tenant.0,
            desk.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(known) = known else { return Ok(Duty::default()) };
        if let Some(until) = known.rests_until.filter(|until| *until > now) {
            return Ok(Duty { told: Vec::new(), next: Some(until) });
        }
        let rows = sqlx::query!(
            r#"select v.id, v.request_id, v.tries, v.due_since, r.key as "key?", r.name as "reference?",
                 n.id as "note?", n.at as "at?", n.author as "author?", n.text as "text?",
                 n.status as "status?", n.assignee as "assignee?"
             from support_delivery v
             left join support_reference r on r.tenant_id = v.tenant_id and r.desk_id = v.desk_id
                 and r.request_id = v.request_id
             left join support_note n on n.tenant_id = v.tenant_id and n.request_id = v.request_id
                 and n.id = v.note_id
             where v.tenant_id = $1 and v.desk_id = $2 and v.state = 'pending' and v.next_at <= $3
                 and not exists (select from support_delivery b
                     where b.tenant_id = v.tenant_id and b.desk_id = v.desk_id
                         and b.request_id = v.request_id and b.state = 'pending' and b.id < v.id)
             order by v.next_at, v.id limit $4"#,
            tenant.0,
            desk.0,
            now,
            AT_ONCE,
        )
        .fetch_all(&mut *tx)
        .await?;
        let mut told = Vec::with_capacity(rows.len());
        for row in rows {
            let request = SupportRequestId(row.request_id);
            let of = super::read::fetch(&mut tx, tenant, request).await?;
            let said = match (row.note, row.at, row.author) {
                (Some(id), Some(at), Some(author)) => {
                    let (text, status, assignee) = (row.text, row.status, row.assignee);
                    Some(Said { id, at, author, text, status, assignee })
                }
                (_, _, _) => None,
            };
            let reference = row.key.zip(row.reference);
            told.push(Told {
                id: row.id,
                about: about(of, tenant, &known.name),
                said,
                reference: reference.map(|(key, name)| Reference { key, name }),
                tries: row.tries.unsigned_abs(),
                due_since: row.due_since,
            });
        }
        let next = sqlx::query_scalar!(
            "select min(next_at) from support_delivery v
             where tenant_id = $1 and desk_id = $2 and state = 'pending'
                 and not exists (select from support_delivery b
                     where b.tenant_id = v.tenant_id and b.desk_id = v.desk_id
                         and b.request_id = v.request_id and b.state = 'pending' and b.id < v.id)",
            tenant.0,
            desk.0,
        )
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Duty { told, next })
    }

    /// Keeps how a try of one thing ended, and what the desk calls the request. A desk that fails rests; what was
    /// tried for three days is given up, with an entry in the chain.
    pub async fn desk_tried(
        &self,
        tenant: TenantId,
        desk: SupportDeskId,
        told: &Told,
        (tried, reference): (Tried, Option<&Reference>),
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let known = sqlx::query!(
            "select name, failing_since, failures from support_desk
             where tenant_id = $1 and id = $2 for no key update",
            tenant.0,
            desk.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        // Whoever deleted it took the rest along.
        let Some(known) = known else { return Ok(()) };
        if let Some(reference) = reference {
            sqlx::query!(
                "insert into support_reference (tenant_id, desk_id, request_id, key, name)
                 values ($1, $2, $3, $4, $5) on conflict do nothing",
                tenant.0,
                desk.0,
                told.about.request.0,
                reference.key,
                reference.name,
            )
            .execute(&mut *tx)
            .await?;
        }
        let fate = webhook::fate_of((told.id, told.tries, told.due_since), tried, now);
        let (state, next) = match fate {
            Fate::Delivered => (DeliveryState::Delivered, None),
            Fate::Again { at } => (DeliveryState::Pending, Some(at)),
            Fate::GivenUp => (DeliveryState::GivenUp, None),
        };
        let status = tried.status.and_then(|status| i16::try_from(status).ok());
        let changed = sqlx::query!(
            "update support_delivery set state = $3, tries = tries + 1, next_at = coalesce($4, next_at),
                 ended_at = case when $3 <> 'pending' then $5::timestamptz end, status = $6, refusal = $7
             where tenant_id = $1 and id = $2 and state = 'pending'",
            tenant.0,
            told.id,
            state.name(),
            next,
            now,
            status,
            tried.refusal.map(Refusal::name),
        )
        .execute(&mut *tx)
        .await?;
        let failed = tried.refusal.is_some();
        let failures = if failed { known.failures.saturating_add(1) } else { 0 };
        sqlx::query!(
            "update support_desk set failing_since = $3, failures = $4, rests_until = $5
             where tenant_id = $1 and id = $2",
            tenant.0,
            desk.0,
            failed.then(|| known.failing_since.unwrap_or(now)),
            failures,
            (failures > 0).then(|| now + webhook::rest(failures.unsigned_abs())),
        )
        .execute(&mut *tx)
        .await?;
        if state == DeliveryState::GivenUp && changed.rows_affected() > 0 {
            let refusal = tried.refusal.map(Refusal::name);
            let body = json!({ "desk": desk, "name": known.name, "request": told.about.request,
                "title": told.about.title, "reason": refusal });
            let (actor, kind) = (chain::SERVICE, "support_hand_on_given_up");
            let entry = Entry { rollout: None, at: now, actor, kind, body: &body };
            chain::append(&mut tx, tenant, entry).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// What was or is to be told to a desk, in order of time. `NotFound` when there is no such desk.
    pub async fn desk_deliveries(
        &self,
        tenant: TenantId,
        desk: SupportDeskId,
        page: Page,
    ) -> Result<Vec<HandOnRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        desks::fetch(&mut tx, tenant, desk).await?;
        let rows = sqlx::query!(
            "select id, request_id, note_id, state, tries, due_since, next_at, ended_at, status, refusal
             from support_delivery
             where tenant_id = $1 and desk_id = $2 and ($3::uuid is null or id > $3) order by id limit $4",
            tenant.0,
            desk.0,
            page.after,
            page.rows(),
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter()
            .map(|row| {
                let unknown = |word: &str| StoreError::corrupt(format_args!("delivery {word:?}"));
                let refusal = |word: String| {
                    let known = Refusal::ALL.into_iter().find(|refusal| refusal.name() == word);
                    known.ok_or_else(|| unknown(&word))
                };
                Ok(HandOnRow {
                    id: row.id,
                    request: SupportRequestId(row.request_id),
                    note: row.note_id,
                    state: DeliveryState::from_name(&row.state)
                        .ok_or_else(|| unknown(&row.state))?,
                    tries: row.tries.unsigned_abs(),
                    due_since: row.due_since,
                    next_at: row.next_at,
                    ended_at: row.ended_at,
                    status: row.status.map(i16::unsigned_abs),
                    refusal: row.refusal.map(refusal).transpose()?,
                })
            })
            .collect()
    }

    /// What desks call a request, by name of the desk.
    pub async fn support_references(
        &self,
        tenant: TenantId,
        request: SupportRequestId,
    ) -> Result<Vec<ReferenceRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query!(
            "select r.desk_id, d.name as desk_name, r.key, r.name from support_reference r
             join support_desk d on d.tenant_id = r.tenant_id and d.id = r.desk_id
             where r.tenant_id = $1 and r.request_id = $2 order by d.name",
            tenant.0,
            request.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let references = rows.into_iter().map(|row| ReferenceRow {
            desk: SupportDeskId(row.desk_id),
            desk_name: row.desk_name,
            reference: Reference { key: row.key, name: row.name },
        });
        Ok(references.collect())
    }

    /// Forgets what ended a month before `now`. Cost: what is forgotten.
    pub async fn desks_sweep(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut tx = self.service_begin().await?;
        // That a desk was told of a request is kept, for what is said later.
        let gone = sqlx::query!(
            "delete from support_delivery where ended_at < $1 and note_id is not null",
            now - KEPT_FOR
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(gone.rows_affected())
    }
}

fn about(row: RequestRow, tenant: TenantId, tenant_name: &str) -> About {
    About {
        request: row.id,
        tenant,
        tenant_name: tenant_name.to_owned(),
        title: row.title,
        description: row.description,
        severity: row.severity,
        category: row.category,
        subject: format!("{} {}", row.about.kind.word().replace('_', " "), row.about_name),
        requester: row.requester,
        filed_at: row.created_at,
        evidence: super::shown(&row.bundle_sha256),
    }
}
