//! Standing pauses: of a tenant, of a release, of a ring. None clears another, and none runs out.

use chrono::{DateTime, Utc};
use domain::ids::{ReleaseId, RolloutId, TenantId};
use domain::pause::{Scope, StandingPause};
use domain::ring::RingIndex;
use serde_json::json;
use uuid::Uuid;

use crate::chain::Entry;
use crate::convert::{ring, ring_column};
use crate::scope::{Tx, retried};
use crate::{Store, StoreError, chain};

mod cover;
mod read;

pub(crate) use read::{all, standing, unchanged};

/// What is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Tenant,
    Release(ReleaseId),
    Ring { rollout: RolloutId, ring: RingIndex },
}

/// A pause to be set.
#[derive(Debug, Clone, Copy)]
pub struct NewPause<'a> {
    pub target: Target,
    /// Offers that no device has acted on are taken back too.
    pub take_back: bool,
    pub actor: &'a str,
    pub reason: Option<&'a str>,
}

/// A pause that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PauseRow {
    pub id: Uuid,
    pub target: Target,
    pub take_back: bool,
    pub by: String,
    pub at: DateTime<Utc>,
    pub reason: Option<String>,
}

/// What came of setting or lifting a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PauseChange {
    /// False: it was so already, and nothing was written.
    pub changed: bool,
    /// Rollouts it covers that have not ended.
    pub rollouts: u64,
}

impl Target {
    /// Release, rollout and ring.
    fn columns(self) -> (Option<Uuid>, Option<Uuid>, Option<i16>) {
        match self {
            Self::Tenant => (None, None, None),
            Self::Release(release) => (Some(release.0), None, None),
            Self::Ring { rollout, ring } => (None, Some(rollout.0), Some(ring_column(ring))),
        }
    }

    fn rollout(self) -> Option<RolloutId> {
        match self {
            Self::Tenant | Self::Release(_) => None,
            Self::Ring { rollout, .. } => Some(rollout),
        }
    }
}

impl Store {
    /// Sets a pause and raises the generation of every rollout it covers: after this returns, no
    /// wave and no opening that it covers can be recorded that was decided before (I2). Set again it
    /// stays as it was, but may come to take back offers. `NotFound` for a release, rollout or ring
    /// that is not there. Cost: the rollouts it covers and their rings, never devices.
    pub async fn pause_set(
        &self,
        tenant: TenantId,
        new: NewPause<'_>,
        now: DateTime<Utc>,
    ) -> Result<PauseChange, StoreError> {
        retried(|| self.set(tenant, new, now)).await
    }

    /// Lifts a pause; what other pauses and the wish of a rollout hold stays held.
    pub async fn pause_lift(
        &self,
        tenant: TenantId,
        target: Target,
        (actor, reason): (&str, Option<&str>),
        now: DateTime<Utc>,
    ) -> Result<PauseChange, StoreError> {
        retried(|| self.lift(tenant, target, (actor, reason), now)).await
    }

