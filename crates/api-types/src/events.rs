//! The history of a rollout.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// One entry of a tenant's history. Also the data of a server-sent event, whose id is `seq`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Counts up in the tenant; a rollout's events have gaps.
    pub seq: i64,
    pub rollout_id: Option<Uuid>,
    pub at: DateTime<Utc>,
    /// The name of a token, or `concentric`.
    pub actor: String,
    /// `ring_opened`, `wave_offered`, `paused`, `requested`, ...
    pub kind: String,
    /// In one sentence.
    pub text: String,
    /// Everything that is recorded, evidence included.
    pub body: serde_json::Value,
}

/// That something was asked for or decided in a tenant. Also the data of a server-sent event, whose id is
/// `seq`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    pub seq: i64,
    pub rollout_id: Option<Uuid>,
    pub at: DateTime<Utc>,
    pub kind: String,
}

/// Which events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// Only events after this `seq`. On a stream, `Last-Event-ID` counts before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 0)]
    pub after: Option<i64>,
    /// At most so many (not on a stream); 100 if not given, 500 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u16>,
}
