//! A simulated Microsoft Graph tenant with a fleet of Windows devices behind it, over real HTTP.
//!
//! [`Simulator::start`] listens and lets simulated time run. A client gets a token, reads
//! the catalogue and the devices, and steers them through groups, policies and configurations as
//! it would in a real tenant. What each device really did stands in the [`Ledger`].
//!
//! What an enrolling service would find wrong with a tenant or its devices is a [`Defect`], set in
//! [`Config`] or at `/_simulator/defects` and fixed there. Other addresses below `/_simulator` stand
//! for other administrators: `permissions`, `groups`, `devices`, `policies`; `state` is one canonical
//! value of all that anybody could have changed.
//!
//! All delays and lifetimes of the tenant (an approval or a paused ring takes effect after two
//! minutes, a membership after four, a delta token dies after seven days) are in simulated time.
//!
//! `--example load` measures what a fleet costs, `--example serve` serves one to other programs, and
//! `cargo xtask sdk` lets Microsoft's own SDK for Python loose on it.
//!
//! Nothing here depends on the other crates of the workspace: a mistake in reading the Graph
//! contract must not be made on both sides of the wire.

mod choice;
mod clock;
mod config;
mod defect;
mod fleet;
mod graph;
mod http;
mod ledger;
mod permission;
mod record;
mod state;
mod tenant;
mod world;

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use crate::config::{
    Config, DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, DEFAULT_TENANT, Faults, Scenario,
    UnknownScenario,
};
pub use crate::defect::{Defect, UnknownDefect};
pub use crate::fleet::models::BAD_MODEL;
pub use crate::ledger::{Ledger, LedgerEntry, LedgerSummary};
pub use crate::permission::UnknownPermission;

use crate::http::App;
use crate::record::Recorder;
use crate::world::World;

/// How often the fleet is brought up to date when nobody asks.
const TICK: Duration = Duration::from_millis(5);

/// A running simulator. It stops when it is shut down or dropped.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    app: Arc<App>,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    ticker: JoinHandle<()>,
}

impl Simulator {
    /// Listens, and starts the clock. Fails where the address is taken, where the folder for
    /// recordings cannot be made, and where a permission of the configuration has no such name.
    pub async fn start(config: Config) -> std::io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        let recorder = config.record.clone().map(Recorder::new).transpose()?;
        let world = World::new(&config, recorder)
            .map_err(|unknown| Error::new(ErrorKind::InvalidInput, unknown))?;
        let app =
            Arc::new(App { world: Mutex::new(world), authority: http::Authority::new(&config) });
        let (stop, mut stopped) = watch::channel(false);
        let router = http::router(Arc::clone(&app));
        let server = tokio::spawn(async move {
            let signal = async move {
                // An error means the simulator was dropped.
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            let serving = axum::serve(listener, router).with_graceful_shutdown(signal);
            if let Err(error) = serving.await {
                tracing::error!(%error, "the simulator stopped serving");
            }
        });
        let ticking = Arc::clone(&app);
        let ticker = tokio::spawn(async move {
            let mut interval = tokio::time::interval(TICK);
            interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                interval.tick().await;
                ticking.world().advance();
            }
        });
        Ok(Self { address, app, stop, server, ticker })
    }

    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://ip:port`, for Graph and for the token endpoint alike.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What happened so far, every entry of it: a hundred bytes and more for each. For a large fleet
    /// see [`Self::summary`] and [`Self::entries`].
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.app.world().ledger()
    }

    /// How often what happened, and what administrators did to approvals and rings.
    #[must_use]
    pub fn summary(&self) -> LedgerSummary {
        let mut world = self.app.world();
        world.advance();
        world.summary()
    }

    /// At most `limit` entries of the ledger that follow number `after`; 0 is before the first.
    #[must_use]
    pub fn entries(&self, after: usize, limit: usize) -> Vec<LedgerEntry> {
        let mut world = self.app.world();
        world.advance();
        world.entries(after, limit)
    }

    /// Simulated time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.app.world().clock.now()
    }

    /// Stops listening; connections that stay open are cut after a moment.
    pub async fn shutdown(mut self) {
        self.ticker.abort();
        self.stop.send_replace(true);
        let patience = Duration::from_secs(1);
        if tokio::time::timeout(patience, &mut self.server).await.is_err() {
            self.server.abort();
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.ticker.abort();
        self.server.abort();
    }
}
