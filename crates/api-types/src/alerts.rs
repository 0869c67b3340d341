//! Alerts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// What somebody should look at. One is open for each kind and subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Alert {
    pub id: Uuid,
    /// `access_lost`, `policy_drift`, `rollout_paused`, ...
    pub kind: String,
    /// What it is about; empty: the tenant.
    pub subject: String,
    /// `critical`, `warning`, `information`.
    pub severity: String,
    /// What is the matter.
    pub text: String,
    /// What to do about it.
    pub fix: String,
    pub opened_at: DateTime<Utc>,
    pub acknowledged_at: Option<DateTime<Utc>>,
    pub acknowledged_by: Option<String>,
    pub note: Option<String>,
    /// Nobody is told of it until then.
    pub muted_until: Option<DateTime<Utc>>,
    pub muted_by: Option<String>,
    pub escalated_at: Option<DateTime<Utc>>,
    pub escalated_by: Option<String>,
    /// None: it is open.
    pub resolved_at: Option<DateTime<Utc>>,
}

/// Which alerts; all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AlertQuery {
    /// With those that have ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(max_length = 40)]
    pub kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(max_length = 40)]
    pub severity: Option<String>,
    /// A condition on the fields of an alert, in the language of device filters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(max_length = 2000)]
    pub filter: Option<String>,
    /// Up to three fields: `opened_at desc,severity`. The order of opening if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(max_length = 200)]
    pub order_by: Option<String>,
    /// At most so many items; 100 if not given, 500 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 500)]
    pub page_size: Option<u16>,
    /// The `next_page_token` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}

/// Somebody sees to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgeAlert {
    #[serde(default)]
    #[schema(max_length = 500)]
    pub note: Option<String>,
}

/// Nobody is to be told of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MuteAlert {
    /// Until then; none: it is muted no more.
    #[serde(default)]
    pub until: Option<DateTime<Utc>>,
}
