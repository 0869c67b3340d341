//! Who is calling, and whether they may: [`crate::access::RULES`], held before any handler runs.

mod credential;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State as Given};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, TimeDelta, Utc};
use domain::access::{Action, Target};
use domain::ids::{RingSetId, RolloutId, TenantId};
use store::tokens::Principal;
use uuid::Uuid;

use self::credential::Known;
pub(crate) use self::credential::{Credential, is_token};
use crate::access::{self, Reach, Rule};
use crate::conditional::conditional;
use crate::extract::not_an_id;
use crate::limits::Limiter;
use crate::problem::{Kind, Problem};
use crate::state::State;

/// Who is calling, for handlers.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) Principal);

/// What was admitted, for the layers behind and for handlers that decide more.
#[derive(Debug, Clone)]
pub(crate) struct Admitted {
    pub(crate) rule: &'static Rule,
    /// What the rule was held against.
    pub(crate) target: Target,
}

/// About how many headers are added to an answer behind its handler, by all layers.
const HEADERS: usize = 16;

/// How often the use of one token is written down.
const USE_NOTED: TimeDelta = TimeDelta::minutes(1);

#[derive(Debug, Clone)]
pub(crate) struct Gatekeeper {
    state: State,
    limiter: Arc<Limiter<Uuid>>,
    /// Tenants seen to exist. They are never deleted, so this cannot go stale.
    tenants: Arc<Mutex<HashSet<TenantId>>>,
    /// When the use of a token was written down last.
    uses: Arc<Mutex<HashMap<Uuid, DateTime<Utc>>>>,
}

impl Gatekeeper {
    pub(crate) fn new(state: State) -> Self {
        let advice =
            "slow down, or wait for a change with `wait=30s` instead of asking again and again";
        let limiter = Arc::new(Limiter::new(state.limits, advice));
        Self { state, limiter, tenants: Arc::default(), uses: Arc::default() }
    }

