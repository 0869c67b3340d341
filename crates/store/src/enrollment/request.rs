//! What people ask of an enrollment. Each request has its entry in the chain.

use chrono::{DateTime, Utc};
use domain::enrollment::Key;
use domain::ids::TenantId;
use domain::work::WorkKind;
use serde_json::json;

use super::{Demand, EnrollmentState};
use crate::chain::Entry;
use crate::convert::json;
use crate::scope::{Tx, retried};
use crate::{Store, StoreError, chain, ring_sets, strategies, work};

/// A request, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrollmentRequest {
    pub demand: Demand,
    /// Whether it is to be carried out, or only planned.
    pub apply: bool,
    pub actor: String,
}

/// What there was before a request.
struct Before {
    state: EnrollmentState,
    ring_set: Option<uuid::Uuid>,
    under_way: bool,
}

impl Store {
    /// Asks for something in place of what was asked for before, and wakes `Enroll`. Only planning
    /// changes neither state nor settings. Returns the generation. `Invalid` when there is no such
    /// ring set; `Conflict` when the tenant is enrolled with another one, when nothing is made that
    /// could be restored or taken back, for a plan while something is being carried out, for enrolling
    /// while rollouts by update rings are unfinished, and for taking back while any are, which it names.
    pub async fn enrollment_request(
        &self,
        tenant: TenantId,
        request: &EnrollmentRequest,
        now: DateTime<Utc>,
    ) -> Result<i64, StoreError> {
        retried(|| self.ask_for(tenant, request, now)).await
    }

    async fn ask_for(
        &self,
        tenant: TenantId,
        request: &EnrollmentRequest,
        now: DateTime<Utc>,
    ) -> Result<i64, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let before = before(&mut tx, tenant).await?;
        check(&mut tx, tenant, request, before.as_ref()).await?;
        let (settings, keys) = match &request.demand {
            Demand::Enroll(settings) => (Some(settings), None),
            Demand::Restore(keys) => (None, keys.as_deref().map(words)),
            Demand::Unenroll => (None, None),
        };
        let stored = settings.map(json).transpose()?;
        let state = match (&request.demand, request.apply) {
            (Demand::Enroll(_), true) => Some(EnrollmentState::Enrolling.word()),
            (Demand::Unenroll, true) => Some(EnrollmentState::Unenrolling.word()),
            (Demand::Restore(_), _) | (_, false) => None,
        };
        let generation = sqlx::query_scalar!(
            "insert into enrollment as e (tenant_id, state, state_at, ring_set_id, settings,
                 generation, asked, asked_settings, asked_keys, apply, is_open, requested_by,
                 requested_at, drift)
             values ($1, coalesce($2, 'none'), $3, case when $8 then $4::uuid end,
                 case when $8 then $5::jsonb end, 1, $6, $5, $7, $8, true, $9, $3, '[]')
             on conflict (tenant_id) do update
             set state = coalesce($2, e.state),
                 state_at = case when $2 is distinct from e.state then $3 else e.state_at end,
                 ring_set_id = case when $8 then coalesce($4, e.ring_set_id) else e.ring_set_id end,
                 settings = case when $8 then coalesce($5, e.settings) else e.settings end,
                 generation = e.generation + 1, asked = $6, asked_settings = $5, asked_keys = $7,
                 apply = $8, is_open = true, requested_by = $9, requested_at = $3, plan = null,
                 planned_at = null, done = 0, error = null
             returning generation",
            tenant.0,
            state,
            now,
            settings.map(|settings| settings.ring_set.0),
            stored,
            request.demand.word(),
            keys.as_deref(),
            request.apply,
            request.actor,
        )
        .fetch_one(&mut *tx)
        .await?;
        let body = json!({ "asked": request.demand.word(), "apply": request.apply,
            "settings": stored, "keys": keys, "generation": generation });
        let (actor, kind) = (request.actor.as_str(), "enrollment_requested");
        work::ask(&mut tx, tenant, WorkKind::Enroll, &[tenant.0], now).await?;
        let entry = Entry { rollout: None, at: now, actor, kind, body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(generation)
    }
}

fn words(keys: &[Key]) -> Vec<String> {
    keys.iter().map(Key::to_string).collect()
}

