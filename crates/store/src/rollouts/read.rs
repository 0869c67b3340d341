//! Reading rollouts with their rings: one statement, whatever the size of the fleet.

use chrono::{DateTime, Utc};
use domain::ids::{PlanId, ReleaseId, RingSetId, RolloutId, TenantId};
use domain::rollout::observations::Intent;
use serde::Deserialize;
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::{NOT_FOUND, RingRow, RolloutRow};
use crate::StoreError;
use crate::convert::{access, count, level, phase, positions, ring, tally, wish};
use crate::pauses::Columns as Paused;
use crate::scope::Tx;

/// Rollouts of tenant `$1` with their rings; the first argument goes on after `where .. and`.
macro_rules! rollouts {
    ($which:literal, $($argument:expr),*) => {
        sqlx::query_as!(
            crate::rollouts::read::Columns,
            r#"select r.id, r.release_id, l.name as release_name, r.ring_set_id, r.plan_id,
                 p.revision as plan_revision, r.phase, r.generation, r.wish, r.wish_at, r.wish_by,
                 r.wish_reason, r.take_back, r.promoted, r.segments_held, r.segments_released, r.held, r.level,
                 p.body -> 'policy' -> 'segments' as segments,
                 r.observed_at, r.superseded_by, r.waiting, r.decided_at, r.created_at,
                 (select json_agg(s order by s.at, s.id) from (
                     select id, release_id, rollout_id, ring, take_back, reason, paused_by, at
                     from pause p where p.tenant_id = $1 and (p.rollout_id = r.id
                         or p.release_id = r.release_id
                         or p.rollout_id is null and p.release_id is null)
                 ) s) as "pauses: sqlx::types::Json<Vec<crate::pauses::Columns>>",
                 (select json_agg(x order by x.ring) from (
                     select g.ring, p.body -> 'rings' -> g.ring::int ->> 'name' as name,
                         g.waves, g.removal_waves, g.wanted_access, g.wanted_at, g.accepted_access,
                         g.accepted_at, g.enforce_error,
                         array(select sum(t.devices)::int from tally t
                             where t.tenant_id = $1 and t.rollout_id = r.id and t.ring = g.ring
                             group by t.state order by t.state) as tally,
                         (select coalesce(sum(t.devices), 0)::int from tally t
                             where t.tenant_id = $1 and t.rollout_id = r.id and t.ring = g.ring
                                 and t.aside) as aside,
                         (select count(*) from wave w where w.tenant_id = $1 and w.rollout_id = r.id
                             and w.ring = g.ring and w.delivered_at is null) as pending_waves
                     from rollout_ring g where g.tenant_id = $1 and g.rollout_id = r.id
                 ) x) as "rings!: sqlx::types::Json<Vec<crate::rollouts::read::Ring>>"
             from rollout r
             join release l on l.tenant_id = r.tenant_id and l.id = r.release_id
             join plan p on p.tenant_id = r.tenant_id and p.id = r.plan_id
             where r.tenant_id = $1 and "# + $which,
            $($argument),*
        )
    };
}
pub(super) use rollouts;

pub(crate) async fn fetch(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
) -> Result<RolloutRow, StoreError> {
    rollouts!("r.id = $2", tenant.0, rollout.0)
        .fetch_optional(&mut **tx)
        .await?
        .ok_or(NOT_FOUND)?
        .try_into()
}

#[derive(Debug, Deserialize)]
pub(super) struct Ring {
    #[serde(rename = "ring")]
    index: i16,
    name: Option<String>,
    waves: i32,
    removal_waves: i32,
    wanted_access: String,
    wanted_at: Option<DateTime<Utc>>,
    accepted_access: String,
    accepted_at: Option<DateTime<Utc>>,
    enforce_error: Option<String>,
    tally: Vec<i32>,
    aside: i32,
    pending_waves: u32,
}

#[derive(Debug)]
pub(super) struct Columns {
    pub(super) id: Uuid,
    pub(super) release_id: Uuid,
    pub(super) release_name: String,
    pub(super) ring_set_id: Uuid,
    pub(super) plan_id: Uuid,
    pub(super) plan_revision: i32,
    pub(super) phase: Value,
    pub(super) generation: i64,
    pub(super) wish: String,
    pub(super) wish_at: DateTime<Utc>,
    pub(super) wish_by: String,
    pub(super) wish_reason: Option<String>,
    pub(super) take_back: bool,
    pub(super) promoted: Option<i16>,
    pub(super) segments_held: Vec<i16>,
    pub(super) segments_released: Vec<i16>,
    pub(super) held: Vec<i16>,
    pub(super) level: String,
    pub(super) segments: Option<Value>,
    pub(super) observed_at: Option<DateTime<Utc>>,
    pub(super) superseded_by: Option<Uuid>,
    pub(super) waiting: Option<Value>,
    pub(super) decided_at: Option<DateTime<Utc>>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) pauses: Option<Json<Vec<Paused>>>,
    pub(super) rings: Json<Vec<Ring>>,
}

impl TryFrom<Ring> for RingRow {
    type Error = StoreError;

    fn try_from(row: Ring) -> Result<Self, StoreError> {
        Ok(Self {
            ring: ring(row.index)?,
            name: row.name.ok_or_else(|| StoreError::corrupt("the plan lacks a ring"))?,
            tally: tally(&row.tally)?,
            aside: count(row.aside)?,
            waves: count(row.waves)?,
            removal_waves: count(row.removal_waves)?,
            wanted: access(&row.wanted_access)?,
            wanted_at: row.wanted_at,
            accepted: access(&row.accepted_access)?,
            accepted_at: row.accepted_at,
            pending_waves: row.pending_waves,
            enforce_error: row.enforce_error,
        })
    }
}

impl TryFrom<Columns> for RolloutRow {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        let waiting = row.waiting.map(serde_json::from_value).transpose();
        let segments =
            row.segments.ok_or_else(|| StoreError::corrupt("a plan without segments"))?;
        let rings: Result<_, StoreError> = row.rings.0.into_iter().map(RingRow::try_from).collect();
        let pauses = row.pauses.map(|pauses| pauses.0).unwrap_or_default();
        let pauses: Result<_, StoreError> = pauses.into_iter().map(TryInto::try_into).collect();
        Ok(Self {
            id: RolloutId(row.id),
            release: ReleaseId(row.release_id),
            release_name: row.release_name,
            ring_set: RingSetId(row.ring_set_id),
            plan: PlanId(row.plan_id),
            plan_revision: row.plan_revision,
            phase: phase(row.phase)?,
            generation: row.generation,
            intent: Intent {
                wish: wish(&row.wish)?,
                given_at: row.wish_at,
                promoted: row.promoted.map(ring).transpose()?,
                held: positions(&row.segments_held)?,
                released: positions(&row.segments_released)?,
                take_back: row.take_back,
            },
            segments: serde_json::from_value(segments).map_err(StoreError::corrupt)?,
            held: positions(&row.held)?,
            level: level(&row.level)?,
            wish_by: row.wish_by,
            wish_reason: row.wish_reason,
            observed_at: row.observed_at,
            superseded_by: row.superseded_by.map(RolloutId),
            waiting: waiting.map_err(StoreError::corrupt)?,
            decided_at: row.decided_at,
            created_at: row.created_at,
            rings: rings?,
            pauses: pauses?,
        })
    }
}
