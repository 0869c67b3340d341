//! Sessions of browsers: 256 random bits in a cookie, kept here as a SHA-256 hash.
//!
//! Their times are the wall's, also where the service's clock runs fast: who looks at a demo, and the
//! provider that people sign in at, live by it. What an API token allows is looked up on each use of
//! a session that was made with it; what a person was granted is kept as it was when they signed in.

use chrono::{DateTime, TimeDelta, Utc};
use domain::access::{Grant, Grants};
use domain::ids::TenantId;
use serde_json::json;
use uuid::Uuid;

use crate::tokens::{self, Principal, grant, hash, random_hex};
use crate::{Store, StoreError};

/// A session ends so long after its begin, whatever happens.
pub const LONGEST: TimeDelta = TimeDelta::hours(8);
/// And so long after its last use, which is noted to the minute.
pub const IDLE: TimeDelta = TimeDelta::minutes(30);
/// How often the use of one session is written down.
const USE_NOTED: TimeDelta = TimeDelta::minutes(1);

/// The same moment on two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// What sessions are measured by.
    pub wall: DateTime<Utc>,
    /// The service's: what tokens expire by, and what the history is dated with.
    pub service: DateTime<Utc>,
}

/// Somebody whom a provider vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: Uuid,
    /// What changes are signed with.
    pub name: String,
    pub grants: Grants,
}

/// A session that was begun.
#[derive(Clone, PartialEq, Eq)]
pub struct Begun {
    pub session: Session,
    /// What the cookie holds; kept nowhere.
    pub text: String,
}

impl std::fmt::Debug for Begun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Begun").field("session", &self.session).finish_non_exhaustive()
    }
}

/// A session that is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: Uuid,
    pub principal: Principal,
    pub way: Way,
    pub ends_at: DateTime<Utc>,
    /// To the minute.
    pub last_used_at: DateTime<Utc>,
}

impl Session {
    /// Whether its use is to be written down again.
    #[must_use]
    pub fn is_to_be_noted(&self, wall: DateTime<Utc>) -> bool {
        wall.signed_duration_since(self.last_used_at) >= USE_NOTED
    }
}

/// How somebody signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// With an API token.
    Token,
    /// At a provider.
    Provider,
}

/// A session as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    pub id: Uuid,
    pub name: String,
    pub way: Way,
    pub created_at: DateTime<Utc>,
    pub last_used_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
}

const NOT_FOUND: StoreError = StoreError::NotFound { what: "session" };

impl Store {
    /// Begins a session with an API token; none if it is unknown, expired or revoked.
    pub async fn session_of_token(
        &self,
        text: &str,
        at: Moment,
    ) -> Result<Option<Begun>, StoreError> {
        let Some(principal) = self.token_check(text, at.service).await? else { return Ok(None) };
        self.session_begin(principal, Way::Token, at).await.map(Some)
    }

    /// Begins a session of a person.
    pub async fn session_of_person(&self, person: Person, at: Moment) -> Result<Begun, StoreError> {
        let Person { id, name, grants } = person;
        self.session_begin(Principal { id, name, grants }, Way::Provider, at).await
    }

