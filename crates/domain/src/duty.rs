//! What has to be made true on Microsoft Graph, and what Graph has accepted.

use chrono::{DateTime, Utc};

use crate::ids::{DirectoryObjectId, EntraDeviceId, RolloutId};
use crate::ring::RingIndex;
use crate::rollout::access::Access;
use crate::update::{Delivery, Strategy};

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
    pub deployment: Option<String>,
    pub audience: String,
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
}

/// The two names under which Graph knows a device of a wave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaveDevice {
    pub entra_device: EntraDeviceId,
    pub object: DirectoryObjectId,
}
