//! Enrollment: what Concentric makes in a tenant, and how it is taken back.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// What Concentric is to make. What is not given is not touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrollmentSettings {
    /// The ring set whose rings get groups and policies.
    pub ring_set_id: Uuid,
    /// Restore what others changed or deleted without being asked.
    #[serde(default)]
    pub restore_drift: bool,
    /// Keep update rings of the organisation that target everybody away from our devices.
    #[serde(default)]
    pub exclude_from_foreign_rings: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature: Option<FeatureSettings>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drivers: Option<DriverSettings>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edge: Option<EdgeSettings>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub office: Option<OfficeSettings>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeatureSettings {
    /// For example `Windows 11, version 24H2`.
    #[schema(min_length = 1, max_length = 100)]
    pub version: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DriverSettings {
    pub approval: DriverApproval,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DriverApproval {
    Automatic,
    Manual,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EdgeSettings {
    /// So many rings, from the first on, get the Beta channel, the others Stable.
    #[schema(maximum = 15)]
    pub beta_rings: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfficeSettings {
    pub channel: OfficeChannel,
    /// Days until an update must be installed.
    #[schema(minimum = 1, maximum = 30)]
    pub deadline_days: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OfficeChannel {
    Current,
    MonthlyEnterprise,
    SemiAnnual,
}

/// What is wanted of an enrollment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrollRequest {
    pub settings: EnrollmentSettings,
    /// False: only plan it, and change nothing.
    #[serde(default)]
    pub apply: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UnenrollRequest {
    /// False: only plan it, and change nothing.
    pub apply: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RestoreRequest {
    /// Keys of the objects to restore; none: all that differ.
    pub keys: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EnrollmentState {
    NotEnrolled,
    /// Steps are being taken.
    Enrolling,
    Enrolled,
    Unenrolling,
}

/// How a tenant is enrolled, what is under way, and what differs from what we made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Enrollment {
    pub state: EnrollmentState,
    pub settings: Option<EnrollmentSettings>,
    /// The newest plan: what was asked for last, less what is done.
    pub plan: Option<EnrollmentPlan>,
    /// Why it is not going on.
    pub error: Option<String>,
    /// What stands on Graph was last compared with what we made.
    pub checked_at: Option<DateTime<Utc>>,
    pub objects: Vec<EnrollmentObject>,
    /// Devices whose ring group on Graph is not yet what it should be.
    pub members_pending: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EnrollmentPlan {
    /// When it was asked for, by the service's clock.
    pub asked_at: DateTime<Utc>,
    pub asked_by: String,
    pub action: EnrollmentAction,
    /// Whether it is carried out, or only shown.
    pub apply: bool,
    /// When it was worked out; none: not yet.
    pub planned_at: Option<DateTime<Utc>>,
    /// None left: done.
    pub steps: Vec<EnrollmentStep>,
    /// How many steps were taken.
    pub done: u32,
    /// What others changed, and this plan leaves that way.
    pub skipped: Vec<Drift>,
    /// What will be left behind, in words.
    pub stays: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EnrollmentAction {
    Enroll,
    Restore,
    Unenroll,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EnrollmentStep {
    /// Which object, for example `update-ring/0`.
    pub key: String,
    /// `create`, `adopt`, `update`, `delete`, `restore`, `release`.
    pub change: String,
    /// What it does, in a sentence.
    pub summary: String,
    /// The Graph permissions it takes; none: it only concerns our records.
    pub permissions: Vec<String>,
    /// What the object holds now; none: it is not there.
    pub from: Option<Value>,
    /// What it will hold; none: it will be gone.
    pub to: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EnrollmentObject {
    pub key: String,
    /// `group`, `update_ring`, `feature_profile`, `driver_profile`, `settings_policy`.
    pub kind: String,
    /// Its id on Graph.
    pub id: String,
    pub name: String,
    /// What others changed; empty: it is as we made it.
    pub drift: Vec<Drift>,
}

/// One difference between an object and what we made of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Drift {
    /// None: the whole object is gone.
    pub field: Option<String>,
    pub expected: Value,
    pub found: Value,
    pub summary: String,
}
