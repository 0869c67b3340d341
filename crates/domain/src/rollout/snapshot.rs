//! Everything a decision looks at, as of one moment.

use super::observations::Observations;
use super::phase::Phase;
use super::plan::Plan;
use crate::ids::PlanId;

/// A rollout as it stood at one moment. Size: rings times states, never devices.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    pub plan_id: PlanId,
    pub plan: Plan,
    pub phase: Phase,
    /// Counts decisions and requests: what compare-and-set compares.
    pub generation: i64,
    pub observations: Observations,
}
