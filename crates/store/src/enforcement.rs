//! What has to be made true on Graph, and what Graph has accepted.

use chrono::{DateTime, Utc};
use domain::ids::{DirectoryObjectId, EntraDeviceId, RolloutId, TenantId};
use domain::ring::RingIndex;
use domain::rollout::access::Access;

use crate::{Store, StoreError};

/// The objects that stand for one ring of one rollout on Graph.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RingObjects {
    pub offer_group: Option<DirectoryObjectId>,
    pub policy: Option<String>,
    pub removal_group: Option<DirectoryObjectId>,
    pub update_ring: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaveKind {
    Offer,
    Removal,
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
    pub objects: RingObjects,
}

/// All that one rollout wants of Graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    pub rollout: RolloutId,
    pub generation: i64,
    pub release_name: String,
    pub catalog_entry_id: String,
    /// Rings that were ever told something or are to be told, in order.
    pub rings: Vec<RingDuty>,
    pub pending: Vec<PendingWave>,
}

/// An open rollout that reports are wanted of, for the observer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    pub rollout: RolloutId,
    /// Rings with a policy on Graph and devices in flight or installing, or being removed.
    pub policies: Vec<(RingIndex, String)>,
}

/// The two names under which Graph knows a device of a wave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaveDevice {
    pub entra_device: EntraDeviceId,
    pub object: DirectoryObjectId,
}

impl Store {
    pub async fn rollout_duty(
        &self,
        _tenant: TenantId,
        _rollout: RolloutId,
    ) -> Result<Duty, StoreError> {
        Err(StoreError::Sketch)
    }

    /// The devices of one wave.
    pub async fn wave_devices(
        &self,
        _tenant: TenantId,
        _rollout: RolloutId,
        _wave: PendingWave,
    ) -> Result<Vec<WaveDevice>, StoreError> {
        Err(StoreError::Sketch)
    }

    pub async fn wave_delivered(
        &self,
        _tenant: TenantId,
        _rollout: RolloutId,
        _wave: PendingWave,
        _now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Err(StoreError::Sketch)
    }

    /// Keeps the ids of a ring's objects on Graph.
    pub async fn ring_objects_keep(
        &self,
        _tenant: TenantId,
        _rollout: RolloutId,
        _ring: RingIndex,
        _objects: &RingObjects,
    ) -> Result<(), StoreError> {
        Err(StoreError::Sketch)
    }

    /// Notes that Graph accepted `access` for a ring as wanted by `generation`. Ignored when a later
    /// generation was accepted already (I6). Appends an event when the accepted access changes.
    pub async fn ring_accepted(
        &self,
        _tenant: TenantId,
        _rollout: RolloutId,
        _ring: RingIndex,
        _access: Access,
        _generation: i64,
        _now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Err(StoreError::Sketch)
    }

    /// Notes why Graph does not follow; none clears it. Writes only what changes.
    pub async fn rollout_enforce_note(
        &self,
        _tenant: TenantId,
        _rollout: RolloutId,
        _error: Option<&str>,
    ) -> Result<(), StoreError> {
        Err(StoreError::Sketch)
    }

    /// What the observer has to read reports of.
    pub async fn watched(&self, _tenant: TenantId) -> Result<Vec<Watched>, StoreError> {
        Err(StoreError::Sketch)
    }
}
