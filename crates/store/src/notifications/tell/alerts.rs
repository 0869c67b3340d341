//! Alerts that opened, ended, or are still open.

use chrono::{DateTime, Utc};
use domain::alert::{AlertKind, Severity};
use domain::ids::TenantId;
use domain::notification::{AlertNews, AlertStage, Bulletin, Occasion, updates_of};
use serde_json::Value;
use uuid::Uuid;

use crate::StoreError;
use crate::scope::Tx;

/// The bulletin of an entry about an alert; none: it is not worth one.
pub(super) async fn changed(
    tx: &mut Tx,
    tenant: TenantId,
    kind: &str,
    body: &Value,
) -> Result<Option<(Occasion, Bulletin)>, StoreError> {
    let stage = match kind {
        "alert_opened" => AlertStage::Opened,
        "alert_resolved" => AlertStage::Ended,
        _ => return Ok(None),
    };
    let id = body.get("alert").and_then(Value::as_str).and_then(|id| Uuid::parse_str(id).ok());
    let Some(id) = id else { return Ok(None) };
    let news = read(tx, tenant, Some(id)).await?.into_iter().next();
    Ok(news.and_then(|open| AlertNews { stage, ..open.news }.bulletin()))
}

/// Bulletins of alerts that have been open for another day, or week; when the next of those is due.
pub(super) async fn still_open(
    tx: &mut Tx,
    tenant: TenantId,
    now: DateTime<Utc>,
    made: &mut Vec<(Occasion, Bulletin)>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let mut next: Option<DateTime<Utc>> = None;
    for open in read(tx, tenant, None).await? {
        let is_critical = match open.news.severity {
            Severity::Critical => true,
            Severity::Warning if open.news.acknowledged_by.is_none() => false,
            Severity::Warning | Severity::Information => continue,
        };
        let (count, then) = updates_of(is_critical, open.news.opened_at, now);
        next = Some(next.map_or(then, |next| next.min(then)));
        if count > 0 && open.muted_until.is_none_or(|until| until <= now) {
            made.extend(AlertNews { stage: AlertStage::StillOpen(count), ..open.news }.bulletin());
        }
    }
    Ok(next)
}

struct Open {
    news: AlertNews,
    muted_until: Option<DateTime<Utc>>,
}

/// One alert, or all that are open.
async fn read(tx: &mut Tx, tenant: TenantId, only: Option<Uuid>) -> Result<Vec<Open>, StoreError> {
    let rows = sqlx::query!(
        "select id, kind, severity, text, opened_at, acknowledged_by, muted_until from alert
         where tenant_id = $1 and (id = $2 or $2::uuid is null and resolved_at is null) order by id",
        tenant.0,
        only,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut all = Vec::new();
    for row in rows {
        // A later version may know more kinds, and tells of them.
        let (Some(kind), Some(severity)) =
            (AlertKind::from_word(&row.kind), Severity::from_word(&row.severity))
        else {
            continue;
        };
        let news = AlertNews {
            id: row.id,
            kind,
            severity,
            text: row.text,
            opened_at: row.opened_at,
            acknowledged_by: row.acknowledged_by,
            stage: AlertStage::Opened,
        };
        all.push(Open { news, muted_until: row.muted_until });
    }
    Ok(all)
}
