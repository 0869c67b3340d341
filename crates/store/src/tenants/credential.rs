//! How a tenant's app proves who it is. In the clear only on its way to Graph; never in a row, a
//! log or an error.

use domain::ids::TenantId;
use serde::{Deserialize, Serialize};

use crate::{Store, StoreError};

/// How the tenant's app proves who it is. `Debug` never shows it.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    Secret(String),
    Certificate { certificate_pem: String, private_key_pem: String },
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Secret(_) => "Secret(..)",
            Self::Certificate { .. } => "Certificate(..)",
        })
    }
}

impl Credential {
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Secret(_) => "secret",
            Self::Certificate { .. } => "certificate",
        }
    }
}

impl Store {
    pub(super) fn credential_seal(
        &self,
        tenant: TenantId,
        credential: &Credential,
    ) -> Result<Vec<u8>, StoreError> {
        let clear = serde_json::to_vec(&Clear::from(credential)).map_err(StoreError::corrupt)?;
        self.inner.sealer.seal(tenant, clear)
    }

    pub(super) fn credential_open(
        &self,
        tenant: TenantId,
        sealed: &[u8],
    ) -> Result<Credential, StoreError> {
        let clear = self.inner.sealer.open(tenant, sealed)?;
        // The error of a parser may quote what it read.
        serde_json::from_slice::<Clear>(&clear)
            .map(Credential::from)
            .map_err(|_| StoreError::corrupt("the credential is not what was sealed"))
    }
}

/// A credential as it is sealed.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Clear {
    Secret { secret: String },
    Certificate { certificate_pem: String, private_key_pem: String },
}

impl From<&Credential> for Clear {
    fn from(credential: &Credential) -> Self {
        match credential.clone() {
            Credential::Secret(secret) => Self::Secret { secret },
            Credential::Certificate { certificate_pem, private_key_pem } => {
                Self::Certificate { certificate_pem, private_key_pem }
            }
        }
    }
}

impl From<Clear> for Credential {
    fn from(clear: Clear) -> Self {
        match clear {
            Clear::Secret { secret } => Self::Secret(secret),
            Clear::Certificate { certificate_pem, private_key_pem } => {
                Self::Certificate { certificate_pem, private_key_pem }
            }
        }
    }
}
