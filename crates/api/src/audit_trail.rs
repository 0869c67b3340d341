//! The audit trail of a tenant, and of the service: lists, exports, and whether it is intact.

mod export;
mod status;

use api_types::{
    AuditDamage, AuditOrder, AuditQuery, AuditSigning, AuditSink, AuditVerdict, Event, List,
};
use audit::{Outside, Trust, Verifier};
use axum::extract::State as Given;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use domain::ids::{RolloutId, TenantId};
use store::audit_trail::{Direction, Filter, SERVICE_CHAIN};

use crate::extract::{Path, Query};
use crate::paging;
use crate::paths::TenantPath;
use crate::problem::Problem;
use crate::rollouts::events::event;
use crate::state::State;
use crate::words::Rings;

pub use status::Audit;

/// Read the audit trail of a tenant
///
/// Everything that was asked for and decided, of all rollouts and of none. In pages; `next_page_token` of
/// a full page is the `seq` of its last entry.
///
/// With `Accept: application/x-ndjson` it is the whole trail as an export that `concentric audit verify`
/// checks without this service: a header, each entry with what its hash covers byte for byte, signed
/// checkpoints, and the end. An answer without an `end` line broke off.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/audit", operation_id = "audit_list", tag = "audit",
    params(TenantPath, AuditQuery),
    responses((status = 200, description = "One page of the trail, or all of it",
        content((List<Event> = "application/json"), (String = "application/x-ndjson")))))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
    Query(query): Query<AuditQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    answer(&state, path.tenant, &query, &headers).await
}

/// Read the audit trail of the service
///
/// What belongs to no tenant, such as tokens for all of them. As that of a tenant.
#[utoipa::path(get, path = "/api/v1/audit", operation_id = "audit_service_list", tag = "audit",
    params(AuditQuery),
    responses((status = 200, description = "One page of the trail, or all of it",
        content((List<Event> = "application/json"), (String = "application/x-ndjson")))))]
pub(crate) async fn service_list(
    Given(state): Given<State>,
    Query(query): Query<AuditQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    answer(&state, SERVICE_CHAIN, &query, &headers).await
}

async fn answer(
    state: &State,
    tenant: TenantId,
    query: &AuditQuery,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    if export::is_wanted(headers) {
        if *query != AuditQuery::default() {
            let detail = "an export is the whole trail: leave all parameters out";
            return Err(Problem::parameter("Accept", detail));
        }
        return export::answer(state, tenant).await;
    }
    let limit = paging::limit("page_size", query.page_size)?;
    let seq = query.page_token.as_deref().map(opened).transpose()?;
    let direction = match query.order.unwrap_or(AuditOrder::OldestFirst) {
        AuditOrder::OldestFirst => Direction::After(seq.unwrap_or(0)),
        AuditOrder::NewestFirst => Direction::Before(seq.unwrap_or(i64::MAX)),
    };
    let filter = Filter {
        actor: word("actor", query.actor.as_deref(), 200)?,
        kind: word("kind", query.kind.as_deref(), 100)?,
        since: query.since,
        until: query.until,
        rollout: query.rollout_id.map(RolloutId),
    };
    let rows = state.store.audit_list(tenant, &filter, direction, limit).await?;
    let is_full = rows.len() >= usize::from(limit);
    let next_page_token = rows.last().filter(|_| is_full).map(|last| last.seq.to_string());
    // Rings by their numbers: the entries may be of many rollouts.
    let rings = Rings::default();
    let items = rows.into_iter().map(|row| event(row, &rings)).collect();
    Ok(axum::Json(List::<Event> { items, next_page_token }).into_response())
}

/// A text to compare with; PostgreSQL takes no NUL in one.
fn word(name: &str, text: Option<&str>, most: usize) -> Result<Option<String>, Problem> {
    let is_right = |text: &str| text.chars().count() <= most && !text.contains(char::is_control);
    match text {
        Some(text) if !is_right(text) => {
            let why = format!("at most {most} characters are right, and no control characters");
            Err(Problem::parameter(name, why))
        }
        other => Ok(other.map(str::to_owned)),
    }
}

fn opened(token: &str) -> Result<i64, Problem> {
    let seq = token.parse().ok().filter(|seq| *seq >= 0);
    seq.ok_or_else(|| {
        let detail =
            "this is not the next_page_token of a page; leave it out to begin at the start";
        Problem::parameter("page_token", detail)
    })
}

/// Verify the audit trail of a tenant
///
/// Reads every entry and every checkpoint again, so its cost grows with the trail. It says what the
/// service finds of itself: to find that somebody changed the service, verify an export elsewhere.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/audit/verify", operation_id = "audit_verify",
    tag = "audit", params(TenantPath),
    responses((status = 200, body = AuditVerdict, description = "Intact, or where it is damaged")))]
pub(crate) async fn verify(
    Given(state): Given<State>,
    Path(path): Path<TenantPath>,
) -> Result<axum::Json<AuditVerdict>, Problem> {
    verdict(&state, path.tenant).await.map(axum::Json)
}

/// Verify the audit trail of the service
///
/// As that of a tenant.
#[utoipa::path(get, path = "/api/v1/audit/verify", operation_id = "audit_service_verify",
    tag = "audit",
    responses((status = 200, body = AuditVerdict, description = "Intact, or where it is damaged")))]
pub(crate) async fn service_verify(
    Given(state): Given<State>,
) -> Result<axum::Json<AuditVerdict>, Problem> {
    verdict(&state, SERVICE_CHAIN).await.map(axum::Json)
}

async fn verdict(state: &State, tenant: TenantId) -> Result<AuditVerdict, Problem> {
    let mut trail = state.store.audit_trail(tenant).await?;
    let trust = Trust::Keys(state.audit.keys());
    let mut verifier = Verifier::new(trust, Outside::default(), None);
    while let Some(lines) = trail.next().await? {
        if let Err(damage) = lines.iter().try_for_each(|line| verifier.line(line)) {
            return Ok(damaged(damage));
        }
    }
    Ok(match verifier.finish() {
        Ok(report) => AuditVerdict {
            intact: true,
            entries: report.entries,
            covered: report.covered,
            uncovered: report.uncovered(),
            checkpoints: report.checkpoints,
            damage: None,
        },
        Err(damage) => damaged(damage),
    })
}

fn damaged(damage: audit::Damage) -> AuditVerdict {
    AuditVerdict {
        intact: false,
        entries: damage.seq - 1,
        covered: 0,
        uncovered: 0,
        checkpoints: 0,
        damage: Some(AuditDamage { seq: damage.seq, what: damage.what.to_string() }),
    }
}

/// Read how the audit trail is signed
///
/// The public keys to verify checkpoints with, and how the copies of checkpoints fare, by the server
/// that answers.
#[utoipa::path(get, path = "/api/v1/audit/signing", operation_id = "audit_signing", tag = "audit",
    responses((status = 200, body = AuditSigning, description = "Keys and copies")))]
pub(crate) async fn signing(Given(state): Given<State>) -> axum::Json<AuditSigning> {
    let (signed_at, damaged_chains, sinks) = state.audit.now();
    let sinks = sinks.into_iter().map(|(name, sink)| AuditSink {
        name: name.to_owned(),
        copied_at: sink.copied_at,
        error: sink.error,
    });
    axum::Json(AuditSigning {
        keys: state.audit.keys().iter().map(ToString::to_string).collect(),
        signed_at,
        damaged_chains,
        sinks: sinks.collect(),
    })
}
