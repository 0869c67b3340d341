//! The service: configuration, wiring of the crates, telemetry, start and stop.
//!
//! Holds no rule, no SQL and no wire format.

pub mod clock;
pub mod config;
mod database;
mod error;
mod fleet;
mod health;
mod journal;
mod key;
mod network;
mod signals;
pub mod telemetry;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use clock::Clock;
pub use config::{Config, Database};
pub use error::ServerError;
pub use outbound::{AllowError, AllowList};
pub use scheduler::Settings;

use crate::database::Running;
use crate::fleet::GraphFleet;
use crate::journal::StoreJournal;
use crate::network::Network;
use crate::signals::SignalSources;

/// How long requests and work at hand get to finish.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server: API, scheduler, and the embedded database if it has one.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    first_token: Option<String>,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    scheduling: JoinHandle<()>,
    // Last: it must outlive everything that speaks to it.
    database: Running,
}

impl Server {
    /// Starts everything and returns once requests are answered.
    pub async fn start(config: Config) -> Result<Self, ServerError> {
        let key = key::load_or_make(&config.data_dir)?;
        let database = Running::start(&config.database).await?;
        store::Store::migrate(database.url()).await?;
        let options = store::Options {
            url: database.url().to_owned(),
            max_connections: config.max_connections,
            key,
        };
        let store = store::Store::connect(&options).await?;
        let first_token = store.token_first(config.clock.now()).await?;
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|source| ServerError::Listen { address: config.listen, source })?;
        let address = listener
            .local_addr()
            .map_err(|source| ServerError::Listen { address: config.listen, source })?;
        let stop = CancellationToken::new();
        let signals = SignalSources::new(store.clone(), &config);
        let serving = serve(&config, (store.clone(), signals.clone()), listener, &stop);
        let network = Network::through(config.proxy.as_ref()).map_err(ServerError::Proxy)?;
        let limits = config.graph_limits.clone();
        let fleet = GraphFleet::new(store.clone(), limits, network, signals, config.clock);
        let scheduling = tokio::spawn(scheduler::run(
            StoreJournal::new(store),
            fleet,
            config.clock,
            config.settings.clone(),
            stop.clone(),
        ));
        tracing::info!(%address, "ready");
        Ok(Self { address, first_token, stop, serving, scheduling, database })
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

    /// Where its database is.
    #[must_use]
    pub fn database_url(&self) -> &str {
        self.database.url()
    }

    /// Stops claiming work, lets what runs finish, closes connections, stops the embedded database.
    pub async fn shutdown(self) {
        self.stop.cancel();
        let both = async { tokio::join!(self.serving, self.scheduling) };
        if tokio::time::timeout(PATIENCE, both).await.is_err() {
            tracing::warn!("requests or work still ran after {PATIENCE:?} and were cut off");
        }
        self.database.stop().await;
    }
}

fn serve(
    config: &Config,
    (store, signals): (store::Store, SignalSources),
    listener: TcpListener,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let clock = config.clock;
    let state = api::State {
        store: store.clone(),
        now: Arc::new(move || clock.now()),
        closing: stop.clone(),
        signals: Arc::new(signals),
    };
    let router = api::router(state).merge(health::router(store, stop.clone()));
    let stop = stop.clone();
    tokio::spawn(async move {
        let serving = axum::serve(listener, router)
            .with_graceful_shutdown(async move { stop.cancelled().await });
        if let Err(error) = serving.await {
            tracing::error!(%error, "the API stopped serving");
        }
    })
}
