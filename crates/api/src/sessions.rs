//! `/auth`: how a browser signs in and out, and learns who it is.
//!
//! For the console, and no part of the API: nothing here is described for programs, which send a token.

pub(crate) mod admin;
mod login;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;

use api_types::{SessionState, SignInMethods, SignInWithToken};
use axum::Router;
use axum::extract::{ConnectInfo, Request, State as Given};
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use store::sessions::{Begun, Session};

use crate::auth::is_token;
use crate::convert::tokens::grant;
use crate::extract::{Json, Query};
use crate::limits::{Limiter, Limits};
use crate::problem::{Kind, Problem};
use crate::state::State;

/// Somebody who signs in does it a few times; who tries tokens does it often.
const ATTEMPTS: Limits =
    Limits { per_second: NonZeroU32::MIN, burst: NonZeroU32::MIN.saturating_add(29) };

/// Everything under `/auth`.
pub(crate) fn router() -> Router<State> {
    let limiter =
        Arc::new(Limiter::new(ATTEMPTS, "too many sign-ins from this address; wait a little"));
    let counted = Router::new()
        .route("/auth/demo", get(demo))
        .route("/auth/login", get(login::login))
        .route("/auth/callback", get(login::callback))
        .route_layer(from_fn_with_state(limiter.clone(), limit));
    Router::new()
        .route("/auth/session", get(read))
        .route("/auth/session", post(with_token).route_layer(from_fn_with_state(limiter, limit)))
        .route("/auth/logout", post(leave))
        .merge(counted)
}

/// So many attempts of one address; of IPv6, of one network, which one subscriber has whole.
async fn limit(
    Given(limiter): Given<Arc<Limiter<IpAddr>>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let from = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let from = from.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |from| from.0.ip().to_canonical());
    let from = match from {
        IpAddr::V4(_) => from,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    };
    limiter.take(&from)?;
    Ok(next.run(request).await)
}

/// Who this browser is, and how it could sign in. Never refused.
async fn read(Given(state): Given<State>, headers: HeaderMap) -> Result<Response, Problem> {
    let Some(text) = state.sign_in.cookie(&headers) else {
        return Ok(axum::Json(nobody(&state)).into_response());
    };
    if let Some(session) = state.store.session_check(&text, state.moment()).await? {
        return Ok(axum::Json(somebody(&state, session)).into_response());
    }
    let gone = [(SET_COOKIE, state.sign_in.unset_cookie())];
    Ok((gone, axum::Json(nobody(&state))).into_response())
}

/// Exchanges an API token for a session.
async fn with_token(
    Given(state): Given<State>,
    headers: HeaderMap,
    Json(body): Json<SignInWithToken>,
) -> Result<Response, Problem> {
    state.sign_in.check_possible()?;
    state.sign_in.check_origin(&headers)?;
    let begun = begin(&state, &headers, &body.token).await?;
    let begun = begun.ok_or_else(|| {
        Problem::new(Kind::Unauthenticated, "the token is unknown, expired or revoked")
    })?;
    let cookie = [(SET_COOKIE, state.sign_in.set_cookie(&begun.text))];
    Ok((cookie, axum::Json(somebody(&state, begun.session))).into_response())
}

/// A new session; one that the browser had ends, so that nobody is handed one to be found out later.
async fn begin(state: &State, headers: &HeaderMap, token: &str) -> Result<Option<Begun>, Problem> {
    let token = token.trim();
    if !is_token(token) {
        return Ok(None);
    }
    let at = state.moment();
    let Some(begun) = state.store.session_of_token(token, at).await? else { return Ok(None) };
    end_old(state, headers).await?;
    Ok(Some(begun))
}

async fn end_old(state: &State, headers: &HeaderMap) -> Result<(), Problem> {
    if let Some(old) = state.sign_in.cookie(headers) {
        state.store.session_leave(&old, state.moment()).await?;
    }
    Ok(())
}

/// Ends the session at once.
async fn leave(Given(state): Given<State>, headers: HeaderMap) -> Result<Response, Problem> {
    state.sign_in.check_change(&headers)?;
    end_old(&state, &headers).await?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, state.sign_in.unset_cookie())]).into_response())
}

#[derive(Debug, Deserialize)]
struct Code {
    code: String,
}

/// The link that a demo prints: it signs in whoever follows it first.
async fn demo(
    Given(state): Given<State>,
    headers: HeaderMap,
    Query(Code { code }): Query<Code>,
) -> Result<Response, Problem> {
    if !state.sign_in.has_demo() {
        return Err(Problem::not_found("page"));
    }
    state.sign_in.check_possible()?;
    let console = (LOCATION, "/");
    if let Some(token) = state.sign_in.demo_token(&code)
        && let Some(begun) = begin(&state, &headers, &token).await?
    {
        let cookie = [(SET_COOKIE, state.sign_in.set_cookie(&begun.text))];
        return Ok((StatusCode::SEE_OTHER, cookie, [console]).into_response());
    }
    // Followed once more, by the same browser: it is where it wanted to be.
    if let Some(text) = state.sign_in.cookie(&headers)
        && state.store.session_check(&text, state.moment()).await?.is_some()
    {
        return Ok((StatusCode::SEE_OTHER, [console]).into_response());
    }
    let why = "this link was followed before, or is none of this demo; sign in with the token that \
               the demo names, or start another one";
    Err(Problem::new(Kind::Forbidden, why))
}

fn methods(state: &State) -> SignInMethods {
    SignInMethods {
        token: state.sign_in.is_possible(),
        oidc: state.sign_in.people().is_some() && state.sign_in.is_possible(),
    }
}

fn nobody(state: &State) -> SessionState {
    SessionState {
        signed_in: false,
        name: None,
        grants: Vec::new(),
        expires_at: None,
        methods: methods(state),
    }
}

fn somebody(state: &State, session: Session) -> SessionState {
    SessionState {
        signed_in: true,
        grants: session.principal.grants.0.iter().map(grant).collect(),
        name: Some(session.principal.name),
        expires_at: Some(session.ends_at),
        methods: methods(state),
    }
}
