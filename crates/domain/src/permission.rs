//! The Microsoft Graph application permissions Concentric can use, and what for.
//!
//! One table: readiness names what is missing, enrollment says what a plan needs, the documents list
//! it. Least privilege is per [`Capability`]: a tenant that is only assessed grants no write.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Microsoft Graph itself, as an application in every tenant.
pub const GRAPH_APP: Uuid = Uuid::from_u128(0x0000_0003_0000_0000_c000_0000_0000_0000);

/// What a tenant lets Concentric do; each asks for its own permissions only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// Read what readiness depends on. No write permission.
    Assess,
    /// Read devices and groups. No write permission.
    Register,
    /// Make ring groups and policies.
    Enroll,
    /// Offer, pause and take back updates.
    RollOut,
    /// Ask a device to check in at once.
    ActOnDevices,
}

/// One application permission of Microsoft Graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permission {
    /// Its name, as administrators see it.
    pub value: &'static str,
    /// Its id among the app roles of [`GRAPH_APP`].
    pub role: Uuid,
    /// What it is asked for.
    pub capabilities: &'static [Capability],
    /// Why, in a sentence for an administrator.
    pub reason: &'static str,
    /// Permissions that contain it; one of them granted is as good.
    pub contained_in: &'static [&'static str],
}
