//! Rollouts, and what can be asked of them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::AttemptState;

/// A release to walk through a ring set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRollout {
    pub release_id: Uuid,
    pub ring_set_id: Uuid,
    /// Deferrals count from here; the release date of the update if not given. At most a year
    /// from now, either way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub on_gate_failure: OnGateFailure,
    /// Devices not heard of for so many days are left out; 28 if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 365)]
    pub inactive_after_days: Option<u16>,
}

/// What happens by itself after a failed gate has paused a rollout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnGateFailure {
    /// Stay paused until a person decides.
    #[default]
    Pause,
    /// Take the update back from every device that has it.
    RollBack,
}

/// Why somebody acts; kept in the history.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Action {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 1000, pattern = r"\S")]
    pub reason: Option<String>,
}

/// To vouch for a ring: its gate no longer holds or pauses the rollout. This outranks the gate and
/// the approvals the ring asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Promote {
    /// The current ring if not given; earlier rings are vouched for with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring: Option<u8>,
    #[schema(min_length = 1, max_length = 1000, pattern = r"\S")]
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rollout {
    pub id: Uuid,
    pub release_id: Uuid,
    pub release_name: String,
    pub ring_set_id: Uuid,
    pub plan_id: Uuid,
    pub plan_revision: i32,
    pub phase: Phase,
    pub intent: Intent,
    /// Why it is not moving, in one sentence; none while it moves.
    pub waiting_on: Option<String>,
    /// When that may change by itself.
    pub next_look: Option<DateTime<Utc>>,
    pub rings: Vec<RolloutRing>,
    /// Devices were last read completely.
    pub observed_at: Option<DateTime<Utc>>,
    /// Counts decisions and requests.
    pub generation: i64,
    pub created_at: DateTime<Utc>,
}

/// Where a rollout stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Phase {
    pub name: PhaseName,
    /// The last ring opened; none before the first.
    pub ring: Option<u8>,
    pub since: Option<DateTime<Utc>>,
    /// Who holds a paused rollout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused_by: Option<PausedBy>,
    /// What made the service pause it: `too many failed devices in ring 2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhaseName {
    Scheduled,
    Offering,
    Soaking,
    Paused,
    Completed,
    RollingBack,
    RolledBack,
    Cancelled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PausedBy {
    Person,
    Service,
    Both,
}

/// What a person last asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Intent {
    pub wish: Wish,
    pub by: String,
    pub at: DateTime<Utc>,
    pub reason: Option<String>,
    /// Rings up to this one are vouched for.
    pub promoted: Option<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    Run,
    Hold,
    Cancel,
    Withdraw,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RolloutRing {
    /// Position in the ring set; the first is 0.
    pub ring: u8,
    pub name: String,
    pub assigned: u32,
    /// Assigned without the excluded and those that could not be reached in time.
    pub eligible: u32,
    pub offered: u32,
    pub in_flight: u32,
    pub confirmed: u32,
    pub failed: u32,
    pub lost: u32,
    /// Devices by state; states without devices are left out.
    pub states: BTreeMap<AttemptState, u32>,
    pub waves: u32,
    pub removal_waves: u32,
    /// What these numbers say, in short: to be sent back with an approval of the ring.
    pub evidence: String,
    pub told: Told,
}

/// The clocks of a ring: decided, and accepted by Graph. Devices follow at their next check-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Told {
    pub wanted: Access,
    pub wanted_at: Option<DateTime<Utc>>,
    pub accepted: Access,
    pub accepted_at: Option<DateTime<Utc>>,
    /// Waves decided that Graph has not been told of yet.
    pub pending_waves: u32,
    /// Why Graph does not follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What the devices of a ring may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    Closed,
    Open,
    Held,
    Withdrawn,
}
