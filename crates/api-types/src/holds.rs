//! Holds on cohorts: devices that are held for what they have in common.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Devices to be held, those to come too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCohortHold {
    /// A CEL expression over the fields of a device, for example
    /// `model == "Latitude 7440" && build < 26100`.
    #[schema(min_length = 1, max_length = 2000)]
    pub filter: String,
    #[schema(min_length = 1, max_length = 500, pattern = r"\S")]
    pub reason: String,
    /// None: until somebody ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

/// A hold that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CohortHold {
    pub id: Uuid,
    pub filter: String,
    pub reason: String,
    /// Who made it, and answers for it.
    pub owner: String,
    pub since: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    /// Devices that belong to it now.
    pub devices: u64,
    /// False: its filter is still being asked of the fleet.
    pub complete: bool,
}
