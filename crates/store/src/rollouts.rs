//! Rollouts as people see them: creating, listing, reading, and what people ask of them.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{PlanId, ReleaseId, RingSetId, RolloutId, TenantId};
use domain::ring::RingIndex;
use domain::rollout::access::Access;
use domain::rollout::decide::WaitingOn;
use domain::rollout::observations::{Intent, Wish};
use domain::rollout::phase::Phase;
use domain::rollout::plan::{OnGateFailure, Plan};
use domain::tally::Tally;

use crate::page::Page;
use crate::{Store, StoreError};

#[derive(Debug, Clone)]
pub struct NewRollout {
    pub release: ReleaseId,
    pub ring_set: RingSetId,
    /// Deferrals count from here; none: from the release date of the update.
    pub starts_at: Option<DateTime<Utc>>,
    pub on_gate_failure: OnGateFailure,
    /// Devices not heard of for so long are excluded as inactive.
    pub inactive_after: TimeDelta,
}

/// One ring of a rollout, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingRow {
    pub ring: RingIndex,
    pub name: String,
    pub tally: Tally,
    pub waves: u32,
    pub removal_waves: u32,
    /// What the ring is to be told, since when, and what Graph has accepted, since when.
    pub wanted: Access,
    pub wanted_at: Option<DateTime<Utc>>,
    pub accepted: Access,
    pub accepted_at: Option<DateTime<Utc>>,
    /// Waves decided and not yet delivered to Graph.
    pub pending_waves: u32,
    pub enforce_error: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolloutRow {
    pub id: RolloutId,
    pub release: ReleaseId,
    pub release_name: String,
    pub ring_set: RingSetId,
    pub plan: PlanId,
    pub plan_revision: i32,
    pub phase: Phase,
    pub generation: i64,
    pub intent: Intent,
    pub wish_by: String,
    pub wish_reason: Option<String>,
    pub observed_at: Option<DateTime<Utc>>,
    pub waiting: Option<WaitingOn>,
    pub decided_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub rings: Vec<RingRow>,
}

/// What a person asks of a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub wish: Wish,
    /// Vouch for rings up to and including this one (promote); never lowers what was vouched for.
    pub promoted: Option<RingIndex>,
    pub actor: String,
    pub reason: Option<String>,
}

impl Store {
    /// Makes a rollout with plan revision 1, its attempts (in a partition of their own), rings,
    /// tallies and work (`Decide` due now, `Sweep`, `Enforce` when asked), and the first event of
    /// its history, in one transaction. `Invalid` when release or ring set do not exist or the
    /// ring set has no members; `Conflict` when the release already has an unfinished rollout over
    /// this ring set.
    pub async fn rollout_create(
        &self,
        _tenant: TenantId,
        _new: &NewRollout,
        _actor: &str,
        _now: DateTime<Utc>,
    ) -> Result<RolloutRow, StoreError> {
        Err(StoreError::Sketch)
    }

    /// Cost: the rings of the rollouts returned, never their devices.
    pub async fn rollout_list(
        &self,
        _tenant: TenantId,
        _page: Page,
    ) -> Result<Vec<RolloutRow>, StoreError> {
        Err(StoreError::Sketch)
    }

    /// Cost: the rings of the rollout, never its devices.
    pub async fn rollout_fetch(
        &self,
        _tenant: TenantId,
        _rollout: RolloutId,
    ) -> Result<RolloutRow, StoreError> {
        Err(StoreError::Sketch)
    }

    /// The plan a rollout follows.
    pub async fn rollout_plan(
        &self,
        _tenant: TenantId,
        _rollout: RolloutId,
    ) -> Result<Plan, StoreError> {
        Err(StoreError::Sketch)
    }

    /// Records what a person asks, with its entry in the chain, raises the generation and wakes
    /// the planner. After this returns, no decision taken before it can be recorded (I2). Asking
    /// for what already is the wish is fine, and is recorded. `Conflict` when the rollout has
    /// ended (rolled back; cancelled; completed, unless withdraw), naming the phase.
    pub async fn rollout_request(
        &self,
        _tenant: TenantId,
        _rollout: RolloutId,
        _request: &Request,
        _now: DateTime<Utc>,
    ) -> Result<RolloutRow, StoreError> {
        Err(StoreError::Sketch)
    }
}
