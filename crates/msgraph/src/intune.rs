//! Intune as a whole (beta `/deviceManagement`): whether it is paid for, who may administer it.
//!
//! Only reads. Devices and configurations are in files of their own.

use serde::Deserialize;

use crate::client::Client;
use crate::error::GraphError;
use crate::odata::Version;

/// The second name is spelt as Microsoft spells it.
const SETTINGS: &str = "/deviceManagement?$select=subscriptionState,unlicensedAdminstratorsEnabled";

/// The state of the tenant's Intune.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntuneSettings {
    pub subscription_state: SubscriptionState,
    /// Whether administrators work without an Intune licence; `None` if Graph does not say.
    pub unlicensed_admins: Option<bool>,
}

/// Whether Intune is paid for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubscriptionState {
    Pending,
    Active,
    Warning,
    Disabled,
    Deleted,
    Blocked,
    LockedOut,
    /// Graph does not say.
    Unknown,
    Other(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireSettings {
    subscription_state: Option<String>,
    unlicensed_adminstrators_enabled: Option<bool>,
}

impl Client {
    pub async fn intune_settings(&self) -> Result<IntuneSettings, GraphError> {
        let wire: WireSettings = self.get_json(Version::Beta, SETTINGS).await?;
        Ok(IntuneSettings {
            subscription_state: state(wire.subscription_state.as_deref()),
            unlicensed_admins: wire.unlicensed_adminstrators_enabled,
        })
    }
}

fn state(text: Option<&str>) -> SubscriptionState {
    match text {
        Some("pending") => SubscriptionState::Pending,
        Some("active") => SubscriptionState::Active,
        Some("warning") => SubscriptionState::Warning,
        Some("disabled") => SubscriptionState::Disabled,
        Some("deleted") => SubscriptionState::Deleted,
        Some("blocked") => SubscriptionState::Blocked,
        Some("lockedOut") => SubscriptionState::LockedOut,
        None => SubscriptionState::Unknown,
        Some(other) => SubscriptionState::Other(other.to_owned()),
    }
}
