//! What the server is told before it starts.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use scheduler::Settings;

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
    /// Connections to the database, those that listen not counted.
    pub max_connections: u32,
    /// Where the key that seals credentials is kept (made when missing), as `secret.key`.
    pub data_dir: PathBuf,
    pub clock: Clock,
    pub settings: Settings,
    /// The HTTP proxy through which the network check tries addresses; Graph is called through the
    /// one the environment names, as other programs do.
    pub proxy: Option<msgraph::Url>,
    /// Where readings of signals may go, and how patient they are.
    pub outbound: outbound::Limits,
    /// Where Log Analytics is asked.
    pub log_analytics_url: String,
    /// How patient calls to Microsoft Graph are.
    pub graph_limits: msgraph::Limits,
}

impl Config {
    /// A server on the wall clock with its own PostgreSQL under `data_dir`.
    #[must_use]
    pub fn embedded(data_dir: PathBuf) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            database: Database::Embedded(data_dir.join("postgres")),
            max_connections: 10,
            data_dir,
            clock: Clock::wall(),
            settings: Settings::default(),
            proxy: None,
            outbound: outbound::Limits::default(),
            log_analytics_url: outbound::Readers::LOG_ANALYTICS.to_owned(),
            graph_limits: msgraph::Limits::default(),
        }
    }

    /// For a clock that runs fast: what waits for Graph or between two reads in wall time is cut
    /// to what a simulated tenant needs.
    #[must_use]
    pub fn accelerated(mut self, clock: Clock) -> Self {
        self.clock = clock;
        let millis = Duration::from_millis;
        self.settings = Settings {
            observe_at_most_every: millis(50),
            reconcile_every: Duration::from_secs(20),
            first_wait: millis(50),
            longest_wait: Duration::from_secs(2),
            ..Settings::default()
        };
        self.graph_limits = msgraph::Limits {
            base_backoff: millis(20),
            settle: [20, 80, 300].map(millis),
            export_poll: millis(3),
            export_max_wait: Duration::from_secs(20),
            timeout: Duration::from_secs(20),
            ..msgraph::Limits::default()
        };
        self
    }
}
