//! The Microsoft Graph client: tokens, retries, paging, batches, and one file per Graph area.
//!
//! It speaks the wire format and nothing else. It never decides about rollouts, never stores
//! anything, and never writes a secret or a token into an error or a debug line.

mod app_inventory;
mod applicable_content;
mod assertion;
mod batch;
mod catalog;
mod client;
mod connection;
mod deltas;
mod deployments;
mod device_delta;
mod devices;
mod directory_policies;
mod ensure;
mod error;
mod feature_report;
mod group_delta;
mod group_members;
mod group_reading;
mod groups;
mod http;
mod intune;
mod licences;
mod odata;
mod organization;
mod pages;
mod policies;
mod principals;
mod quality_policy;
mod quality_ring;
mod registration_devices;
mod release_health;
mod report_file;
mod reports;
mod token;
mod updatable_assets;
mod update_policy;
mod update_ring;
mod users;

pub use applicable_content::{DriverEntry, MatchedDevice};
pub use batch::{BatchAnswer, BatchPart};
pub use catalog::features::FeatureUpdateEntry;
pub use catalog::{Cadence, Classification, ProductRevision, QualityUpdateEntry};
pub use client::Client;
pub use connection::{Connection, Credential, Limits};
pub use deltas::{DeltaLink, DeltaPages};
pub use deployments::{DeploymentContent, DeploymentRequest};
pub use device_delta::{ChangedDevice, DeviceChange};
pub use devices::{DirectoryDevice, ManagedDevice, TrustType};
pub use directory_policies::{ConditionalAccessPolicy, PolicyState};
pub use error::GraphError;
pub use feature_report::{FeatureState, FeatureStatusRow};
pub use group_delta::{GROUPS_PER_DELTA, GroupChange, GroupDelta};
pub use group_reading::GroupMembers;
pub use groups::{Group, GroupSpec, Transitive};
pub use intune::{IntuneSettings, SubscriptionState};
pub use licences::{ServicePlan, SkuStatus, SubscribedSku};
pub use odata::Version;
pub use organization::{MdmAuthority, Organization};
pub use pages::Pages;
pub use policies::{Policy, PolicyArea, PolicySpec, Remote, WireTarget};
pub use principals::{AppRole, AppRoleAssignment, ServicePrincipal};
pub use quality_policy::{ApprovalStatus, QualityPolicySpec};
pub use quality_ring::RingSpec;
pub use registration_devices::{
    Agent, Architecture, CoManagement, DeviceType, Join, Owner, RegistrationDevice,
};
pub use release_health::Product;
pub use report_file::{InstallState, QualityStatusRow};
pub use reqwest::Method;
pub use secrecy::SecretString;
pub use updatable_assets::{Asset, EnrollmentState, UpdateCategory};
pub use update_ring::{FeatureUpdates, PausedRing, UpdateRingSpec};
pub use url::Url;
pub use users::User;
