//! Ring sets, and the placement of devices in them.

use chrono::{DateTime, Utc};
use domain::ids::{DirectoryObjectId, RingSetId, TenantId};
use domain::ring::{RingIndex, RingSet};

use crate::page::Page;
use crate::{Store, StoreError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingSetRow {
    pub id: RingSetId,
    pub set: RingSet,
    pub placed_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

impl Store {
    /// `Conflict` when the name is taken. Asks for a sync, which reads the groups and places.
    pub async fn ring_set_create(
        &self,
        _tenant: TenantId,
        _set: &RingSet,
        _actor: &str,
        _now: DateTime<Utc>,
    ) -> Result<RingSetRow, StoreError> {
        Err(StoreError::Sketch)
    }

    pub async fn ring_set_list(
        &self,
        _tenant: TenantId,
        _page: Page,
    ) -> Result<Vec<RingSetRow>, StoreError> {
        Err(StoreError::Sketch)
    }

    pub async fn ring_set_fetch(
        &self,
        _tenant: TenantId,
        _ring_set: RingSetId,
    ) -> Result<RingSetRow, StoreError> {
        Err(StoreError::Sketch)
    }

    /// How many members each ring has, in order.
    pub async fn ring_set_members(
        &self,
        _tenant: TenantId,
        _ring_set: RingSetId,
    ) -> Result<Vec<(RingIndex, u32)>, StoreError> {
        Err(StoreError::Sketch)
    }

    /// Every group that some ring set of the tenant names.
    pub async fn ring_set_groups(
        &self,
        _tenant: TenantId,
    ) -> Result<Vec<DirectoryObjectId>, StoreError> {
        Err(StoreError::Sketch)
    }

    /// Places every registered device of the tenant (those with an Entra device id): streams
    /// candidates out in order of id, `domain::placement::place` decides, COPY writes. A first
    /// placement copies straight into the table; a later one writes only what changed.
    /// Returns how many rows were written.
    pub async fn ring_set_place(
        &self,
        _tenant: TenantId,
        _ring_set: RingSetId,
        _now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        Err(StoreError::Sketch)
    }
}
