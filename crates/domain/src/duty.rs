//! What has to be made true on Microsoft Graph, and what Graph has accepted.

use chrono::{DateTime, Utc};

use crate::ids::{DeviceId, DirectoryObjectId, EntraDeviceId, RolloutId};
use crate::offering::{Way, offering};
use crate::ring::RingIndex;
use crate::rollout::access::Access;
use crate::rollout::phase::Phase;
use crate::update::{Delivery, Strategy, UpdateKind};

/// The objects that stand for one ring of one rollout on Graph.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RingObjects {
    pub offer_group: Option<DirectoryObjectId>,
    /// What names the update: a policy, a deployment or a profile.
    pub policy: Option<String>,
    /// Of deployments. It has no name to be found by, so it is kept before anything is made for it.
    pub audience: Option<String>,
    pub removal_group: Option<DirectoryObjectId>,
    pub update_ring: Option<String>,
}

/// What a ring of a rollout has on Graph without a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    pub kind: UpdateKind,
    /// A deployment; of a driver an update policy.
    pub deployment: Option<String>,
    pub audience: String,
}

/// What of a tenant's devices and drivers Graph is to be told, and what it was told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DriverDuty {
    /// Somebody chose that drivers are managed.
    pub wanted: bool,
    /// The devices whose drivers are read. It has no name to be found by.
    pub audience: Option<String>,
    /// A device was enrolled lately, or is awaited by a rollout: more may be known soon.
    pub awaited: bool,
}

/// Devices that are to come under the management of drivers, or to leave it; at most a chunk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DriverDevices {
    pub enroll: Vec<(DeviceId, EntraDeviceId)>,
    pub release: Vec<(DeviceId, EntraDeviceId)>,
}

impl DriverDevices {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.enroll.is_empty() && self.release.is_empty()
    }
}

/// What a wave tells its devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaveKind {
    Offer,
    Removal,
    /// Offers of a held segment, or of a paused ring, taken back before an install started.
    Withdrawal,
}

/// A wave that Graph has not been told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingWave {
    pub kind: WaveKind,
    pub ring: RingIndex,
    pub number: i32,
    pub generation: i64,
}

/// One ring that needs telling or has objects on Graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingDuty {
    pub ring: RingIndex,
    pub name: String,
    /// Days; the deadline and grace period of the ring's cadence.
    pub deadline_days: u8,
    pub grace_days: u8,
    pub wanted: Access,
    pub wanted_generation: i64,
    pub accepted: Access,
    pub accepted_generation: i64,
    /// When the hold that Graph has accepted began on Graph, or was last renewed; none: it is not held.
    pub held_since: Option<DateTime<Utc>>,
    /// The hold is to be begun anew, though Graph has it already: Microsoft ends pauses of update
    /// rings by itself (see [`crate::pause::renew_at`]).
    pub renew: bool,
    pub objects: RingObjects,
}

/// The devices of a rollout whose turn has not come, where what is told to a ring names no update: they
/// have to be kept from taking it by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// They are kept back; else they go on by themselves.
    pub kept: bool,
    /// Their group on Graph, if it was made.
    pub group: Option<DirectoryObjectId>,
    /// All of them were put into it.
    pub told: bool,
}

impl Waiting {
    /// Whether a rollout at `phase` keeps its devices back; none: its way of telling has no need to. A
    /// rollout that was called off says nothing of devices it never offered anything to. One that is
    /// through, or that was rolled back, still does: what it never offered was held for a reason.
    #[must_use]
    pub fn keeps(delivery: Delivery, strategy: Strategy, phase: Phase) -> Option<bool> {
        match offering(delivery, strategy).ok()?.way {
            Way::QualityRing => Some(match phase {
                Phase::Scheduled | Phase::Offering { .. } | Phase::Soaking { .. } => true,
                Phase::Paused { .. } | Phase::Completed { .. } => true,
                Phase::RollingBack { .. } | Phase::RolledBack { .. } => true,
                Phase::Cancelled { .. } => false,
            }),
            Way::QualityPolicy | Way::QualityExpedited | Way::FeatureDeployment => None,
            Way::FeatureProfile | Way::EdgePolicy | Way::OfficePolicy | Way::DriverPolicy => None,
        }
    }

    /// Whether Graph has something to be told, or to be looked after, of them.
    #[must_use]
    pub const fn is_due(self) -> bool {
        self.kept || self.group.is_some()
    }
}

/// All that one rollout wants of Graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    pub rollout: RolloutId,
    pub generation: i64,
    pub release_name: String,
    pub catalog_entry_id: String,
    pub strategy: Strategy,
    pub delivery: Delivery,
    /// As [`crate::inventory::ImportedUpdate`] has them.
    pub version: Option<String>,
    pub channel: Option<String>,
    /// Of programs: the version that a device goes back to, settled with the rollout.
    pub back_to: Option<String>,
    /// None: nobody has to be kept back.
    pub waiting: Option<Waiting>,
    /// Rings that were ever told something or are to be told, in order.
    pub rings: Vec<RingDuty>,
    pub pending: Vec<PendingWave>,
}

/// An open rollout whose devices are to be asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    pub rollout: RolloutId,
    /// Rings with a policy on Graph and devices in flight, installing or being removed.
    pub policies: Vec<(RingIndex, String)>,
    /// The same with a feature update profile, which has reports of its own.
    pub profiles: Vec<(RingIndex, String)>,
}

/// The two names under which Graph knows a device of a wave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaveDevice {
    pub entra_device: EntraDeviceId,
    pub object: DirectoryObjectId,
}
