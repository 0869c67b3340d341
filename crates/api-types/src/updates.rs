//! The update catalogue.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
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
    /// Of a quality update: why it came out when it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub servicing: Option<Servicing>,
    /// Of a quality update: what it means for devices that take hotpatches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hotpatch: Option<Hotpatch>,
    /// Of the worst vulnerability it closes, as far as the catalogue says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_severity: Option<Severity>,
    /// CVSS base score of the worst vulnerability it closes, 0 to 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_base_score: Option<f64>,
    /// Vulnerabilities it closes that are being exploited.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exploited_cves: Vec<String>,
    /// The newest update that replaces it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<Uuid>,
    pub builds: Vec<UpdateBuild>,
    /// Of a driver or firmware.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<Driver>,
    /// Somebody said that it is not to go out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declined: Option<Declined>,
    /// Id of the catalogue entry on Microsoft Graph.
    pub catalog_entry_id: String,
}

/// What the catalogue says of a driver, and who needs it. Texts are empty where it says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Driver {
    pub manufacturer: String,
    pub provider: String,
    /// `Firmware`, `Display` and others.
    pub class: String,
    pub description: String,
    /// The date of the driver itself.
    pub version_at: Option<DateTime<Utc>>,
    /// Devices that need it, as of the last read of the tenant's drivers.
    pub devices: u32,
    /// Those for which a vendor recommends it.
    pub recommended: u32,
}

/// Who said that an update is not to go out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Declined {
    pub by: String,
    pub at: DateTime<Utc>,
    pub reason: Option<String>,
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
    /// It is installed without a restart.
    #[serde(default)]
    pub is_hotpatch: bool,
}

/// Why a quality update came out when it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Servicing {
    /// The security update of Patch Tuesday.
    Monthly,
    /// The optional preview of the next one.
    Preview,
    /// Between two of those.
    OutOfBand,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hotpatch {
    /// It has revisions that need no restart.
    Available,
    /// Every device restarts; later hotpatches build on it.
    Baseline,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Moderate,
    Important,
    Critical,
}

/// Which updates, and which part of their list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UpdateQuery {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub kind: Option<UpdateKind>,
    /// In Microsoft's words: `security`, `nonSecurity`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classification: Option<String>,
    /// Those that another update replaces, or those that none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub superseded: Option<bool>,
    /// A condition on the fields of an update, in the language of device filters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(max_length = 2000)]
    pub filter: Option<String>,
    /// Up to three fields: `released_at desc,title`. The newest release first if not given.
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

/// An update with what it replaces and what is known to be wrong with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UpdateDetail {
    #[serde(flatten)]
    pub update: Update,
    /// Updates that this one is the newest replacement of.
    pub supersedes: Vec<UpdateName>,
    pub known_issues: Vec<KnownIssue>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UpdateName {
    pub id: Uuid,
    pub short_name: String,
}

/// One issue of Microsoft's Windows release health dashboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KnownIssue {
    /// Microsoft's id.
    pub id: String,
    pub product: String,
    pub title: String,
    pub description: String,
    /// In Microsoft's words: `confirmed`, `mitigated`, `resolved` and others.
    pub status: String,
    /// Nothing has ended it yet; a mitigation is a way around it.
    pub is_open: bool,
    pub started_at: Option<DateTime<Utc>>,
    pub resolved_at: Option<DateTime<Utc>>,
    /// The updates it was first seen with, and that ends it.
    pub originating_kb: Option<String>,
    pub resolving_kb: Option<String>,
    pub safeguard_hold_ids: Vec<u32>,
    pub url: Option<String>,
}

/// A version that Microsoft Graph's catalogue does not list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclareUpdate {
    /// `edge` or `microsoft_365_apps`: all others are read from Graph.
    pub kind: UpdateKind,
    /// As the policies of the product name it: `stable`, `current`, `monthlyEnterprise`.
    #[schema(min_length = 1, max_length = 64, pattern = r"\S")]
    pub channel: String,
    /// Numbers with dots between them: `131.0.2903.86`.
    #[schema(min_length = 1, max_length = 64, pattern = r"^\d+(\.\d+){1,3}$")]
    pub version: String,
    /// `security` if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classification: Option<String>,
    /// Now if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<DateTime<Utc>>,
}

/// The lowest builds that may be offered, one for each Windows version that has such a floor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionFloors {
    /// `10.0.26100.7171`
    #[schema(max_items = 50)]
    pub builds: Vec<String>,
}