    async fn check_tenant(&self, principal: &Principal, tenant: TenantId) -> Result<(), Problem> {
        if !principal.grants.knows(tenant) {
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

    fn note(&self, known: &Known) {
        if let Some(token) = known.token {
            self.note_use(token);
        }
        let Some(session) = known.session else { return };
        let (store, wall) = (self.state.store.clone(), self.state.moment().wall);
        tokio::spawn(async move {
            if let Err(error) = store.session_used(session, wall).await {
                tracing::warn!(%error, "the use of a session could not be noted");
            }
        });
    }

    /// Notes the use of a token, once a minute, without keeping the caller waiting.
    fn note_use(&self, token: Uuid) {
        let now = self.state.now();
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        let is_noted = |at: &DateTime<Utc>| now.signed_duration_since(*at).abs() < USE_NOTED;
        if uses.get(&token).is_some_and(is_noted) {
            return;
        }
        uses.retain(|_, at| is_noted(at));
        uses.insert(token, now);
        let store = self.state.store.clone();
        tokio::spawn(async move {
            if let Err(error) = store.tokens_used(&[token], now).await {
                tracing::warn!(%error, "the use of a token could not be noted");
            }
        });
    }

    /// What the caller wants to act on, as far as their grants ask.
    async fn target(
        &self,
        rule: &Rule,
        parts: &mut Parts,
        principal: &Principal,
    ) -> Result<Target, Problem> {
        if rule.reach == Reach::Service || rule.reach == Reach::Own {
            return Ok(Target::Service);
        }
        let parameters = RawPathParams::from_request_parts(parts, &())
            .await
            .map_err(|_| Problem::parameter("tenant", "this is not UTF-8"))?;
        let tenant = TenantId(id_in(&parameters, "tenant")?);
        self.check_tenant(principal, tenant).await?;
        let is_limited = principal.grants.0.iter().any(|grant| grant.ring_sets.is_some());
        if !is_limited {
            return Ok(Target::Tenant(tenant));
        }
        match rule.reach {
            Reach::RingSet => {
                Ok(Target::RingSet(tenant, RingSetId(id_in(&parameters, "ring_set")?)))
            }
            Reach::Rollout => {
                let rollout = RolloutId(id_in(&parameters, "rollout")?);
                let set = self.state.store.rollout_ring_set(tenant, rollout).await?;
                Ok(Target::RingSet(tenant, set))
            }
            Reach::Tenant | Reach::Body | Reach::Service | Reach::Own => Ok(Target::Tenant(tenant)),
        }
    }
}

/// Lets a request through to its handler, or not; [`conditional`] is around the handler.
pub(crate) async fn admit(
    Given(gatekeeper): Given<Gatekeeper>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let state = &gatekeeper.state;
    let credential = Credential::of(request.headers(), state)?;
    if let Credential::Session(_) = credential
        && !request.method().is_safe()
    {
        state.sign_in.check_change(request.headers())?;
    }
    let known = credential.check(state).await?.ok_or_else(|| credential.refused())?;
    gatekeeper.note(&known);
    let principal = known.principal;
    let (mut parts, body) = request.into_parts();
    let rule = rule_of(&parts)?;
    // A stop is never told to wait.
    let allowance = if rule.action == Action::Pause {
        None
    } else {
        Some(gatekeeper.limiter.take(&principal.id)?)
    };
    check_role(rule, &parts.method, &principal)?;
    let target = gatekeeper.target(rule, &mut parts, &principal).await?;
    check_reach(rule, &parts.method, &principal, target)?;
    request = Request::from_parts(parts, body);
    request.extensions_mut().insert(credential);
    request.extensions_mut().insert(Caller(principal));
    request.extensions_mut().insert(Admitted { rule, target });
    let mut response = conditional(state, request, next).await.into_response();
    // Room for all of them at once.
    response.headers_mut().reserve(HEADERS);
    if let Some(allowance) = allowance {
        allowance.write(response.headers_mut());
    }
    Ok(response)
}

fn rule_of(parts: &Parts) -> Result<&'static Rule, Problem> {
    let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    access::find(&parts.method, path)
        .ok_or_else(|| Problem::new(Kind::Forbidden, "nobody may do this: no rule allows it"))
}

/// Whether any of the caller's roles is enough, wherever it reaches.
fn check_role(rule: &Rule, method: &Method, principal: &Principal) -> Result<(), Problem> {
    let roles = principal.grants.roles();
    if roles.may(rule.action) {
        return Ok(());
    }
    let detail = format!(
        "{method} {} needs the role {}; {:?} has the role {roles}",
        rule.path,
        access::roles_for(rule.action),
        principal.name,
    );
    Err(Problem::new(Kind::Forbidden, detail))
}

fn check_reach(
    rule: &Rule,
    method: &Method,
    principal: &Principal,
    target: Target,
) -> Result<(), Problem> {
    let may = match rule.reach {
        // The answer holds what the caller may see, or the handler decides.
        Reach::Own => true,
        // Some ring set of the tenant; which one stands in the body.
        Reach::Body => principal
            .grants
            .0
            .iter()
            .any(|grant| grant.roles.may(rule.action) && grant.may(Action::Read, target)),
        Reach::Tenant | Reach::RingSet | Reach::Rollout | Reach::Service => {
            principal.grants.may(rule.action, target)
        }
    };
    if may {
        return Ok(());
    }
    let reach = match target {
        Target::Service => "reaches beyond one tenant",
        Target::Tenant(_) => "reaches beyond single ring sets",
        Target::RingSet(..) => "acts on this ring set",
    };
    let detail = format!(
        "{method} {} {reach}; {:?} may do that only within what it was granted for",
        rule.path, principal.name,
    );
    Err(Problem::new(Kind::Forbidden, detail))
}

/// Holds the caller to a ring set that stands in the body of a request.
pub(crate) fn check_ring_set(
    caller: &Principal,
    action: Action,
    tenant: TenantId,
    ring_set: RingSetId,
) -> Result<(), Problem> {
    if caller.grants.may(action, Target::RingSet(tenant, ring_set)) {
        return Ok(());
    }
    let detail = format!("{:?} may not do this over the ring set {ring_set}", caller.name);
    Err(Problem::new(Kind::Forbidden, detail))
}

fn id_in(parameters: &RawPathParams, wanted: &str) -> Result<Uuid, Problem> {
    let given = parameters.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
    let given = given.unwrap_or_default();
    given.parse().map_err(|_| not_an_id(wanted, given))
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(|| Problem::internal("no caller was admitted"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Credential {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(|| Problem::internal("no caller was admitted"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Admitted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(|| Problem::internal("no caller was admitted"))
    }
}
