//! Who is known, but was not in a complete read.

use domain::ids::{IntuneDeviceId, TenantId};

use crate::{Store, StoreError};

impl Store {
    /// Devices that Intune knew and that are not among `seen`, which is sorted. Cost: the fleet, once,
    /// 16 bytes of memory a device.
    pub async fn devices_missing(
        &self,
        tenant: TenantId,
        seen: &[IntuneDeviceId],
    ) -> Result<Vec<IntuneDeviceId>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let known = sqlx::query_scalar!(
            r#"select intune_id as "id!" from device
             where tenant_id = $1 and intune_id is not null"#,
            tenant.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let missing = known.into_iter().map(IntuneDeviceId);
        Ok(missing.filter(|device| seen.binary_search(device).is_err()).collect())
    }
}
