//! What people ask of single devices in a rollout: to be served first, or once more.

use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::ids::{DeviceId, RolloutId, TenantId};
use domain::ring::RingIndex;
use domain::rollout::phase::Phase;
use domain::work::WorkKind;
use serde_json::json;
use uuid::Uuid;

use super::{NOT_FOUND, fetch};
use crate::chain::Entry;
use crate::convert::{phase, plan, ring_column};
use crate::journal::kept_from;
use crate::scope::{Tx, retried};
use crate::{Store, StoreError, budget, calendar, chain, work};

/// Ids that an entry in the chain names.
const NAMED: usize = 100;

/// Who asks, and why.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub actor: &'a str,
    pub reason: &'a str,
    pub at: DateTime<Utc>,
}

impl Store {
    /// Moves devices that wait for their offer to the front of the next wave of their ring; those of
    /// a ring that is not open yet move to the one that is, but never the last one of a ring. Returns
    /// how many moved; others are passed over. `Conflict` when no ring is open.
    pub async fn attempt_expedite(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        devices: &[DeviceId],
        asked: Asked<'_>,
    ) -> Result<u64, StoreError> {
        retried(|| self.expedite(tenant, rollout, devices, asked)).await
    }

    /// Offers the update once more to devices that failed, were lost or never started. What is
    /// reported of earlier times does not undo it. Returns how many; devices of rings whose calendar
    /// holds offers back are passed over, and so are those that would be left out of a wave: ahead, below a
    /// floor, or superseded. `Conflict` when no ring is open, only such devices are asked
    /// for, or the budget of the tenant has no room for them.
    pub async fn attempt_retry(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        devices: &[DeviceId],
        asked: Asked<'_>,
    ) -> Result<u64, StoreError> {
        retried(|| self.retry(tenant, rollout, devices, asked)).await
    }

    async fn expedite(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        devices: &[DeviceId],
        asked: Asked<'_>,
    ) -> Result<u64, StoreError> {
        let mut tx = self.tenant_begin_few(tenant).await?;
        let open = lock_open(&mut tx, tenant, rollout).await?;
        let ids: Vec<Uuid> = devices.iter().map(|device| device.0).collect();
        // A rollout waits for the members of an empty ring for ever.
        let moved = sqlx::query_scalar!(
            r#"with picked as (
                 select a.device_id, a.ring,
                     row_number() over (partition by a.ring order by a.position, a.device_id) as number
                 from (select distinct id from unnest($3::uuid[]) as n(id)) n
                 join attempt a on a.tenant_id = $1 and a.rollout_id = $2 and a.device_id = n.id
                     and a.state = $5
             ), moving as (
                 select p.device_id, least(p.ring, $4) as ring
                 from picked p
                 where p.ring <= $4 or p.number < (
                     select sum(t.devices) from tally t
                     where t.tenant_id = $1 and t.rollout_id = $2 and t.ring = p.ring)
             )
             update attempt a
             set ring = m.ring, position = least(coalesce(g.offered_position, -1), 2147483646) + 1
             from moving m
             join rollout_ring g on g.tenant_id = $1 and g.rollout_id = $2 and g.ring = m.ring
             where a.tenant_id = $1 and a.rollout_id = $2 and a.device_id = m.device_id
             returning a.device_id"#,
            tenant.0,
            rollout.0,
            &ids,
            ring_column(open),
            AttemptState::Assigned.code(),
        )
        .fetch_all(&mut *tx)
        .await?;
        sqlx::query!(
            "update rollout_ring g set members = t.members
             from (select ring, sum(devices)::int as members from tally
                 where tenant_id = $1 and rollout_id = $2 group by ring) t
             where g.tenant_id = $1 and g.rollout_id = $2 and g.ring = t.ring
                 and g.members <> t.members",
            tenant.0,
            rollout.0,
        )
        .execute(&mut *tx)
        .await?;
        finish(tx, tenant, rollout, ("expedited", &moved), asked).await
    }

    async fn retry(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
        devices: &[DeviceId],
        asked: Asked<'_>,
    ) -> Result<u64, StoreError> {
        let mut tx = self.tenant_begin_few(tenant).await?;
        let open = lock_open(&mut tx, tenant, rollout).await?;
        let budget = budget::lock(&mut tx, tenant).await?;
        let ids: Vec<Uuid> = devices.iter().map(|device| device.0).collect();
        let again = [AttemptState::Unresolved, AttemptState::Lost, AttemptState::Failed]
            .map(AttemptState::code);
        let row = fetch(&mut tx, tenant, rollout).await?;
        let body = sqlx::query_scalar!(
            "select body from plan where tenant_id = $1 and id = $2",
            tenant.0,
            row.plan.0,
        )
        .fetch_one(&mut *tx)
        .await?;
        let plan = plan(body)?;
        let known = calendar::known(&mut tx, tenant, rollout, &plan, true).await?;
        let kept = kept_from(&mut tx, tenant, rollout, &ids, &again).await?;
        let kept_out: Vec<Uuid> = kept.iter().map(|(device, _)| *device).collect();
        let is_held = |ring: &RingIndex| plan.times(*ring, &known).offers(asked.at).is_some();
        let held: Vec<i16> = open.up_to_here().filter(is_held).map(ring_column).collect();
        let moved = sqlx::query_scalar!(
            "update attempt a set state = $4, state_at = $5, retried_at = $5, code = null
             from (select distinct id from unnest($3::uuid[]) as n(id)) n
             where a.tenant_id = $1 and a.rollout_id = $2 and a.device_id = n.id and a.state = any($6)
                 and a.ring <> all($7) and a.device_id <> all($8)
             returning a.device_id",
            tenant.0,
            rollout.0,
            &ids,
            AttemptState::Offered.code(),
            asked.at,
            &again,
            &held,
            &kept_out,
        )
        .fetch_all(&mut *tx)
        .await?;
        if moved.is_empty() && !kept.is_empty() {
            return Err(StoreError::Conflict(refused(&kept)));
        }
        if moved.is_empty() && !held.is_empty() {
            let why = "the calendar of their rings holds offers back now; `rollout explain` says until when";
            return Err(StoreError::Conflict(why.to_owned()));
        }
        if let Some(budget) = budget.filter(|budget| u64::from(budget.free()) < moved.len() as u64)
        {
            let (free, limit) = (budget.free(), budget.limit);
            return Err(StoreError::Conflict(format!(
                "the budget of the tenant has room for {free} more devices: at most {limit} may be \
                 between offer and outcome over all rollouts"
            )));
        }
        if !moved.is_empty() {
            // Somebody has to give up on them again.
            let windows = open.up_to_here().filter_map(|ring| plan.ring(ring));
            let window = windows.map(|ring| ring.gate.observation_window).max().unwrap_or_default();
            work::plan(&mut tx, tenant, WorkKind::Sweep, rollout.0, asked.at + window).await?;
        }
        finish(tx, tenant, rollout, ("retried", &moved), asked).await
    }
}

