//! Rollouts, and what can be asked of them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{AttemptState, EvidenceLevel, PauseState};

/// A release to walk through a ring set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
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
    /// What the evidence against the release is held against.
    #[serde(default)]
    pub evidence: EvidencePolicy,
}

/// What is healthy, and how sure the service has to be that a release is not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EvidencePolicy {
    /// The share of failed installs that is healthy, until 8 releases were completed to learn it from.
    #[schema(minimum = 0.01, maximum = 50)]
    pub healthy_failed_percent: f64,
    /// The share of devices lost during the install that is healthy.
    #[schema(minimum = 0.01, maximum = 50)]
    pub healthy_lost_percent: f64,
    /// The evidence at which nothing new is offered: 10 is seen of one healthy release in ten.
    #[schema(minimum = 2, maximum = 1e12)]
    pub watch_at: f64,
    /// The evidence at which the release is paused.
    #[schema(minimum = 2, maximum = 1e12)]
    pub pause_at: f64,
    /// The evidence at which a rollback is proposed, or started where `on_gate_failure` says so.
    #[schema(minimum = 2, maximum = 1e12)]
    pub roll_back_at: f64,
    pub on_suspect: OnSuspect,
}

impl Default for EvidencePolicy {
    fn default() -> Self {
        Self {
            healthy_failed_percent: 2.0,
            healthy_lost_percent: 1.0,
            watch_at: 10.0,
            pause_at: 100.0,
            roll_back_at: 10_000.0,
            on_suspect: OnSuspect::Pause,
        }
    }
}

/// What happens by itself when one segment (model, build, category) explains the evidence alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnSuspect {
    /// The release is paused and the segment named.
    #[default]
    Pause,
    /// The segment is held; the rest goes on.
    Hold,
}

/// What happens by itself after a failed gate has paused a rollout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnGateFailure {
    /// Stay paused until a person decides.
    #[default]
    Pause,
    /// Take the update back from every device that has it, once the evidence is at `roll_back_at`.
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

/// The same, asked of several rollouts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RolloutBatch {
    #[schema(min_items = 1, max_items = 100)]
    pub ids: Vec<Uuid>,
    /// Kept in the history of each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 1000, pattern = r"\S")]
    pub reason: Option<String>,
}

/// What became of one of several: the rollout, or why not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BatchResult {
    pub id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<crate::Problem>,
}

/// Why somebody acts, where it has to be said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    #[schema(min_length = 1, max_length = 1000, pattern = r"\S")]
    pub reason: String,
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
    /// The same in one word: `gate`, `opening`, `person`, `review`, `members`, `budget`, `calendar`, `offers`,
    /// `last_offers`, `held_segments`, `standing_pause`, `removal`, `removal_review`, `late_installs`, `nothing`.
    pub waiting_for: Option<String>,
    /// When that may change by itself.
    pub next_look: Option<DateTime<Utc>>,
    pub rings: Vec<RolloutRing>,
    /// Every pause that holds it, or a ring of it, oldest first.
    pub pauses: Vec<PauseState>,
    /// How far the evidence against the release has come, as recorded last.
    pub level: EvidenceLevel,
    /// Segments that are set aside: their devices are not offered the update and count nowhere.
    pub held_segments: Vec<HeldSegment>,
    /// Devices were last read completely.
    /// The rollout of a newer release that takes its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<Uuid>,
    pub observed_at: Option<DateTime<Utc>>,
    /// Counts decisions and requests.
    pub generation: i64,
    pub created_at: DateTime<Utc>,
}

/// To wait for something on one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WaitQuery {
    /// How long at most: `0s` to `60s`.
    #[param(pattern = r"^([0-9]|[1-5][0-9]|60)s$")]
    pub wait: Option<String>,
    /// For what: `changed` (if not given), or phases such as `paused,completed`.
    pub until: Option<String>,
}

/// Devices that have something in common, and are held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldSegment {
    /// Names it in requests.
    pub segment: u16,
    pub kind: SegmentKind,
    /// `Contoso Notebook 7`, `10.0.26100`, `Warehouse`.
    pub name: String,
    /// Of the fleet, when the rollout was made.
    pub devices: u32,
}

/// What a segment is a segment by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SegmentKind {
    /// Manufacturer and model.
    Model,
    /// The Windows version before the update.
    Build,
    /// The device category in Intune.
    Category,
}

/// One segment of a rollout, with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SegmentState {
    /// Names it in requests.
    pub segment: u16,
    pub kind: SegmentKind,
    pub name: String,
    /// Of the fleet, when the rollout was made.
    pub devices: u32,
    /// Devices that may have the update; those set aside are not counted.
    pub offered: u32,
    pub failed: u32,
    pub lost: u32,
    /// The natural logarithm of the evidence that it fails more often than is healthy, with all of
    /// the error to itself.
    pub ln_e: f64,
    /// Of those named as suspects, at most one in ten is innocent on average.
    pub suspect: bool,
    pub held: bool,
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
    /// What made the service pause it (`too many failed devices in ring 2`), or ended it.
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
    /// Devices of held segments, and those that Microsoft holds; counted above as well.
    pub set_aside: u32,
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
