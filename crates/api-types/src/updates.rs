//! The update catalogue.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Update {
    pub id: Uuid,
    pub kind: UpdateKind,
    /// Windows version, or the version of a driver or program; none of a quality update: see `builds`.
    pub version: Option<String>,
    /// Of Edge and Microsoft 365 Apps.
    pub channel: Option<String>,
    pub title: String,
    pub short_name: String,
    /// In Microsoft's words: `security`, `nonSecurity`.
    pub classification: String,
    /// In Microsoft's words: `monthly`, `outOfBand`.
    pub cadence: String,
    pub kb: Option<String>,
    pub released_at: DateTime<Utc>,
    pub deployable_until: Option<DateTime<Utc>>,
    pub is_expeditable: bool,
    pub builds: Vec<UpdateBuild>,
    /// Id of the catalogue entry on Microsoft Graph.
    pub catalog_entry_id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpdateKind {
    Quality,
    Feature,
    Driver,
    Edge,
    #[serde(rename = "microsoft_365_apps")]
    Microsoft365Apps,
}

/// What an update brings to one Windows version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UpdateBuild {
    pub product: String,
    pub version: String,
    pub build: String,
    pub kb: Option<String>,
}
