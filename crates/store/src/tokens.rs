//! API tokens: 256 random bits, kept as a SHA-256 hash, shown once.

use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use uuid::Uuid;

use crate::{Store, StoreError};

/// What a token may do; each may do what the one before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Read.
    Viewer,
    /// Pause, resume, promote, roll back, cancel; start releases and rollouts; sync.
    Operator,
    /// Tenants, ring sets and tokens.
    Admin,
}

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    pub token: Uuid,
    pub name: String,
    pub role: Role,
    /// The only tenant this token may touch; none: all.
    pub tenant: Option<TenantId>,
}

#[derive(Debug, Clone)]
pub struct NewToken {
    pub name: String,
    pub role: Role,
    pub tenant: Option<TenantId>,
    pub expires_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    pub id: Uuid,
    pub name: String,
    pub role: Role,
    pub tenant: Option<TenantId>,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Makes the first admin token if there is none of any kind, and returns its text
    /// (`con_` and 64 hexadecimal digits), which is not kept. One of several servers starting at
    /// once gets it.
    pub async fn token_first(&self, _now: DateTime<Utc>) -> Result<Option<String>, StoreError> {
        Err(StoreError::Sketch)
    }

    /// Makes a token and returns its text.
    pub async fn token_create(
        &self,
        _new: &NewToken,
        _now: DateTime<Utc>,
    ) -> Result<(TokenRow, String), StoreError> {
        Err(StoreError::Sketch)
    }

    pub async fn token_list(&self) -> Result<Vec<TokenRow>, StoreError> {
        Err(StoreError::Sketch)
    }

    /// `NotFound` if there is none; revoking twice is fine.
    pub async fn token_revoke(&self, _id: Uuid, _now: DateTime<Utc>) -> Result<(), StoreError> {
        Err(StoreError::Sketch)
    }

    /// The principal behind a token's text; none if unknown, expired or revoked.
    pub async fn token_check(
        &self,
        _text: &str,
        _now: DateTime<Utc>,
    ) -> Result<Option<Principal>, StoreError> {
        Err(StoreError::Sketch)
    }
}
