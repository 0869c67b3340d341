//! Why a call out was not made, or failed. Names no address that was found, and quotes no answer:
//! both would tell the caller what the network holds.

use std::time::Duration;

use thiserror::Error;

use crate::address::Kind;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OutboundError {
    #[error("the address is no URL")]
    Url,
    #[error("the address has to begin with https://")]
    Scheme,
    #[error("plain http goes only to what the operator of this server allows")]
    PlainHttp,
    #[error("a user or a password has no place in the address")]
    UserInfo,
    #[error("port {0} is not open; the operator of this server says which are")]
    Port(u16),
    #[error(
        "the address is forbidden: it is {} and the operator of this server does not allow it",
        .0.name()
    )]
    Forbidden(Kind),
    #[error("the name of the host is not known")]
    Unknown,
    #[error("no connection can be made")]
    Connect,
    #[error("no answer within {} seconds", .0.as_secs_f32())]
    Timeout(Duration),
    #[error("it answers {0}: redirects are not followed; give the address it leads to")]
    Redirect(u16),
    #[error("it answers {0}")]
    Status(u16),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the answer breaks off")]
    Broken,
    #[error("the answer is not what is expected: {0}")]
    Unexpected(&'static str),
    #[error("the query gives {0} series or rows; one is right: aggregate them into one")]
    Several(usize),
    #[error("{0}")]
    Query(String),
    #[error("the login refuses the application ({0})")]
    Login(u16),
    #[error("{0}")]
    Secret(&'static str),
}
