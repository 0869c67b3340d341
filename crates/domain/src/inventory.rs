//! What is read of a tenant: its devices, its update catalogue, and what devices report.

use chrono::{DateTime, Utc};

use crate::attempt::AttemptState;
use crate::build::Build;
use crate::ids::{DirectoryObjectId, EntraDeviceId, IntuneDeviceId};
use crate::registration::facts::{Join, System, Traits};
use crate::update::UpdateKind;
use crate::update::details::Details;
use crate::update::known_issue::KnownIssue;

/// One device as Graph shows it, its three ids joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedDevice {
    pub intune: IntuneDeviceId,
    /// None: not registered in Entra (yet), so nothing can be offered to it.
    pub entra_device: Option<EntraDeviceId>,
    pub object: Option<DirectoryObjectId>,
    pub name: String,
    pub manufacturer: String,
    pub model: String,
    pub serial: String,
    pub build: Option<Build>,
    pub last_sync: Option<DateTime<Utc>>,
    pub traits: Traits,
}

/// A device that only the directory knows: a member of a source group that is not in Intune.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedDirectoryDevice {
    pub device: EntraDeviceId,
    pub object: DirectoryObjectId,
    pub name: String,
    pub system: System,
    pub join: Join,
    pub enabled: bool,
    pub last_sign_in: Option<DateTime<Utc>>,
}

/// What an update brings to one Windows version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateBuild {
    pub build: Build,
    pub product: String,
    pub version: String,
    pub kb: Option<String>,
    /// It is installed without a restart, on devices that have the last baseline.
    pub is_hotpatch: bool,
}

/// One catalogue entry as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedUpdate {
    pub catalog_entry_id: String,
    pub kind: UpdateKind,
    /// Of a quality update none: it has builds. Windows `24H2`, or the version of a driver or program.
    pub version: Option<String>,
    /// Edge and Microsoft 365 Apps: the channel that brings it.
    pub channel: Option<String>,
    pub title: String,
    pub short_name: String,
    pub classification: String,
    pub cadence: String,
    pub kb: Option<String>,
    pub released_at: DateTime<Utc>,
    pub deployable_until: Option<DateTime<Utc>>,
    pub is_expeditable: bool,
    pub details: Details,
    pub builds: Vec<UpdateBuild>,
}

/// The catalogue, and what Microsoft says is wrong with the products in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportedCatalog {
    pub updates: Vec<ImportedUpdate>,
    /// None: they could not be read.
    pub known_issues: Option<Vec<KnownIssue>>,
}

/// A driver, and the devices that need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedDriver {
    pub update: ImportedUpdate,
    pub matches: Vec<DriverMatch>,
}

/// A device for which a driver is better than what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DriverMatch {
    pub device: EntraDeviceId,
    /// The maker of the device, or Microsoft, recommends it; else it is optional.
    pub recommended: bool,
}

/// A device checked in with Intune.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckIn {
    pub intune: IntuneDeviceId,
    pub build: Option<Build>,
    pub at: DateTime<Utc>,
}

/// A report says how far a device is with one rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub device: EntraDeviceId,
    pub state: AttemptState,
    pub code: Option<String>,
    pub at: DateTime<Utc>,
}

/// A device that Microsoft holds back from a Windows version because of a known issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Safeguarded {
    pub device: EntraDeviceId,
    /// The id of the hold, as Microsoft's list of known issues has it; none: no report names it.
    pub hold: Option<String>,
}

/// All that the reports of one feature update profile say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeatureReports {
    pub reports: Vec<Report>,
    /// Every device that is held; whoever is not here is held no longer.
    pub held: Vec<Safeguarded>,
}

/// What became of a batch of check-ins or reports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IngestCounts {
    pub read: u64,
    /// Attempts that moved.
    pub moved: u64,
    /// Of devices nobody knows: a sync is due.
    pub unknown: u64,
}
