//! Devices and group members, as they were read from Graph.

use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::build::Build;
use domain::ids::{
    DeviceId, DirectoryObjectId, EntraDeviceId, IntuneDeviceId, RingSetId, RolloutId, TenantId,
};
use domain::ring::RingIndex;

use crate::page::Page;
use crate::{Store, StoreError};

/// One device as Graph shows it, its three ids joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedDevice {
    pub intune: IntuneDeviceId,
    pub entra_device: Option<EntraDeviceId>,
    pub object: Option<DirectoryObjectId>,
    pub name: String,
    pub manufacturer: String,
    pub model: String,
    pub serial: String,
    pub build: Option<Build>,
    pub last_sync: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportCounts {
    pub read: u64,
    pub added: u64,
    pub changed: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRow {
    pub id: DeviceId,
    pub intune: IntuneDeviceId,
    pub entra_device: Option<EntraDeviceId>,
    pub object: Option<DirectoryObjectId>,
    pub name: String,
    pub manufacturer: String,
    pub model: String,
    pub serial: String,
    pub build: Option<Build>,
    pub last_sync: Option<DateTime<Utc>>,
}

/// A device with its place in every ring set, and what became of it in every rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceDetail {
    pub device: DeviceRow,
    pub rings: Vec<(RingSetId, RingIndex)>,
    pub attempts: Vec<DeviceAttempt>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceAttempt {
    pub rollout: RolloutId,
    pub ring: RingIndex,
    pub state: AttemptState,
    pub state_at: DateTime<Utc>,
    /// Error code of a failure, reason of an exclusion.
    pub code: Option<String>,
    /// Number of the wave that offered the update.
    pub wave: Option<i32>,
}

/// Which devices. All that are given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceFilter {
    /// The name starts so, whatever the case.
    pub name_prefix: Option<String>,
    pub model: Option<String>,
    /// Members of this ring of this set.
    pub ring: Option<(RingSetId, RingIndex)>,
    /// Devices of this rollout that stand in this state.
    pub attempt: Option<(RolloutId, AttemptState)>,
}

impl Store {
    /// Takes in what was read of a fleet. Into an empty tenant by COPY straight into the table,
    /// else by COPY to a temporary table and one set-based merge that writes only what differs.
    /// Devices that were not in the import stay (a partial read must not delete).
    pub async fn device_import(
        &self,
        _tenant: TenantId,
        _devices: &[ImportedDevice],
    ) -> Result<ImportCounts, StoreError> {
        Err(StoreError::Sketch)
    }

    pub async fn device_count(&self, _tenant: TenantId) -> Result<u64, StoreError> {
        Err(StoreError::Sketch)
    }

    pub async fn device_list(
        &self,
        _tenant: TenantId,
        _filter: &DeviceFilter,
        _page: Page,
    ) -> Result<Vec<DeviceRow>, StoreError> {
        Err(StoreError::Sketch)
    }

    pub async fn device_fetch(
        &self,
        _tenant: TenantId,
        _device: DeviceId,
    ) -> Result<DeviceDetail, StoreError> {
        Err(StoreError::Sketch)
    }

    /// Makes exactly these objects the known members of a group.
    pub async fn group_replace(
        &self,
        _tenant: TenantId,
        _group: DirectoryObjectId,
        _members: &[DirectoryObjectId],
    ) -> Result<(), StoreError> {
        Err(StoreError::Sketch)
    }
}
