//! Devices and group members, as they were read from Graph.

use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::build::Build;
use domain::ids::{
    DeviceId, DirectoryObjectId, EntraDeviceId, IntuneDeviceId, RingSetId, RolloutId, TenantId,
};
use domain::registration::{Reason, Registration, Standing, Traits};
use domain::ring::RingIndex;

use crate::convert::{ring, state};
use crate::page::Page;
use crate::{Store, StoreError};
pub use domain::inventory::{ImportedDevice, ImportedDirectoryDevice};

mod directory;
pub(crate) mod due;
mod import;
mod list;
mod managed;
mod missing;
mod remove;
pub(crate) mod scan;
mod traits;

use list::{fetch, list, list_by_attempt};
pub(crate) use remove::leave_rings;
pub use remove::{Left, Removed};
pub use scan::FilterRow;
pub(crate) use traits::{TraitColumns, traits};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportCounts {
    pub read: u64,
    pub added: u64,
    pub changed: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRow {
    pub id: DeviceId,
    /// None: only the directory knows the device.
    pub intune: Option<IntuneDeviceId>,
    pub entra_device: Option<EntraDeviceId>,
    pub object: Option<DirectoryObjectId>,
    pub name: String,
    pub manufacturer: String,
    pub model: String,
    pub serial: String,
    pub build: Option<Build>,
    pub last_sync: Option<DateTime<Utc>>,
    pub traits: Traits,
    /// None: not looked at yet.
    pub registration: Option<Registration>,
    /// Since when its standing is what it is.
    pub standing_at: Option<DateTime<Utc>>,
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
    pub standing: Option<Standing>,
    /// This is among the reasons why they are not served.
    pub reason: Option<Reason>,
}

impl Store {
    pub async fn device_count(&self, tenant: TenantId) -> Result<u64, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let count = sqlx::query_scalar!(
            r#"select count(*) as "count!" from device where tenant_id = $1"#,
            tenant.0
        )
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(count.unsigned_abs())
    }

    /// Cost: a page, unless the filter passes over most of the fleet.
    pub async fn device_list(
        &self,
        tenant: TenantId,
        filter: &DeviceFilter,
        page: Page,
    ) -> Result<Vec<DeviceRow>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let rows = match filter.attempt {
            Some(attempt) => list_by_attempt(&mut tx, tenant, filter, attempt, page).await?,
            None => list(&mut tx, tenant, filter, page).await?,
        };
        tx.commit().await?;
        rows.into_iter().map(DeviceRow::try_from).collect()
    }

    pub async fn device_fetch(
        &self,
        tenant: TenantId,
        device: DeviceId,
    ) -> Result<DeviceDetail, StoreError> {
        let mut tx = self.tenant_begin_frozen(tenant).await?;
        let row = fetch(&mut tx, tenant, device).await?;
        let rings = sqlx::query!(
            "select m.ring_set_id, m.ring from ring_set s
             join ring_member m on m.tenant_id = s.tenant_id and m.ring_set_id = s.id
             where s.tenant_id = $1 and m.device_id = $2 order by s.id",
            tenant.0,
            device.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        let attempts = sqlx::query!(
            "select rollout_id, ring, state, state_at, code, wave from attempt
             where tenant_id = $1 and device_id = $2 order by rollout_id",
            tenant.0,
            device.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let rings = rings.into_iter().map(|row| Ok((RingSetId(row.ring_set_id), ring(row.ring)?)));
        let attempts = attempts.into_iter().map(|row| {
            Ok(DeviceAttempt {
                rollout: RolloutId(row.rollout_id),
                ring: ring(row.ring)?,
                state: state(row.state)?,
                state_at: row.state_at,
                code: row.code,
                wave: row.wave,
            })
        });
        Ok(DeviceDetail {
            device: row.try_into()?,
            rings: rings.collect::<Result<_, StoreError>>()?,
            attempts: attempts.collect::<Result<_, StoreError>>()?,
        })
    }
}
