//! Why somebody is not let in.

use outbound::OutboundError;
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    /// What was sent is no token that counts here.
    #[error("{0}")]
    Token(&'static str),
    /// Somebody whom no rule lets in. Which groups they have is for the log.
    #[error("{name:?} is in no group that has a role here")]
    Nobody { name: String, groups: Vec<String> },
    /// The way back from the provider does not fit the way there.
    #[error("{0}")]
    Login(&'static str),
    /// The provider sent somebody back without a code; its error code, if it is one that the
    /// specifications know.
    #[error("the provider did not sign anybody in ({0})")]
    Declined(&'static str),
    /// The provider cannot be asked.
    #[error("the provider of identities cannot be asked for {what}: {why}")]
    Provider { what: &'static str, why: OutboundError },
    /// It could not be asked a moment ago.
    #[error("the provider of identities did not answer, and is asked again in a few seconds")]
    Waiting,
    /// It says what it must not.
    #[error("the provider of identities is not to be trusted: {0}")]
    Untrusted(&'static str),
}
