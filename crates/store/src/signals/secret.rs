//! The secret of a signal: a token, a key that signs, or an application's. In the clear only on its
//! way to the source.

use domain::ids::{SignalId, TenantId};

use super::NOT_FOUND;
use crate::{Store, StoreError};

impl Store {
    pub(super) fn signal_secret_seal(
        &self,
        tenant: TenantId,
        secret: &str,
    ) -> Result<Vec<u8>, StoreError> {
        self.inner.sealer.seal(tenant, secret.as_bytes().to_vec())
    }

    /// The opened secret of a signal, if it has one.
    pub async fn signal_secret(
        &self,
        tenant: TenantId,
        id: SignalId,
    ) -> Result<Option<String>, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let sealed = sqlx::query_scalar!(
            "select secret_sealed from signal where tenant_id = $1 and id = $2",
            tenant.0,
            id.0,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        tx.commit().await?;
        let Some(sealed) = sealed else { return Ok(None) };
        let clear = self.inner.sealer.open(tenant, &sealed)?;
        // The error would hold the bytes.
        let clear = String::from_utf8(clear);
        clear.map(Some).map_err(|_| StoreError::corrupt("the secret is not what was sealed"))
    }
}
