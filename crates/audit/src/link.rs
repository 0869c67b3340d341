//! The hash that holds a chain together.

use chrono::{DateTime, SecondsFormat, Utc};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::hex::{Hash, Hex};

/// What the first entry of a chain names as its previous hash.
pub const START: Hash = Hex([0; 32]);

/// What the hash of one entry covers, as stored.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    pub tenant: Uuid,
    pub previous: &'a [u8],
    pub seq: i64,
    pub rollout: Option<Uuid>,
    /// In microseconds; what is finer is not covered.
    pub at: DateTime<Utc>,
    pub actor: &'a str,
    pub kind: &'a str,
    pub body: &'a str,
}

impl Link<'_> {
    #[must_use]
    pub fn hash(&self) -> Hash {
        // PostgreSQL stores no NUL in text, so it parts what has no fixed length.
        let digest = Sha256::new()
            .chain_update(self.tenant.as_bytes())
            .chain_update(self.previous)
            .chain_update(self.seq.to_be_bytes())
            .chain_update(self.rollout.unwrap_or(Uuid::nil()).as_bytes())
            .chain_update(moment(self.at))
            .chain_update([0])
            .chain_update(self.actor)
            .chain_update([0])
            .chain_update(self.kind)
            .chain_update([0])
            .chain_update(self.body)
            .finalize();
        Hex(digest.into())
    }
}

/// A time as it is hashed, signed and exported.
pub(crate) fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}
