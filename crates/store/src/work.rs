//! Due work: claimed with SKIP LOCKED under a lease, finished under a fence.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use domain::work::{Nudges, Upcoming, WorkKind};
use serde_json::json;
use tokio::sync::watch;
use uuid::Uuid;

use crate::chain::Entry;
use crate::scope::Tx;
use crate::{Store, StoreError, chain, feeds};
pub use domain::work::Claim;

impl Store {
    /// Claims up to `limit` pieces of `kinds` due at `now` (the service's clock) that nobody holds.
    pub async fn work_claim(
        &self,
        kinds: &[WorkKind],
        limit: u16,
        lease: Duration,
        now: DateTime<Utc>,
    ) -> Result<Vec<Claim>, StoreError> {
        let mut tx = self.service_begin().await?;
        // Leases run by the database's clock, which all servers share.
        let rows = sqlx::query!(
            "update work w
             set fence = w.fence + 1, lease_until = clock_timestamp() + make_interval(secs => $4)
             from (
                 select kind, subject, tenant_id from work
                 where kind = any($1) and due_at <= $2
                     and (lease_until is null or lease_until < clock_timestamp())
                 order by due_at limit $3
                 for no key update skip locked
             ) due
             where (w.kind, w.subject, w.tenant_id) = (due.kind, due.subject, due.tenant_id)
             returning w.tenant_id, w.kind, w.subject, w.fence, w.nudges, w.failures",
            &words(kinds) as &[&str],
            now,
            i64::from(limit),
            lease.as_secs_f64(),
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter()
            .map(|row| {
                let kind = WorkKind::from_name(&row.kind);
                Ok(Claim {
                    tenant: TenantId(row.tenant_id),
                    kind: kind
                        .ok_or_else(|| StoreError::corrupt(format_args!("work {:?}", row.kind)))?,
                    subject: row.subject,
                    fence: row.fence,
                    nudges: row.nudges,
                    failures: row.failures,
                })
            })
            .collect()
    }

    /// Prolongs a claim; `LeaseLost` when it has passed on.
    pub async fn work_keep(&self, claim: &Claim, lease: Duration) -> Result<(), StoreError> {
        let mut tx = self.service_begin().await?;
        let kept = sqlx::query!(
            "update work set lease_until = clock_timestamp() + make_interval(secs => $5)
             where kind = $1 and subject = $2 and tenant_id = $3 and fence = $4
                 and lease_until is not null",
            claim.kind.name(),
            claim.subject,
            claim.tenant.0,
            claim.fence,
            lease.as_secs_f64(),
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        if kept.rows_affected() == 0 { Err(StoreError::LeaseLost) } else { Ok(()) }
    }

    /// Gives a claim back. Due again at `next` (none: when asked), or at once if it was asked for
    /// since the claim. `error` counts a failure and is kept; success clears it. `LeaseLost` when
    /// it has passed on, which the caller may ignore.
    pub async fn work_finish(
        &self,
        claim: &Claim,
        next: Option<DateTime<Utc>>,
        error: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut tx = self.service_begin().await?;
        // Who asked meanwhile has left a due time behind. Servers that were woken by it found the
        // claim, so they are woken again.
        let given_back = sqlx::query_scalar!(
            r#"with given_back as (
                 update work set lease_until = null,
                     due_at = case when nudges = $5 then $6 else due_at end,
                     failures = case when $7::text is null then 0 else failures + 1 end,
                     last_error = $7
                 where kind = $1 and subject = $2 and tenant_id = $3 and fence = $4
                     and lease_until is not null
                 returning nudges
             )
             select case when nudges <> $5 then pg_notify($8, $1)::text end as woken
             from given_back"#,
            claim.kind.name(),
            claim.subject,
            claim.tenant.0,
            claim.fence,
            claim.nudges,
            next,
            error,
            feeds::WORK,
        )
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        given_back.map(|_| ()).ok_or(StoreError::LeaseLost)
    }

    /// Asks for work now. Creates its row if there is none.
    pub async fn work_ask(
        &self,
        tenant: TenantId,
        kind: WorkKind,
        subject: Uuid,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        ask(&mut tx, tenant, kind, &[subject], now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A person asks for work on the tenant as a whole, now; with an entry in the chain, of the kind `said`.
    async fn work_request(
        &self,
        tenant: TenantId,
        (kind, said): (WorkKind, &str),
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        ask(&mut tx, tenant, kind, &[tenant.0], now).await?;
        let entry = Entry { rollout: None, at: now, actor, kind: said, body: &json!({}) };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A person asks for the tenant to be read again, with an entry in the chain.
    pub async fn sync_request(
        &self,
        tenant: TenantId,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.work_request(tenant, (WorkKind::Sync, "sync_requested"), actor, now).await
    }

    /// A person asks for the enrollment to be compared with Graph, with an entry in the chain.
    pub async fn enrollment_check_request(
        &self,
        tenant: TenantId,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.work_request(tenant, (WorkKind::Enroll, "enrollment_check_requested"), actor, now)
            .await
    }

    /// When there is something of `kinds` to claim though nobody asks. Cost: the rows of due work.
    pub async fn work_upcoming(&self, kinds: &[WorkKind]) -> Result<Upcoming, StoreError> {
        let mut tx = self.service_begin().await?;
        let row = sqlx::query!(
            r#"select min(due_at) filter (where held is null) as due,
                 extract(epoch from min(held) - clock_timestamp())::float8 as lease_ends_in
             from (
                 select due_at,
                     case when lease_until >= clock_timestamp() then lease_until end as held
                 from work where kind = any($1) and due_at is not null
             ) w"#,
            &words(kinds) as &[&str],
        )
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        let wait = |seconds: f64| Duration::try_from_secs_f64(seconds.max(0.0)).ok();
        Ok(Upcoming { due: row.due, lease_ends_in: row.lease_ends_in.and_then(wait) })
    }

    /// Changes whenever work was asked for, here or on another server (NOTIFY `concentric_work`,
    /// payload the kind), and after a listening connection was re-established. One connection for all callers.
    #[must_use]
    pub fn work_feed(&self) -> watch::Receiver<Nudges> {
        self.inner.feeds.work.subscribe()
    }
}

fn words(kinds: &[WorkKind]) -> Vec<&'static str> {
    kinds.iter().map(|kind| kind.name()).collect()
}

/// Asks for work on each of `subjects` now, and wakes every server when the transaction commits.
pub(crate) async fn ask(
    tx: &mut Tx,
    tenant: TenantId,
    kind: WorkKind,
    subjects: &[Uuid],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    // In one order, as all locks on several rows.
    sqlx::query!(
        "with asked as (
             insert into work as w (tenant_id, kind, subject, due_at, nudges)
             select $1, $2, subject, $4, 1 from unnest($3::uuid[]) as subject order by subject
             on conflict (kind, subject, tenant_id) do update
             set due_at = least(w.due_at, excluded.due_at), nudges = w.nudges + 1
         )
         select pg_notify($5, $2)",
        tenant.0,
        kind.name(),
        subjects,
        now,
        feeds::WORK,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Plans work for later, unless it is planned already. Counts as asking, so that a claim that is
/// held at this moment does not end it.
pub(crate) async fn plan(
    tx: &mut Tx,
    tenant: TenantId,
    kind: WorkKind,
    subject: Uuid,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into work as w (tenant_id, kind, subject, due_at, nudges) values ($1, $2, $3, $4, 1)
         on conflict (kind, subject, tenant_id) do update
         set due_at = coalesce(w.due_at, excluded.due_at), nudges = w.nudges + 1",
        tenant.0,
        kind.name(),
        subject,
        at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Makes rows of work that is not due until it is asked for.
pub(crate) async fn prepare(
    tx: &mut Tx,
    tenant: TenantId,
    kinds: &[WorkKind],
    subject: Uuid,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into work (tenant_id, kind, subject)
         select $1, kind, $3 from unnest($2::text[]) as kind order by kind
         on conflict do nothing",
        tenant.0,
        &words(kinds) as &[&str],
        subject,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
