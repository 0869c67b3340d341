//! Checkpoints: that a chain had a certain hash at a certain length, signed with a key that is not
//! in the database.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::export::at_micros;
use crate::hex::{Hash, Hex, PublicKey, Signature};
use crate::link::moment;

/// What is signed begins with this, so that the key's signatures mean nothing elsewhere.
const PURPOSE: &[u8] = b"concentric audit checkpoint 1\0";

/// What a checkpoint states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// Whose chain; nil for the service's own.
    pub tenant: Uuid,
    /// The `seq` of the checkpoint before; 0 for the first.
    pub previous: i64,
    /// The last entry that is covered.
    pub seq: i64,
    /// The hash of that entry.
    pub hash: Hash,
    /// When it was signed, by the service's clock.
    pub at: DateTime<Utc>,
}

/// A statement and its signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    pub tenant: Uuid,
    pub previous: i64,
    pub seq: i64,
    pub hash: Hash,
    #[serde(with = "at_micros")]
    pub at: DateTime<Utc>,
    /// Who signed. Whether it is to be trusted is for the reader to know.
    pub key: PublicKey,
    pub signature: Signature,
}

/// A seed that is no signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signing key cannot be used")]
pub struct BadKey;

/// The signing key.
pub struct Signer {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("public", &self.public).finish_non_exhaustive()
    }
}

impl Statement {
    fn message(&self) -> Vec<u8> {
        let mut message = PURPOSE.to_vec();
        message.extend_from_slice(self.tenant.as_bytes());
        message.extend_from_slice(&self.previous.to_be_bytes());
        message.extend_from_slice(&self.seq.to_be_bytes());
        message.extend_from_slice(&self.hash.0);
        message.extend_from_slice(moment(self.at).as_bytes());
        message
    }
}

impl Signer {
    /// The key of a seed (RFC 8032).
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, BadKey> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| BadKey)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| BadKey)?;
        Ok(Self { pair, public: Hex(public) })
    }

    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.public
    }

    pub fn sign(&self, statement: Statement) -> Result<Checkpoint, BadKey> {
        let signature = self.pair.sign(&statement.message());
        let signature = signature.as_ref().try_into().map_err(|_| BadKey)?;
        let Statement { tenant, previous, seq, hash, at } = statement;
        Ok(Checkpoint {
            tenant,
            previous,
            seq,
            hash,
            at,
            key: self.public,
            signature: Hex(signature),
        })
    }
}

impl Checkpoint {
    #[must_use]
    pub fn statement(&self) -> Statement {
        let Self { tenant, previous, seq, hash, at, key: _, signature: _ } = *self;
        Statement { tenant, previous, seq, hash, at }
    }

    /// Whether the key it names signed what it states.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, self.key.0);
        key.verify(&self.statement().message(), &self.signature.0).is_ok()
    }
}
