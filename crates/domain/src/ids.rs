//! Typed identifiers. One registry, so that no function can be handed the wrong kind of id.
//!
//! Our own ids are `UUIDv7` (time-ordered, so that rows load in the order of their index). Microsoft's ids are whatever Microsoft made them. A Windows device has three of
//! those, and mixing them up is the classic mistake with Microsoft Graph, so each has a type.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )*};
}

typed_ids! {
    /// One Entra tenant that Concentric serves (our id, not Entra's).
    TenantId;
    /// The tenant's id in Entra.
    EntraTenantId;
    /// One Windows device (our id).
    DeviceId;
    /// `device.deviceId` and `managedDevice.azureADDeviceId`: what `/admin/windows/updates` uses.
    EntraDeviceId;
    /// `device.id`, the directory object id: what group membership uses.
    DirectoryObjectId;
    /// `managedDevice.id`: what Intune uses.
    IntuneDeviceId;
    /// An ordered list of rings.
    RingSetId;
    /// One entry of the update catalogue (our id).
    UpdateId;
    /// An update approved to go out.
    ReleaseId;
    /// A release walking through one ring set.
    RolloutId;
    /// An immutable plan revision.
    PlanId;
    /// A custom signal that gates listen to.
    SignalId;
    /// A receiver of events.
    WebhookId;
    /// A person who is told what happens.
    ContactId;
    /// A request for help.
    SupportRequestId;
    /// Where requests for help are handed on to.
    SupportDeskId;
    /// A report as somebody wants to see it.
    ReportViewId;
    /// When a report is sent to whom.
    ReportScheduleId;
    /// A chat, or a list of addresses, that notifications go to.
    ChannelId;
    /// A stretch of time in which nothing new is offered.
    FreezeId;
    /// The holidays of one site.
    HolidaysId;
    /// A rule that approves updates by itself.
    RuleId;
}
