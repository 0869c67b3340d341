//! People, as an OpenID Connect provider vouches for them: bearer tokens of programs that act for them
//! (RFC 9068, RFC 7519) and the sign-in of browsers (authorization code with PKCE, OpenID Connect Core 3.1).
//!
//! What is said in a token counts once its signature does, by a key that the provider publishes and with
//! one of four algorithms; then issuer, audience and times; then the groups, which an operator mapped to
//! roles. Whoever is in none of them is nobody here.
//!
//! Speaks to the provider through the guarded client alone. Must never know the database, or write a
//! token, a code or a secret into an error or a log.

mod claims;
mod config;
mod error;
mod keys;
mod login;
mod provider;

pub use config::{ConfigError, Settings};
pub use error::Refused;
pub use login::{Leaving, Returned};
pub use provider::{Endurance, Provider};

use domain::access::Grants;
use uuid::Uuid;

/// Somebody whom the provider vouches for, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// UUIDv5 of issuer and subject: the same for as long as the provider keeps the subject.
    pub id: Uuid,
    /// What changes are signed with.
    pub name: String,
    pub grants: Grants,
}
