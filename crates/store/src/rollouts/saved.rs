//! Plans computed without effect, saved under a hash, and started exactly as saved.
//!
//! What a plan would do is not worked out a second time: the rollout is made as it would be, looked at,
//! and taken back with its transaction. So a plan that is shown is one that can be started.

use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::AttemptState;
use domain::gate::policy::Choices;
use domain::ids::{RingSetId, RolloutId, TenantId, UpdateId};
use domain::ring::{Ring, RingIndex};
use domain::rollout::plan::{OnGateFailure, Plan};
use domain::update::Delivery;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::create::{Planned, lock_release, make_planned, policy, ring_set_of};
use super::segments;
use crate::chain::Entry;
use crate::convert::{count, json as column, ring};
use crate::scope::{Tx, retried};
use crate::{Store, StoreError, chain, releases};

mod members;
mod read;
mod start;

pub use start::PlanStart;

/// A plan to be computed.
#[derive(Debug, Clone)]
pub struct NewPlan {
    pub update: UpdateId,
    /// Of the release, which is made when the plan is started, unless there is one of this update.
    pub release: String,
    /// None: as the kind of the update is delivered when nobody chooses.
    pub delivery: Option<Delivery>,
    pub ring_set: RingSetId,
    /// The rings of that set with other days, gates, waves and approvals; none: as they are.
    pub rings: Option<Vec<Ring>>,
    /// Deferrals count from here; none: from the release date of the update.
    pub starts_at: Option<DateTime<Utc>>,
    pub on_gate_failure: OnGateFailure,
    /// Devices not heard of for so long are excluded as inactive.
    pub inactive_after: TimeDelta,
    pub choices: Choices,
}

/// What the hash of a plan covers: all that a rollout is made from, but the state of single devices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanBody {
    pub update: UpdateId,
    pub release: String,
    pub delivery: Delivery,
    pub ring_set: RingSetId,
    pub inactive_after_days: i64,
    pub plan: Plan,
    /// One for each ring, in order.
    pub members: Vec<Membership>,
}

/// Who is in one ring, in short.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    pub devices: u32,
    /// The same for the same devices, whatever their order.
    pub fingerprint: String,
}

/// Devices that are left out, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excluded {
    pub ring: RingIndex,
    /// The code that their attempts would carry.
    pub reason: String,
    pub devices: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SavedPlanRow {
    /// None: it was not saved.
    pub id: Option<Uuid>,
    pub body: PlanBody,
    /// SHA-256 of the body's canonical JSON, in hexadecimal.
    pub hash: String,
    /// When it was computed.
    pub excluded: Vec<Excluded>,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    /// The rollout it was started as, by whom and when.
    pub started: Option<(RolloutId, String, DateTime<Utc>)>,
}

impl Store {
    /// The ring set a saved plan walks through.
    pub async fn plan_ring_set(
        &self,
        tenant: TenantId,
        plan: Uuid,
    ) -> Result<RingSetId, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let set = sqlx::query_scalar!(
            r#"select (body::jsonb ->> 'ring_set')::uuid as "set!" from saved_plan
             where tenant_id = $1 and id = $2"#,
            tenant.0,
            plan,
        )
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        set.map(RingSetId).ok_or(StoreError::NotFound { what: "plan" })
    }

    /// Computes a plan without effect: the rollout is made and taken back. As `rollout_create` refuses,
    /// so does this. Saves it, with its entry in the chain, if `save`. Cost: the members of the ring
    /// set, once more than a rollout.
    pub async fn plan_compute(
        &self,
        tenant: TenantId,
        new: &NewPlan,
        save: bool,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<SavedPlanRow, StoreError> {
        let (body, excluded) = retried(|| self.tried(tenant, new, actor, now)).await?;
        let text = canonical(&body)?;
        let mut row = SavedPlanRow {
            id: None,
            body,
            hash: hex(&Sha256::digest(&text)),
            excluded,
            created_by: actor.to_owned(),
            created_at: now,
            started: None,
        };
        if save {
            let id = Uuid::now_v7();
            self.keep(tenant, id, &text, &row).await?;
            row.id = Some(id);
        }
        Ok(row)
    }

    /// The transaction is dropped, and with it everything that it made.
    async fn tried(
        &self,
        tenant: TenantId,
        new: &NewPlan,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<(PlanBody, Vec<Excluded>), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let wanted =
            releases::NewRelease { update: new.update, name: &new.release, delivery: new.delivery };
        let (release, _) = releases::found_or_made(&mut tx, tenant, wanted, actor, now).await?;
        let of = lock_release(&mut tx, tenant, release.id).await?;
        let set = ring_set_of(&mut tx, tenant, new.ring_set).await?;
        let found = segments::found(&mut tx, tenant, new.ring_set).await?;
        let policy = policy(&mut tx, tenant, new.choices, &found).await?;
        let starts_at = new.starts_at.unwrap_or(of.released_at);
        let mut plan = Plan::new(&set, starts_at, new.on_gate_failure, policy);
        if let Some(rings) = new.rings.as_ref().filter(|rings| *rings != set.rings()) {
            plan = plan
                .revised(rings.clone(), starts_at, new.on_gate_failure)
                .map_err(|error| StoreError::Invalid(error.to_string()))?;
        }
        let planned = Planned {
            release: release.id,
            ring_set: new.ring_set,
            plan: &plan,
            found: &found,
            author: actor,
            inactive_after: new.inactive_after,
        };
        let made = make_planned(&mut tx, tenant, &of, planned, actor, now).await?;
        let excluded = excluded(&mut tx, tenant, made.row.id).await?;
        let members = members::of(&mut tx, tenant, new.ring_set, plan.rings().len()).await?;
        let body = PlanBody {
            update: new.update,
            release: new.release.clone(),
            delivery: release.delivery,
            ring_set: new.ring_set,
            inactive_after_days: new.inactive_after.num_days(),
            plan,
            members,
        };
        Ok((body, excluded))
    }

    async fn keep(
        &self,
        tenant: TenantId,
        id: Uuid,
        text: &str,
        row: &SavedPlanRow,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!(
            "insert into saved_plan (tenant_id, id, body, hash, excluded, created_by, created_at)
             values ($1, $2, $3, decode($4, 'hex'), $5, $6, $7)",
            tenant.0,
            id,
            text,
            row.hash,
            column(&row.excluded)?,
            row.created_by,
            row.created_at,
        )
        .execute(&mut *tx)
        .await?;
        let body = json!({ "saved_plan": id, "release": row.body.release, "hash": row.hash });
        let (actor, at) = (row.created_by.as_str(), row.created_at);
        let entry = Entry { rollout: None, at, actor, kind: "plan_saved", body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn excluded(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
) -> Result<Vec<Excluded>, StoreError> {
    let rows = sqlx::query!(
        r#"select ring, coalesce(code, '') as "reason!", count(*)::int as "devices!" from attempt
         where tenant_id = $1 and rollout_id = $2 and state = $3
         group by 1, 2 order by 1, 3 desc, 2"#,
        tenant.0,
        rollout.0,
        AttemptState::Excluded.code(),
    )
    .fetch_all(&mut **tx)
    .await?;
    let rows = rows.into_iter().map(|row| {
        Ok(Excluded { ring: ring(row.ring)?, reason: row.reason, devices: count(row.devices)? })
    });
    rows.collect()
}

/// Keys come out sorted, because `serde_json` keeps objects in a sorted map.
fn canonical(body: &PlanBody) -> Result<String, StoreError> {
    Ok(column(body)?.to_string())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
