//! API tokens: 256 random bits, kept as a SHA-256 hash, shown once.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};
pub use domain::access::{Grant, Grants, Role, Roles};
use domain::ids::{RingSetId, TenantId};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::chain::Entry;
use crate::scope::Tx;
use crate::{Store, StoreError, chain, scope};

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Of the token, or of the person.
    pub id: Uuid,
    /// What changes are signed with.
    pub name: String,
    pub grants: Grants,
}

#[derive(Debug, Clone)]
pub struct NewToken {
    pub name: String,
    pub grant: Grant,
    pub expires_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    pub id: Uuid,
    pub name: String,
    pub grant: Grant,
    /// How its text begins.
    pub hint: String,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    /// To the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Characters of a token's text that are kept: `con_` and four of its 64 digits.
const HINT: usize = 8;

/// What servers that start together take turns by, to make the first token.
const FIRST: i64 = 0x636f_6e5f_6669_7273;

impl Store {
    /// Makes the first administrator's token if there is none of any kind, and returns its text
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
            grant: Grant::of(Role::TenantAdministrator, None),
            expires_at: None,
        };
        let (_, text) = create(&mut tx, &new, chain::SERVICE, now).await?;
        tx.commit().await?;
        Ok(Some(text))
    }

    /// Makes a token and returns its text, with an entry in the chain of its tenant, or in that of the
    /// service. `Invalid` when its tenant or a ring set does not exist.
    pub async fn token_create(
        &self,
        new: &NewToken,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<(TokenRow, String), StoreError> {
        let mut tx = self.service_begin().await?;
        let made = create(&mut tx, new, actor, now).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// The tokens, oldest first: of these tenants only, if there are some named.
    pub async fn token_list(
        &self,
        tenants: Option<&BTreeSet<TenantId>>,
    ) -> Result<Vec<TokenRow>, StoreError> {
        let tenants: Option<Vec<Uuid>> =
            tenants.map(|tenants| tenants.iter().map(|tenant| tenant.0).collect());
        let mut tx = self.service_begin().await?;
        let rows = sqlx::query!(
            "select id, tenant_id, name, roles, ring_set_ids, hint, created_by, created_at,
                 expires_at, last_used_at, revoked_at
             from api_token where $1::uuid[] is null or tenant_id = any($1) order by id",
            tenants.as_deref(),
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter()
            .map(|row| {
                Ok(TokenRow {
                    id: row.id,
                    name: row.name,
                    grant: grant(&row.roles, row.tenant_id, row.ring_set_ids)?,
                    hint: row.hint,
                    created_by: row.created_by,
                    created_at: row.created_at,
                    expires_at: row.expires_at,
                    last_used_at: row.last_used_at,
                    revoked_at: row.revoked_at,
                })
            })
            .collect()
    }

    /// Revokes a token, of these tenants only if there are some named, with an entry in the chain.
    /// `NotFound` if there is none; revoking twice is fine.
    pub async fn token_revoke(
        &self,
        id: Uuid,
        tenants: Option<&BTreeSet<TenantId>>,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.service_begin().await?;
        let row = sqlx::query!(
            "select tenant_id, name, revoked_at from api_token where id = $1 for update",
            id
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        let tenant = row.tenant_id.map(TenantId);
        if tenants.is_some_and(|only| tenant.is_none_or(|tenant| !only.contains(&tenant))) {
            return Err(NOT_FOUND);
        }
        if row.revoked_at.is_some() {
            return Ok(());
        }
        sqlx::query!("update api_token set revoked_at = $2 where id = $1", id, now)
            .execute(&mut *tx)
            .await?;
        let body = json!({ "token": id, "name": row.name });
        enter(&mut tx, tenant, "token_revoked", &body, actor, now).await?;
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
        let read = async || {
            let row = sqlx::query!(
                r#"select id as "id!", name as "name!", roles as "roles!", tenant_id, ring_set_ids
                 from token_principal($1, $2)"#,
                hash.as_slice(),
                now,
            )
            .fetch_optional(&self.inner.pool)
            .await?;
            row.map(|row| {
                let grants = grant(&row.roles, row.tenant_id, row.ring_set_ids)?.into();
                Ok(Principal { id: row.id, name: row.name, grants })
            })
            .transpose()
        };
        self.inner.tokens.get(&hash, read).await
    }

    /// Notes that tokens were used.
    pub async fn tokens_used(&self, ids: &[Uuid], now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut tx = self.service_begin().await?;
        sqlx::query!("update api_token set last_used_at = $2 where id = any($1)", ids, now)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }
}

const NOT_FOUND: StoreError = StoreError::NotFound { what: "token" };

pub(crate) fn grant(
    roles: &[String],
    tenant: Option<Uuid>,
    ring_sets: Option<Vec<Uuid>>,
) -> Result<Grant, StoreError> {
    let role = |word: &String| {
        Role::of_name(word).ok_or_else(|| StoreError::corrupt(format_args!("role {word:?}")))
    };
    Ok(Grant {
        roles: roles.iter().map(role).collect::<Result<Roles, _>>()?,
        tenant: tenant.map(TenantId),
        ring_sets: ring_sets.map(|sets| sets.into_iter().map(RingSetId).collect()),
    })
}

/// Adds an entry of the service: to the chain of a tenant, or to that of none. Call it last.
pub(crate) async fn enter(
    tx: &mut Tx,
    tenant: Option<TenantId>,
    kind: &str,
    body: &Value,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let tenant = tenant.unwrap_or(chain::NOBODY);
    scope::tenant_enter(tx, tenant).await?;
    chain::append(tx, tenant, Entry { rollout: None, at: now, actor, kind, body }).await.map(drop)
}

pub(crate) fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

fn random_text() -> Result<String, StoreError> {
    Ok(format!("con_{}", random_hex()?))
}

/// 256 random bits in 64 hexadecimal digits.
pub(crate) fn random_hex() -> Result<String, StoreError> {
    let mut bits = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut bits)
        .map_err(|_| StoreError::Invalid("the system gives no random numbers".to_owned()))?;
    let mut text = String::with_capacity(64);
    for byte in bits {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

async fn create(
    tx: &mut Tx,
    new: &NewToken,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<(TokenRow, String), StoreError> {
    let text = random_text()?;
    let (id, hash) = (Uuid::now_v7(), hash(&text));
    let roles: Vec<String> = new.grant.roles.iter().map(|role| role.name().to_owned()).collect();
    let ring_sets: Option<Vec<Uuid>> =
        new.grant.ring_sets.as_ref().map(|sets| sets.iter().map(|set| set.0).collect());
    let hint = text.get(..HINT).unwrap_or_default().to_owned();
    sqlx::query!(
        "insert into api_token (id, tenant_id, name, roles, ring_set_ids, hash, hint, created_by,
             created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        id,
        new.grant.tenant.map(|tenant| tenant.0),
        new.name,
        &roles,
        ring_sets.as_deref(),
        hash.as_slice(),
        hint,
        actor,
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
    let body = json!({
        "token": id,
        "name": new.name,
        "roles": new.grant.roles,
        "ring_sets": new.grant.ring_sets,
        "expires_at": new.expires_at,
    });
    if let (Some(tenant), Some(sets)) = (new.grant.tenant, &ring_sets) {
        scope::tenant_enter(tx, tenant).await?;
        check_ring_sets(tx, tenant, sets).await?;
    }
    enter(tx, new.grant.tenant, "token_created", &body, actor, now).await?;
    let row = TokenRow {
        id,
        name: new.name.clone(),
        grant: new.grant.clone(),
        hint,
        created_by: actor.to_owned(),
        created_at: now,
        expires_at: new.expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    Ok((row, text))
}

/// In a transaction of the tenant.
async fn check_ring_sets(tx: &mut Tx, tenant: TenantId, sets: &[Uuid]) -> Result<(), StoreError> {
    let missing = sqlx::query_scalar!(
        r#"select wanted as "wanted!" from unnest($2::uuid[]) wanted
         where not exists (select from ring_set s where s.tenant_id = $1 and s.id = wanted)"#,
        tenant.0,
        sets,
    )
    .fetch_optional(&mut **tx)
    .await?;
    match missing {
        None => Ok(()),
        Some(set) => Err(StoreError::Invalid(format!("there is no ring set {set} in this tenant"))),
    }
}
