//! What is done to single devices, one or many at a time.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::PrimaryReason;

/// Which devices: by id, or by an expression; exactly one of the two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Selection {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 1000)]
    pub ids: Option<Vec<Uuid>>,
    /// A CEL expression over the fields of a device, for example
    /// `model == "Latitude 7440" && build < 26100`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 2000)]
    pub filter: Option<String>,
}

/// One thing to do to the devices selected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum DeviceAction {
    /// Offer nothing new while it lasts.
    Hold {
        #[schema(min_length = 1, max_length = 500)]
        reason: String,
        #[serde(default)]
        expires_at: Option<DateTime<Utc>>,
    },
    /// End a hold.
    Release,
    /// Take out of every ring.
    Exclude {
        #[schema(min_length = 1, max_length = 500)]
        reason: String,
        #[serde(default)]
        expires_at: Option<DateTime<Utc>>,
    },
    /// End an exclusion.
    Restore,
    /// Put into a ring, whatever groups and percentages say.
    Move {
        ring_set_id: Uuid,
        #[schema(maximum = 14)]
        ring: u8,
        #[serde(default)]
        reason: Option<String>,
    },
    /// Let groups and percentages decide again.
    Unpin { ring_set_id: Uuid },
    /// Be offered the update with the next wave.
    Expedite { rollout_id: Uuid },
    /// Try again where a rollout has given the device up.
    Retry { rollout_id: Uuid },
    /// Ask the device to check in with Intune at once.
    Sync,
}

/// An action, and on what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceActionRequest {
    pub select: Selection,
    #[serde(rename = "do")]
    pub what: DeviceAction,
    /// Only say how many devices it would be.
    #[serde(default)]
    pub preview: bool,
    /// Refuse, and change nothing, when it would be another number of devices.
    #[serde(default)]
    pub expect: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceActionResult {
    pub preview: bool,
    /// Devices selected.
    pub matched: u32,
    /// Devices for which something changed, or would.
    pub changed: u32,
    /// Some of those selected: at most 20.
    pub examples: Vec<DeviceName>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceName {
    pub id: Uuid,
    pub name: String,
}

/// What an administrator decided about a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceControl {
    /// `hold`, `exclude`, `pin`.
    pub control: String,
    /// Of a pin.
    pub ring_set_id: Option<Uuid>,
    pub ring: Option<u8>,
    pub reason: String,
    pub owner: String,
    pub since: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
}

/// Why a device is served, or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DeviceExplanation {
    pub id: Uuid,
    pub name: String,
    /// `ready`, `not_ready`, `prerequisite_failed`, `group_conflict`, `excluded`; none: not judged yet.
    pub standing: Option<String>,
    pub judged_at: Option<DateTime<Utc>>,
    /// Where it stands with the newest quality update: `up_to_date`, `in_progress`, `paused`,
    /// `not_up_to_date`, `not_ready`, `not_registered`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Why it is not up to date; none: it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_reason: Option<PrimaryReason>,
    /// In a sentence.
    pub summary: String,
    /// Everything that fails, in the order of the checks.
    pub reasons: Vec<DeviceReason>,
    pub rings: Vec<RingPlacement>,
    pub controls: Vec<DeviceControl>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceReason {
    /// For example `not_in_intune`.
    pub reason: String,
    pub title: String,
    /// `administrator`, `microsoft`, `user`, `concentric`.
    pub turn: String,
    pub remedy: String,
}

/// Why a device is in the ring it is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RingPlacement {
    pub ring_set_id: Uuid,
    pub ring_set: String,
    /// None: in none of its rings.
    pub ring: Option<u8>,
    pub ring_name: Option<String>,
    /// `pinned`, `group`, `kept`, `covers`, `fills`, `percentage`.
    pub why: Option<String>,
    pub summary: String,
}

/// How many devices stand where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistrationSummary {
    pub devices: u32,
    /// By standing; every standing is there.
    pub standings: Vec<Counted>,
    /// Not ready ones by reason; a device counts for each of its reasons.
    pub reasons: Vec<Counted>,
    /// Waiting to be judged.
    pub due: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counted {
    pub name: String,
    pub title: String,
    pub devices: u32,
}
