//! Releases: updates approved to go out.

use chrono::{DateTime, Utc};
use domain::ids::{ReleaseId, TenantId, UpdateId};

use crate::page::Page;
use crate::{Store, StoreError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseRow {
    pub id: ReleaseId,
    pub update: UpdateId,
    pub name: String,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
}

impl Store {
    /// `Invalid` when there is no such update, `Conflict` when the name is taken.
    pub async fn release_create(
        &self,
        _tenant: TenantId,
        _update: UpdateId,
        _name: &str,
        _actor: &str,
        _now: DateTime<Utc>,
    ) -> Result<ReleaseRow, StoreError> {
        Err(StoreError::Sketch)
    }

    pub async fn release_list(
        &self,
        _tenant: TenantId,
        _page: Page,
    ) -> Result<Vec<ReleaseRow>, StoreError> {
        Err(StoreError::Sketch)
    }

    pub async fn release_fetch(
        &self,
        _tenant: TenantId,
        _release: ReleaseId,
    ) -> Result<ReleaseRow, StoreError> {
        Err(StoreError::Sketch)
    }
}
