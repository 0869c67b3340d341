//! Support requests.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::DeskReference;

/// How much harm it does: Autopatch's severities C, B and A.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SupportSeverity {
    /// C: work goes on.
    Minimal,
    /// B: work goes on with difficulty.
    Moderate,
    /// A: work stands still, or updates do harm.
    Critical,
}

/// What it is about, for whoever hands requests on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SupportCategory {
    Updates,
    Devices,
    Policies,
    Access,
    Reports,
    #[default]
    Other,
}

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SupportStatus {
    New,
    InProgress,
    /// It waits for who filed it.
    Waiting,
    /// The harm has ended; it may be reopened for 24 hours.
    Mitigated,
    Resolved,
}

/// The sort of thing that a request is filed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SupportSubjectKind {
    Tenant,
    Device,
    Rollout,
    Release,
    RingSet,
    Alert,
}

/// The thing that a request is filed from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SupportSubject {
    pub kind: SupportSubjectKind,
    pub id: Uuid,
    /// As it was called then.
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SupportRequest {
    pub id: Uuid,
    pub about: SupportSubject,
    pub title: String,
    pub description: String,
    pub severity: SupportSeverity,
    pub category: SupportCategory,
    pub status: SupportStatus,
    pub status_at: DateTime<Utc>,
    /// Who filed it.
    pub requester: String,
    /// Who works on it.
    pub assignee: Option<String>,
    /// The request that this one goes on with.
    pub follows: Option<Uuid>,
    /// Until then somebody else than the requester should have said or done something.
    pub answer_by: DateTime<Utc>,
    /// When somebody first did.
    pub answered_at: Option<DateTime<Utc>>,
    /// That nobody has, and should have.
    pub is_late: bool,
    /// Until then it may be reopened; none: it cannot be.
    pub reopen_until: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
    pub bundle_bytes: u32,
    /// SHA-256 of the evidence, in hexadecimal digits.
    pub bundle_sha256: String,
}

/// What was said, or done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SupportNote {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub author: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The status it came into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<SupportStatus>,
    /// Into whose hands it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SupportRequestDetail {
    #[serde(flatten)]
    pub request: SupportRequest,
    /// In order.
    pub conversation: Vec<SupportNote>,
    /// What desks call it.
    #[serde(default)]
    pub references: Vec<DeskReference>,
}

/// What a request is to be about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SupportAbout {
    pub kind: SupportSubjectKind,
    /// Not for the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSupportRequest {
    pub about: SupportAbout,
    #[schema(min_length = 1, max_length = 160, pattern = r"\S")]
    pub title: String,
    /// What is the matter, and since when.
    #[schema(min_length = 1, max_length = 8000, pattern = r"\S")]
    pub description: String,
    pub severity: SupportSeverity,
    #[serde(default)]
    pub category: SupportCategory,
    /// A request that this one goes on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<Uuid>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommentSupportRequest {
    #[schema(min_length = 1, max_length = 4000, pattern = r"\S")]
    pub text: String,
}

/// The status that a request can be brought into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SupportStep {
    InProgress,
    Waiting,
    Mitigated,
    Resolved,
}

/// What is to change; one of these at least.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveSupportRequest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<SupportStep>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<SupportSeverity>,
    /// Who works on it from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, pattern = r"\S")]
    pub assignee: Option<String>,
    /// Said with it, in the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 4000, pattern = r"\S")]
    pub comment: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SupportFormat {
    /// The request, its conversation and its evidence.
    #[default]
    Json,
    /// For people: without the evidence, but with its hash.
    Markdown,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SupportExportQuery {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub format: Option<SupportFormat>,
}

/// A request with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SupportExport {
    pub request: SupportRequestDetail,
    /// The evidence, as `bundle` gives it.
    pub bundle: serde_json::Value,
}
