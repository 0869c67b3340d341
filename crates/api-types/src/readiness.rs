//! Readiness: is a tenant fit to be served?

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// How bad a finding is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Ready,
    /// Enrollment may go on; to be mended before the first device is served.
    Advisory,
    /// Blocks enrollment.
    NotReady,
    /// The check could not be run.
    Error,
}

/// One of the checks, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// For example `security-defaults`.
    pub id: String,
    pub title: String,
    /// The Graph reads it rests on.
    pub reads: String,
    pub rule: String,
    /// The worst it can find.
    pub failing: Level,
    /// Since when Microsoft asked for it (`2022-07`).
    pub since: String,
    /// Until when; none: it still does.
    pub until: Option<String>,
    pub rationale: String,
    pub source: String,
    /// What an administrator does about it.
    pub remedy: String,
    /// What enrollment can do about it by itself.
    pub fix: Option<String>,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    pub check: String,
    pub title: String,
    pub level: Level,
    /// What was found, in a sentence.
    pub summary: String,
    /// What that rests on.
    pub evidence: Vec<String>,
    /// What an administrator does about it; none when there is nothing to do.
    pub remedy: Option<String>,
    pub fix: Option<String>,
    /// The Graph permission without which the check could not be run.
    pub missing_permission: Option<String>,
}

/// One run of all checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Assessment {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    /// The worst finding.
    pub level: Level,
    /// Whether it keeps the tenant from being enrolled.
    pub blocks_enrollment: bool,
    pub findings: Vec<Finding>,
    /// What changed since the run before.
    pub changes: Vec<FindingChange>,
    /// Where an administrator grants the permissions that are missing; none: none is.
    pub consent_link: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FindingChange {
    pub check: String,
    /// None: the check was new.
    pub from: Option<Level>,
    pub to: Level,
    /// It got worse.
    pub regressed: bool,
}

/// One run, in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AssessmentSummary {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub level: Level,
    /// Findings that are not ready or in error.
    pub failing: Vec<String>,
}

/// How to run the checks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AssessRequest {
    /// Also try the addresses that must be reachable, from where the server stands.
    pub network: bool,
}

/// Work that was asked for and runs on by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Asked {
    /// By the service's clock: what is dated later has seen the request.
    pub at: DateTime<Utc>,
}

/// One Graph permission, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Permission {
    pub value: String,
    pub role_id: Uuid,
    /// `assess`, `register`, `enroll`, `roll_out`, `act_on_devices`.
    pub capabilities: Vec<String>,
    pub reason: String,
    /// Permissions that contain it.
    pub contained_in: Vec<String>,
}

/// The id of an assessment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct AssessmentId {
    pub assessment: Uuid,
}
