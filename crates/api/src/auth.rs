//! Who is calling, and whether they may: [`crate::access::RULES`], held before any handler runs.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State as Given};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::Response;
use domain::ids::TenantId;
use store::tokens::Principal;

use crate::access::{self, Reach, Rule, role_name};
use crate::extract::not_an_id;
use crate::problem::{Kind, Problem};
use crate::state::State;

/// Who is calling, for handlers.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) Principal);

/// The text of the token, for what outlives one check of it.
#[derive(Clone)]
pub(crate) struct TokenText(pub(crate) Arc<str>);

#[derive(Debug, Clone)]
pub(crate) struct Gatekeeper {
    state: State,
    /// Tenants seen to exist. They are never deleted, so this cannot go stale.
    tenants: Arc<Mutex<HashSet<TenantId>>>,
}

impl Gatekeeper {
    pub(crate) fn new(state: State) -> Self {
        Self { state, tenants: Arc::default() }
    }

    async fn check_tenant(&self, principal: &Principal, tenant: TenantId) -> Result<(), Problem> {
        if principal.tenant.is_some_and(|only| only != tenant) {
            // As if it were not there: whether it is, is none of this caller's business (I15).
            return Err(Problem::not_found("tenant"));
        }
        let known = || self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if !known().contains(&tenant) {
            self.state.store.tenant_fetch(tenant).await?;
            known().insert(tenant);
        }
        Ok(())
    }
}

/// Lets a request through to its handler, or not.
pub(crate) async fn admit(
    Given(gatekeeper): Given<Gatekeeper>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let text = bearer(request.headers())?;
    let state = &gatekeeper.state;
    let principal = state.store.token_check(&text, state.now()).await?.ok_or_else(|| {
        Problem::new(Kind::Unauthenticated, "the token is unknown, expired or revoked")
    })?;
    let (mut parts, body) = request.into_parts();
    let rule = rule_of(&parts)?;
    check_role(rule, &parts.method, &principal)?;
    if rule.reach == Reach::Tenant {
        gatekeeper.check_tenant(&principal, tenant_of(&mut parts).await?).await?;
    }
    request = Request::from_parts(parts, body);
    request.extensions_mut().insert(TokenText(text));
    request.extensions_mut().insert(Caller(principal));
    Ok(next.run(request).await)
}

fn bearer(headers: &HeaderMap) -> Result<Arc<str>, Problem> {
    let wrong = |detail: &str| {
        let right = "send the header `Authorization: Bearer con_...`";
        Problem::new(Kind::Unauthenticated, format!("{detail}; {right}"))
    };
    let header = headers.get(AUTHORIZATION).ok_or_else(|| wrong("there is no token"))?;
    let header = header.to_str().map_err(|_| wrong("the token is not text"))?;
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(wrong("only bearer tokens are understood"));
    }
    let token = token.trim();
    // What cannot be a token is not worth asking the database about.
    if !token.starts_with("con_") || token.len() > 200 {
        return Err(wrong("this is not a token of Concentric"));
    }
    Ok(token.into())
}

fn rule_of(parts: &Parts) -> Result<&'static Rule, Problem> {
    let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    access::find(&parts.method, path)
        .ok_or_else(|| Problem::new(Kind::Forbidden, "nobody may do this: no rule allows it"))
}

fn check_role(rule: &Rule, method: &Method, principal: &Principal) -> Result<(), Problem> {
    if principal.role < rule.role {
        let detail = format!(
            "{method} {} needs the role {}; the token {:?} has the role {}",
            rule.path,
            role_name(rule.role),
            principal.name,
            role_name(principal.role),
        );
        return Err(Problem::new(Kind::Forbidden, detail));
    }
    if rule.reach == Reach::Service && principal.tenant.is_some() {
        let detail = format!(
            "{method} {} needs a token that is not bound to one tenant; the token {:?} is",
            rule.path, principal.name,
        );
        return Err(Problem::new(Kind::Forbidden, detail));
    }
    Ok(())
}

async fn tenant_of(parts: &mut Parts) -> Result<TenantId, Problem> {
    let parameters = RawPathParams::from_request_parts(parts, &())
        .await
        .map_err(|_| Problem::parameter("tenant", "this is not UTF-8"))?;
    let given = parameters.iter().find(|(name, _)| *name == "tenant").map(|(_, value)| value);
    let given = given.unwrap_or_default();
    given.parse().map_err(|_| not_an_id("tenant", given))
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(|| Problem::internal("no caller was admitted"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for TokenText {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(|| Problem::internal("no caller was admitted"))
    }
}
