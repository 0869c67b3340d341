//! Every line of SQL of Concentric, and the way between rows and the domain.
//!
//! Never decides anything: rules come in as values of `domain` (or as data computed by it). Every
//! statement about a tenant runs in a transaction that names the tenant, under forced row-level
//! security. Times come in as arguments; the database's clock is used for leases only.
//!
//! Rows are locked in one order everywhere: rollout, budget, attempts, tally, rings of the rollout, work,
//! and the head of the chain last.

pub mod actions;
pub mod alerts;
pub mod approvals;
mod apps;
pub mod assessments;
pub mod audit_trail;
pub mod budget;
mod calendar;
pub mod catalog;
mod chain;
pub mod controls;
mod convert;
mod copy;
pub mod delta;
pub mod devices;
pub mod drivers;
pub mod enforcement;
pub mod enrollment;
mod error;
pub mod events;
mod feeds;
pub mod fleet;
pub mod floors;
pub mod freezes;
pub mod groups;
pub mod history;
pub mod holidays;
pub mod ingest;
pub mod journal;
pub mod notifications;
pub mod outbox;
pub mod page;
pub mod pauses;
pub mod registration;
pub mod releases;
pub mod report_schedules;
pub mod report_views;
pub mod request;
pub mod ring_sets;
pub mod rollouts;
pub mod rules;
mod schema;
mod scope;
mod seal;
pub mod sessions;
pub mod shared;
pub mod signals;
pub mod strategies;
pub mod support;
pub mod tenants;
pub mod tokens;
pub mod vitals;
pub mod webhooks;
pub mod work;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::{RolloutId, TenantId};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection as _, Executor as _, PgConnection, PgPool};
use tokio::sync::Mutex;

pub use chain::SERVICE as ACTOR;
pub use error::StoreError;
use feeds::Feeds;
use rollouts::RolloutRow;
use seal::Sealer;
pub use seal::{KeySource, Resealed};
use shared::Shared;
use tokens::Principal;

/// The database. Clones share the connections; the last one closes them.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pool: PgPool,
    sealer: Sealer,
    feeds: Feeds,
    placing: Mutex<()>,
    /// Read by many at once: everybody who watches a rollout asks for it when something happens to it.
    rollouts: Shared<(TenantId, RolloutId), RolloutRow>,
    plans: rollouts::planned::Plans,
    /// By the hash of their text.
    tokens: Shared<[u8; 32], Option<Principal>>,
}

/// How to reach the database. `Debug` shows neither key nor password.
#[derive(Clone)]
pub struct Options {
    pub url: String,
    pub max_connections: u32,
    /// Seals tenants' credentials at rest (AES-256-GCM).
    pub key: [u8; 32],
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}

/// A connection that was used so lately is not asked whether it is still there.
const TRUSTED: Duration = Duration::from_secs(1);

impl Store {
    /// Connects, and refuses a schema that is older or newer than this program. One connection
    /// more than `max_connections` (at least 2) listens for notifications.
    pub async fn connect(options: &Options) -> Result<Self, StoreError> {
        let sealer = Sealer::new(&options.key)?;
        // Before there is a pool, which would try a hopeless connection until its timeout.
        let mut first = PgConnection::connect(&options.url).await?;
        schema::check(&mut first).await?;
        scope::roles_check(&mut first).await?;
        first.close().await?;
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections.max(2))
            // One that was used a moment ago is there: asking it takes as long as what it is wanted for.
            .test_before_acquire(false)
            .before_acquire(|connection, used| {
                Box::pin(async move {
                    if used.idle_for > TRUSTED {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(|connection, _| {
                Box::pin(async move {
                    // Compiling a plan takes longer than any statement here, and the planner is told
                    // untruths about costs (`tenant_begin_by_key`) that would set it off.
                    connection.execute("set role concentric_app; set jit = off").await?;
                    Ok(())
                })
            })
            .connect(&options.url)
            .await?;
        let feeds = Feeds::start(&options.url, pool.clone()).await?;
        let inner = Inner {
            pool,
            sealer,
            feeds,
            placing: Mutex::new(()),
            rollouts: Shared::default(),
            plans: rollouts::planned::Plans::default(),
            tokens: Shared::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Brings the schema of `url` up to date; safe to run by several servers at once.
    pub async fn migrate(url: &str) -> Result<(), StoreError> {
        schema::migrate(url).await
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.inner.pool.execute("select 1").await?;
        Ok(())
    }
}
