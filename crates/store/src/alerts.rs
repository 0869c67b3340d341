//! Alerts: one open for each kind and subject. Which should be open is `domain::alert`'s to say; this feeds
//! it, and keeps what it says.

use chrono::{DateTime, TimeDelta, Utc};
use domain::alert::{AlertKind, Severity, Wanted, wanted};
use domain::ids::TenantId;
use serde_json::json;
use uuid::Uuid;

use crate::chain::Entry;
use crate::page::Page;
use crate::scope::{Tx, retried};
use crate::{Store, StoreError, chain};

mod facts;

const NOT_FOUND: StoreError = StoreError::NotFound { what: "alert" };

/// Resolved alerts are kept for so long.
const KEPT: TimeDelta = TimeDelta::days(730);

/// An alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRow {
    pub id: Uuid,
    pub kind: AlertKind,
    /// What it is about; empty: the tenant.
    pub subject: String,
    pub severity: Severity,
    pub text: String,
    pub opened_at: DateTime<Utc>,
    /// When, and by whom.
    pub acknowledged: Option<(DateTime<Utc>, String)>,
    /// Of who acknowledged it.
    pub note: Option<String>,
    /// Until when, and by whom.
    pub muted: Option<(DateTime<Utc>, String)>,
    pub escalated: Option<(DateTime<Utc>, String)>,
    pub resolved_at: Option<DateTime<Utc>>,
}

/// Which alerts. All that are given must hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// With those that have ended.
    pub resolved: bool,
    pub kind: Option<AlertKind>,
    pub severity: Option<Severity>,
}

/// What came of a look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AlertCounts {
    pub opened: u32,
    pub resolved: u32,
}

