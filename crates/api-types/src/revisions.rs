//! Plans of a rollout: revisions, and what is different in each.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{OnGateFailure, Ring};

/// Another revision of the plan a rollout follows. What is not given stays. What rings are called,
/// who is in them and what evidence is held against cannot be changed any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevisePlan {
    /// The revision this was made from; refused when another one is followed by now.
    pub revision: i32,
    /// Kept in the history.
    #[schema(min_length = 1, max_length = 1000, pattern = r"\S")]
    pub reason: String,
    /// At most a year from now, either way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_gate_failure: Option<OnGateFailure>,
    /// By name or position of the ring: fields of `Ring` to be changed, merged as RFC 7396 says:
    /// `{"Fast": {"gate": {"bake_hours": 48}, "approvals": null}}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, Object>)]
    pub rings: BTreeMap<String, Map<String, Value>>,
    /// Only say what would be different.
    #[serde(default)]
    pub validate_only: bool,
}

/// One revision of the plan of a rollout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanRevision {
    /// None: nothing was saved, as asked.
    pub plan_id: Option<Uuid>,
    /// The first is 1; the last is followed.
    pub revision: i32,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    /// Why; of the first, nothing.
    pub reason: Option<String>,
    pub starts_at: DateTime<Utc>,
    pub on_gate_failure: OnGateFailure,
    pub rings: Vec<Ring>,
    /// Against the revision before.
    pub changes: Vec<PlanChange>,
}

/// One thing that two plans say differently.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanChange {
    /// None: of the plan as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring: Option<u8>,
    /// As in `Ring`: `gate.bake_hours`, `waves.most`.
    pub field: String,
    /// `null`: it said nothing.
    pub before: Value,
    pub after: Value,
    /// `ring 2 (Fast): gate.bake_hours 24 -> 48`.
    pub text: String,
}
