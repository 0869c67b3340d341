//! Finding a name and connecting to what it stands for.
//!
//! Never trusts one address: a host with a dead address family is reached by the other.

use std::net::SocketAddr;
use std::time::Duration;

use domain::readiness::network::Reached;
use futures_util::future::select_ok;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

/// How many addresses of a host are tried, all at once. Some names have dozens.
const ADDRESSES: usize = 6;

/// A connection to the host.
///
/// # Errors
/// The name is not found, or none of its addresses takes a connection, in the time given for each.
pub(crate) async fn direct(host: &str, port: u16, limit: Duration) -> Result<TcpStream, Reached> {
    let addresses = find(host, port, limit).await.map_err(|why| Reached::NoName { why })?;
    let attempts = addresses.into_iter().map(|address| Box::pin(TcpStream::connect(address)));
    match timeout(limit, select_ok(attempts)).await {
        Ok(Ok((stream, _))) => Ok(stream),
        Ok(Err(error)) => Err(Reached::NoConnection { why: error.to_string() }),
        Err(_) => Err(Reached::NoConnection { why: "no connection in time".to_owned() }),
    }
}

/// At least one address, or why there is none.
async fn find(host: &str, port: u16, limit: Duration) -> Result<Vec<SocketAddr>, String> {
    let found = timeout(limit, lookup_host((host, port)))
        .await
        .map_err(|_| "no answer from the name server in time".to_owned())?
        .map_err(|error| error.to_string())?;
    let addresses: Vec<SocketAddr> = found.take(ADDRESSES).collect();
    if addresses.is_empty() { Err("the name has no address".to_owned()) } else { Ok(addresses) }
}
