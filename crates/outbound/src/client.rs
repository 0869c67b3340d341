//! The call itself.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, redirect};
use serde::de::DeserializeOwned;

use crate::allow::AllowList;
use crate::error::OutboundError;
use crate::resolve::{Resolve, System};
use crate::target::Target;

/// How much, how long and where to.
#[derive(Debug, Clone)]
pub struct Limits {
    pub allow: AllowList,
    /// Ports of public addresses.
    pub ports: Vec<u16>,
    /// From the look-up of the name to the last byte.
    pub timeout: Duration,
    /// The largest answer, in bytes.
    pub max_body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            allow: AllowList::default(),
            ports: vec![443],
            timeout: Duration::from_secs(10),
            max_body: 1 << 20,
        }
    }
}

/// The guarded client. Clones share its limits.
#[derive(Clone)]
pub struct Client {
    limits: Arc<Limits>,
    resolver: Arc<dyn Resolve>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// An answer with a status of success. Its body is for reading, never for quoting.
#[derive(Clone)]
pub struct Answer {
    status: u16,
    body: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({} bytes)", self.body.len())
    }
}

impl Answer {
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    pub fn json<T: DeserializeOwned>(&self) -> Result<T, OutboundError> {
        // The error of a parser may quote what it read.
        serde_json::from_slice(&self.body)
            .map_err(|_| OutboundError::Unexpected("it is not the JSON that this source gives"))
    }
}

/// What is sent.
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a str,
    pub(crate) query: &'a [(&'a str, &'a str)],
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// Its content type, and itself.
    pub(crate) body: Option<(&'static str, Vec<u8>)>,
}

impl Client {
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self::with_resolver(limits, Arc::new(System))
    }

    #[must_use]
    pub fn with_resolver(limits: Limits, resolver: Arc<dyn Resolve>) -> Self {
        Self { limits: Arc::new(limits), resolver }
    }

    /// Reads from an address.
    pub async fn get(&self, url: &str) -> Result<Answer, OutboundError> {
        let (query, headers) = (&[][..], Vec::new());
        self.send(Request { method: Method::GET, url, query, headers, body: None }).await
    }

    /// The addresses that a call would connect to; nothing is sent.
    pub async fn check(&self, url: &str) -> Result<Vec<SocketAddr>, OutboundError> {
        let Limits { allow, ports, .. } = &*self.limits;
        Target::parse(url, allow, ports)?.resolve(allow, ports, &*self.resolver).await
    }

    pub(crate) async fn send(&self, request: Request<'_>) -> Result<Answer, OutboundError> {
        let timeout = self.limits.timeout;
        let sent = tokio::time::timeout(timeout, self.exchange(request)).await;
        sent.unwrap_or(Err(OutboundError::Timeout(timeout)))
    }

    async fn exchange(&self, request: Request<'_>) -> Result<Answer, OutboundError> {
        let Limits { allow, ports, .. } = &*self.limits;
        let mut target = Target::parse(request.url, allow, ports)?;
        let addresses = target.resolve(allow, ports, &*self.resolver).await?;
        // A client for one call: its only addresses are those that were checked, it keeps no
        // connection that another call could take over, and it knows no way to look up a name.
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("concentric/", env!("CARGO_PKG_VERSION")))
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_gzip()
            .pool_max_idle_per_host(0)
            .dns_resolver(Nowhere)
            .https_only(target.url.scheme() == "https");
        if let Some(name) = target.name() {
            builder = builder.resolve_to_addrs(name, &addresses);
        }
        let http = builder.build().map_err(|_| OutboundError::Connect)?;
        if !request.query.is_empty() {
            target.url.query_pairs_mut().extend_pairs(request.query);
        }
        let mut headers: HeaderMap = request.headers.into_iter().collect();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let mut sending = http.request(request.method, target.url).headers(headers);
        if let Some((kind, body)) = request.body {
            sending = sending.header(CONTENT_TYPE, kind).body(body);
        }
        let answer = sending.send().await.map_err(|_| OutboundError::Connect)?;
        let status = answer.status();
        if status.is_redirection() {
            return Err(OutboundError::Redirect(status.as_u16()));
        }
        if !status.is_success() {
            return Err(OutboundError::Status(status.as_u16()));
        }
        self.read(answer).await
    }

    /// While it comes in, so that a large answer costs no more than the limit.
    async fn read(&self, mut answer: reqwest::Response) -> Result<Answer, OutboundError> {
        let most = self.limits.max_body;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_| OutboundError::Broken)? {
            if body.len() + chunk.len() > most {
                return Err(OutboundError::TooLarge(most));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status: answer.status().as_u16(), body })
    }
}

/// Looks up nothing: whatever may be connected to was looked up before.
struct Nowhere;

impl reqwest::dns::Resolve for Nowhere {
    fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
        Box::pin(async { Err("names are looked up before".into()) })
    }
}

/// `Bearer ..`, marked as not to be shown.
pub(crate) fn bearer(token: &str) -> Result<(HeaderName, HeaderValue), OutboundError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| OutboundError::Secret("the secret holds what no header can"))?;
    value.set_sensitive(true);
    Ok((reqwest::header::AUTHORIZATION, value))
}
