//! Who manages the fleet, counted.

use domain::ids::TenantId;
use domain::readiness::facts::Fleet;
use domain::registration::facts::{Agent, System};

use crate::convert::count;
use crate::{Store, StoreError};

/// All three workloads, as they are stored.
const EVERY_WORKLOAD: i16 = 0b111;

impl Store {
    /// The Windows devices that were read last, and those Configuration Manager has a hand in. Cost: the
    /// fleet, once.
    pub async fn fleet_management(&self, tenant: TenantId) -> Result<Fleet, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = sqlx::query!(
            r#"select count(*)::int as "devices!",
                 count(*) filter (where agent = $3)::int as "co_managed!",
                 count(*) filter (where agent = $3 and workloads <> $4)::int as "missing!"
             from device where tenant_id = $1 and system = $2"#,
            tenant.0,
            System::Windows.code(),
            Agent::CoManaged.code(),
            EVERY_WORKLOAD,
        )
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Fleet {
            devices: count(row.devices)?,
            co_managed: count(row.co_managed)?,
            workloads_missing: count(row.missing)?,
        })
    }
}
