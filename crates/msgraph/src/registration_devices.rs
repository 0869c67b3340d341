//! Devices as Intune sees them, with all that decides whether Windows updates can be rolled out
//! to them (beta `/deviceManagement/managedDevices`).
//!
//! Says what stands in Intune. Never decides what it means for a device.

use chrono::{DateTime, Utc};
use domain::build::Build;
use domain::ids::{EntraDeviceId, IntuneDeviceId};
use serde::Deserialize;

use crate::client::Client;
use crate::devices::checked_in;
use crate::error::GraphError;
use crate::odata::{Version, nullable, real_guid, real_time};
use crate::pages::Pages;

/// The edition, the processor and the kind of join are in beta only.
const DEVICES: &str = "/deviceManagement/managedDevices\
    ?$select=id,azureADDeviceId,deviceName,model,manufacturer,osVersion,operatingSystem,\
    lastSyncDateTime,serialNumber,managedDeviceOwnerType,managementAgent,skuFamily,skuNumber,\
    processorArchitecture,deviceType,joinType,configurationManagerClientEnabledFeatures,\
    deviceCategoryDisplayName";

/// A device in Intune, as its registration looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationDevice {
    pub id: IntuneDeviceId,
    /// `None` before the device has registered with Entra.
    pub entra_device: Option<EntraDeviceId>,
    pub name: String,
    pub model: String,
    pub manufacturer: String,
    pub serial: String,
    pub os: String,
    /// `None` if it is not four numbers.
    pub os_version: Option<Build>,
    pub last_sync: Option<DateTime<Utc>>,
    pub owner: Owner,
    pub agent: Agent,
    pub architecture: Architecture,
    pub device_type: DeviceType,
    pub join: Join,
    /// The edition in Intune's words, `Enterprise` say; empty if it does not know.
    pub sku_family: String,
    /// The edition by the number of `GetProductInfo`; `None` if Intune does not know (0).
    pub sku_number: Option<i32>,
    /// What Intune has taken over from Configuration Manager; `None` if nobody says. Means
    /// something only for [`Agent::ConfigMgrMdm`].
    pub workloads: Option<CoManagement>,
    /// The category an administrator or user gave it; empty: none.
    pub category: String,
}

/// Whose device it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    Company,
    Personal,
    Unknown,
}

/// What manages a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Agent {
    /// Intune alone (with or without Exchange `ActiveSync`).
    Mdm,
    /// Configuration Manager and Intune: co-managed.
    ConfigMgrMdm,
    /// Configuration Manager alone.
    ConfigMgr,
    Other(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    X64,
    Arm64,
    X86,
    Arm,
    Unknown,
}

/// What kind of thing a device is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceType {
    /// A desktop or a laptop.
    Desktop,
    CloudPc,
    HoloLens,
    SurfaceHub,
    Other(String),
}

/// How a device was joined when it enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    AzureAdJoined,
    HybridAzureAdJoined,
    AzureAdRegistered,
    Unknown,
}

/// The workloads of co-management that matter to updates: `true` where Intune has taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoManagement {
    pub updates: bool,
    pub configuration: bool,
    pub office: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireDevice {
    id: uuid::Uuid,
    #[serde(rename = "azureADDeviceId")]
    azure_ad_device_id: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    device_name: String,
    #[serde(default, deserialize_with = "nullable")]
    model: String,
    #[serde(default, deserialize_with = "nullable")]
    manufacturer: String,
    #[serde(default, deserialize_with = "nullable")]
    serial_number: String,
    #[serde(default, deserialize_with = "nullable")]
    operating_system: String,
    #[serde(default, deserialize_with = "nullable")]
    os_version: String,
    last_sync_date_time: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "nullable")]
    managed_device_owner_type: String,
    #[serde(default, deserialize_with = "nullable")]
    management_agent: String,
    #[serde(default, deserialize_with = "nullable")]
    processor_architecture: String,
    #[serde(default, deserialize_with = "nullable")]
    device_type: String,
    #[serde(default, deserialize_with = "nullable")]
    join_type: String,
    #[serde(default, deserialize_with = "nullable")]
    sku_family: String,
    sku_number: Option<i32>,
    configuration_manager_client_enabled_features: Option<WireFeatures>,
    #[serde(default, deserialize_with = "nullable")]
    device_category_display_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireFeatures {
    #[serde(default, deserialize_with = "nullable")]
    windows_update_for_business: bool,
    #[serde(default, deserialize_with = "nullable")]
    device_configuration: bool,
    #[serde(default, deserialize_with = "nullable")]
    office_apps: bool,
}

