//! Devices.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::PrimaryReason;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Device {
    pub id: Uuid,
    pub name: String,
    pub manufacturer: String,
    pub model: String,
    pub serial: String,
    /// For example `10.0.26100.7171`.
    pub build: Option<String>,
    pub last_sync: Option<DateTime<Utc>>,
    /// `managedDevice.id` in Intune; none: Intune does not know it.
    pub intune_id: Option<Uuid>,
    /// `device.deviceId` in Entra; none: not registered, so nothing can be offered to it.
    pub entra_device_id: Option<Uuid>,
    /// `device.id` in Entra.
    pub object_id: Option<Uuid>,
    /// `ready`, `not_ready`, `prerequisite_failed`, `group_conflict`, `excluded`; none: not judged yet.
    pub standing: Option<String>,
    /// Why it is not ready: `inactive`, `personal`, ...
    pub reasons: Vec<String>,
    /// `physical`, `cloud_pc`, `virtual_desktop`, `virtual`.
    pub sort: Option<String>,
    /// Long-term servicing: quality updates only.
    pub quality_only: bool,
    pub edition: String,
    pub architecture: String,
    pub owner: String,
    /// Who manages it: `intune`, `co_managed`, `configuration_manager`.
    pub agent: String,
    /// How Entra knows it: `entra`, `hybrid`, `registered`.
    pub join: String,
    /// Intune's device category.
    pub category: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceDetail {
    #[serde(flatten)]
    pub device: Device,
    /// Where it stands with the newest quality update: `up_to_date`, `in_progress`, `paused`,
    /// `not_up_to_date`, `not_ready`, `not_registered`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Why it is not up to date; none: it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_reason: Option<PrimaryReason>,
    pub rings: Vec<DeviceRing>,
    pub attempts: Vec<DeviceAttempt>,
}

/// A device's place in one ring set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceRing {
    pub ring_set_id: Uuid,
    /// Position of the ring in its set; the first is 0.
    pub ring: u8,
}

/// What became of a device in one rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceAttempt {
    pub rollout_id: Uuid,
    pub ring: u8,
    pub state: AttemptState,
    pub since: DateTime<Utc>,
    /// Error code of a failure, reason of an exclusion.
    pub code: Option<String>,
    pub wave: Option<i32>,
}

/// Where a device stands in a rollout.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    Assigned,
    Offered,
    Unresolved,
    Withdrawn,
    Installing,
    Installed,
    Lost,
    Confirmed,
    Failed,
    Removing,
    Removed,
    Stranded,
    Excluded,
}

/// Which devices; all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeviceQuery {
    /// The name starts so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(max_length = 256)]
    pub name_prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(max_length = 256)]
    pub model: Option<String>,
    /// With `ring`: members of this ring.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring_set_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(maximum = 14)]
    pub ring: Option<u8>,
    /// With `state`: devices that stand there in this rollout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub state: Option<AttemptState>,
    /// Where they stand: `ready`, `not_ready`, `prerequisite_failed`, `group_conflict`, `excluded`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(max_length = 40)]
    pub standing: Option<String>,
    /// What stands against serving them, in the words of the registration summary: `no_intune`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(max_length = 40)]
    pub reason: Option<String>,
    /// A CEL expression that must be true of the device; alone, without the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(max_length = 2000)]
    pub filter: Option<String>,
    /// At most so many; 100 if not given, 500 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 500)]
    pub page_size: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}
