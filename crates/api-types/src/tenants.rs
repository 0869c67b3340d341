//! Tenants and their Graph connection.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A tenant to serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTenant {
    /// Unique; 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, pattern = r"\S")]
    pub name: String,
    pub connection: ConnectionInput,
}

/// Where the tenant's Graph is, and who we are there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionInput {
    pub entra_tenant_id: Uuid,
    /// Application (client) id of the app registration.
    pub client_id: Uuid,
    pub credential: CredentialInput,
    /// `https://graph.microsoft.com` if not given; plain http only on a loopback address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graph_url: Option<String>,
    /// `https://login.microsoftonline.com` if not given; plain http only on a loopback address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_url: Option<String>,
}

/// How the app proves who it is. Never shown again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum CredentialInput {
    Secret {
        #[schema(min_length = 1, max_length = 1000)]
        secret: String,
        /// Until when Entra takes it, as the portal said when it was made; raises `credential_expiring` in time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<DateTime<Utc>>,
    },
    Certificate {
        #[schema(max_length = 65536)]
        certificate_pem: String,
        #[schema(max_length = 65536)]
        private_key_pem: String,
    },
}

impl fmt::Debug for CredentialInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret { .. } => "Secret(..)",
            Self::Certificate { .. } => "Certificate(..)",
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tenant {
    pub id: Uuid,
    pub name: String,
    pub entra_tenant_id: Uuid,
    pub client_id: Uuid,
    pub graph_url: String,
    pub login_url: String,
    pub credential: CredentialKind,
    /// The credential is good until then: as a certificate says, or as whoever gave a secret did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_expires_at: Option<DateTime<Utc>>,
    pub connection: Connection,
    /// Devices, groups and catalogue were last read from scratch.
    pub synced_at: Option<DateTime<Utc>>,
    /// Check-ins of devices have been read up to here.
    pub observed_to: Option<DateTime<Utc>>,
    /// Devices that Graph did not show when everything was last read. More than a fifth of the fleet is
    /// not believed to be gone: they are kept until somebody confirms it, or they come back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing_devices: Option<u32>,
    pub created_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    Secret,
    Certificate,
}

/// Whether Graph can be reached with these credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Connection {
    pub state: ConnectionState,
    /// What Graph or the login said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    pub since: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// Not tried yet.
    Unverified,
    Connected,
    /// Somebody has to fix credentials or consent.
    Refused,
    /// No answer; tried again by itself.
    Unreachable,
}

/// A person's word that devices are really gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveMissing {
    /// `missing_devices` of the tenant, as it was read. More than these are not removed.
    #[schema(minimum = 1)]
    pub devices: u32,
}
