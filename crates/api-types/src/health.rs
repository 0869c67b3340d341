//! How a fleet stands.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The one reason why a device is not up to date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PrimaryReason {
    /// A word of docs/reasons.md: `inactive`, `failed_disk_full`, `ring_not_open`, ...
    pub reason: String,
    pub title: String,
    /// Whose turn it is: `administrator`, `user`, `microsoft`, `concentric`.
    pub owner: String,
    /// What they do about it.
    pub fix: String,
    /// What it was found by: an error code, who paused and why.
    pub evidence: Option<String>,
    pub since: Option<DateTime<Utc>>,
    /// Since then, in whole days.
    pub age_days: Option<i64>,
    pub rollout_id: Option<Uuid>,
    /// What Windows Autopatch calls it.
    pub alerts: Vec<String>,
}

/// How the fleet of a tenant stands, from counters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    pub at: DateTime<Utc>,
    /// Members of rings, and devices in no ring; a device of two ring sets counts in each.
    #[serde(flatten)]
    pub counts: HealthCounts,
    /// Devices in no ring.
    pub unplaced: HealthCounts,
    /// Devices on a supported version of Microsoft 365 Apps, of those that have any.
    pub microsoft_365_apps: Objective,
    pub ring_sets: Vec<RingSetHealth>,
    /// When each source was last read.
    pub sources: Vec<Source>,
    pub open_alerts: OpenAlerts,
}

/// Devices by status. A device has one of the six.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HealthCounts {
    pub devices: u32,
    /// On the newest quality update.
    pub up_to_date: u32,
    /// Behind it, and still in time: deferral, deadline, and five days to report.
    pub in_progress: u32,
    /// Behind it, and their ring stands still.
    pub paused: u32,
    /// Behind what they should have by now.
    pub not_up_to_date: u32,
    /// Registered, and not served for now.
    pub not_ready: u32,
    pub not_registered: u32,
    /// Registered devices on the newest quality update, in percent; none: there are none.
    pub latest_percent: Option<f64>,
    /// 95 % on the newest quality update that they had time for.
    pub quality: Objective,
    /// 99 % on a Windows version in service.
    pub feature: Objective,
    /// Devices that the objectives are not about, by why.
    pub excluded: Vec<Excluded>,
}

/// What a share of devices must reach.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Objective {
    pub eligible: u32,
    pub met: u32,
    /// Rounded down to a tenth; none: nobody is eligible.
    pub percent: Option<f64>,
    pub target_percent: u32,
    pub holds: bool,
}

/// Devices that an objective is not about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Excluded {
    /// A reason of registration, `not_judged`, or `scheduled_install`.
    pub reason: String,
    pub title: String,
    pub devices: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RingSetHealth {
    pub ring_set_id: Uuid,
    pub name: String,
    #[serde(flatten)]
    pub counts: HealthCounts,
    pub rings: Vec<RingHealth>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RingHealth {
    /// Position of the ring in its set; the first is 0.
    pub ring: u8,
    pub name: String,
    /// Since when it stands still; none: it does not.
    pub paused_since: Option<DateTime<Utc>>,
    #[serde(flatten)]
    pub counts: HealthCounts,
}

/// Something that is read, and when it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Source {
    /// `sync`, `check_ins`, `edge`, `microsoft_365_apps`, `drivers`, `readiness`, `drift`.
    pub name: String,
    pub read_at: Option<DateTime<Utc>>,
    /// How old it may be, in minutes.
    pub may_be_minutes: i64,
    pub is_stale: bool,
}

/// Open alerts that nobody muted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenAlerts {
    pub critical: u32,
    pub warning: u32,
    pub information: u32,
}
