//! What the operator of the server allows beyond the public internet. Nobody else can add to it.

use std::net::IpAddr;
use std::str::FromStr;

use url::Host;

use crate::address::kind;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allow {
    /// A host by its name, lower case.
    Host { name: String, port: Option<u16> },
    /// Every address that begins with the same `bits`.
    Network { address: IpAddr, bits: u8, port: Option<u16> },
}

/// An entry that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a host, an address or a network; prometheus.corp, prometheus.corp:9090, \
     10.1.2.0/24, 127.0.0.1:9090 and [fd00::1]:9090 are right"
)]
pub struct AllowError(String);

/// All entries, as `CONCENTRIC_OUTBOUND_ALLOW` names them: separated by commas or spaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowList(Vec<Allow>);

impl AllowList {
    /// What is in either.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Whether the host was named; then plain http is allowed, and any port unless it was named.
    pub(crate) fn host(&self, host: &Host<String>, port: u16) -> bool {
        let Host::Domain(host) = host else { return false };
        let host = host.trim_end_matches('.');
        self.0.iter().any(|allow| match allow {
            Allow::Host { name, port: only } => {
                name == host && only.is_none_or(|only| only == port)
            }
            Allow::Network { .. } => false,
        })
    }

    /// Whether the address lies in a network that was named.
    pub(crate) fn address(&self, address: IpAddr, port: u16) -> bool {
        kind(address).opens_by_address()
            && self.0.iter().any(|allow| match allow {
                Allow::Network { address: network, bits, port: only } => {
                    contains(*network, *bits, address) && only.is_none_or(|only| only == port)
                }
                Allow::Host { .. } => false,
            })
    }
}

/// An IPv4 network has no IPv6 address in it, mapped or not.
fn contains(network: IpAddr, bits: u8, address: IpAddr) -> bool {
    let same = |one: u128, two: u128, width: u32| {
        let rest = width.saturating_sub(u32::from(bits));
        one.checked_shr(rest).unwrap_or(0) == two.checked_shr(rest).unwrap_or(0)
    };
    match (network, address) {
        (IpAddr::V4(one), IpAddr::V4(two)) => {
            same(u128::from(u32::from(one)), u128::from(u32::from(two)), 32)
        }
        (IpAddr::V6(one), IpAddr::V6(two)) => same(one.into(), two.into(), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

impl FromStr for AllowList {
    type Err = AllowError;

    fn from_str(text: &str) -> Result<Self, AllowError> {
        let entries = text.split([',', ' ', '\n', '\t']).filter(|entry| !entry.is_empty());
        entries.map(Allow::from_str).collect::<Result<_, _>>().map(Self)
    }
}

impl FromStr for Allow {
    type Err = AllowError;

    fn from_str(text: &str) -> Result<Self, AllowError> {
        let wrong = || AllowError(text.to_owned());
        if let Some((address, bits)) = text.split_once('/') {
            let address: IpAddr = address.parse().map_err(|_| wrong())?;
            let most = if address.is_ipv4() { 32 } else { 128 };
            let bits = bits.parse().ok().filter(|bits| (1..=most).contains(bits));
            return Ok(Self::Network { address, bits: bits.ok_or_else(wrong)?, port: None });
        }
        let whole = |address: IpAddr, port| {
            let bits = if address.is_ipv4() { 32 } else { 128 };
            Self::Network { address, bits, port }
        };
        if let Ok(address) = text.parse() {
            return Ok(whole(address, None));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse::<u16>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        if let Ok(address) = bare.unwrap_or(host).parse() {
            return Ok(whole(address, port));
        }
        match Host::parse(host) {
            Ok(Host::Domain(name))
                if name.chars().all(|c| c.is_alphanumeric() || "-._".contains(c)) =>
            {
                Ok(Self::Host { name: name.trim_end_matches('.').to_owned(), port })
            }
            // What looks like a number in some base is an address nobody meant to write.
            Ok(Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_)) | Err(_) => Err(wrong()),
        }
    }
}
