//! The Microsoft Graph application permissions Concentric can use, and what for.
//!
//! One table: readiness names what is missing, enrollment says what a plan needs, the documents list
//! it. Least privilege is per [`Capability`]: a tenant that is only assessed grants no write.

mod table;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::EntraTenantId;

pub use table::PERMISSIONS;

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

impl Capability {
    pub const ALL: [Self; 5] =
        [Self::Assess, Self::Register, Self::Enroll, Self::RollOut, Self::ActOnDevices];
}

impl Permission {
    /// Whether it lets an application change anything.
    #[must_use]
    pub fn writes(&self) -> bool {
        !self.value.contains(".Read.") && !self.value.contains(".ReadBasic.")
    }

    /// Whether it serves one of these capabilities.
    #[must_use]
    pub fn serves(&self, capabilities: &[Capability]) -> bool {
        self.capabilities.iter().any(|capability| capabilities.contains(capability))
    }

    /// Whether it, or a permission that contains it, is among these app roles.
    fn granted(&self, granted: &[Uuid]) -> bool {
        let wider = self.contained_in.iter().filter_map(|name| role(name));
        std::iter::once(self.role).chain(wider).any(|role| granted.contains(&role))
    }
}

/// The permissions these capabilities ask for, each once, in the order of the table.
pub fn needed(capabilities: &[Capability]) -> impl Iterator<Item = &'static Permission> {
    PERMISSIONS.iter().filter(|permission| permission.serves(capabilities))
}

/// Those of them that were not granted. What a granted permission contains is not missing, though it
/// is more than was asked for.
#[must_use]
pub fn missing(granted: &[Uuid], capabilities: &[Capability]) -> Vec<&'static Permission> {
    needed(capabilities).filter(|permission| !permission.granted(granted)).collect()
}

/// The app role of a permission by its name, of those that are asked for or that contain one.
#[must_use]
pub fn role(value: &str) -> Option<Uuid> {
    let asked = PERMISSIONS.iter().map(|permission| (permission.value, permission.role));
    asked.chain(table::WIDER).find(|(name, _)| *name == value).map(|(_, role)| role)
}

/// Where an administrator of a tenant consents to what the application asks for: every permission
/// of its registration at once. `login` is the base address of the sign-in service.
#[must_use]
pub fn consent_link(login: &str, tenant: EntraTenantId, client: Uuid) -> String {
    let login = login.trim_end_matches('/');
    format!("{login}/{tenant}/adminconsent?client_id={client}")
}
