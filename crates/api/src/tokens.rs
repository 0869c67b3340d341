//! API tokens, and who is calling.

use api_types::{CreateToken, CreatedToken, List, ListQuery, Token, WhoAmI};
use axum::extract::State as Given;
use axum::http::StatusCode;
use chrono::TimeDelta;
use domain::access::{Action, Grant, Target};
use store::tokens::{NewToken, Principal};

use crate::auth::Caller;
use crate::checks::Checks;
use crate::convert::tokens::{grant, roles_in, token};
use crate::extract::{Json, Path, Query};
use crate::listing;
use crate::paths::TokenPath;
use crate::problem::{Kind, Problem};
use crate::reply::Created;
use crate::state::State;

const DEFAULT_DAYS: u16 = 90;

/// Say who is calling
#[utoipa::path(get, path = "/api/v1/whoami", operation_id = "whoami", tag = "tokens",
    responses((status = 200, body = WhoAmI, description = "The caller, and what they may do")))]
pub(crate) async fn whoami(Caller(caller): Caller) -> axum::Json<WhoAmI> {
    let grants = caller.grants.0.iter().map(grant).collect();
    axum::Json(WhoAmI { name: caller.name, grants })
}

/// List the tokens
///
/// All of those that the caller may know of, revoked and expired ones too. Their texts are not kept.
#[utoipa::path(get, path = "/api/v1/tokens", operation_id = "token_list", tag = "tokens",
    params(ListQuery),
    responses((status = 200, body = List<Token>, description = "One page of tokens")))]
pub(crate) async fn list(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<List<Token>>, Problem> {
    let rows = state.store.token_list(tenants(&caller, Action::Audit).as_ref()).await?;
    listing::whole(&query, rows, |row| row.id, token).await
}

/// Make a token
///
/// Its text is in this answer and nowhere else. Nobody can give what they do not have.
#[utoipa::path(post, path = "/api/v1/tokens", operation_id = "token_create", tag = "tokens",
    request_body = CreateToken,
    responses((status = 201, body = CreatedToken, description = "The token, with its text")))]
pub(crate) async fn create(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Json(body): Json<CreateToken>,
) -> Result<Created<CreatedToken>, Problem> {
    let days = body.valid_days.unwrap_or(DEFAULT_DAYS);
    let mut checks = Checks::default();
    checks.text("/name", &body.name, 100);
    checks.range("/valid_days", &days, 1..=365);
    if body.roles.is_empty() {
        checks.wrong("/roles", "a token needs a role");
    }
    if body.ring_set_ids.as_ref().is_some_and(|sets| sets.is_empty() || sets.len() > 100) {
        checks.wrong("/ring_set_ids", "1 to 100 ring sets are right; leave it out for all");
    }
    if body.ring_set_ids.is_some() && body.tenant_id.is_none() {
        checks.wrong("/tenant_id", "ring sets belong to a tenant; name it too");
    }
    checks.finish()?;
    let now = state.now();
    let new = NewToken {
        name: body.name,
        grant: Grant {
            roles: roles_in(&body.roles),
            tenant: body.tenant_id.map(Into::into),
            ring_sets: body.ring_set_ids.map(|sets| sets.into_iter().map(Into::into).collect()),
        },
        expires_at: now.checked_add_signed(TimeDelta::days(days.into())),
    };
    let target = new.grant.tenant.map_or(Target::Service, Target::Tenant);
    if !caller.grants.may(Action::Administer, target) {
        let why = "you may make tokens only for the tenants that you administer: name one of them";
        return Err(Problem::new(Kind::Forbidden, why));
    }
    let made = state.store.token_create(&new, &caller.name, now).await;
    let at = if new.grant.ring_sets.is_some() { "/ring_set_ids" } else { "/tenant_id" };
    let (row, text) = made.map_err(Problem::about(at))?;
    let location = format!("/api/v1/tokens/{}", row.id);
    Ok(Created { location, body: CreatedToken { token: token(row), text } })
}

/// Revoke a token
///
/// It is refused from then on. Revoking it again changes nothing.
#[utoipa::path(delete, path = "/api/v1/tokens/{token}", operation_id = "token_revoke",
    tag = "tokens", params(TokenPath),
    responses((status = 204, description = "It is revoked")))]
pub(crate) async fn revoke(
    Given(state): Given<State>,
    Caller(caller): Caller,
    Path(path): Path<TokenPath>,
) -> Result<StatusCode, Problem> {
    let tenants = tenants(&caller, Action::Administer);
    let (actor, now) = (&caller.name, state.now());
    state.store.token_revoke(path.token, tenants.as_ref(), actor, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The tenants in which the caller may do something; none: in all, and in what belongs to none.
fn tenants(
    caller: &Principal,
    action: Action,
) -> Option<std::collections::BTreeSet<domain::ids::TenantId>> {
    let enough = caller.grants.0.iter().filter(|grant| grant.roles.may(action));
    enough.map(|grant| grant.tenant).collect()
}