    async fn set(
        &self,
        tenant: TenantId,
        new: NewPause<'_>,
        now: DateTime<Utc>,
    ) -> Result<PauseChange, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        cover::alone(&mut tx, tenant).await?;
        check(&mut tx, tenant, new.target).await?;
        let (release, rollout, ring) = new.target.columns();
        let written = sqlx::query_scalar!(
            "insert into pause as p (tenant_id, id, release_id, rollout_id, ring, take_back, reason,
                 paused_by, at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             on conflict (tenant_id, release_id, rollout_id, ring) do update set take_back = true
             where excluded.take_back and not p.take_back
             returning id",
            tenant.0,
            Uuid::now_v7(),
            release,
            rollout,
            ring,
            new.take_back,
            new.reason,
            new.actor,
            now,
        )
        .fetch_optional(&mut *tx)
        .await?;
        let said = Said {
            kind: "pause_set",
            actor: new.actor,
            reason: new.reason,
            take_back: new.take_back,
        };
        self.finish(tx, tenant, (new.target, written.is_some()), said, now).await
    }

    async fn lift(
        &self,
        tenant: TenantId,
        target: Target,
        (actor, reason): (&str, Option<&str>),
        now: DateTime<Utc>,
    ) -> Result<PauseChange, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        cover::alone(&mut tx, tenant).await?;
        check(&mut tx, tenant, target).await?;
        let (release, rollout, ring) = target.columns();
        let gone = sqlx::query!(
            "delete from pause where tenant_id = $1 and release_id is not distinct from $2
                 and rollout_id is not distinct from $3 and ring is not distinct from $4",
            tenant.0,
            release,
            rollout,
            ring,
        )
        .execute(&mut *tx)
        .await?;
        let said = Said { kind: "pause_lifted", actor, reason, take_back: false };
        self.finish(tx, tenant, (target, gone.rows_affected() > 0), said, now).await
    }

    async fn finish(
        &self,
        mut tx: Tx,
        tenant: TenantId,
        (target, changed): (Target, bool),
        said: Said<'_>,
        now: DateTime<Utc>,
    ) -> Result<PauseChange, StoreError> {
        let covered = cover::lock(&mut tx, tenant, target).await?;
        let rollouts = covered.len() as u64;
        if !changed {
            return Ok(PauseChange { changed, rollouts });
        }
        cover::tell(&mut tx, tenant, &covered, now).await?;
        let (release, _, ring) = target.columns();
        let body = json!({
            "release": release,
            "ring": ring,
            "take_back": said.take_back,
            "reason": said.reason,
            "rollouts": rollouts,
        });
        let entry = Entry {
            rollout: target.rollout(),
            at: now,
            actor: said.actor,
            kind: said.kind,
            body: &body,
        };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(PauseChange { changed, rollouts })
    }
}

/// What the chain is told.
#[derive(Clone, Copy)]
struct Said<'a> {
    kind: &'a str,
    actor: &'a str,
    reason: Option<&'a str>,
    take_back: bool,
}

/// That there is something to pause.
async fn check(tx: &mut Tx, tenant: TenantId, target: Target) -> Result<(), StoreError> {
    let (what, is_there) = match target {
        Target::Tenant => return Ok(()),
        Target::Release(release) => {
            let found = sqlx::query_scalar!(
                r#"select exists (select from release where tenant_id = $1 and id = $2) as "found!""#,
                tenant.0,
                release.0,
            );
            ("release", found.fetch_one(&mut **tx).await?)
        }
        Target::Ring { rollout, ring } => {
            let found = sqlx::query_scalar!(
                r#"select exists (select from rollout_ring
                     where tenant_id = $1 and rollout_id = $2 and ring = $3) as "found!""#,
                tenant.0,
                rollout.0,
                ring_column(ring),
            );
            ("ring of a rollout", found.fetch_one(&mut **tx).await?)
        }
    };
    if is_there { Ok(()) } else { Err(StoreError::NotFound { what }) }
}

/// As one rollout that it covers sees it.
fn scope(release: bool, of_ring: Option<i16>) -> Result<Scope, StoreError> {
    Ok(match of_ring {
        Some(index) => Scope::Ring { ring: ring(index)? },
        None if release => Scope::Release,
        None => Scope::Tenant,
    })
}

/// The columns of one pause.
#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct Columns {
    id: Uuid,
    release_id: Option<Uuid>,
    rollout_id: Option<Uuid>,
    ring: Option<i16>,
    take_back: bool,
    reason: Option<String>,
    paused_by: String,
    at: DateTime<Utc>,
}

impl TryFrom<Columns> for StandingPause {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        Ok(Self {
            scope: scope(row.release_id.is_some(), row.ring)?,
            at: row.at,
            by: row.paused_by,
            reason: row.reason,
            take_back: row.take_back,
        })
    }
}

impl TryFrom<Columns> for PauseRow {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        let target = match (row.release_id, row.rollout_id, row.ring) {
            (None, None, None) => Target::Tenant,
            (Some(release), None, None) => Target::Release(ReleaseId(release)),
            (None, Some(rollout), Some(index)) => {
                Target::Ring { rollout: RolloutId(rollout), ring: ring(index)? }
            }
            _ => return Err(StoreError::corrupt("a pause of two things")),
        };
        let Columns { id, take_back, paused_by: by, at, reason, .. } = row;
        Ok(Self { id, target, take_back, by, at, reason })
    }
}