impl Client {
    /// What Intune manages, of all systems; with `since`, only what has checked in since then.
    pub fn registration_devices(
        &self,
        since: Option<DateTime<Utc>>,
    ) -> Result<Pages<RegistrationDevice>, GraphError> {
        let path = format!("{DEVICES}{}", checked_in(since));
        self.pages(Version::Beta, &path, |wire: WireDevice| Some(device(wire)))
    }
}

fn device(wire: WireDevice) -> RegistrationDevice {
    RegistrationDevice {
        id: wire.id.into(),
        entra_device: real_guid(wire.azure_ad_device_id.as_deref()).map(EntraDeviceId),
        name: wire.device_name,
        model: wire.model,
        manufacturer: wire.manufacturer,
        serial: wire.serial_number,
        os: wire.operating_system,
        os_version: wire.os_version.parse().ok(),
        last_sync: real_time(wire.last_sync_date_time),
        owner: owner(&wire.managed_device_owner_type),
        agent: agent(wire.management_agent),
        architecture: architecture(&wire.processor_architecture),
        device_type: device_type(wire.device_type),
        join: join(&wire.join_type),
        sku_family: wire.sku_family,
        sku_number: wire.sku_number.filter(|number| *number != 0),
        workloads: wire.configuration_manager_client_enabled_features.as_ref().map(workloads),
        category: category(wire.device_category_display_name),
    }
}

/// Intune calls a device without a category `Unknown`.
fn category(text: String) -> String {
    if text == "Unknown" { String::new() } else { text }
}

fn owner(text: &str) -> Owner {
    match text {
        "company" => Owner::Company,
        "personal" => Owner::Personal,
        _ => Owner::Unknown,
    }
}

fn agent(text: String) -> Agent {
    match text.as_str() {
        "mdm" | "easMdm" => Agent::Mdm,
        "configurationManagerClientMdm" | "configurationManagerClientMdmEas" => Agent::ConfigMgrMdm,
        "configurationManagerClient" => Agent::ConfigMgr,
        _ => Agent::Other(text),
    }
}

/// Microsoft writes `arM64`; nothing hangs on the case.
fn architecture(text: &str) -> Architecture {
    match text.to_ascii_lowercase().as_str() {
        "x64" => Architecture::X64,
        "arm64" => Architecture::Arm64,
        "x86" => Architecture::X86,
        "arm" => Architecture::Arm,
        _ => Architecture::Unknown,
    }
}

fn device_type(text: String) -> DeviceType {
    match text.as_str() {
        "desktop" => DeviceType::Desktop,
        "cloudPC" => DeviceType::CloudPc,
        "holoLens" => DeviceType::HoloLens,
        "surfaceHub" => DeviceType::SurfaceHub,
        _ => DeviceType::Other(text),
    }
}

fn join(text: &str) -> Join {
    match text {
        "azureADJoined" => Join::AzureAdJoined,
        "hybridAzureADJoined" => Join::HybridAzureAdJoined,
        "azureADRegistered" => Join::AzureAdRegistered,
        _ => Join::Unknown,
    }
}

fn workloads(wire: &WireFeatures) -> CoManagement {
    CoManagement {
        updates: wire.windows_update_for_business,
        configuration: wire.device_configuration,
        office: wire.office_apps,
    }
}
