//! What an administrator chose to let Concentric make.

use serde::{Deserialize, Serialize};

use crate::ids::RingSetId;

/// The choices for one tenant. Rings and their days come from the ring set; what is `None` is not
/// touched at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The ring set whose rings get groups and policies.
    pub ring_set: RingSetId,
    /// Restore what others changed or deleted without being asked.
    pub restore_drift: bool,
    /// Keep the tenant's own update rings that target everybody away from our devices.
    pub exclude_from_foreign_rings: bool,
    pub feature: Option<FeatureSettings>,
    pub drivers: Option<DriverSettings>,
    pub edge: Option<EdgeSettings>,
    pub office: Option<OfficeSettings>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureSettings {
    /// For example `Windows 11, version 24H2`.
    pub version: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriverSettings {
    pub approval: DriverApproval,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriverApproval {
    /// Recommended drivers come by themselves, after the ring's deferral (14 days at most).
    Automatic,
    Manual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeSettings {
    /// How many rings, from the first on, get the Beta channel instead of Stable.
    pub beta_rings: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfficeSettings {
    pub channel: OfficeChannel,
    /// Days until an update must be installed.
    pub deadline_days: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfficeChannel {
    Current,
    MonthlyEnterprise,
    SemiAnnual,
}
