//! Reading tenants; never their credentials.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::ids::{EntraTenantId, TenantId};
use uuid::Uuid;

use super::{ConnectionState, NOT_FOUND, TenantRow};
use crate::convert::count;
use crate::page::Page;
use crate::scope::Tx;
use crate::{Store, StoreError};

impl Store {
    /// Every tenant, for the service and for tokens of all tenants.
    pub async fn tenant_list(
        &self,
        page: Page,
        only: Option<&BTreeSet<TenantId>>,
    ) -> Result<Vec<TenantRow>, StoreError> {
        let only: Option<Vec<Uuid>> = only.map(|only| only.iter().map(|tenant| tenant.0).collect());
        let mut tx = self.service_begin().await?;
        let rows = sqlx::query_as!(
            Columns,
            "select id, name, entra_tenant_id, client_id, graph_url, login_url, credential_kind,
                 connection_state, connection_error, connection_at, synced_at, observed_to,
                 missing_devices, created_at, credential_expires_at
             from tenant where ($1::uuid is null or id > $1) and ($3::uuid[] is null or id = any($3))
             order by id limit $2",
            page.after,
            page.rows(),
            only.as_deref(),
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter().map(TenantRow::try_from).collect()
    }
}

struct Columns {
    id: Uuid,
    name: String,
    entra_tenant_id: Uuid,
    client_id: Uuid,
    graph_url: String,
    login_url: String,
    credential_kind: String,
    connection_state: String,
    connection_error: Option<String>,
    connection_at: Option<DateTime<Utc>>,
    synced_at: Option<DateTime<Utc>>,
    observed_to: Option<DateTime<Utc>>,
    missing_devices: Option<i32>,
    created_at: DateTime<Utc>,
    credential_expires_at: Option<DateTime<Utc>>,
}

impl TryFrom<Columns> for TenantRow {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        let why = row.connection_error.unwrap_or_default();
        let connection = match row.connection_state.as_str() {
            "unverified" => ConnectionState::Unverified,
            "connected" => ConnectionState::Connected,
            "refused" => ConnectionState::Refused(why),
            "unreachable" => ConnectionState::Unreachable(why),
            other => return Err(StoreError::corrupt(format_args!("connection state {other:?}"))),
        };
        Ok(Self {
            id: TenantId(row.id),
            name: row.name,
            entra_tenant: EntraTenantId(row.entra_tenant_id),
            client_id: row.client_id,
            graph_url: row.graph_url,
            login_url: row.login_url,
            credential_kind: row.credential_kind,
            credential_expires_at: row.credential_expires_at,
            connection,
            connection_at: row.connection_at,
            synced_at: row.synced_at,
            observed_to: row.observed_to,
            missing_devices: row.missing_devices.map(count).transpose()?,
            created_at: row.created_at,
        })
    }
}

pub(super) async fn fetch(tx: &mut Tx, tenant: TenantId) -> Result<TenantRow, StoreError> {
    sqlx::query_as!(
        Columns,
        "select id, name, entra_tenant_id, client_id, graph_url, login_url, credential_kind,
             connection_state, connection_error, connection_at, synced_at, observed_to,
                 missing_devices, created_at, credential_expires_at
         from tenant where id = $1",
        tenant.0,
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(NOT_FOUND)?
    .try_into()
}
