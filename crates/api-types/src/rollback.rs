//! What can be taken back, and what was.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::AttemptState;

/// How an update of one kind is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReversalWay {
    /// Windows uninstalls it while it is the newest quality update of the device.
    Uninstall,
    /// Windows goes back to the version before, within days.
    GoBack,
    /// A policy names the version before.
    EarlierVersion,
    /// Microsoft offers no way.
    Never,
}

/// What a rollback can do, and did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RollbackPreview {
    pub rollout_id: Uuid,
    /// The moment this answers for, by the service's clock.
    pub at: DateTime<Utc>,
    pub way: ReversalWay,
    /// What the way means, in one sentence.
    pub text: String,
    /// Devices that have the update and can give it back.
    pub removable: u32,
    /// When the first of them no longer can, at the earliest; none: nothing says so.
    pub first_closes_at: Option<DateTime<Utc>>,
    /// Devices in the middle of the install: told once they have it.
    pub installing: u32,
    /// Devices without the update; open offers are taken back.
    pub not_installed: u32,
    /// Devices that have the update and keep it, by the reason.
    pub impossible: Vec<ImpossibleCount>,
    /// Devices told to give it back.
    pub removing: u32,
    /// Devices that gave it back.
    pub removed: u32,
    /// Devices that were told to and did not.
    pub could_not: u32,
    /// Devices that gave it back, and have it again.
    pub reinstalled: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImpossibleCount {
    pub why: Obstacle,
    pub devices: u32,
    pub text: String,
}

/// Why a device keeps the update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// Nothing takes an update of this kind back.
    Kind,
    /// The days in which it could go back are over.
    WindowOver,
    /// It has a newer update by now.
    Newer,
    /// It is not in the directory any more.
    Gone,
}

/// What a rollback can do for a device, or did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProspectName {
    Removable,
    Installing,
    NotInstalled,
    Removing,
    Removed,
    Reinstalled,
    CouldNot,
    Impossible,
}

/// One device, as a rollback finds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceProspect {
    pub device_id: Uuid,
    /// None: it is not known any more.
    pub name: Option<String>,
    pub ring: u8,
    pub state: AttemptState,
    pub prospect: ProspectName,
    /// Of a removable one: it can give it back at least until then; none: nothing says until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// Of one that keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Obstacle>,
}

/// How long a release can still be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RollbackReadiness {
    pub release_id: Uuid,
    pub at: DateTime<Utc>,
    pub way: ReversalWay,
    pub text: String,
    /// Devices that have the update and can give it back now.
    pub removable: u32,
    /// Devices that have it and keep it.
    pub impossible: u32,
    /// When the first of them no longer can, at the earliest; none: nothing says so.
    pub first_closes_at: Option<DateTime<Utc>>,
    /// How many no longer can, by the day (UTC), soonest first; empty: nothing says so.
    pub closing: Vec<ClosingDay>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClosingDay {
    pub day: NaiveDate,
    pub devices: u32,
}