/// What a person does about an open alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertAct<'a> {
    /// Somebody sees to it.
    Acknowledge { note: Option<&'a str> },
    /// Nobody is to be told of it until then; none: from now on they are again.
    Mute { until: Option<DateTime<Utc>> },
    /// It is worse than it looks: one step up, for good.
    Escalate { reason: &'a str },
}

impl Store {
    /// Opens what should be open and is not, resolves what should not be and is, and writes anew what is
    /// known of the others. Each that opens or ends has its entry in the chain. Cost: counters, rollouts
    /// and open alerts, never devices.
    pub async fn alerts_update(
        &self,
        tenant: TenantId,
        now: DateTime<Utc>,
    ) -> Result<AlertCounts, StoreError> {
        retried(|| self.alerts_look(tenant, now)).await
    }

    async fn alerts_look(
        &self,
        tenant: TenantId,
        now: DateTime<Utc>,
    ) -> Result<AlertCounts, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        // Two looks at once would open everything twice, and one of them fail.
        sqlx::query!(
            "select pg_advisory_xact_lock(hashtextextended($1, 0))",
            format!("alerts/{tenant}"),
        )
        .execute(&mut *tx)
        .await?;
        let wanted = wanted(&facts::read(&mut tx, tenant, now).await?, now);
        let open = sqlx::query!(
            "select id, kind, subject, text from alert
             where tenant_id = $1 and resolved_at is null order by id for update",
            tenant.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        let is_of = |one: &Wanted, kind: &str, subject: &str| {
            one.kind.word() == kind && one.subject == subject
        };
        let mut counts = AlertCounts::default();
        let mut told = Vec::new();
        for row in &open {
            match wanted.iter().find(|one| is_of(one, &row.kind, &row.subject)) {
                Some(one) if one.text != row.text => {
                    retell(&mut tx, tenant, row.id, &one.text).await?;
                }
                Some(_) => {}
                None => {
                    resolve(&mut tx, tenant, row.id, now).await?;
                    let (id, kind, subject) = (row.id, &row.kind, &row.subject);
                    let body = json!({ "alert": id, "kind": kind, "subject": subject });
                    told.push(("alert_resolved", body));
                    counts.resolved += 1;
                }
            }
        }
        for one in &wanted {
            if open.iter().any(|row| is_of(one, &row.kind, &row.subject)) {
                continue;
            }
            let id = raise(&mut tx, tenant, one, now).await?;
            let (kind, severity) = (one.kind.word(), one.severity.word());
            let (subject, text) = (&one.subject, &one.text);
            let body = json!({ "alert": id, "kind": kind, "subject": subject, "severity": severity, "text": text });
            told.push(("alert_opened", body));
            counts.opened += 1;
        }
        sqlx::query!(
            "delete from alert where tenant_id = $1 and resolved_at < $2",
            tenant.0,
            now - KEPT,
        )
        .execute(&mut *tx)
        .await?;
        for (kind, body) in &told {
            let entry = Entry { rollout: None, at: now, actor: chain::SERVICE, kind, body };
            chain::append(&mut tx, tenant, entry).await?;
        }
        tx.commit().await?;
        Ok(counts)
    }

    /// In the order in which they were opened.
    pub async fn alert_list(
        &self,
        tenant: TenantId,
        filter: AlertFilter,
        page: Page,
    ) -> Result<Vec<AlertRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query_as!(
            Columns,
            "select id, kind, subject, severity, text, opened_at, acknowledged_at, acknowledged_by, note,
                 muted_until, muted_by, escalated_at, escalated_by, resolved_at
             from alert
             where tenant_id = $1 and ($2::uuid is null or id > $2)
                 and ($4 or resolved_at is null) and ($5::text is null or kind = $5)
                 and ($6::text is null or severity = $6)
             order by id limit $3",
            tenant.0,
            page.after,
            page.rows(),
            filter.resolved,
            filter.kind.map(AlertKind::word),
            filter.severity.map(Severity::word),
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter().map(AlertRow::try_from).collect()
    }

    pub async fn alert_fetch(&self, tenant: TenantId, alert: Uuid) -> Result<AlertRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = fetch(&mut tx, tenant, alert).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Notes what a person does about an alert, with its entry in the chain. `Conflict` when it has ended.
    pub async fn alert_act(
        &self,
        tenant: TenantId,
        alert: Uuid,
        act: AlertAct<'_>,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<AlertRow, StoreError> {
        retried(|| self.act_on(tenant, alert, act, actor, now)).await
    }

    async fn act_on(
        &self,
        tenant: TenantId,
        alert: Uuid,
        act: AlertAct<'_>,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<AlertRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!(
            "select id from alert where tenant_id = $1 and id = $2 for update",
            tenant.0,
            alert
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        let before = fetch(&mut tx, tenant, alert).await?;
        if before.resolved_at.is_some() {
            return Err(StoreError::Conflict("the alert has ended already".to_owned()));
        }
        let (kind, body) = match act {
            AlertAct::Acknowledge { note } => {
                sqlx::query!(
                    "update alert set acknowledged_at = $3, acknowledged_by = $4, note = $5
                     where tenant_id = $1 and id = $2",
                    tenant.0,
                    alert,
                    now,
                    actor,
                    note,
                )
                .execute(&mut *tx)
                .await?;
                ("alert_acknowledged", json!({ "alert": alert, "note": note }))
            }
            AlertAct::Mute { until } => {
                sqlx::query!(
                    "update alert set muted_until = $3, muted_by = $4 where tenant_id = $1 and id = $2",
                    tenant.0,
                    alert,
                    until,
                    until.map(|_| actor),
                )
                .execute(&mut *tx)
                .await?;
                ("alert_muted", json!({ "alert": alert, "until": until }))
            }
            AlertAct::Escalate { reason } => {
                let severity = before.severity.raised().word();
                sqlx::query!(
                    "update alert set severity = $3, escalated_at = $4, escalated_by = $5
                     where tenant_id = $1 and id = $2",
                    tenant.0,
                    alert,
                    severity,
                    now,
                    actor,
                )
                .execute(&mut *tx)
                .await?;
                let body = json!({ "alert": alert, "severity": severity, "reason": reason });
                ("alert_escalated", body)
            }
        };
        let after = fetch(&mut tx, tenant, alert).await?;
        let entry = Entry { rollout: None, at: now, actor, kind, body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(after)
    }
}

async fn raise(
    tx: &mut Tx,
    tenant: TenantId,
    one: &Wanted,
    now: DateTime<Utc>,
) -> Result<Uuid, StoreError> {
    let id = Uuid::now_v7();
    sqlx::query!(
        "insert into alert (tenant_id, id, kind, subject, severity, text, opened_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        tenant.0,
        id,
        one.kind.word(),
        one.subject,
        one.severity.word(),
        one.text,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(id)
}

async fn retell(tx: &mut Tx, tenant: TenantId, alert: Uuid, text: &str) -> Result<(), StoreError> {
    sqlx::query!(
        "update alert set text = $3 where tenant_id = $1 and id = $2",
        tenant.0,
        alert,
        text
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn resolve(
    tx: &mut Tx,
    tenant: TenantId,
    alert: Uuid,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update alert set resolved_at = $3 where tenant_id = $1 and id = $2",
        tenant.0,
        alert,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn fetch(tx: &mut Tx, tenant: TenantId, alert: Uuid) -> Result<AlertRow, StoreError> {
    sqlx::query_as!(
        Columns,
        "select id, kind, subject, severity, text, opened_at, acknowledged_at, acknowledged_by, note,
             muted_until, muted_by, escalated_at, escalated_by, resolved_at
         from alert where tenant_id = $1 and id = $2",
        tenant.0,
        alert,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(NOT_FOUND)?
    .try_into()
}

struct Columns {
    id: Uuid,
    kind: String,
    subject: String,
    severity: String,
    text: String,
    opened_at: DateTime<Utc>,
    acknowledged_at: Option<DateTime<Utc>>,
    acknowledged_by: Option<String>,
    note: Option<String>,
    muted_until: Option<DateTime<Utc>>,
    muted_by: Option<String>,
    escalated_at: Option<DateTime<Utc>>,
    escalated_by: Option<String>,
    resolved_at: Option<DateTime<Utc>>,
}

impl TryFrom<Columns> for AlertRow {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        let unknown = |what: &str| StoreError::corrupt(format_args!("alert {what:?}"));
        Ok(Self {
            id: row.id,
            kind: AlertKind::from_word(&row.kind).ok_or_else(|| unknown(&row.kind))?,
            severity: Severity::from_word(&row.severity).ok_or_else(|| unknown(&row.severity))?,
            subject: row.subject,
            text: row.text,
            opened_at: row.opened_at,
            acknowledged: row.acknowledged_at.zip(row.acknowledged_by),
            note: row.note,
            muted: row.muted_until.zip(row.muted_by),
            escalated: row.escalated_at.zip(row.escalated_by),
            resolved_at: row.resolved_at,
        })
    }
}
