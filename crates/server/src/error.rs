//! Why the server does not start, in words for the person who starts it.

use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

#[derive(Debug, Error)]
pub enum ServerError {
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("{path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error(
        "{path} is not a key of 32 bytes in hexadecimal digits; restore it, or remove it for a new one to be made: without the old `secret.key`, every tenant's credentials must be set again"
    )]
    Key { path: PathBuf },
    #[error(
        "{path} holds no list of public keys; restore it, or remove it to trust this server's key alone"
    )]
    PublicKeys { path: PathBuf },
    #[error("embedded PostgreSQL: {0}")]
    Embedded(#[from] embedded_postgres::Error),
    #[error("database: {0}")]
    Store(#[from] store::StoreError),
    #[error(
        "{url:?} is no address of a service: https://updates.example.com would be one, without a path"
    )]
    PublicUrl { url: String },
    #[error("the provider of identities: {0}")]
    Provider(String),
    #[error("the key that seals credentials: {0}")]
    KeySource(&'static str),
    #[error("the mail server: {0}")]
    Smtp(#[from] outbound::SmtpError),
    #[error("the system gives no random numbers")]
    NoRandomness,
    #[error("the proxy: {0}")]
    Proxy(String),
    #[error("the thread that runs the embedded PostgreSQL ended")]
    DatabaseThread,
}
