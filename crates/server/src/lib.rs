//! The service: configuration, wiring of the crates, telemetry, start and stop.
//!
//! Holds no rule, no SQL and no wire format.

mod audit_trail;
pub mod clock;
pub mod config;
mod database;
mod error;
mod fleet;
mod forget;
mod headers;
mod health;
mod journal;
mod key;
mod network;
mod people;
mod post;
mod rotate;
mod sign_in;
mod signals;
pub mod telemetry;
mod vitals;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::middleware::from_fn_with_state;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use api::Limits;
pub use audit_trail::{AuditSettings, Syslog};
pub use clock::Clock;
pub use config::{Config, Database};
pub use error::ServerError;
pub use key::KeySource;
pub use oidc::{ConfigError as OidcConfigError, Settings as OidcSettings};
pub use outbound::{AllowError, AllowList, SmtpSettings, SmtpTls};
pub use rotate::{Rotated, rotate};
pub use scheduler::Settings;

use crate::audit_trail::Auditor;
use crate::database::Running;
use crate::fleet::GraphFleet;
use crate::journal::StoreJournal;
use crate::network::Network;
use crate::post::Post;
use crate::signals::SignalSources;

/// How long requests and work at hand get to finish.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server: API, scheduler, and the embedded database if it has one.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    first_token: Option<String>,
    demo_link: Option<String>,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    scheduling: JoinHandle<()>,
    auditing: JoinHandle<()>,
    forgetting: JoinHandle<()>,
    // Last: it must outlive everything that speaks to it.
    database: Running,
}

impl Server {
    /// Starts everything and returns once requests are answered.
    pub async fn start(config: Config) -> Result<Self, ServerError> {
        let key = *config.keys.read()?.first().ok_or(ServerError::KeySource("there is none"))?;
        let signing = audit_trail::Keys::load(&config.data_dir)?;
        let database = Running::start(&config.database).await?;
        store::Store::migrate(database.url()).await?;
        let options = store::Options {
            url: database.url().to_owned(),
            max_connections: config.max_connections,
            key,
        };
        let store = store::Store::connect(&options).await?;
        store.keys_from(rotate::as_source(config.keys.clone()));
        let first_token = store.token_first(config.clock.now()).await?;
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|source| ServerError::Listen { address: config.listen, source })?;
        let address = listener
            .local_addr()
            .map_err(|source| ServerError::Listen { address: config.listen, source })?;
        let (sign_in, demo_link) =
            sign_in::settings(&config, address, first_token.as_deref(), &key)?;
        let console = config
            .public_url
            .as_ref()
            .map_or_else(|| format!("http://{address}"), ToString::to_string);
        let post = Post::new(store.clone(), &config)?;
        let stop = CancellationToken::new();
        let signals = SignalSources::new(store.clone(), &config);
        let audit = api::Audit::new(signing.trusted.clone());
        let serving = serve(
            &config,
            (store.clone(), signals.clone()),
            (audit.clone(), sign_in),
            listener,
            &stop,
        );
        let auditor = Auditor::new(store.clone(), signing, &config, audit);
        let auditing = tokio::spawn(auditor.run(stop.clone()));
        let forgetting = tokio::spawn(forget::run(store.clone(), config.clock, stop.clone()));
        let network = Network::through(config.proxy.as_ref()).map_err(ServerError::Proxy)?;
        let limits = config.graph_limits.clone();
        let fleet = GraphFleet::new(
            store.clone(),
            limits,
            network,
            (signals, post, config.public_url.clone()),
            config.clock,
        );
        let scheduling = tokio::spawn(scheduler::run(
            StoreJournal::new(store, Some(&console)),
            fleet,
            config.clock,
            config.settings.clone(),
            stop.clone(),
        ));
        tracing::info!(%address, "ready");
        Ok(Self {
            address,
            first_token,
            demo_link,
            stop,
            serving,
            scheduling,
            auditing,
            forgetting,
            database,
        })
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

    /// What signs in to a demo, once.
    #[must_use]
    pub fn demo_link(&self) -> Option<&str> {
        self.demo_link.as_deref()
    }

    /// Where its database is.
    #[must_use]
    pub fn database_url(&self) -> &str {
        self.database.url()
    }

    /// Stops claiming work, lets what runs finish, closes connections, stops the embedded database.
    pub async fn shutdown(self) {
        self.stop.cancel();
        let all =
            async { tokio::join!(self.serving, self.scheduling, self.auditing, self.forgetting) };
        if tokio::time::timeout(PATIENCE, all).await.is_err() {
            tracing::warn!("requests or work still ran after {PATIENCE:?} and were cut off");
        }
        self.database.stop().await;
    }
}

fn serve(
    config: &Config,
    (store, signals): (store::Store, SignalSources),
    (audit, sign_in): (api::Audit, api::SignIn),
    listener: TcpListener,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let clock = config.clock;
    let state = api::State::from(api::StateParts {
        store: store.clone(),
        now: Arc::new(move || clock.now()),
        closing: stop.clone(),
        signals: Arc::new(signals),
        limits: config.limits,
        audit,
        sign_in,
        answers: api::Answers::default(),
    });
    let about = headers::About { is_secure: state.sign_in.is_secure(), clock };
    let router = api::router(state)
        .merge(health::router(store, clock, stop.clone()))
        .merge(console::router())
        .layer(from_fn_with_state(about, headers::say));
    let stop = stop.clone();
    tokio::spawn(async move {
        // With the address of whoever calls, which sign-ins are counted by.
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let serving = axum::serve(listener, service)
            .with_graceful_shutdown(async move { stop.cancelled().await });
        if let Err(error) = serving.await {
            tracing::error!(%error, "the API stopped serving");
        }
    })
}
