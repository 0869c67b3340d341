//! Sessions of browsers: what `/auth` takes and gives.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Grant;

/// Who a browser is signed in as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionState {
    pub signed_in: bool,
    /// What their changes are signed with; none: nobody is signed in.
    pub name: Option<String>,
    pub grants: Vec<Grant>,
    /// When the session ends, however busy it is, by the wall's clock. Half an hour without a request
    /// ends it too.
    pub expires_at: Option<DateTime<Utc>>,
    pub methods: SignInMethods,
}

/// A session, as administrators see it. Its times are the wall's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    pub id: Uuid,
    /// Of the token or the person.
    pub name: String,
    pub way: SessionWay,
    pub created_at: DateTime<Utc>,
    /// To the minute.
    pub last_used_at: DateTime<Utc>,
    /// However busy it is.
    pub ends_at: DateTime<Utc>,
}

/// How somebody signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionWay {
    /// With an API token.
    Token,
    /// At the organisation's provider.
    Provider,
}

/// How a browser can sign in here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInMethods {
    /// With an API token: `POST /auth/session`.
    pub token: bool,
    /// At the organisation's provider: `GET /auth/login`.
    pub oidc: bool,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInWithToken {
    /// The text of an API token.
    pub token: String,
}

impl fmt::Debug for SignInWithToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignInWithToken(..)")
    }
}