    async fn session_begin(
        &self,
        principal: Principal,
        way: Way,
        at: Moment,
    ) -> Result<Begun, StoreError> {
        let text = random_hex()?;
        let hash = hash(&text);
        let id = Uuid::now_v7();
        let ends_at = at.wall + LONGEST;
        let (token, person, grants) = match way {
            Way::Token => (Some(principal.id), None, None),
            Way::Provider => {
                let grants =
                    serde_json::to_value(&principal.grants.0).map_err(StoreError::corrupt)?;
                (None, Some(principal.id), Some(grants))
            }
        };
        let mut tx = self.service_begin().await?;
        sqlx::query!(
            "insert into session (id, hash, token_id, person, name, grants, created_at, last_used_at,
                 ends_at)
             values ($1, $2, $3, $4, $5, $6, $7, $7, $8)",
            id,
            hash.as_slice(),
            token,
            person,
            principal.name,
            grants,
            at.wall,
            ends_at,
        )
        .execute(&mut *tx)
        .await?;
        let body = json!({ "session": id, "by": way.name(), "principal": principal.id });
        let chain = chain_of(way, &principal.grants);
        tokens::enter(&mut tx, chain, "signed_in", &body, &principal.name, at.service).await?;
        tx.commit().await?;
        let session = Session { id, principal, way, ends_at, last_used_at: at.wall };
        Ok(Begun { session, text })
    }

    /// The session behind the text of a cookie; none if it is unknown, ended, idle for too long, or
    /// its token is good no more.
    pub async fn session_check(
        &self,
        text: &str,
        at: Moment,
    ) -> Result<Option<Session>, StoreError> {
        let hash = hash(text);
        let row = sqlx::query!(
            r#"select id as "id!", last_used_at as "last_used_at!", ends_at as "ends_at!", person,
                 name as "name!", grants, token_id, roles, tenant_id, ring_set_ids
             from session_principal($1, $2, $3, $4)"#,
            hash.as_slice(),
            at.wall,
            at.wall - IDLE,
            at.service,
        )
        .fetch_optional(&self.inner.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let (way, id, grants) = match (row.token_id, row.person, row.grants) {
            (Some(token), _, _) => {
                let roles = row.roles.unwrap_or_default();
                (Way::Token, token, grant(&roles, row.tenant_id, row.ring_set_ids)?.into())
            }
            (None, Some(person), Some(grants)) => {
                let grants: Vec<Grant> =
                    serde_json::from_value(grants).map_err(StoreError::corrupt)?;
                (Way::Provider, person, Grants(grants))
            }
            (None, _, _) => return Err(StoreError::corrupt("a session of nobody")),
        };
        let principal = Principal { id, name: row.name, grants };
        let (ends_at, last_used_at) = (row.ends_at, row.last_used_at);
        Ok(Some(Session { id: row.id, principal, way, ends_at, last_used_at }))
    }

    /// Notes that a session was used.
    pub async fn session_used(&self, id: Uuid, wall: DateTime<Utc>) -> Result<(), StoreError> {
        let mut tx = self.service_begin().await?;
        sqlx::query!(
            "update session set last_used_at = $2 where id = $1 and last_used_at < $2",
            id,
            wall
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends the session behind the text of a cookie, if there is one.
    pub async fn session_leave(&self, text: &str, at: Moment) -> Result<(), StoreError> {
        let Some(session) = self.session_check(text, at).await? else { return Ok(()) };
        match self.session_end(session.id, &session.principal.name, at).await {
            // It ended meanwhile, which is what was asked for.
            Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Ends a session at once, with an entry in the chain. `NotFound` if there is none.
    pub async fn session_end(&self, id: Uuid, actor: &str, at: Moment) -> Result<(), StoreError> {
        let mut tx = self.service_begin().await?;
        let gone = sqlx::query!(
            r#"with gone as (delete from session where id = $1 returning name, token_id)
             select gone.name, t.tenant_id as "tenant_id?"
             from gone left join api_token t on t.id = gone.token_id"#,
            id
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        let body = json!({ "session": id, "of": gone.name });
        let chain = gone.tenant_id.map(TenantId);
        tokens::enter(&mut tx, chain, "signed_out", &body, actor, at.service).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The sessions that are good, newest first.
    pub async fn session_list(&self, at: Moment) -> Result<Vec<SessionRow>, StoreError> {
        let mut tx = self.service_begin().await?;
        let rows = sqlx::query!(
            r#"select s.id, s.name, s.token_id, s.created_at, s.last_used_at, s.ends_at
             from session s left join api_token t on t.id = s.token_id
             where s.ends_at > $1 and s.last_used_at > $2 and t.revoked_at is null
                 and (t.expires_at is null or t.expires_at > $3)
             order by s.id desc"#,
            at.wall,
            at.wall - IDLE,
            at.service,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let rows = rows.into_iter().map(|row| SessionRow {
            id: row.id,
            name: row.name,
            way: if row.token_id.is_some() { Way::Token } else { Way::Provider },
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            ends_at: row.ends_at,
        });
        Ok(rows.collect())
    }

    /// Forgets sessions that ended by time. Cost: what is forgotten.
    pub async fn sessions_sweep(&self, wall: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut tx = self.service_begin().await?;
        let gone = sqlx::query!(
            "delete from session where ends_at <= $1 or last_used_at <= $2",
            wall,
            wall - IDLE
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(gone.rows_affected())
    }
}

impl Way {
    /// The word used in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Provider => "provider",
        }
    }
}

/// What is done with a token stands where its making stands; what people do, with the service.
fn chain_of(way: Way, grants: &Grants) -> Option<TenantId> {
    match way {
        Way::Token => grants.0.first().and_then(|grant| grant.tenant),
        Way::Provider => None,
    }
}
