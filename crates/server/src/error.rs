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
        "{path} is not a key of 32 bytes in hexadecimal digits; restore it, or remove it and set every tenant's credentials again"
    )]
    Key { path: PathBuf },
    #[error("embedded PostgreSQL: {0}")]
    Embedded(#[from] embedded_postgres::Error),
    #[error("database: {0}")]
    Store(#[from] store::StoreError),
    #[error("the proxy: {0}")]
    Proxy(String),
    #[error("the thread that runs the embedded PostgreSQL ended")]
    DatabaseThread,
}
