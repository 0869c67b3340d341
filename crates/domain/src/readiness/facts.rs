//! What is read of a tenant for its assessment. Each part stands for itself: one read that is refused
//! spoils only the checks that need it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::network::Probed;

/// A read, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read<T> {
    Known(T),
    /// Refused for want of this permission (one of several would do: the least).
    Denied(&'static str),
    /// Anything else, in words.
    Failed(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantFacts {
    pub organization: Read<Organization>,
    pub licences: Read<Vec<Licence>>,
    pub security_defaults: Read<bool>,
    pub conditional_access: Read<Vec<ConditionalAccess>>,
    /// User principal names that begin with one of the names Autopatch's service accounts had.
    pub service_accounts: Read<Vec<String>>,
    pub intune: Read<Intune>,
    /// Every update ring of the tenant, ours included.
    pub update_rings: Read<Vec<UpdateRing>>,
    /// Groups whose name begins as ours do.
    pub groups: Read<Vec<NamedObject>>,
    pub principal: Read<Option<Principal>>,
    pub fleet: Read<Fleet>,
    /// None: no network check was asked for.
    pub network: Option<Vec<Probed>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    pub name: String,
    pub mdm_authority: MdmAuthority,
    /// None: cloud only.
    pub directory_sync: Option<bool>,
    pub last_directory_sync: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MdmAuthority {
    Intune,
    Other(String),
    Unset,
}

/// One subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Licence {
    pub sku: String,
    /// Neither suspended nor run out.
    pub active: bool,
    pub units: u32,
    /// Names of the service plans in it that are provisioned.
    pub plans: Vec<String>,
}

/// One conditional access policy that is switched on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each was read for itself, none excludes another"
)]
pub struct ConditionalAccess {
    pub name: String,
    pub includes_all_users: bool,
    pub requires_mfa: bool,
    pub blocks: bool,
    /// Whether it names service principals at all, and if so whether ours is among them.
    pub concerns_our_principal: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intune {
    pub active: bool,
    /// As Graph calls it.
    pub subscription_state: String,
    /// "Allow access to unlicensed admins"; none: Graph does not say.
    pub unlicensed_admins: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each was read for itself, none excludes another"
)]
pub struct UpdateRing {
    pub id: String,
    pub name: String,
    pub ours: bool,
    /// Its name begins as those of ours do.
    pub named_as_ours: bool,
    pub all_devices: bool,
    pub all_users: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedObject {
    pub id: String,
    pub name: String,
    pub ours: bool,
}

/// Our application in the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    pub enabled: bool,
    /// Ids of the app roles of Microsoft Graph it was granted.
    pub granted: Vec<Uuid>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fleet {
    pub devices: u32,
    pub co_managed: u32,
    /// Of those, with at least one of the three workloads left to Configuration Manager.
    pub workloads_missing: u32,
}
