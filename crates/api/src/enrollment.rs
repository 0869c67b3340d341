//! Enrollment: what Concentric makes in a tenant. Everything here is a request; the service's loop
//! carries it out.

use api_types::{Asked, EnrollRequest, Enrollment, RestoreRequest, UnenrollRequest};
use axum::extract::State as Given;
use axum::http::StatusCode;
use domain::enrollment::key::Key;
use domain::ids::TenantId;
use store::enrollment::{Demand, EnrollmentRequest};

use crate::auth::Caller;
use crate::checks::Checks;
use crate::convert::enrollment::{enrollment, settings_in};
use crate::convert::readiness::blocks;
use crate::extract::{Json, Path};
use crate::paths::TenantPath;
use crate::problem::{Kind, Problem};
use crate::state::State;

type Accepted<T> = Result<(StatusCode, axum::Json<T>), Problem>;

/// Read the enrollment
///
/// What is made, what is under way, and what others changed of it.
#[utoipa::path(get, path = "/api/v1/tenants/{tenant}/enrollment", operation_id = "enrollment_read",
    tag = "enrollment", params(TenantPath),
    responses((status = 200, body = Enrollment, description = "The enrollment")))]
pub(crate) async fn read(
    Given(state): Given<State>,
    Path(TenantPath { tenant }): Path<TenantPath>,
) -> Result<axum::Json<Enrollment>, Problem> {
    Ok(axum::Json(shown(&state, tenant).await?))
}

/// Enroll the tenant, or change what is made in it
///
/// Without `apply` only a plan is made, and nothing is changed. Enrolling needs an assessment that
/// does not block. Sending the same again changes nothing.
#[utoipa::path(put, path = "/api/v1/tenants/{tenant}/enrollment", operation_id = "enrollment_put",
    tag = "enrollment", params(TenantPath), request_body = EnrollRequest,
    responses((status = 202, body = Enrollment, description = "It will be planned, or made")))]
pub(crate) async fn put(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<EnrollRequest>,
) -> Accepted<Enrollment> {
    let mut checks = Checks::default();
    let settings = settings_in(body.settings, &mut checks);
    checks.finish()?;
    if body.apply {
        check_ready(&state, tenant).await?;
    }
    let request = EnrollmentRequest {
        demand: Demand::Enroll(settings),
        apply: body.apply,
        actor: caller.name,
    };
    ask(&state, tenant, &request, "/settings/ring_set_id").await
}

/// Take the enrollment back
///
/// Exactly what was made is deleted, and what was changed is given back. Without `apply` only a plan
/// is made. Refused while a rollout is under way.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/enrollment/unenroll",
    operation_id = "enrollment_unenroll", tag = "enrollment", params(TenantPath),
    request_body = UnenrollRequest,
    responses((status = 202, body = Enrollment, description = "It will be planned, or taken back")))]
pub(crate) async fn unenroll(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<UnenrollRequest>,
) -> Accepted<Enrollment> {
    let request =
        EnrollmentRequest { demand: Demand::Unenroll, apply: body.apply, actor: caller.name };
    ask(&state, tenant, &request, "").await
}

/// Restore what others changed
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/enrollment/restore",
    operation_id = "enrollment_restore", tag = "enrollment", params(TenantPath),
    request_body = RestoreRequest,
    responses((status = 202, body = Enrollment, description = "It will be restored")))]
pub(crate) async fn restore(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
    Json(body): Json<RestoreRequest>,
) -> Accepted<Enrollment> {
    let mut checks = Checks::default();
    let keys = body.keys.map(|keys| {
        let parsed = keys.iter().enumerate().filter_map(|(at, key)| {
            key.parse::<Key>()
                .map_err(|error| checks.wrong(format!("/keys/{at}"), error.to_string()))
                .ok()
        });
        parsed.collect::<Vec<_>>()
    });
    checks.finish()?;
    let request =
        EnrollmentRequest { demand: Demand::Restore(keys), apply: true, actor: caller.name };
    ask(&state, tenant, &request, "/keys").await
}

/// Compare the enrollment with Graph now
///
/// This answers at once; `checked_at` of the enrollment says when it is done.
#[utoipa::path(post, path = "/api/v1/tenants/{tenant}/enrollment/check",
    operation_id = "enrollment_check", tag = "enrollment", params(TenantPath),
    responses((status = 202, body = Asked, description = "They will be compared")))]
pub(crate) async fn check(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(TenantPath { tenant }): Path<TenantPath>,
) -> Accepted<Asked> {
    let at = state.now();
    state.store.enrollment_check_request(tenant, &caller.name, at).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(Asked { at })))
}

async fn check_ready(state: &State, tenant: TenantId) -> Result<(), Problem> {
    let Some(latest) = state.store.assessment_latest(tenant).await? else {
        let detail = "the tenant was never assessed; POST readiness, then enroll";
        return Err(Problem::new(Kind::Conflict, detail));
    };
    let failing = latest.assessment.findings.iter().filter(|finding| blocks(finding.level));
    let failing: Vec<&str> = failing.map(|finding| finding.check.word()).collect();
    if failing.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "the tenant is not ready: {}; mend that, POST readiness, then enroll",
        failing.join(", ")
    );
    Err(Problem::new(Kind::Conflict, detail))
}

async fn ask(
    state: &State,
    tenant: TenantId,
    request: &EnrollmentRequest,
    pointer: &str,
) -> Accepted<Enrollment> {
    let asked = state.store.enrollment_request(tenant, request, state.now()).await;
    asked.map_err(Problem::about(pointer))?;
    Ok((StatusCode::ACCEPTED, axum::Json(shown(state, tenant).await?)))
}

async fn shown(state: &State, tenant: TenantId) -> Result<Enrollment, Problem> {
    let row = state.store.enrollment_fetch(tenant).await?;
    let objects = state.store.enrollment_objects(tenant).await?;
    let pending = match row.as_ref().and_then(|row| row.settings.as_ref()) {
        Some(settings) => state.store.ring_group_pending(tenant, settings.ring_set).await?,
        None => 0,
    };
    Ok(enrollment(row, &objects, pending))
}