async fn before(tx: &mut Tx, tenant: TenantId) -> Result<Option<Before>, StoreError> {
    let row = sqlx::query!(
        "select state, ring_set_id, is_open and apply as under_way from enrollment
         where tenant_id = $1 for update",
        tenant.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| {
        Ok(Before {
            state: super::state(&row.state)?,
            ring_set: row.ring_set_id,
            under_way: row.under_way.unwrap_or(false),
        })
    })
    .transpose()
}

async fn check(
    tx: &mut Tx,
    tenant: TenantId,
    request: &EnrollmentRequest,
    before: Option<&Before>,
) -> Result<(), StoreError> {
    let conflict = |why: &str| Err(StoreError::Conflict(why.to_owned()));
    let state = before.map_or(EnrollmentState::None, |before| before.state);
    if !request.apply && before.is_some_and(|before| before.under_way) {
        return conflict("an enrollment is being carried out; what it does can be read meanwhile");
    }
    match &request.demand {
        Demand::Enroll(settings) => {
            check_ring_set(tx, tenant, settings.ring_set.0).await?;
            let other = before.and_then(|before| before.ring_set) != Some(settings.ring_set.0);
            match state {
                EnrollmentState::None if request.apply => check_no_rings(tx, tenant).await,
                EnrollmentState::None => Ok(()),
                EnrollmentState::Unenrolling => conflict("the tenant is being unenrolled"),
                EnrollmentState::Enrolling | EnrollmentState::Enrolled if other => {
                    conflict("the tenant is enrolled with another ring set; unenroll it first")
                }
                EnrollmentState::Enrolling | EnrollmentState::Enrolled => Ok(()),
            }
        }
        Demand::Restore(_) if state != EnrollmentState::Enrolled => {
            conflict("the tenant is not enrolled")
        }
        Demand::Restore(_) => Ok(()),
        Demand::Unenroll if state == EnrollmentState::None => {
            conflict("the tenant is not enrolled")
        }
        Demand::Unenroll if request.apply => check_no_rollouts(tx, tenant).await,
        Demand::Unenroll => Ok(()),
    }
}

/// That it exists; and keeps its deletion away until the end of the transaction.
async fn check_ring_set(
    tx: &mut Tx,
    tenant: TenantId,
    ring_set: uuid::Uuid,
) -> Result<(), StoreError> {
    match ring_sets::fetch(tx, tenant, ring_set.into()).await {
        Ok(_) => {}
        Err(StoreError::NotFound { .. }) => {
            return Err(StoreError::Invalid("there is no such ring set".to_owned()));
        }
        Err(other) => return Err(other),
    }
    sqlx::query!(
        "select id from ring_set where tenant_id = $1 and id = $2 for key share",
        tenant.0,
        ring_set,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(())
}

async fn check_no_rollouts(tx: &mut Tx, tenant: TenantId) -> Result<(), StoreError> {
    match unfinished(tx, tenant, false).await? {
        None => Ok(()),
        Some(names) => Err(StoreError::Conflict(format!("rollouts are unfinished: {names}"))),
    }
}

/// Two update rings for one device that say differently are a conflict, in which a pause does not hold; the
/// other way round it is [`strategies::check_alone`].
async fn check_no_rings(tx: &mut Tx, tenant: TenantId) -> Result<(), StoreError> {
    strategies::lock_rings(tx, tenant).await?;
    match unfinished(tx, tenant, true).await? {
        None => Ok(()),
        Some(names) => Err(StoreError::Conflict(format!(
            "unfinished rollouts have update rings of their own, and a pause would not hold beside those of an \
             enrollment: {names}; enroll when they are over, or cancel them"
        ))),
    }
}

/// The names of rollouts that are not over, or of those of them that have update rings of their own.
async fn unfinished(
    tx: &mut Tx,
    tenant: TenantId,
    by_rings: bool,
) -> Result<Option<String>, StoreError> {
    let names = sqlx::query_scalar!(
        "select l.name from rollout r
         join release l on l.tenant_id = $1 and l.id = r.release_id
         join catalog_update u on u.tenant_id = $1 and u.id = l.update_id
         where r.tenant_id = $1 and r.phase_name not in ('completed', 'rolled_back', 'cancelled')
             and (not $2 or r.strategy = 'intune' and u.kind = 'quality')
         order by r.id limit 10",
        tenant.0,
        by_rings,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok((!names.is_empty()).then(|| names.join(", ")))
}
