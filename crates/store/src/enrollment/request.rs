//! What people ask of an enrollment. Each request has its entry in the chain.

use chrono::{DateTime, Utc};
use domain::enrollment::{Key, Settings};
use domain::ids::TenantId;
use domain::work::WorkKind;
use serde_json::json;

use super::EnrollmentState;
use crate::chain::Entry;
use crate::convert::json;
use crate::scope::{Tx, retried};
use crate::{Store, StoreError, chain, ring_sets, work};

impl Store {
    /// Asks for the tenant to be enrolled with these settings, or for a change of settings. Raises
    /// the generation and wakes `Enroll`. `Invalid` when there is no such ring set; `Conflict` while
    /// it is being unenrolled, or when another ring set is asked for than it is enrolled with.
    pub async fn enrollment_request(
        &self,
        tenant: TenantId,
        settings: &Settings,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<i64, StoreError> {
        retried(|| self.enroll(tenant, settings, actor, now)).await
    }

    /// Asks for everything to be taken back. `Conflict` when there is nothing to take back, or while
    /// rollouts are unfinished, naming them.
    pub async fn unenrollment_request(
        &self,
        tenant: TenantId,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<i64, StoreError> {
        retried(|| self.unenroll(tenant, actor, now)).await
    }

    /// Asks for these objects to be made again what we wrote. `Conflict` unless enrolled.
    pub async fn drift_restore_request(
        &self,
        tenant: TenantId,
        keys: &[Key],
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<i64, StoreError> {
        let words: Vec<String> = keys.iter().map(Key::to_string).collect();
        let mut tx = self.tenant_begin(tenant).await?;
        let generation = sqlx::query_scalar!(
            "update enrollment
             set restore = array(select distinct k from unnest(restore || $2::text[]) as k order by k),
                 generation = generation + 1
             where tenant_id = $1 and state = 'enrolled' returning generation",
            tenant.0,
            &words,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or_else(|| StoreError::Conflict("the tenant is not enrolled".to_owned()))?;
        let body = json!({ "keys": words, "generation": generation });
        finish(tx, tenant, (actor, "restore_requested", &body), now).await?;
        Ok(generation)
    }

    async fn enroll(
        &self,
        tenant: TenantId,
        settings: &Settings,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<i64, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        match ring_sets::fetch(&mut tx, tenant, settings.ring_set).await {
            Ok(_) => {}
            Err(StoreError::NotFound { .. }) => {
                return Err(StoreError::Invalid("there is no such ring set".to_owned()));
            }
            Err(other) => return Err(other),
        }
        // Keeps a deletion of the ring set away.
        sqlx::query!(
            "select id from ring_set where tenant_id = $1 and id = $2 for key share",
            tenant.0,
            settings.ring_set.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        let before = sqlx::query!(
            "select state, ring_set_id from enrollment where tenant_id = $1 for update",
            tenant.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(before) = before {
            let same = before.ring_set_id == settings.ring_set.0;
            check_enrollable(super::state(&before.state)?, same)?;
        }
        let stored = json(settings)?;
        let generation = sqlx::query_scalar!(
            "insert into enrollment as e (tenant_id, state, ring_set_id, settings, generation,
                 requested_by, requested_at, state_at, drift, restore)
             values ($1, 'enrolling', $2, $3, 1, $4, $5, $5, '[]', '{}')
             on conflict (tenant_id) do update
             set state = 'enrolling', ring_set_id = excluded.ring_set_id,
                 settings = excluded.settings, generation = e.generation + 1,
                 requested_by = excluded.requested_by, requested_at = excluded.requested_at,
                 state_at = excluded.state_at, error = null
             returning generation",
            tenant.0,
            settings.ring_set.0,
            stored,
            actor,
            now,
        )
        .fetch_one(&mut *tx)
        .await?;
        let body = json!({ "settings": stored, "generation": generation });
        finish(tx, tenant, (actor, "enrollment_requested", &body), now).await?;
        Ok(generation)
    }

    async fn unenroll(
        &self,
        tenant: TenantId,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<i64, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        check_no_rollouts(&mut tx, tenant).await?;
        let generation = sqlx::query_scalar!(
            "update enrollment
             set state = 'unenrolling', generation = generation + 1, requested_by = $2,
                 requested_at = $3, state_at = $3, error = null, restore = '{}'
             where tenant_id = $1 and state <> 'none' returning generation",
            tenant.0,
            actor,
            now,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or_else(|| StoreError::Conflict("the tenant is not enrolled".to_owned()))?;
        let body = json!({ "generation": generation });
        finish(tx, tenant, (actor, "unenrollment_requested", &body), now).await?;
        Ok(generation)
    }
}

fn check_enrollable(state: EnrollmentState, same_ring_set: bool) -> Result<(), StoreError> {
    let why = match state {
        EnrollmentState::None => return Ok(()),
        EnrollmentState::Unenrolling => "the tenant is being unenrolled",
        EnrollmentState::Enrolling | EnrollmentState::Enrolled if same_ring_set => return Ok(()),
        EnrollmentState::Enrolling | EnrollmentState::Enrolled => {
            "the tenant is enrolled with another ring set; unenroll it first"
        }
    };
    Err(StoreError::Conflict(why.to_owned()))
}

async fn check_no_rollouts(tx: &mut Tx, tenant: TenantId) -> Result<(), StoreError> {
    let names = sqlx::query_scalar!(
        "select l.name from rollout r
         join release l on l.tenant_id = r.tenant_id and l.id = r.release_id
         where r.tenant_id = $1 and r.phase_name not in ('completed', 'rolled_back', 'cancelled')
         order by r.id limit 10",
        tenant.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    if names.is_empty() {
        return Ok(());
    }
    Err(StoreError::Conflict(format!("rollouts are unfinished: {}", names.join(", "))))
}

async fn finish(
    mut tx: Tx,
    tenant: TenantId,
    (actor, kind, body): (&str, &str, &serde_json::Value),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    work::ask(&mut tx, tenant, WorkKind::Enroll, &[tenant.0], now).await?;
    chain::append(&mut tx, tenant, Entry { rollout: None, at: now, actor, kind, body }).await?;
    tx.commit().await?;
    Ok(())
}
