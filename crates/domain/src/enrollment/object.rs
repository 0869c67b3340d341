//! The objects of an enrollment, in our words, with the keys that find them again.

use serde::{Deserialize, Serialize};

use crate::ids::DirectoryObjectId;
use crate::ring::RingIndex;

/// Which object it is. Stands in the object's description on Graph as part of its tag
/// (`concentric:<tenant>/enrollment/<key>`), so an object that was renamed is still found.
/// Written as `group/0`, `devices`, `update-ring/0`, `feature/0`, `drivers/0`, `edge/0`, `office/0`,
/// `exclusion/<configuration id>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Key {
    /// The Entra group that holds the members of a ring.
    RingGroup(RingIndex),
    /// The Entra group whose members are the ring groups.
    Devices,
    UpdateRing(RingIndex),
    Feature(RingIndex),
    Drivers(RingIndex),
    Edge(RingIndex),
    Office(RingIndex),
    /// Our devices group excluded from an update ring of the organisation.
    Exclusion(String),
}

/// What sort of Graph object stands for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Group,
    UpdateRing,
    FeatureProfile,
    DriverProfile,
    SettingsPolicy,
}

/// What an object holds. Only properties that we set: others are nobody's drift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Payload {
    Group(GroupPayload),
    UpdateRing(Assigned<UpdateRingPayload>),
    Feature(Assigned<FeaturePayload>),
    Drivers(Assigned<DriversPayload>),
    Edge(Assigned<EdgePayload>),
    Office(Assigned<OfficePayload>),
    /// Of an object that is not ours: only its targets.
    Exclusion {
        targets: Vec<Target>,
    },
}

/// A policy with its name and targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assigned<P> {
    pub name: String,
    #[serde(flatten)]
    pub settings: P,
    /// In order, without repeats.
    pub targets: Vec<Target>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    Group(GroupRef),
    ExcludedGroup(GroupRef),
    AllDevices,
    AllUsers,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupRef {
    /// One of ours, by its key.
    Ours(Key),
    Other(DirectoryObjectId),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupPayload {
    pub name: String,
    /// Groups of ours that are its members; members that are devices are not part of the payload.
    pub nested: Vec<Key>,
}

/// Windows Update for Business, per ring (facts/autopatch.md 2.4 and 4.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateRingPayload {
    pub quality_deferral_days: u8,
    pub quality_deadline_days: u8,
    pub feature_deferral_days: u8,
    pub feature_deadline_days: u8,
    pub grace_days: u8,
    pub feature_rollback_days: u8,
    pub drivers_excluded: bool,
    pub postpone_reboot_until_after_deadline: bool,
    pub microsoft_update_allowed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeaturePayload {
    pub version: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriversPayload {
    pub automatic: bool,
    /// Only with automatic approval; 0 to 14.
    pub deferral_days: Option<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgePayload {
    pub beta: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfficePayload {
    pub channel: super::settings::OfficeChannel,
    pub delay_days: u8,
    pub deadline_days: u8,
}

/// An object as it stands on Graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// By its tag; for an organisation's update ring the exclusion's key.
    pub key: Key,
    pub id: String,
    pub payload: Payload,
}

/// What was recorded of an object when it was last written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub key: Key,
    pub id: String,
    /// What we wrote.
    pub applied: Payload,
    /// Of an object that is not ours: what it held before.
    pub original: Option<Payload>,
}

/// A text that is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the key of an object of an enrollment")]
pub struct NotAKey(pub String);

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::RingGroup(ring) => write!(f, "group/{}", ring.0),
            Self::Devices => f.write_str("devices"),
            Self::UpdateRing(ring) => write!(f, "update-ring/{}", ring.0),
            Self::Feature(ring) => write!(f, "feature/{}", ring.0),
            Self::Drivers(ring) => write!(f, "drivers/{}", ring.0),
            Self::Edge(ring) => write!(f, "edge/{}", ring.0),
            Self::Office(ring) => write!(f, "office/{}", ring.0),
            Self::Exclusion(configuration) => write!(f, "exclusion/{configuration}"),
        }
    }
}

impl std::str::FromStr for Key {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let none = || NotAKey(text.to_owned());
        if text == "devices" {
            return Ok(Self::Devices);
        }
        let (kind, of) = text.split_once('/').ok_or_else(none)?;
        if kind == "exclusion" && !of.is_empty() {
            return Ok(Self::Exclusion(of.to_owned()));
        }
        let ring = RingIndex(of.parse().map_err(|_| none())?);
        match kind {
            "group" => Ok(Self::RingGroup(ring)),
            "update-ring" => Ok(Self::UpdateRing(ring)),
            "feature" => Ok(Self::Feature(ring)),
            "drivers" => Ok(Self::Drivers(ring)),
            "edge" => Ok(Self::Edge(ring)),
            "office" => Ok(Self::Office(ring)),
            _ => Err(none()),
        }
    }
}

impl TryFrom<String> for Key {
    type Error = NotAKey;

    fn try_from(text: String) -> Result<Self, NotAKey> {
        text.parse()
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.to_string()
    }
}
