//! What has changed among the directory's devices, page by page.
//!
//! Never fills in what Graph left out: only the caller knows what was known before.

use domain::ids::{DirectoryObjectId, EntraDeviceId};
use serde::Deserialize;
use serde::de::IgnoredAny;
use uuid::Uuid;

use crate::client::Client;
use crate::deltas::{DeltaLink, DeltaPages};
use crate::devices::{TrustType, trust};
use crate::error::GraphError;
use crate::odata::real_guid;

/// Without the last sign-in, which alone would make changed devices of all that are in use.
const QUERY: &str = "$select=id,deviceId,displayName,operatingSystem,accountEnabled,trustType";

/// One change. To be applied so that a second time changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceChange {
    /// New, or different from before.
    Changed(ChangedDevice),
    /// Gone, for now or for good.
    Removed(DirectoryObjectId),
}

/// A device of the directory, of which Graph tells at least what has changed: `None` is
/// "not told", mostly because it is as before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedDevice {
    pub object: DirectoryObjectId,
    pub device: Option<EntraDeviceId>,
    pub name: Option<String>,
    pub os: Option<String>,
    pub account_enabled: Option<bool>,
    pub trust: Option<TrustType>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireDevice {
    id: Uuid,
    #[serde(rename = "@removed")]
    removed: Option<IgnoredAny>,
    device_id: Option<String>,
    display_name: Option<String>,
    operating_system: Option<String>,
    account_enabled: Option<bool>,
    trust_type: Option<String>,
}

impl Client {
    /// What has changed among the devices since `link`, or without one all of them. After
    /// [`GraphError::StartOver`], from here or from a page, read again without a link and drop
    /// what does not come up.
    pub fn device_delta(
        &self,
        link: Option<&DeltaLink>,
    ) -> Result<DeltaPages<DeviceChange>, GraphError> {
        self.delta_pages("devices", QUERY, link, change)
    }
}

fn change(wire: WireDevice) -> DeviceChange {
    let object = wire.id.into();
    if wire.removed.is_some() {
        return DeviceChange::Removed(object);
    }
    DeviceChange::Changed(ChangedDevice {
        object,
        device: real_guid(wire.device_id.as_deref()).map(EntraDeviceId),
        name: wire.display_name,
        os: wire.operating_system,
        account_enabled: wire.account_enabled,
        trust: trust(wire.trust_type.as_deref()),
    })
}
