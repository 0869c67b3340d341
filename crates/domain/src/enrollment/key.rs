//! Which object of an enrollment it is: the key that finds it again.
//!
//! Never changes spelling: keys stand in descriptions on Graph and in our records.

use serde::{Deserialize, Serialize};

use crate::ring::RingIndex;

/// Which object it is. Stands in the object's description on Graph as part of its tag
/// (`concentric:<tenant>/enrollment/<key>`), so an object that was renamed is still found.
/// Written as `group/0`, `devices`, `update-ring/0`, `feature/0`, `drivers/0`, `edge/0`, `office/0`,
/// `exclusion/<configuration id>`.
///
/// The order of keys is the order of steps: groups before what targets them, and the organisation's
/// rings let go of a device only after ours have it.
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

impl Key {
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::RingGroup(_) | Self::Devices => Kind::Group,
            Self::UpdateRing(_) | Self::Exclusion(_) => Kind::UpdateRing,
            Self::Feature(_) => Kind::FeatureProfile,
            Self::Drivers(_) => Kind::DriverProfile,
            Self::Edge(_) | Self::Office(_) => Kind::SettingsPolicy,
        }
    }

    /// Whether a group stands for it.
    #[must_use]
    pub fn is_group(&self) -> bool {
        self.kind() == Kind::Group
    }

    /// Whether the object is Concentric's, to be made and deleted.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        match self {
            Self::RingGroup(_)
            | Self::Devices
            | Self::UpdateRing(_)
            | Self::Feature(_)
            | Self::Drivers(_)
            | Self::Edge(_)
            | Self::Office(_) => true,
            Self::Exclusion(_) => false,
        }
    }
}
