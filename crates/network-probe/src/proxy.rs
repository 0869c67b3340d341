//! The way out through an HTTP proxy: one CONNECT, and its answer.
//!
//! Never shows the credentials, and never repeats text of the proxy's answer: only its status.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::readiness::network::Reached;
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use crate::connect;

/// An answer whose head is longer is no answer of a proxy.
const HEAD: usize = 8 * 1024;

/// A proxy that takes CONNECT, spoken to in the clear.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    host: String,
    port: u16,
    /// The header's value, if the address holds a name or a password.
    authorization: Option<String>,
}

/// Why an address is not that of a proxy. Says nothing of the address itself, which may hold a
/// password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAProxy {
    #[error("a proxy's address begins with http://")]
    Scheme,
    #[error("a proxy's address holds a host")]
    Host,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.authorization.is_some();
        f.debug_struct("Proxy")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("credentials", &known)
            .finish()
    }
}

impl TryFrom<&Url> for Proxy {
    type Error = NotAProxy;

    fn try_from(url: &Url) -> Result<Self, NotAProxy> {
        if url.scheme() != "http" {
            return Err(NotAProxy::Scheme);
        }
        let host = url.host_str().ok_or(NotAProxy::Host)?;
        // Brackets belong to the address as text, not to the host.
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = url.port_or_known_default().unwrap_or(80);
        Ok(Self { host, port, authorization: authorization(url) })
    }
}

fn authorization(url: &Url) -> Option<String> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut pair: Vec<u8> = percent_decode_str(url.username()).collect();
    pair.push(b':');
    pair.extend(percent_decode_str(url.password().unwrap_or_default()));
    Some(format!("Basic {}", STANDARD.encode(pair)))
}

impl Proxy {
    /// A connection to the host, by way of the proxy. The proxy finds the name, so a name that does
    /// not exist is a connection that it did not make.
    pub(crate) async fn connect(
        &self,
        host: &str,
        port: u16,
        limit: Duration,
    ) -> Result<TcpStream, Reached> {
        let mut stream = connect::direct(&self.host, self.port, limit).await.map_err(behind)?;
        let status = timeout(limit, self.ask(&mut stream, host, port))
            .await
            .unwrap_or_else(|_| Err("no answer from the proxy in time".to_owned()))
            .map_err(|why| Reached::NoConnection { why })?;
        let why = match status {
            200..=299 => return Ok(stream),
            407 => "the proxy asks for other credentials (407)".to_owned(),
            status => format!("the proxy answered {status}"),
        };
        Err(Reached::NoConnection { why })
    }

    /// The status the proxy answers with.
    async fn ask(&self, stream: &mut TcpStream, host: &str, port: u16) -> Result<u16, String> {
        let authorization = self
            .authorization
            .as_ref()
            .map_or_else(String::new, |value| format!("Proxy-Authorization: {value}\r\n"));
        let request =
            format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{authorization}\r\n");
        stream.write_all(request.as_bytes()).await.map_err(lost)?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() == HEAD {
                return Err("the proxy's answer has no end".to_owned());
            }
            // Byte by byte: what follows the head belongs to the session.
            head.push(stream.read_u8().await.map_err(lost)?);
        }
        status(&head).ok_or_else(|| "the proxy does not speak HTTP".to_owned())
    }
}

/// What went wrong on the way to the proxy went wrong before the target.
fn behind(reached: Reached) -> Reached {
    match reached {
        Reached::NoName { why } | Reached::NoConnection { why } | Reached::NoTls { why } => {
            Reached::NoConnection { why: format!("the proxy: {why}") }
        }
        Reached::Tls { .. } => reached,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "stands in map_err")]
fn lost(error: std::io::Error) -> String {
    format!("the proxy: {error}")
}

fn status(head: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(head.split(|byte| *byte == b'\r').next()?).ok()?;
    let (version, rest) = line.split_once(' ')?;
    if !version.starts_with("HTTP/1.") {
        return None;
    }
    rest.get(..3)?.parse().ok()
}
