//! Seals credentials before they reach a row. Never logs, and never keeps clear text.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use domain::ids::TenantId;

use crate::StoreError;

/// The first byte of what is sealed: how the rest is to be read.
const FORMAT: u8 = 1;

/// AES-256-GCM under the service's key: format, nonce (random for every seal), cipher text, tag.
/// Bound to the tenant, so that a sealed credential opens in no other tenant's row.
pub(crate) struct Sealer {
    key: RandomizedNonceKey,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(..)")
    }
}

impl Sealer {
    pub(crate) fn new(key: &[u8; 32]) -> Result<Self, StoreError> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, key)
            .map_err(|_| StoreError::Invalid("the key cannot be used".to_owned()))?;
        Ok(Self { key })
    }

    pub(crate) fn seal(&self, tenant: TenantId, clear: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let mut cipher = clear;
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(tenant.0.as_bytes()), &mut cipher)
            .map_err(|_| StoreError::Invalid("the credential cannot be sealed".to_owned()))?;
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + cipher.len());
        sealed.push(FORMAT);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.extend_from_slice(&cipher);
        Ok(sealed)
    }

    pub(crate) fn open(&self, tenant: TenantId, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let unreadable = || {
            StoreError::corrupt("the credential does not open with this key: was the key replaced?")
        };
        let rest = sealed.strip_prefix(&[FORMAT]).ok_or_else(unreadable)?;
        let (nonce, cipher) = rest.split_at_checked(NONCE_LEN).ok_or_else(unreadable)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| unreadable())?;
        let mut cipher = cipher.to_vec();
        let clear = self
            .key
            .open_in_place(nonce, Aad::from(tenant.0.as_bytes()), &mut cipher)
            .map_err(|_| unreadable())?;
        Ok(clear.to_vec())
    }
}
