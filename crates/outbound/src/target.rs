//! An address as written, checked as far as that goes without asking anybody, then resolved.

use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

use crate::address::{Kind, kind};
use crate::allow::AllowList;
use crate::error::OutboundError;
use crate::resolve::Resolve;

/// More addresses of one name are not tried.
const MOST: usize = 16;

/// What may be called.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) url: Url,
    host: Host<String>,
    port: u16,
    /// The operator named the host.
    is_named: bool,
}

impl Target {
    pub(crate) fn parse(
        url: &str,
        allow: &AllowList,
        ports: &[u16],
    ) -> Result<Self, OutboundError> {
        // What a browser would mend on the way is somebody's trick here.
        if url.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\') {
            return Err(OutboundError::Url);
        }
        let mut url = Url::parse(url).map_err(|_| OutboundError::Url)?;
        let is_plain = match url.scheme() {
            "https" => false,
            "http" => true,
            _ => return Err(OutboundError::Scheme),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OutboundError::UserInfo);
        }
        url.set_fragment(None);
        let host = url.host().ok_or(OutboundError::Url)?.to_owned();
        let port = url.port_or_known_default().ok_or(OutboundError::Url)?;
        let target = Self { is_named: allow.host(&host, port), url, host, port };
        let literal = match &target.host {
            Host::Ipv4(address) => Some(IpAddr::V4(*address)),
            Host::Ipv6(address) => Some(IpAddr::V6(*address)),
            Host::Domain(_) => None,
        };
        // A name may lead into an allowed network or out of it; that is seen when it is resolved.
        if let Some(address) = literal {
            target.check(address, is_plain, allow, ports)?;
        }
        Ok(target)
    }

    /// The addresses to connect to, every one of them checked: one bad one among them, and the name
    /// is not to be trusted.
    pub(crate) async fn resolve(
        &self,
        allow: &AllowList,
        ports: &[u16],
        resolver: &dyn Resolve,
    ) -> Result<Vec<SocketAddr>, OutboundError> {
        let is_plain = self.url.scheme() == "http";
        let addresses = match &self.host {
            Host::Ipv4(address) => vec![IpAddr::V4(*address)],
            Host::Ipv6(address) => vec![IpAddr::V6(*address)],
            Host::Domain(name) => {
                resolver.resolve(name).await.map_err(|_| OutboundError::Unknown)?
            }
        };
        if addresses.is_empty() {
            return Err(OutboundError::Unknown);
        }
        for address in &addresses {
            self.check(*address, is_plain, allow, ports)?;
        }
        let socket = |address: &IpAddr| SocketAddr::new(*address, self.port);
        Ok(addresses.iter().take(MOST).map(socket).collect())
    }

    fn check(
        &self,
        address: IpAddr,
        is_plain: bool,
        allow: &AllowList,
        ports: &[u16],
    ) -> Result<(), OutboundError> {
        let kind = kind(address);
        if allow.address(address, self.port) || (self.is_named && kind.opens_by_name()) {
            return Ok(());
        }
        if kind != Kind::Public {
            return Err(OutboundError::Forbidden(kind));
        }
        if is_plain {
            return Err(OutboundError::PlainHttp);
        }
        if ports.contains(&self.port) { Ok(()) } else { Err(OutboundError::Port(self.port)) }
    }

    /// The host as the URL has it, which is what the connection is told to look up; none when it
    /// is an address and nothing is looked up.
    pub(crate) fn name(&self) -> Option<&str> {
        match &self.host {
            Host::Domain(name) => Some(name),
            Host::Ipv4(_) | Host::Ipv6(_) => None,
        }
    }
}
