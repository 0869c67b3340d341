//! What the server is told before it starts.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::clock::Clock;

#[derive(Debug, Clone)]
pub enum Database {
    Url(String),
    /// A PostgreSQL of our own in this directory.
    Embedded(PathBuf),
}

#[derive(Debug, Clone)]
pub struct Config {
    pub listen: SocketAddr,
    pub database: Database,
    /// Where the key that seals credentials is kept (made when missing), as `secret.key`.
    pub data_dir: PathBuf,
    pub clock: Clock,
    /// How often devices' check-ins and reports are read, by the service's clock.
    pub observe_every: Duration,
    /// How often devices, groups and catalogue are read from scratch, by the service's clock.
    pub sync_every: Duration,
}
