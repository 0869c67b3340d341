//! Reading rollouts with their rings: one statement, whatever the size of the fleet.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::ids::{PlanId, ReleaseId, RingSetId, RolloutId, TenantId};
use domain::rollout::decide::WaitingOn;
use domain::rollout::observations::Intent;
use domain::rollout::phase::Phase;
use domain::tally::Tally;
use serde::Deserialize;
use sqlx::types::Json;
use uuid::Uuid;

use super::planned::{Planned, no_plan, planned};
use super::{NOT_FOUND, RingRow, RolloutRow};
use crate::convert::{access, count, level, positions, ring, state, wish};
use crate::page::Page;
use crate::pauses::Columns as Paused;
use crate::scope::{Tx, alone};
use crate::{Store, StoreError};

impl Store {
    /// Cost: the rings of the rollouts returned, never their devices.
    pub async fn rollout_list(
        &self,
        tenant: TenantId,
        page: Page,
    ) -> Result<Vec<RolloutRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = sqlx::query_scalar!(
            r#"select row_to_json(w) as "now!: Json<Columns>" from rollout_now w
             where tenant_id = $1 and ($2::uuid is null or id > $2) order by id limit $3"#,
            tenant.0,
            page.after,
            page.rows()
        )
        .fetch_all(&mut *tx)
        .await?;
        let ids = rows.iter().map(|row| row.0.plan_id);
        let plans = self.inner.plans.of(&mut tx, tenant, ids).await?;
        tx.commit().await?;
        rows.into_iter().zip(plans).map(|(row, plan)| row.0.with(&plan)).collect()
    }

    /// As it is, with everything that was answered before this was called. Many who ask at once are answered
    /// by one read. Cost: one round trip (its plan is read once, and kept), and the rings of the rollout, never its
    /// devices.
    pub async fn rollout_fetch(
        &self,
        tenant: TenantId,
        rollout: RolloutId,
    ) -> Result<RolloutRow, StoreError> {
        let read = async || {
            let now = sqlx::query_scalar!(
                r#"select rollout_read($1, $2) as "now: Json<Columns>""#,
                tenant.0,
                rollout.0
            );
            let now = alone(now.fetch_one(&self.inner.pool)).await?.ok_or(NOT_FOUND)?.0;
            let id = now.plan_id;
            if let Some(plan) = self.inner.plans.get(id) {
                return now.with(&plan);
            }
            let mut tx = self.tenant_begin(tenant).await?;
            let plans = self.inner.plans.of(&mut tx, tenant, [id]).await?;
            tx.commit().await?;
            now.with(plans.first().ok_or_else(no_plan)?)
        };
        self.inner.rollouts.get(&(tenant, rollout), read).await
    }
}

pub(crate) async fn fetch(
    tx: &mut Tx,
    tenant: TenantId,
    rollout: RolloutId,
) -> Result<RolloutRow, StoreError> {
    let now = sqlx::query_scalar!(
        r#"select row_to_json(w) as "now!: Json<Columns>" from rollout_now w
         where tenant_id = $1 and id = $2"#,
        tenant.0,
        rollout.0
    );
    let now = now.fetch_optional(&mut **tx).await?.ok_or(NOT_FOUND)?.0;
    let plan = planned(tx, tenant, &[now.plan_id]).await?.remove(&now.plan_id);
    now.with(&*plan.ok_or_else(no_plan)?)
}

/// The columns of `rollout_ring`.
#[derive(Debug, Deserialize)]
struct Ring {
    #[serde(rename = "ring")]
    index: i16,
    waves: i32,
    removal_waves: i32,
    wanted_access: String,
    wanted_at: Option<DateTime<Utc>>,
    accepted_access: String,
    accepted_at: Option<DateTime<Utc>>,
    enforce_error: Option<String>,
}

/// Devices of a ring in a state: `[ring, state, devices, of them aside]`.
type Counter = [i32; 4];

/// What `rollout_now` says of a rollout.
#[derive(Debug, Deserialize)]
struct Columns {
    id: Uuid,
    release_id: Uuid,
    release_name: String,
    ring_set_id: Uuid,
    plan_id: Uuid,
    phase: Phase,
    generation: i64,
    version: Option<i64>,
    wish: String,
    wish_at: DateTime<Utc>,
    wish_by: String,
    wish_reason: Option<String>,
    take_back: bool,
    promoted: Option<i16>,
    segments_held: Vec<i16>,
    segments_released: Vec<i16>,
    held: Vec<i16>,
    level: String,
    observed_at: Option<DateTime<Utc>>,
    superseded_by: Option<Uuid>,
    waiting: Option<WaitingOn>,
    decided_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    pauses: Option<Vec<Paused>>,
    rings: Vec<Ring>,
    counters: Option<Vec<Counter>>,
    pending_waves: Option<Vec<i16>>,
}

impl Ring {
    fn read(
        self,
        names: &[String],
        counters: &[Counter],
        pending: &[i16],
    ) -> Result<RingRow, StoreError> {
        let index = ring(self.index)?;
        let name = names.get(usize::from(index.0));
        let mut states = Vec::new();
        let mut aside = 0;
        for [of, state_code, devices, of_them] in counters {
            if *of == i32::from(self.index) {
                let code = i16::try_from(*state_code).map_err(StoreError::corrupt)?;
                states.push((state(code)?, count(*devices)?));
                aside += count(*of_them)?;
            }
        }
        let waves = pending.iter().filter(|of| **of == self.index).count();
        Ok(RingRow {
            ring: index,
            name: name.cloned().ok_or_else(|| StoreError::corrupt("the plan lacks a ring"))?,
            tally: Tally::of(states),
            aside,
            waves: count(self.waves)?,
            removal_waves: count(self.removal_waves)?,
            wanted: access(&self.wanted_access)?,
            wanted_at: self.wanted_at,
            accepted: access(&self.accepted_access)?,
            accepted_at: self.accepted_at,
            pending_waves: u32::try_from(waves).map_err(StoreError::corrupt)?,
            enforce_error: self.enforce_error,
        })
    }
}

impl Columns {
    fn with(self, plan: &Planned) -> Result<RolloutRow, StoreError> {
        let counters = self.counters.unwrap_or_default();
        let pending = self.pending_waves.unwrap_or_default();
        let read = |ring: Ring| ring.read(&plan.rings, &counters, &pending);
        let rings: Result<_, StoreError> = self.rings.into_iter().map(read).collect();
        let pauses = self.pauses.unwrap_or_default();
        let pauses: Result<_, StoreError> = pauses.into_iter().map(TryInto::try_into).collect();
        Ok(RolloutRow {
            id: RolloutId(self.id),
            release: ReleaseId(self.release_id),
            release_name: self.release_name,
            ring_set: RingSetId(self.ring_set_id),
            plan: PlanId(self.plan_id),
            plan_revision: plan.revision,
            phase: self.phase,
            generation: self.generation,
            version: self.version.unwrap_or_default(),
            intent: Intent {
                wish: wish(&self.wish)?,
                given_at: self.wish_at,
                promoted: self.promoted.map(ring).transpose()?,
                held: positions(&self.segments_held)?,
                released: positions(&self.segments_released)?,
                take_back: self.take_back,
            },
            segments: Arc::clone(&plan.segments),
            held: positions(&self.held)?,
            level: level(&self.level)?,
            wish_by: self.wish_by,
            wish_reason: self.wish_reason,
            observed_at: self.observed_at,
            superseded_by: self.superseded_by.map(RolloutId),
            waiting: self.waiting,
            decided_at: self.decided_at,
            created_at: self.created_at,
            rings: rings?,
            pauses: pauses?,
        })
    }
}
