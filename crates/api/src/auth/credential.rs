//! What somebody comes with, and who that is.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use store::sessions::{Person, Way};
use store::tokens::Principal;
use uuid::Uuid;

use crate::problem::{Kind, Problem};
use crate::state::State;

/// What a request came with, for what outlives one check of it too.
#[derive(Clone)]
pub(crate) enum Credential {
    /// The text of an API token.
    Token(Arc<str>),
    /// A JSON web token of the provider of identities.
    Person(Arc<str>),
    /// The text of a session's cookie.
    Session(Arc<str>),
}

/// Who a credential is good for.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) principal: Principal,
    /// The token whose use this is.
    pub(crate) token: Option<Uuid>,
    /// The session whose use is to be noted.
    pub(crate) session: Option<Uuid>,
}

impl Credential {
    /// A token goes before a cookie: who sends one does so on purpose.
    pub(crate) fn of(headers: &HeaderMap, state: &State) -> Result<Self, Problem> {
        if headers.contains_key(AUTHORIZATION) {
            return bearer(headers, state.sign_in.people().is_some());
        }
        state.sign_in.cookie(headers).map(Self::Session).ok_or_else(|| wrong("there is no token"))
    }

    /// Who it is good for now; none if it is no good any more.
    pub(crate) async fn check(&self, state: &State) -> Result<Option<Known>, Problem> {
        match self {
            Self::Token(text) => {
                let principal = state.store.token_check(text, state.now()).await?;
                Ok(principal.map(|principal| {
                    let token = Some(principal.id);
                    Known { principal, token, session: None }
                }))
            }
            Self::Person(text) => {
                let people = state.sign_in.people().ok_or_else(|| wrong(NO_TOKEN))?;
                let person = people.person(text).await?;
                let Person { id, name, grants } = person;
                let principal = Principal { id, name, grants };
                Ok(Some(Known { principal, token: None, session: None }))
            }
            Self::Session(text) => {
                let at = state.moment();
                let session = state.store.session_check(text, at).await?;
                Ok(session.map(|session| Known {
                    token: (session.way == Way::Token).then_some(session.principal.id),
                    session: session.is_to_be_noted(at.wall).then_some(session.id),
                    principal: session.principal,
                }))
            }
        }
    }

    /// Why it was not taken.
    pub(crate) fn refused(&self) -> Problem {
        let why = match self {
            Self::Token(_) | Self::Person(_) => "the token is unknown, expired or revoked",
            Self::Session(_) => "the session has ended; sign in again",
        };
        Problem::new(Kind::Unauthenticated, why)
    }
}

fn wrong(detail: &str) -> Problem {
    let right = "send the header `Authorization: Bearer con_...`";
    Problem::new(Kind::Unauthenticated, format!("{detail}; {right}"))
}

const NO_TOKEN: &str = "this is not a token of Concentric";
/// Tokens of providers grow with the groups in them; a header that is larger is not looked at.
const LONGEST_JWT: usize = 16 * 1024;

fn bearer(headers: &HeaderMap, has_people: bool) -> Result<Credential, Problem> {
    let header = headers.get(AUTHORIZATION).ok_or_else(|| wrong("there is no token"))?;
    let header = header.to_str().map_err(|_| wrong("the token is not text"))?;
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(wrong("only bearer tokens are understood"));
    }
    let token = token.trim();
    // What cannot be a token is not worth asking the database about.
    if is_token(token) {
        Ok(Credential::Token(token.into()))
    } else if has_people && token.len() <= LONGEST_JWT && token.matches('.').count() == 2 {
        Ok(Credential::Person(token.into()))
    } else {
        Err(wrong(NO_TOKEN))
    }
}

/// Whether a text may be that of an API token.
pub(crate) fn is_token(text: &str) -> bool {
    text.starts_with("con_") && text.len() <= 200
}
