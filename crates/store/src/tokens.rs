//! API tokens: 256 random bits, kept as a SHA-256 hash, shown once.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::scope::Tx;
use crate::{Store, StoreError};

/// What a token may do; each may do what the one before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Read.
    Viewer,
    /// Pause, resume, approve, promote, roll back, cancel; start releases and rollouts; sync.
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

impl Role {
    const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    fn from_word(word: &str) -> Result<Self, StoreError> {
        [Self::Viewer, Self::Operator, Self::Admin]
            .into_iter()
            .find(|role| role.word() == word)
            .ok_or_else(|| StoreError::corrupt(format_args!("role {word:?}")))
    }
}

/// What servers that start together take turns by, to make the first token.
const FIRST: i64 = 0x636f_6e5f_6669_7273;

impl Store {
    /// Makes the first admin token if there is none of any kind, and returns its text
    /// (`con_` and 64 hexadecimal digits), which is not kept. One of several servers starting at
    /// once gets it.
    pub async fn token_first(&self, now: DateTime<Utc>) -> Result<Option<String>, StoreError> {
        let mut tx = self.service_begin().await?;
        sqlx::query!("select pg_advisory_xact_lock($1)", FIRST).execute(&mut *tx).await?;
        let none = sqlx::query_scalar!(r#"select not exists (select from api_token) as "none!""#)
            .fetch_one(&mut *tx)
            .await?;
        if !none {
            return Ok(None);
        }
        let new = NewToken {
            name: "first".to_owned(),
            role: Role::Admin,
            tenant: None,
            expires_at: None,
        };
        let (_, text) = create(&mut tx, &new, now).await?;
        tx.commit().await?;
        Ok(Some(text))
    }

    /// Makes a token and returns its text. `Invalid` when its tenant does not exist.
    pub async fn token_create(
        &self,
        new: &NewToken,
        now: DateTime<Utc>,
    ) -> Result<(TokenRow, String), StoreError> {
        let mut tx = self.service_begin().await?;
        let made = create(&mut tx, new, now).await?;
        tx.commit().await?;
        Ok(made)
    }

    pub async fn token_list(&self) -> Result<Vec<TokenRow>, StoreError> {
        let mut tx = self.service_begin().await?;
        let rows = sqlx::query!(
            "select id, tenant_id, name, role, created_at, expires_at, revoked_at
             from api_token order by id"
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter()
            .map(|row| {
                Ok(TokenRow {
                    id: row.id,
                    name: row.name,
                    role: Role::from_word(&row.role)?,
                    tenant: row.tenant_id.map(TenantId),
                    created_at: row.created_at,
                    expires_at: row.expires_at,
                    revoked_at: row.revoked_at,
                })
            })
            .collect()
    }

    /// `NotFound` if there is none; revoking twice is fine.
    pub async fn token_revoke(&self, id: Uuid, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut tx = self.service_begin().await?;
        let changed = sqlx::query!(
            "update api_token set revoked_at = coalesce(revoked_at, $2) where id = $1",
            id,
            now
        )
        .execute(&mut *tx)
        .await?;
        if changed.rows_affected() == 0 {
            return Err(StoreError::NotFound { what: "token" });
        }
        tx.commit().await?;
        Ok(())
    }

    /// The principal behind a token's text; none if unknown, expired or revoked.
    pub async fn token_check(
        &self,
        text: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Principal>, StoreError> {
        let hash = hash(text);
        let row = sqlx::query!(
            r#"select id as "id!", name as "name!", role as "role!", tenant_id
             from token_principal($1, $2)"#,
            hash.as_slice(),
            now,
        )
        .fetch_optional(&self.inner.pool)
        .await?;
        row.map(|row| {
            Ok(Principal {
                token: row.id,
                name: row.name,
                role: Role::from_word(&row.role)?,
                tenant: row.tenant_id.map(TenantId),
            })
        })
        .transpose()
    }
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

fn random_text() -> Result<String, StoreError> {
    let mut bits = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut bits)
        .map_err(|_| StoreError::Invalid("the system gives no random numbers".to_owned()))?;
    let mut text = String::from("con_");
    for byte in bits {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

async fn create(
    tx: &mut Tx,
    new: &NewToken,
    now: DateTime<Utc>,
) -> Result<(TokenRow, String), StoreError> {
    let text = random_text()?;
    let (id, hash) = (Uuid::now_v7(), hash(&text));
    sqlx::query!(
        "insert into api_token (id, tenant_id, name, role, hash, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        id,
        new.tenant.map(|tenant| tenant.0),
        new.name,
        new.role.word(),
        hash.as_slice(),
        now,
        new.expires_at,
    )
    .execute(&mut **tx)
    .await
    .map_err(|error| match error.as_database_error() {
        Some(broken) if broken.is_foreign_key_violation() => {
            StoreError::Invalid("there is no such tenant".to_owned())
        }
        Some(_) | None => error.into(),
    })?;
    let row = TokenRow {
        id,
        name: new.name.clone(),
        role: new.role,
        tenant: new.tenant,
        created_at: now,
        expires_at: new.expires_at,
        revoked_at: None,
    };
    Ok((row, text))
}
