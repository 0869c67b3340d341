//! Rules that approve updates by themselves.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{OnGateFailure, Severity, UpdateKind};

/// What a rule approves, and over which rings it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRule {
    /// Unique in the tenant.
    #[schema(min_length = 1, max_length = 60, pattern = r"\S")]
    pub name: String,
    pub ring_set_id: Uuid,
    pub kind: UpdateKind,
    /// Of quality updates: `security` or `nonSecurity`; any if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classification: Option<String>,
    /// Of quality updates: `monthly` or `outOfBand`; any if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cadence: Option<String>,
    /// Of Edge and Microsoft 365 Apps; any if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Days after the release of an update.
    #[serde(default)]
    #[schema(maximum = 60)]
    pub delay_days: u8,
    /// Optional previews too. They are a signal only, unless somebody chooses them.
    #[serde(default)]
    pub previews: bool,
    /// Of quality updates: only those that close something at least so bad.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_severity: Option<Severity>,
    /// Expedite out-of-band updates: days until the restart is forced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 2)]
    pub expedite: Option<u8>,
    #[serde(default)]
    pub on_gate_failure: OnGateFailure,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rule {
    pub id: Uuid,
    #[serde(flatten)]
    pub definition: CreateRule,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    /// Why it could not approve what it should have; it is tried again after each sync.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How the updates of its kind stand with a rule, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RulePreview {
    /// The moment this answers for.
    pub at: DateTime<Utc>,
    pub updates: Vec<RuleStanding>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleStanding {
    pub update_id: Uuid,
    pub short_name: String,
    pub released_at: DateTime<Utc>,
    pub standing: RuleWord,
    /// With `later`: when it is approved, unless another takes its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<DateTime<Utc>>,
    /// With `covered`: the update that replaces it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub covered_by: Option<Uuid>,
    /// In words.
    pub why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleWord {
    /// Approved at the next look.
    Due,
    Later,
    /// Approved by the rule before, or going out over its rings already.
    Done,
    /// A newer update that is due replaces it.
    Covered,
    /// Nothing for this rule.
    Other,
}
