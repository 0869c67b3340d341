//! The update catalogue of a tenant.

use chrono::{DateTime, Utc};
use domain::build::Build;
use domain::ids::{TenantId, UpdateId};

use crate::page::Page;
use crate::{Store, StoreError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateBuild {
    pub build: Build,
    pub product: String,
    pub version: String,
    pub kb: Option<String>,
}

/// One catalogue entry as it was read. Only quality updates for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedUpdate {
    pub catalog_entry_id: String,
    pub title: String,
    pub short_name: String,
    pub classification: String,
    pub cadence: String,
    pub kb: Option<String>,
    pub released_at: DateTime<Utc>,
    pub deployable_until: Option<DateTime<Utc>>,
    pub is_expeditable: bool,
    pub builds: Vec<UpdateBuild>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateRow {
    pub id: UpdateId,
    /// `quality`.
    pub kind: String,
    pub update: ImportedUpdate,
}

impl Store {
    /// Adds new entries and changes known ones; entries that disappeared stay.
    pub async fn catalog_import(
        &self,
        _tenant: TenantId,
        _updates: &[ImportedUpdate],
    ) -> Result<(), StoreError> {
        Err(StoreError::Sketch)
    }

    /// Newest release first; `after` continues behind that update.
    pub async fn update_list(
        &self,
        _tenant: TenantId,
        _page: Page,
    ) -> Result<Vec<UpdateRow>, StoreError> {
        Err(StoreError::Sketch)
    }

    pub async fn update_fetch(
        &self,
        _tenant: TenantId,
        _update: UpdateId,
    ) -> Result<UpdateRow, StoreError> {
        Err(StoreError::Sketch)
    }
}
