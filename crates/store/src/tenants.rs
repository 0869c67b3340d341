//! Tenants and their Graph connection. Credentials are sealed before they reach a row.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{EntraTenantId, TenantId};
use domain::work::WorkKind;
use serde_json::json;
use uuid::Uuid;

use crate::chain::Entry;
use crate::error::taken;
use crate::{Store, StoreError, chain, scope, work};

mod credential;
mod read;

pub use credential::Credential;
use read::fetch;

/// What to reach a tenant's Graph with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphConnection {
    pub entra_tenant: EntraTenantId,
    pub client_id: Uuid,
    pub graph_url: String,
    pub login_url: String,
    pub credential: Credential,
    /// The credential is good until then, if that is known.
    pub credential_expires: Option<DateTime<Utc>>,
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
    pub credential_expires_at: Option<DateTime<Utc>>,
    pub connection: ConnectionState,
    pub connection_at: Option<DateTime<Utc>>,
    pub synced_at: Option<DateTime<Utc>>,
    pub observed_to: Option<DateTime<Utc>>,
    /// Devices that the last complete read did not show, and that were kept because they were too many.
    pub missing_devices: Option<u32>,
    pub created_at: DateTime<Utc>,
}

impl Store {
    /// Makes a tenant, its chain head, and its work (`Sync` due now, `Observe` due never until the
    /// sync is done). `Conflict` when the name or the Entra tenant is there already.
    pub async fn tenant_create(
        &self,
        new: &NewTenant,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<TenantRow, StoreError> {
        check_name(&new.name)?;
        let tenant = TenantId(Uuid::now_v7());
        let NewTenant { name, connection } = new;
        let sealed = self.credential_seal(tenant, &connection.credential)?;
        let mut tx = self.service_begin().await?;
        sqlx::query!(
            "insert into tenant (id, name, entra_tenant_id, client_id, graph_url, login_url,
                 credential_kind, credential_sealed, created_at, credential_expires_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            tenant.0,
            name,
            connection.entra_tenant.0,
            connection.client_id,
            connection.graph_url,
            connection.login_url,
            connection.credential.kind(),
            sealed,
            now,
            connection.credential_expires,
        )
        .execute(&mut *tx)
        .await
        .map_err(|error| taken_tenant(error, name))?;
        scope::tenant_enter(&mut tx, tenant).await?;
        work::ask(&mut tx, tenant, WorkKind::Sync, &[tenant.0], now).await?;
        work::prepare(&mut tx, tenant, &[WorkKind::Observe], tenant.0).await?;
        // Once a day from then on, though nobody asks.
        let tomorrow = now + TimeDelta::days(1);
        work::plan(&mut tx, tenant, WorkKind::Assess, tenant.0, tomorrow).await?;
        work::plan(&mut tx, tenant, WorkKind::Register, tenant.0, tomorrow).await?;
        let soon = now + TimeDelta::minutes(15);
        work::plan(&mut tx, tenant, WorkKind::Report, tenant.0, soon).await?;
        chain::begin(&mut tx, tenant).await?;
        let body = json!({
            "name": name,
            "entra_tenant": connection.entra_tenant,
            "client_id": connection.client_id,
            "credential_kind": connection.credential.kind(),
        });
        let entry = Entry { rollout: None, at: now, actor, kind: "tenant_created", body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        let row = fetch(&mut tx, tenant).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Replaces the connection, which is unverified then, and asks for a sync.
    pub async fn tenant_connect(
        &self,
        tenant: TenantId,
        connection: &GraphConnection,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<TenantRow, StoreError> {
        let sealed = self.credential_seal(tenant, &connection.credential)?;
        let mut tx = self.tenant_begin(tenant).await?;
        let changed = sqlx::query!(
            "update tenant set entra_tenant_id = $2, client_id = $3, graph_url = $4, login_url = $5,
                 credential_kind = $6, credential_sealed = $7, connection_state = 'unverified',
                 connection_error = null, connection_at = null, credential_expires_at = $8
             where id = $1",
            tenant.0,
            connection.entra_tenant.0,
            connection.client_id,
            connection.graph_url,
            connection.login_url,
            connection.credential.kind(),
            sealed,
            connection.credential_expires,
        )
        .execute(&mut *tx)
        .await
        .map_err(|error| taken_tenant(error, ""))?;
        if changed.rows_affected() == 0 {
            return Err(NOT_FOUND);
        }
        work::ask(&mut tx, tenant, WorkKind::Sync, &[tenant.0], now).await?;
        let body = json!({
            "entra_tenant": connection.entra_tenant,
            "client_id": connection.client_id,
            "credential_kind": connection.credential.kind(),
        });
        let entry = Entry { rollout: None, at: now, actor, kind: "tenant_connected", body: &body };
        chain::append(&mut tx, tenant, entry).await?;
        let row = fetch(&mut tx, tenant).await?;
        tx.commit().await?;
        Ok(row)
    }

    pub async fn tenant_fetch(&self, tenant: TenantId) -> Result<TenantRow, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = fetch(&mut tx, tenant).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// The connection with its opened credential.
    pub async fn tenant_connection(&self, tenant: TenantId) -> Result<GraphConnection, StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        let row = sqlx::query!(
            "select entra_tenant_id, client_id, graph_url, login_url, credential_sealed,
                 credential_expires_at
             from tenant where id = $1",
            tenant.0,
        )
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(NOT_FOUND)?;
        tx.commit().await?;
        let credential = self.credential_open(tenant, &row.credential_sealed)?;
        Ok(GraphConnection {
            entra_tenant: EntraTenantId(row.entra_tenant_id),
            client_id: row.client_id,
            graph_url: row.graph_url,
            login_url: row.login_url,
            credential,
            credential_expires: row.credential_expires_at,
        })
    }

    /// Notes whether the connection works. Writes nothing when nothing changed.
    pub async fn tenant_connection_note(
        &self,
        tenant: TenantId,
        state: &ConnectionState,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let (word, error) = match state {
            ConnectionState::Unverified => ("unverified", None),
            ConnectionState::Connected => ("connected", None),
            ConnectionState::Refused(why) => ("refused", Some(why.as_str())),
            ConnectionState::Unreachable(why) => ("unreachable", Some(why.as_str())),
        };
        let mut tx = self.tenant_begin(tenant).await?;
        sqlx::query!(
            "update tenant set connection_state = $2, connection_error = $3, connection_at = $4
             where id = $1 and (connection_state, connection_error) is distinct from ($2, $3)",
            tenant.0,
            word,
            error,
            now,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Notes a complete read of catalogue and devices that began at `at`.
    pub async fn tenant_synced(
        &self,
        tenant: TenantId,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.tenant_begin(tenant).await?;
        // Two reads may end in another order than they began in.
        sqlx::query!(
            "update tenant set synced_at = greatest(synced_at, $2) where id = $1",
            tenant.0,
            at
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        self.devices_analyze(tenant, None).await?;
        Ok(())
    }
}

const NOT_FOUND: StoreError = StoreError::NotFound { what: "tenant" };

fn check_name(name: &str) -> Result<(), StoreError> {
    if !name.trim().is_empty() && name.chars().count() <= 100 {
        return Ok(());
    }
    Err(StoreError::Invalid("a tenant's name needs 1 to 100 characters".to_owned()))
}

fn taken_tenant(error: sqlx::Error, name: &str) -> StoreError {
    taken(error, |constraint| match constraint {
        Some("tenant_entra_tenant_id_key") => "the Entra tenant is there already".to_owned(),
        Some(_) | None => format!("there is a tenant named {name:?} already"),
    })
}
