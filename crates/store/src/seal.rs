//! Seals credentials before they reach a row. Never logs, and never keeps clear text.

mod reseal;

use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use domain::ids::TenantId;

use crate::{Store, StoreError};

pub use reseal::Resealed;

/// The first byte of what is sealed: how the rest is to be read.
const FORMAT: u8 = 1;

/// Gives the keys as they are now. The first one seals, all of them open.
pub type KeySource = Arc<dyn Fn() -> Result<Vec<[u8; 32]>, String> + Send + Sync>;

/// AES-256-GCM under the service's keys: format, nonce (random for every seal), cipher text, tag.
/// Bound to the tenant, so that a sealed credential opens in no other tenant's row.
///
/// Keys are replaced while servers run. So they are read again before anything is sealed, which happens
/// when somebody sets a credential, and when something does not open.
pub(crate) struct Sealer {
    keys: RwLock<Arc<Vec<RandomizedNonceKey>>>,
    source: OnceLock<KeySource>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(..)")
    }
}

impl Store {
    /// Where the keys are read again. Once; the first source stays.
    pub fn keys_from(&self, source: KeySource) {
        let _ = self.inner.sealer.source.set(source);
    }
}

impl Sealer {
    pub(crate) fn new(key: &[u8; 32]) -> Result<Self, StoreError> {
        let keys = RwLock::new(Arc::new(usable(&[*key])?));
        Ok(Self { keys, source: OnceLock::new() })
    }

    fn keys(&self) -> Arc<Vec<RandomizedNonceKey>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the keys again. False: there is nowhere to read them from.
    fn refresh(&self) -> Result<bool, StoreError> {
        let Some(source) = self.source.get() else { return Ok(false) };
        let read = source().map_err(|why| StoreError::corrupt(format_args!("the keys: {why}")))?;
        let keys = Arc::new(usable(&read)?);
        if keys.is_empty() {
            return Err(StoreError::corrupt("the keys: there is none"));
        }
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(true)
    }

    pub(crate) fn seal(&self, tenant: TenantId, clear: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        self.refresh()?;
        seal(self.keys().first(), tenant, clear)
    }

    pub(crate) fn open(&self, tenant: TenantId, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        if let Some((_, clear)) = open(&self.keys(), tenant, sealed)? {
            return Ok(clear);
        }
        if self.refresh()?
            && let Some((_, clear)) = open(&self.keys(), tenant, sealed)?
        {
            return Ok(clear);
        }
        Err(unreadable())
    }

    /// The same under the first key; none if it is that already.
    fn anew(&self, tenant: TenantId, sealed: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let keys = self.keys();
        match open(&keys, tenant, sealed)? {
            Some((0, _)) => Ok(None),
            Some((_, clear)) => seal(keys.first(), tenant, clear).map(Some),
            None => Err(unreadable()),
        }
    }
}

fn usable(keys: &[[u8; 32]]) -> Result<Vec<RandomizedNonceKey>, StoreError> {
    let key = |key: &[u8; 32]| {
        RandomizedNonceKey::new(&AES_256_GCM, key)
            .map_err(|_| StoreError::Invalid("the key cannot be used".to_owned()))
    };
    keys.iter().map(key).collect()
}

fn unreadable() -> StoreError {
    StoreError::corrupt("the credential does not open with this key: was the key replaced?")
}

fn seal(
    key: Option<&RandomizedNonceKey>,
    tenant: TenantId,
    clear: Vec<u8>,
) -> Result<Vec<u8>, StoreError> {
    let cannot = || StoreError::Invalid("the credential cannot be sealed".to_owned());
    let mut cipher = clear;
    let nonce = key
        .ok_or_else(cannot)?
        .seal_in_place_append_tag(Aad::from(tenant.0.as_bytes()), &mut cipher)
        .map_err(|_| cannot())?;
    let mut sealed = Vec::with_capacity(1 + NONCE_LEN + cipher.len());
    sealed.push(FORMAT);
    sealed.extend_from_slice(nonce.as_ref());
    sealed.extend_from_slice(&cipher);
    Ok(sealed)
}

/// With which of the keys it opens, and what is in it; none: with none of them.
fn open(
    keys: &[RandomizedNonceKey],
    tenant: TenantId,
    sealed: &[u8],
) -> Result<Option<(usize, Vec<u8>)>, StoreError> {
    let rest = sealed.strip_prefix(&[FORMAT]).ok_or_else(unreadable)?;
    let (nonce, cipher) = rest.split_at_checked(NONCE_LEN).ok_or_else(unreadable)?;
    for (number, key) in keys.iter().enumerate() {
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| unreadable())?;
        let mut cipher = cipher.to_vec();
        if let Ok(clear) = key.open_in_place(nonce, Aad::from(tenant.0.as_bytes()), &mut cipher) {
            return Ok(Some((number, clear.to_vec())));
        }
    }
    Ok(None)
}
