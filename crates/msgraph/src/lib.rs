//! The Microsoft Graph client: tokens, retries, paging, batches, and one file per Graph area.
//!
//! It speaks the wire format and nothing else. It never decides about rollouts, never stores
//! anything, and never writes a secret or a token into an error or a debug line.

mod assertion;
mod batch;
mod catalog;
mod client;
mod connection;
mod devices;
mod ensure;
mod error;
mod group_members;
mod groups;
mod http;
mod odata;
mod pages;
mod policies;
mod quality_policy;
mod quality_ring;
mod report_file;
mod reports;
mod token;
mod updatable_assets;
mod update_ring;

pub use batch::{BatchAnswer, BatchPart};
pub use catalog::{Cadence, Classification, ProductRevision, QualityUpdateEntry};
pub use client::Client;
pub use connection::{Connection, Credential, Limits};
pub use devices::{DirectoryDevice, ManagedDevice};
pub use error::GraphError;
pub use groups::{Group, GroupSpec, Transitive};
pub use odata::Version;
pub use pages::Pages;
pub use policies::{Policy, PolicyArea, PolicySpec, Remote, WireTarget};
pub use quality_policy::{ApprovalStatus, QualityPolicySpec};
pub use quality_ring::RingSpec;
pub use report_file::{InstallState, QualityStatusRow};
pub use reqwest::Method;
pub use secrecy::SecretString;
pub use updatable_assets::{Asset, EnrollmentState};
pub use update_ring::UpdateRingSpec;
pub use url::Url;
