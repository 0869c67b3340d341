//! Devices as Intune and as the directory see them.
//!
//! Never joins the two: the three device ids keep their own types.

use chrono::{DateTime, SecondsFormat, Utc};
use domain::build::Build;
use domain::ids::{DirectoryObjectId, EntraDeviceId, IntuneDeviceId};
use reqwest::Method;
use serde::Deserialize;

use crate::batch::BatchPart;
use crate::client::Client;
use crate::error::GraphError;
use crate::odata::{Version, nullable, real_guid, real_time};
use crate::pages::Pages;

const MANAGED_DEVICES: &str = "/deviceManagement/managedDevices\
    ?$select=id,azureADDeviceId,deviceName,model,manufacturer,osVersion,operatingSystem,\
    lastSyncDateTime,serialNumber";
const DIRECTORY_SELECT: &str = "id,deviceId,displayName,operatingSystem,accountEnabled,trustType,\
    approximateLastSignInDateTime";

/// A device in Intune.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedDevice {
    pub id: IntuneDeviceId,
    /// `None` before the device has registered.
    pub entra_device: Option<EntraDeviceId>,
    pub name: String,
    pub model: String,
    pub manufacturer: String,
    /// `None` if it is not four numbers.
    pub os_version: Option<Build>,
    pub os: String,
    pub last_sync: Option<DateTime<Utc>>,
    pub serial: String,
}

/// A device in the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryDevice {
    pub object: DirectoryObjectId,
    pub device: EntraDeviceId,
    pub name: String,
    pub os: String,
    /// `None` if Graph does not say.
    pub account_enabled: Option<bool>,
    pub trust: Option<TrustType>,
    /// Lags by up to two weeks or so: Entra does not note every sign-in.
    pub approximate_last_sign_in: Option<DateTime<Utc>>,
}

/// How a device belongs to the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustType {
    /// Joined to Entra alone.
    AzureAd,
    /// Joined to a local Active Directory too (hybrid).
    ServerAd,
    /// Only registered: somebody's own device.
    Workplace,
    Other(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireManaged {
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
    os_version: String,
    #[serde(default, deserialize_with = "nullable")]
    operating_system: String,
    last_sync_date_time: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "nullable")]
    serial_number: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireDirectory {
    id: uuid::Uuid,
    device_id: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    display_name: String,
    #[serde(default, deserialize_with = "nullable")]
    operating_system: String,
    account_enabled: Option<bool>,
    trust_type: Option<String>,
    approximate_last_sign_in_date_time: Option<DateTime<Utc>>,
}

impl Client {
    /// What Intune manages, of all systems; with `since`, only what has checked in since then.
    pub fn managed_devices(
        &self,
        since: Option<DateTime<Utc>>,
    ) -> Result<Pages<ManagedDevice>, GraphError> {
        let path = format!("{MANAGED_DEVICES}{}", checked_in(since));
        self.pages(Version::V1, &path, |wire: WireManaged| Some(managed(wire)))
    }

    /// What the directory knows; devices without a device id are left out.
    pub fn directory_devices(&self) -> Result<Pages<DirectoryDevice>, GraphError> {
        let path = format!("/devices?$select={DIRECTORY_SELECT}&$top=999");
        self.pages(Version::V1, &path, directory)
    }

    /// What the directory knows of these objects; those that are no devices are left out.
    pub async fn directory_devices_of(
        &self,
        objects: &[DirectoryObjectId],
    ) -> Result<Vec<DirectoryDevice>, GraphError> {
        let parts: Vec<BatchPart> = objects
            .iter()
            .map(|object| BatchPart {
                method: Method::GET,
                url: format!("/devices/{object}?$select={DIRECTORY_SELECT}"),
                body: None,
            })
            .collect();
        let mut devices = Vec::new();
        for (part, answer) in parts.iter().zip(self.batch(Version::V1, &parts).await?) {
            if answer.status == 404 {
                continue;
            }
            if !answer.is_success() {
                return Err(answer.error(&part.url));
            }
            let wire: WireDirectory = serde_json::from_value(answer.body)
                .map_err(|error| GraphError::decode("/devices", error))?;
            devices.extend(directory(wire));
        }
        Ok(devices)
    }

    /// Asks a device to check in with Intune at once. Graph only passes it on.
    pub async fn sync_device(&self, device: IntuneDeviceId) -> Result<(), GraphError> {
        let path = format!("/deviceManagement/managedDevices/{device}/syncDevice");
        self.post_again(Version::V1, &path, serde_json::json!({})).await?;
        Ok(())
    }
}

fn directory(wire: WireDirectory) -> Option<DirectoryDevice> {
    Some(DirectoryDevice {
        object: wire.id.into(),
        device: real_guid(wire.device_id.as_deref())?.into(),
        name: wire.display_name,
        os: wire.operating_system,
        account_enabled: wire.account_enabled,
        trust: trust(wire.trust_type.as_deref()),
        approximate_last_sign_in: real_time(wire.approximate_last_sign_in_date_time),
    })
}

/// Graph's documentation and its answers differ in case.
pub(crate) fn trust(text: Option<&str>) -> Option<TrustType> {
    let text = text.filter(|text| !text.is_empty())?;
    Some(match text.to_ascii_lowercase().as_str() {
        "azuread" => TrustType::AzureAd,
        "serverad" => TrustType::ServerAd,
        "workplace" => TrustType::Workplace,
        _ => TrustType::Other(text.to_owned()),
    })
}

/// The rest of a query, for those that have checked in since then.
pub(crate) fn checked_in(since: Option<DateTime<Utc>>) -> String {
    since.map_or_else(String::new, |since| {
        let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
        format!("&$filter=lastSyncDateTime ge {since}")
    })
}

fn managed(wire: WireManaged) -> ManagedDevice {
    ManagedDevice {
        id: wire.id.into(),
        entra_device: real_guid(wire.azure_ad_device_id.as_deref()).map(EntraDeviceId),
        name: wire.device_name,
        model: wire.model,
        manufacturer: wire.manufacturer,
        os_version: wire.os_version.parse().ok(),
        os: wire.operating_system,
        last_sync: real_time(wire.last_sync_date_time),
        serial: wire.serial_number,
    }
}
