//! Every line of SQL of Concentric, and the way between rows and the domain.
//!
//! Never decides anything: rules come in as values of `domain` (or as data computed by it). Every
//! statement about a tenant runs in a transaction that names the tenant, under forced row-level
//! security. Times come in as arguments; the database's clock is used for leases only.

pub mod catalog;
pub mod devices;
pub mod enforcement;
mod error;
pub mod events;
pub mod ingest;
pub mod journal;
pub mod page;
pub mod releases;
pub mod ring_sets;
pub mod rollouts;
pub mod tenants;
pub mod tokens;
pub mod work;

pub use error::StoreError;

/// The database. Clones share the connections.
#[derive(Debug, Clone)]
pub struct Store {
    #[expect(dead_code, reason = "sketch")]
    pool: sqlx::PgPool,
}

/// How to reach the database.
#[derive(Debug, Clone)]
pub struct Options {
    pub url: String,
    pub max_connections: u32,
    /// Seals tenants' credentials at rest (AES-256-GCM).
    pub key: [u8; 32],
}

impl Store {
    /// Connects, and refuses a schema that is older or newer than this program.
    pub async fn connect(_options: &Options) -> Result<Self, StoreError> {
        Err(StoreError::Sketch)
    }

    /// Brings the schema of `url` up to date; safe to run by several servers at once.
    pub async fn migrate(_url: &str) -> Result<(), StoreError> {
        Err(StoreError::Sketch)
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        Err(StoreError::Sketch)
    }
}
