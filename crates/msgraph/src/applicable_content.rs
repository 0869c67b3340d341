//! Which drivers the devices of an audience need (beta `.../deploymentAudiences/{id}/applicableContent`).
//!
//! Speaks Entra device ids only. What is listed comes from the devices' own scans: a driver that is better
//! than what the device has. Never decides what that means for a rollout.

use chrono::{DateTime, Utc};
use domain::ids::EntraDeviceId;
use serde::Deserialize;

use crate::client::Client;
use crate::error::GraphError;
use crate::odata::{Version, nullable, real_guid, real_time, segment};
use crate::pages::Pages;

const KIND: &str = ".driverUpdateCatalogEntry";

/// A driver or firmware that some device of an audience needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverEntry {
    pub catalog_entry_id: String,
    pub display_name: String,
    pub description: String,
    pub class: String,
    pub manufacturer: String,
    pub provider: String,
    pub version: String,
    pub version_at: Option<DateTime<Utc>>,
    pub release_at: Option<DateTime<Utc>>,
    pub deployable_until: Option<DateTime<Utc>>,
}

/// A device that needs a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatchedDevice {
    pub device: EntraDeviceId,
    /// Some vendor recommends it for this device.
    pub recommended: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireContent {
    catalog_entry: Option<WireEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEntry {
    #[serde(rename = "@odata.type", default, deserialize_with = "nullable")]
    odata_type: String,
    id: String,
    #[serde(default, deserialize_with = "nullable")]
    display_name: String,
    #[serde(default, deserialize_with = "nullable")]
    description: String,
    #[serde(default, deserialize_with = "nullable")]
    driver_class: String,
    #[serde(default, deserialize_with = "nullable")]
    manufacturer: String,
    #[serde(default, deserialize_with = "nullable")]
    provider: String,
    #[serde(default, deserialize_with = "nullable")]
    version: String,
    version_date_time: Option<DateTime<Utc>>,
    release_date_time: Option<DateTime<Utc>>,
    deployable_until_date_time: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMatch {
    device_id: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    recommended_by: Vec<String>,
}

impl Client {
    /// Every driver that some device of the audience needs; at most 100 come with a page.
    pub fn applicable_drivers(&self, audience: &str) -> Result<Pages<DriverEntry>, GraphError> {
        let path = format!("{}?$expand=catalogEntry", content(audience));
        self.pages(Version::Beta, &path, entry)
    }

    /// The devices of the audience that need this driver. Expanded with the list above it comes empty, with
    /// a link to this; at most 100 come with a page.
    pub fn matched_devices(
        &self,
        audience: &str,
        catalog_entry: &str,
    ) -> Result<Pages<MatchedDevice>, GraphError> {
        let path = format!("{}/{}/matchedDevices", content(audience), segment(catalog_entry));
        self.pages(Version::Beta, &path, matched)
    }
}

fn content(audience: &str) -> String {
    format!("/admin/windows/updates/deploymentAudiences/{}/applicableContent", segment(audience))
}

fn entry(wire: WireContent) -> Option<DriverEntry> {
    let wire = wire.catalog_entry.filter(|entry| entry.odata_type.ends_with(KIND))?;
    Some(DriverEntry {
        catalog_entry_id: wire.id,
        display_name: wire.display_name,
        description: wire.description,
        class: wire.driver_class,
        manufacturer: wire.manufacturer,
        provider: wire.provider,
        version: wire.version,
        version_at: real_time(wire.version_date_time),
        release_at: real_time(wire.release_date_time),
        deployable_until: real_time(wire.deployable_until_date_time),
    })
}

fn matched(wire: WireMatch) -> Option<MatchedDevice> {
    let WireMatch { device_id, recommended_by } = wire;
    let device = EntraDeviceId(real_guid(device_id.as_deref())?);
    Some(MatchedDevice { device, recommended: !recommended_by.is_empty() })
}
