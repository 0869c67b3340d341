//! Tenants and their Graph connection. Credentials are sealed before they reach a row.

use chrono::{DateTime, Utc};
use domain::ids::{EntraTenantId, TenantId};
use uuid::Uuid;

use crate::page::Page;
use crate::{Store, StoreError};

/// How the tenant's app proves who it is. `Debug` never shows it.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    Secret(String),
    Certificate { certificate_pem: String, private_key_pem: String },
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Secret(_) => "Secret(..)",
            Self::Certificate { .. } => "Certificate(..)",
        })
    }
}

/// What to reach a tenant's Graph with.
#[derive(Debug, Clone)]
pub struct GraphConnection {
    pub entra_tenant: EntraTenantId,
    pub client_id: Uuid,
    pub graph_url: String,
    pub login_url: String,
    pub credential: Credential,
}

/// Whether the connection works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionState {
    /// Not tried since it was set.
    Unverified,
    Connected,
    /// A person must fix credentials or consent; the text says what was refused.
    Refused(String),
    /// Graph or the login does not answer; tried again by itself.
    Unreachable(String),
}

#[derive(Debug, Clone)]
pub struct NewTenant {
    pub name: String,
    pub connection: GraphConnection,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantRow {
    pub id: TenantId,
    pub name: String,
    pub entra_tenant: EntraTenantId,
    pub client_id: Uuid,
    pub graph_url: String,
    pub login_url: String,
    /// `secret` or `certificate`.
    pub credential_kind: String,
    pub connection: ConnectionState,
    pub connection_at: Option<DateTime<Utc>>,
    pub synced_at: Option<DateTime<Utc>>,
    pub observed_to: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

impl Store {
    /// Makes a tenant, its chain head, and its work (`Sync` due now, `Observe` due never until the
    /// sync is done). `Conflict` when the name or the Entra tenant is there already.
    pub async fn tenant_create(
        &self,
        _new: &NewTenant,
        _actor: &str,
        _now: DateTime<Utc>,
    ) -> Result<TenantRow, StoreError> {
        Err(StoreError::Sketch)
    }

    /// Replaces the connection, which is unverified then, and asks for a sync.
    pub async fn tenant_connect(
        &self,
        _tenant: TenantId,
        _connection: &GraphConnection,
        _actor: &str,
        _now: DateTime<Utc>,
    ) -> Result<TenantRow, StoreError> {
        Err(StoreError::Sketch)
    }

    pub async fn tenant_list(&self, _page: Page) -> Result<Vec<TenantRow>, StoreError> {
        Err(StoreError::Sketch)
    }

    pub async fn tenant_fetch(&self, _tenant: TenantId) -> Result<TenantRow, StoreError> {
        Err(StoreError::Sketch)
    }

    /// The connection with its opened credential.
    pub async fn tenant_connection(
        &self,
        _tenant: TenantId,
    ) -> Result<GraphConnection, StoreError> {
        Err(StoreError::Sketch)
    }

    /// Notes whether the connection works. Writes nothing when nothing changed.
    pub async fn tenant_connection_note(
        &self,
        _tenant: TenantId,
        _state: &ConnectionState,
        _now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Err(StoreError::Sketch)
    }

    /// Notes a complete read of catalogue and devices that began at `at`.
    pub async fn tenant_synced(
        &self,
        _tenant: TenantId,
        _at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Err(StoreError::Sketch)
    }
}