/// Why none of these is offered the update once more.
fn refused(kept: &[(Uuid, String)]) -> String {
    let count = |reason: &str| kept.iter().filter(|(_, other)| other == reason).count();
    let each = [
        ("ahead", "on a higher build than the update brings"),
        ("below_floor", "kept from the update by a version floor"),
        ("superseded", "served by a newer release"),
    ];
    let found = each.into_iter().filter(|(reason, _)| count(reason) > 0);
    let found: Vec<String> =
        found.map(|(reason, text)| format!("{} {text} ({reason})", count(reason))).collect();
    format!("none of them may be offered the update again: {}", found.join(", "))
}

/// The last ring that is open, under a lock on the rollout that keeps decisions away.
async fn lock_open(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
) -> Result<RingIndex, StoreError> {
    let stored = sqlx::query_scalar!(
        "select phase from rollout where tenant_id = $1 and id = $2 for update",
        tenant.0,
        rollout.0,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(NOT_FOUND)?;
    let phase = phase(stored)?;
    let open = match phase {
        Phase::Offering { ring, .. } | Phase::Soaking { ring, .. } => Some(ring),
        Phase::Paused { ring, .. } => ring,
        Phase::Scheduled | Phase::Completed { .. } | Phase::RollingBack { .. } => None,
        Phase::RolledBack { .. } | Phase::Cancelled { .. } => None,
    };
    open.ok_or_else(|| {
        let phase = phase.name().replace('_', " ");
        StoreError::Conflict(format!("no ring is open: the rollout is {phase}"))
    })
}

async fn finish(
    mut tx: Tx,
    tenant: TenantId,
    rollout: RolloutId,
    (kind, moved): (&str, &[Uuid]),
    asked: Asked<'_>,
) -> Result<u64, StoreError> {
    if moved.is_empty() {
        return Ok(0);
    }
    work::ask(&mut tx, tenant, WorkKind::Decide, &[rollout.0], asked.at).await?;
    let body = json!({
        "devices": moved.len(),
        "ids": &moved[..moved.len().min(NAMED)],
        "reason": asked.reason,
    });
    let entry =
        Entry { rollout: Some(rollout), at: asked.at, actor: asked.actor, kind, body: &body };
    chain::append(&mut tx, tenant, entry).await?;
    tx.commit().await?;
    Ok(moved.len() as u64)
}
