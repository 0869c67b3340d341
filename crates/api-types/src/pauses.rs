//! Pauses: what stands still, since when, and how far that has come.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::AttemptState;

/// To stop offering.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// Kept in the history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 1000, pattern = r"\S")]
    pub reason: Option<String>,
    /// Take offers back that no device has acted on; they are given again when it goes on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub take_back: bool,
}

/// What a pause covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PauseScope {
    /// Every rollout of the tenant.
    Tenant,
    /// Every rollout of a release.
    Release,
    /// One rollout.
    Rollout,
    /// One ring of a rollout, and the opening of the next.
    Ring,
}

/// A pause of a tenant, a release or a ring. Stands until a person lifts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StandingPause {
    pub id: Uuid,
    pub scope: PauseScope,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release_id: Option<Uuid>,
    /// Of a ring.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring: Option<u8>,
    pub take_back: bool,
    pub by: String,
    pub at: DateTime<Utc>,
    pub reason: Option<String>,
}

/// What came of setting or lifting a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PauseChange {
    /// False: it was so already.
    pub changed: bool,
    /// Rollouts it covers that have not ended. No new offer of theirs is decided after a pause is
    /// answered.
    pub rollouts: u64,
}

/// One pause that holds a rollout or a part of it, with its three clocks: decided, accepted by Graph,
/// told to devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PauseState {
    pub scope: PauseScope,
    /// Of a ring.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring: Option<u8>,
    /// `concentric`: the service, which never clears a person's.
    pub by: String,
    pub reason: Option<String>,
    pub take_back: bool,
    /// Since then no offer is decided.
    pub decided_at: DateTime<Utc>,
    /// Since then Graph holds every ring that it covers; none: not all of them yet.
    pub accepted_at: Option<DateTime<Utc>>,
    /// By then every device that is switched on has heard of it: it checks in every 8 hours.
    pub devices_told_by: Option<DateTime<Utc>>,
    /// Only in explanations: who of the devices in flight has checked in since Graph accepted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub devices: Option<DevicesTold>,
}

/// Devices between offer and outcome, and who of them has heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DevicesTold {
    pub in_flight: u32,
    pub checked_in: u32,
    pub not_yet: u32,
}

/// One device between offer and outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InFlightDevice {
    pub device_id: Uuid,
    /// None: it is not known any more.
    pub name: Option<String>,
    pub ring: u8,
    pub state: AttemptState,
    pub since: DateTime<Utc>,
    pub last_check_in: Option<DateTime<Utc>>,
    /// Whether a pause can take the offer back: no install has started.
    pub can_be_taken_back: bool,
    /// Microsoft holds it back: the id of the safeguard hold, or `unknown`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safeguard: Option<String>,
}
