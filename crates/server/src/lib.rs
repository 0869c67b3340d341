//! The service: configuration, wiring of the crates, telemetry, start and stop.
//!
//! Holds no rule and no SQL.

pub mod clock;
pub mod config;

pub use clock::Clock;
pub use config::{Config, Database};

use std::net::SocketAddr;

use thiserror::Error;

#[derive(Debug, Error)]
pub enum ServerError {
    #[error("not written yet")]
    Sketch,
}

/// A running server: API, scheduler, and the embedded database if it has one.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    first_token: Option<String>,
}

impl Server {
    /// Starts everything and returns once requests are answered.
    pub async fn start(_config: Config) -> Result<Self, ServerError> {
        Err(ServerError::Sketch)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The first admin token, if this start made it. Kept nowhere.
    #[must_use]
    pub fn first_token(&self) -> Option<&str> {
        self.first_token.as_deref()
    }

    /// Stops claiming work, lets what runs finish, closes connections, stops the embedded database.
    pub async fn shutdown(self) {}
}
