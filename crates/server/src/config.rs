//! What the server is told before it starts.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use scheduler::Settings;

use crate::audit_trail::AuditSettings;
use crate::clock::Clock;
use crate::key::KeySource;

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
    /// Where the keys are kept that are made when missing, and the embedded database.
    pub data_dir: PathBuf,
    /// The keys that seal credentials.
    pub keys: KeySource,
    pub clock: Clock,
    pub settings: Settings,
    /// The HTTP proxy through which the network check tries addresses; Graph is called through the
    /// one the environment names, as other programs do.
    pub proxy: Option<msgraph::Url>,
    /// Where readings of signals may go, and how patient they are.
    pub outbound: outbound::Limits,
    /// The mail server that notifications are handed to; none: nobody gets e-mail.
    pub smtp: Option<outbound::SmtpSettings>,
    /// Where Log Analytics is asked.
    pub log_analytics_url: String,
    /// How patient calls to Microsoft Graph are.
    pub graph_limits: msgraph::Limits,
    /// When checkpoints of the audit trail are signed, and where they are copied.
    pub audit: AuditSettings,
    /// How much one caller of the API may ask.
    pub limits: api::Limits,
    /// Where people reach the service, if not where it listens.
    pub public_url: Option<msgraph::Url>,
    /// Whether a link that is good once signs in with the first token.
    pub demo: bool,
    /// Where people sign in, and what their groups may do; none: API tokens alone.
    pub oidc: Option<oidc::Settings>,
}

impl Config {
    /// A server on the wall clock with its own PostgreSQL under `data_dir`.
    #[must_use]
    pub fn embedded(data_dir: PathBuf) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            database: Database::Embedded(data_dir.join("postgres")),
            max_connections: 10,
            audit: AuditSettings::in_dir(&data_dir),
            keys: KeySource::Own(data_dir.join("secret.key")),
            data_dir,
            clock: Clock::wall(),
            settings: Settings::default(),
            proxy: None,
            outbound: outbound::Limits::default(),
            smtp: None,
            log_analytics_url: outbound::Readers::LOG_ANALYTICS.to_owned(),
            graph_limits: msgraph::Limits::default(),
            limits: api::Limits::default(),
            public_url: None,
            demo: false,
            oidc: None,
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
        // Nobody depends on what is only simulated; whoever tries it shall not run into a limit.
        self.limits = api::Limits { per_second: NonZeroU32::MAX, burst: NonZeroU32::MAX };
        self
    }
}
