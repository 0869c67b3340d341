//! Whether addresses can be reached from here: by name, by TCP and by TLS 1.2 or 1.3, directly or
//! through a proxy that takes CONNECT.
//!
//! Never sends or reads anything within a session, and never writes down what a proxy's address
//! holds beyond host and port. Every step ends within the time given for it.

mod connect;
mod proxy;
mod tls;

use std::time::{Duration, Instant};

use domain::readiness::network::{Endpoint, Probed, Reached, Trust, tried};
use futures_util::stream::{self, StreamExt};
use tokio::time::timeout;

pub use proxy::{NotAProxy, Proxy};
pub use tls::{Tls, TlsError};

/// One address to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub host: String,
    pub port: u16,
    pub trust: Trust,
}

/// How to try.
#[derive(Debug, Clone)]
pub struct Options {
    pub proxy: Option<Proxy>,
    /// For each step: finding the name, connecting, the proxy's answer, the handshake.
    pub timeout: Duration,
    /// How many addresses are tried at once; at least one.
    pub concurrency: usize,
    pub tls: Tls,
}

impl Options {
    /// Directly, eight at a time, with ten seconds for each step.
    #[must_use]
    pub fn new(tls: Tls) -> Self {
        Self { proxy: None, timeout: Duration::from_secs(10), concurrency: 8, tls }
    }
}

impl Target {
    /// What is tried of an endpoint; none where no host is known.
    #[must_use]
    pub fn of(endpoint: &Endpoint) -> Option<Self> {
        let host = endpoint.host?.to_owned();
        Some(Self { host, port: 443, trust: endpoint.trust })
    }

    /// Everything on the endpoint lists that is worth trying.
    #[must_use]
    pub fn listed() -> Vec<Self> {
        tried().filter_map(Self::of).collect()
    }
}

/// Tries every target, and answers in their order.
pub async fn probe(targets: &[Target], options: &Options) -> Vec<Probed> {
    // Owned, for callers that have to prove that the future may go to another thread.
    stream::iter(targets.to_vec())
        .map(|target| async move {
            let reached = reach(&target, options).await.unwrap_or_else(|not| not);
            Probed { host: target.host, reached }
        })
        .buffered(options.concurrency.max(1))
        .collect()
        .await
}

/// How far one target is reached. The error is as good an answer: it only ends the steps.
async fn reach(target: &Target, options: &Options) -> Result<Reached, Reached> {
    let started = Instant::now();
    let stream = match &options.proxy {
        Some(proxy) => proxy.connect(&target.host, target.port, options.timeout).await?,
        None => connect::direct(&target.host, target.port, options.timeout).await?,
    };
    let version =
        timeout(options.timeout, options.tls.handshake(&target.host, target.trust, stream))
            .await
            .unwrap_or_else(|_| Err("no answer to the handshake in time".to_owned()))
            .map_err(|why| Reached::NoTls { why })?;
    let milliseconds = u32::try_from(started.elapsed().as_millis()).unwrap_or(u32::MAX);
    Ok(Reached::Tls { version: version.to_owned(), milliseconds })
}
