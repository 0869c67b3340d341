//! The tenant itself (v1.0 `/organization`): its name, who manages its devices, where it syncs.
//!
//! Only reads. Never sets the authority for device management: that is a one-way switch.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use crate::client::Client;
use crate::error::GraphError;
use crate::odata::{Version, nullable, real_time};

/// The authority is left out of the answer unless it is asked for by name.
const ORGANIZATION: &str = "/organization?$select=id,displayName,\
    mobileDeviceManagementAuthority,onPremisesSyncEnabled,onPremisesLastSyncDateTime,\
    verifiedDomains";

/// What the tenant says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// The tenant's id in Entra.
    pub id: Uuid,
    pub display_name: String,
    pub mdm_authority: MdmAuthority,
    /// Whether a local Active Directory is synchronised; `None` if it never was.
    pub on_premises_sync: Option<bool>,
    pub on_premises_last_sync: Option<DateTime<Utc>>,
    /// The domain that the tenant began with, mostly `something.onmicrosoft.com`.
    pub initial_domain: Option<String>,
}

/// Who may manage the tenant's devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MdmAuthority {
    Intune,
    /// Configuration Manager.
    Sccm,
    Office365,
    /// Nobody has been chosen, or Graph does not say.
    Unknown,
    Other(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireOrganization {
    id: Uuid,
    #[serde(default, deserialize_with = "nullable")]
    display_name: String,
    mobile_device_management_authority: Option<String>,
    on_premises_sync_enabled: Option<bool>,
    on_premises_last_sync_date_time: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "nullable")]
    verified_domains: Vec<WireDomain>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireDomain {
    name: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    is_initial: bool,
}

impl Client {
    /// The tenant that the token is for.
    pub async fn organization(&self) -> Result<Organization, GraphError> {
        let pages = self
            .pages(Version::V1, ORGANIZATION, |wire: WireOrganization| Some(organization(wire)))?;
        let found = pages.all().await?.into_iter().next();
        found.ok_or_else(|| GraphError::decode("/organization", "a tenant without organization"))
    }
}

fn organization(wire: WireOrganization) -> Organization {
    let initial = wire.verified_domains.into_iter().find(|domain| domain.is_initial);
    Organization {
        id: wire.id,
        display_name: wire.display_name,
        mdm_authority: authority(wire.mobile_device_management_authority.as_deref()),
        on_premises_sync: wire.on_premises_sync_enabled,
        on_premises_last_sync: real_time(wire.on_premises_last_sync_date_time),
        initial_domain: initial.and_then(|domain| domain.name),
    }
}

fn authority(text: Option<&str>) -> MdmAuthority {
    match text {
        Some("intune") => MdmAuthority::Intune,
        Some("sccm") => MdmAuthority::Sccm,
        Some("office365") => MdmAuthority::Office365,
        None | Some("unknown") => MdmAuthority::Unknown,
        Some(other) => MdmAuthority::Other(other.to_owned()),
    }
}
