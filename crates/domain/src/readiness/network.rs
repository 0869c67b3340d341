//! The addresses a tenant's service and devices must reach, as data, and what reaching them gave.
//!
//! Never connects to anything; the crate `network-probe` does.

mod table;

use serde::{Deserialize, Serialize};

pub use table::ENDPOINTS;

/// Which list an address stands on (facts/autopatch.md 1.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listed {
    /// Required at the launch of Windows Autopatch, in 2022; kept for comparison.
    Launch,
    Current,
    /// What Concentric itself talks to.
    Concentric,
}

/// One address that must be reachable on TCP 443 with TLS 1.2 or better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// As published; may begin with `*.`.
    pub published: &'static str,
    /// The host that is tried: the same, or a known host under a wildcard. None: no such host is
    /// known, so the address is only listed.
    pub host: Option<&'static str>,
    pub listed: Listed,
    pub what_for: &'static str,
    /// Whether doing without it stops rollouts, or only slows them.
    pub required: bool,
    pub trust: Trust,
}

/// Whose word the certificate of a host rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// An authority that every system trusts: the certificate is checked.
    Public,
    /// An authority of Microsoft that only Windows trusts, or a content network that mostly serves
    /// plain HTTP: a session is made, its certificate is not checked.
    WindowsOnly,
}

/// The endpoints that are worth trying: those of today and our own, each host once.
pub fn tried() -> impl Iterator<Item = &'static Endpoint> {
    ENDPOINTS.iter().filter(|endpoint| endpoint.listed != Listed::Launch && endpoint.host.is_some())
}

/// The endpoint of a host, of those that are tried.
#[must_use]
pub fn of_host(host: &str) -> Option<&'static Endpoint> {
    tried().find(|endpoint| endpoint.host == Some(host))
}

/// How far a connection got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "step")]
pub enum Reached {
    /// A TLS session of this version (`1.2`, `1.3`) was made.
    Tls {
        version: String,
        milliseconds: u32,
    },
    NoName {
        why: String,
    },
    NoConnection {
        why: String,
    },
    NoTls {
        why: String,
    },
}

/// One address that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probed {
    pub host: String,
    pub reached: Reached,
}
