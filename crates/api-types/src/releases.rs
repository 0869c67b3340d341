//! Releases.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// An update to be approved to go out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRelease {
    pub update_id: Uuid,
    /// Unique in the tenant.
    #[schema(min_length = 1, max_length = 100, pattern = r"\S")]
    pub name: String,
    /// For the kind of the update; not given: as that kind is delivered when nobody chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
}

/// How a release is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Delivery {
    Quality {
        /// Expedite it: days until the restart is forced.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(maximum = 2)]
        expedite: Option<u8>,
    },
    Feature {
        /// How long a device can go back.
        #[schema(minimum = 2, maximum = 60)]
        uninstall_window_days: u8,
    },
    Driver,
    Edge,
    #[serde(rename = "microsoft_365_apps")]
    Microsoft365Apps {
        /// Days until the update is forced.
        #[schema(maximum = 14)]
        deadline_days: u8,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Release {
    pub id: Uuid,
    pub name: String,
    pub update_id: Uuid,
    pub delivery: Delivery,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
}
