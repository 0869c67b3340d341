//! Alerts: what somebody should look at, and what people do about it.

use api_types::{AcknowledgeAlert, Alert, AlertQuery, List, ListQuery, MuteAlert, Reason};
use axum::extract::State as Given;
use domain::alert::{AlertKind, Severity};
use store::alerts::{AlertAct, AlertFilter, AlertRow};

use crate::auth::Caller;
use crate::checks::Checks;
use crate::extract::{Json, Path, Query};
use crate::listing;
use crate::paths::{AlertPath, TenantPath};
use crate::problem::Problem;
use crate::state::State;

/// List alerts
///
/// Those that are open, in the order in which they were opened; on request those that have ended too.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/alerts", operation_id = "alert_list",
    tag = "reports", params(TenantPath, AlertQuery),
    responses((status = 200, body = List<Alert>, description = "One page of alerts")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
    Query(query): Query<AlertQuery>,
) -> Result<axum::Json<List<Alert>>, Problem> {
    let wanted = AlertFilter {
        resolved: query.resolved.unwrap_or(false),
        kind: query.kind.as_deref().map(kind).transpose()?,
        severity: query.severity.as_deref().map(severity).transpose()?,
    };
    let AlertQuery { filter, order_by, page_size, page_token, .. } = query;
    let query = ListQuery { filter, order_by, page_size, page_token };
    let fetch = |page| state.store.alert_list(path.tenant, wanted, page);
    listing::list(&query, fetch, |row| row.id, alert).await
}

/// Read an alert
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/alerts/{alert}", operation_id = "alert_read",
    tag = "reports", params(AlertPath),
    responses((status = 200, body = Alert, description = "The alert")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(path): Path<AlertPath>,
) -> Result<axum::Json<Alert>, Problem> {
    Ok(axum::Json(alert(state.store.alert_fetch(path.tenant, path.alert).await?)))
}

/// Acknowledge an alert
///
/// Somebody sees to it. It stays open until what it is about has ended.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/alerts/{alert}/acknowledge",
    operation_id = "alert_acknowledge", tag = "reports", params(AlertPath),
    request_body = AcknowledgeAlert,
    responses((status = 200, body = Alert, description = "The alert")))]
pub(crate) async fn acknowledge(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<AlertPath>,
    Json(body): Json<AcknowledgeAlert>,
) -> Result<axum::Json<Alert>, Problem> {
    if let Some(note) = &body.note {
        let mut checks = Checks::default();
        checks.text("/note", note, 500);
        checks.finish()?;
    }
    act(&state, path, AlertAct::Acknowledge { note: body.note.as_deref() }, &caller.name).await
}

/// Mute an alert
///
/// It counts in no number of open alerts until then, and nobody is told of it.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/alerts/{alert}/mute", operation_id = "alert_mute",
    tag = "reports", params(AlertPath), request_body = MuteAlert,
    responses((status = 200, body = Alert, description = "The alert")))]
pub(crate) async fn mute(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<AlertPath>,
    Json(body): Json<MuteAlert>,
) -> Result<axum::Json<Alert>, Problem> {
    let now = state.now();
    let mut checks = Checks::default();
    if body.until.is_some_and(|until| until <= now) {
        checks.wrong("/until", format!("this has passed; it is {} now", now.to_rfc3339()));
    }
    checks.finish()?;
    act(&state, path, AlertAct::Mute { until: body.until }, &caller.name).await
}

/// Escalate an alert
///
/// It is worse than it looks: its severity goes one step up, for as long as it is open.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/alerts/{alert}/escalate",
    operation_id = "alert_escalate", tag = "reports", params(AlertPath), request_body = Reason,
    responses((status = 200, body = Alert, description = "The alert")))]
pub(crate) async fn escalate(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<AlertPath>,
    Json(body): Json<Reason>,
) -> Result<axum::Json<Alert>, Problem> {
    let mut checks = Checks::default();
    checks.text("/reason", &body.reason, 500);
    checks.finish()?;
    act(&state, path, AlertAct::Escalate { reason: &body.reason }, &caller.name).await
}

async fn act(
    state: &State,
    path: AlertPath,
    what: AlertAct<'_>,
    actor: &str,
) -> Result<axum::Json<Alert>, Problem> {
    let row = state.store.alert_act(path.tenant, path.alert, what, actor, state.now()).await?;
    Ok(axum::Json(alert(row)))
}

fn kind(word: &str) -> Result<AlertKind, Problem> {
    AlertKind::from_word(word).ok_or_else(|| {
        let words = AlertKind::ALL.map(AlertKind::word).join(", ");
        Problem::parameter("kind", format!("one of {words}"))
    })
}

fn severity(word: &str) -> Result<Severity, Problem> {
    Severity::from_word(word).ok_or_else(|| {
        let words = Severity::ALL.map(Severity::word).join(", ");
        Problem::parameter("severity", format!("one of {words}"))
    })
}

fn alert(row: AlertRow) -> Alert {
    let (acknowledged_at, acknowledged_by) = row.acknowledged.unzip();
    let (muted_until, muted_by) = row.muted.unzip();
    let (escalated_at, escalated_by) = row.escalated.unzip();
    Alert {
        id: row.id,
        kind: row.kind.word().to_owned(),
        subject: row.subject,
        severity: row.severity.word().to_owned(),
        text: row.text,
        fix: row.kind.fix().to_owned(),
        opened_at: row.opened_at,
        acknowledged_at,
        acknowledged_by,
        note: row.note,
        muted_until,
        muted_by,
        escalated_at,
        escalated_by,
        resolved_at: row.resolved_at,
    }
}
