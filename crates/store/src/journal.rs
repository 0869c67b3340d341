//! What the planner reads and what it writes: one snapshot, one event at a time, compare-and-set.

use chrono::{DateTime, Utc};
use domain::ids::{PlanId, RolloutId, TenantId};
use domain::rollout::decide::WaitingOn;
use domain::rollout::observations::Observations;
use domain::rollout::phase::{Event, Phase};
use domain::rollout::plan::Plan;

use crate::{Store, StoreError};

/// Everything a decision looks at, as of one moment. Cost: rings times states, never devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub plan_id: PlanId,
    pub plan: Plan,
    pub phase: Phase,
    pub generation: i64,
    pub observations: Observations,
}

impl Store {
    /// One consistent read (one statement, or repeatable read).
    pub async fn rollout_snapshot(
        &self,
        _tenant: TenantId,
        _rollout: RolloutId,
    ) -> Result<Snapshot, StoreError> {
        Err(StoreError::Sketch)
    }

    /// Records `event`, which was decided on `snapshot` at `now`, in one transaction: locks the
    /// rollout; `Stale` unless its generation is the snapshot's; moves the phase by `Phase::apply`;
    /// raises the generation; carries the event's effect on attempts out (below); sets
    /// `wanted_access` of every ring by `domain::rollout::access::access` of the new phase, where it
    /// changed; appends the event with its evidence (phase, plan id, observations, time) to the
    /// chain; wakes `Enforce` and notifies. Returns the new generation.
    ///
    /// Effects: `WaveOffered` moves the next `devices` assigned members of the ring (in order of
    /// position, from the ring's cursor) to offered and writes a wave; `RollbackStarted` moves
    /// offered and unresolved attempts to withdrawn; `RemovalWave` moves the next removable
    /// attempts (installed, lost, confirmed) to removing and writes a wave; the others move none.
    /// A wave that finds fewer devices than `devices` is `Stale`.
    pub async fn rollout_record(
        &self,
        _tenant: TenantId,
        _rollout: RolloutId,
        _snapshot: &Snapshot,
        _event: Event,
        _now: DateTime<Utc>,
    ) -> Result<i64, StoreError> {
        Err(StoreError::Sketch)
    }

    /// Notes what the rollout waits for, for people to read; writes nothing when that is what it
    /// says already.
    pub async fn rollout_waits(
        &self,
        _tenant: TenantId,
        _rollout: RolloutId,
        _waiting: &WaitingOn,
        _now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Err(StoreError::Sketch)
    }
}
