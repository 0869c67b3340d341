//! The addresses a tenant's service and devices must reach, as data, and what reaching them gave.

use serde::{Deserialize, Serialize};

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
    /// The host that is tried: the same, or a known host under a wildcard.
    pub host: &'static str,
    pub listed: Listed,
    pub what_for: &'static str,
    /// Whether doing without it stops rollouts, or only slows them.
    pub required: bool,
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
