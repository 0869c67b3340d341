//! The audit trail as others can check it: what an entry's hash covers, signed checkpoints, the
//! format of an export, and the verifier that needs nothing but files.
//!
//! # What is found, and what is not
//!
//! 1. Whatever is changed, left out, added or moved without new hashes breaks the chain at that entry.
//! 2. Whatever is changed with new hashes behind it disagrees with the next checkpoint, because its
//!    signer's key is not in the database.
//! 3. A tail that is cut off is found if a checkpoint of it lies outside; what came after the last
//!    checkpoint is not covered, and a report says how much that is.
//!
//! Does no I/O of its own and reads no clock.

mod checkpoint;
mod damage;
mod export;
mod hex;
mod link;
mod outside;
mod read;
mod verify;

pub use checkpoint::{BadKey, Checkpoint, Signer, Statement};
pub use damage::{Damage, What};
pub use export::{End, Entry, FORMAT, Header, Line};
pub use hex::{BadHex, Hash, Hex, PublicKey, Signature};
pub use link::{Link, START};
pub use outside::Outside;
pub use read::{ReadError, keys, verify};
pub use verify::{Report, Trust, Verifier};
