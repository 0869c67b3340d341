//! The objects of an enrollment, in our words: what they hold, how they stand, what was recorded.
//!
//! Never holds a property that Concentric does not set: those belong to the organisation.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::key::Key;
use crate::ids::DirectoryObjectId;

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

/// Windows Update for Business, per ring (facts/autopatch.md 2.4 and 4.1). In days; `None` is a
/// deadline that is not configured, which is not the same as one of no days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateRingPayload {
    pub quality_deferral_days: u8,
    pub quality_deadline_days: Option<u8>,
    pub feature_deferral_days: u8,
    pub feature_deadline_days: Option<u8>,
    pub grace_days: Option<u8>,
    pub feature_rollback_days: Option<u8>,
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

/// `None` is a channel that is neither of ours, or not configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgePayload {
    /// Beta instead of Stable.
    pub beta: Option<bool>,
}

/// `None` is what is not configured, or not as Concentric would.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfficePayload {
    pub channel: Option<super::settings::OfficeChannel>,
    /// Days before an update is downloaded and installed; 0 is the same as not configured.
    pub delay_days: u8,
    /// Days until it must be.
    pub deadline_days: Option<u8>,
}

/// An object as it stands on Graph. Of ours everything belongs here that carries a tag of the tenant
/// (duplicates too) or whose id is recorded; of the organisation's, every update ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// By its tag, else by its record; for an organisation's update ring the exclusion's key.
    pub key: Key,
    pub id: String,
    /// It carries our tag. Only such an object is ever deleted as a duplicate.
    pub tagged: bool,
    /// Of duplicates the oldest counts.
    pub created_at: Option<DateTime<Utc>>,
    /// Its groups that are ours by key (see [`super::find::our_groups`]).
    pub payload: Payload,
}

/// What was recorded of an object when it was last written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    pub key: Key,
    pub id: String,
    /// What we wrote, recorded once all of it was written.
    pub applied: Payload,
    /// Of an object that is not ours: what it held before. Evidence only: a restore takes our
    /// exclusion out of what is there by then, and keeps what others changed.
    pub original: Option<Payload>,
}

impl Target {
    /// Our devices kept away.
    #[must_use]
    pub fn our_exclusion() -> Self {
        Self::ExcludedGroup(GroupRef::Ours(Key::Devices))
    }

    fn group(&self) -> Option<&GroupRef> {
        match self {
            Self::Group(group) | Self::ExcludedGroup(group) => Some(group),
            Self::AllDevices | Self::AllUsers => None,
        }
    }
}

impl Payload {
    /// Its display name; the exclusion is of an object whose name is not ours to know.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Group(group) => Some(&group.name),
            Self::UpdateRing(policy) => Some(&policy.name),
            Self::Feature(policy) => Some(&policy.name),
            Self::Drivers(policy) => Some(&policy.name),
            Self::Edge(policy) => Some(&policy.name),
            Self::Office(policy) => Some(&policy.name),
            Self::Exclusion { .. } => None,
        }
    }

    /// Whom it applies to; a group applies to nobody.
    #[must_use]
    pub fn targets(&self) -> &[Target] {
        match self {
            Self::Group(_) => &[],
            Self::UpdateRing(policy) => &policy.targets,
            Self::Feature(policy) => &policy.targets,
            Self::Drivers(policy) => &policy.targets,
            Self::Edge(policy) => &policy.targets,
            Self::Office(policy) => &policy.targets,
            Self::Exclusion { targets } => targets,
        }
    }

    /// The groups of ours that must exist before this can be written.
    pub fn needs(&self) -> impl Iterator<Item = &Key> {
        let nested = match self {
            Self::Group(group) => group.nested.as_slice(),
            Self::UpdateRing(_)
            | Self::Feature(_)
            | Self::Drivers(_)
            | Self::Edge(_)
            | Self::Office(_)
            | Self::Exclusion { .. } => &[],
        };
        let targeted =
            self.targets().iter().filter_map(Target::group).filter_map(|group| match group {
                GroupRef::Ours(key) => Some(key),
                GroupRef::Other(_) => None,
            });
        nested.iter().chain(targeted)
    }
}
