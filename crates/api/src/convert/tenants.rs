//! Tenants and their connection.

use api_types as wire;
use store::tenants::{ConnectionState, TenantRow};

pub(crate) fn tenant(row: TenantRow) -> wire::Tenant {
    let (state, error) = match row.connection {
        ConnectionState::Unverified => (wire::ConnectionState::Unverified, None),
        ConnectionState::Connected => (wire::ConnectionState::Connected, None),
        ConnectionState::Refused(why) => (wire::ConnectionState::Refused, Some(why)),
        ConnectionState::Unreachable(why) => (wire::ConnectionState::Unreachable, Some(why)),
    };
    wire::Tenant {
        id: row.id.0,
        name: row.name,
        entra_tenant_id: row.entra_tenant.0,
        client_id: row.client_id,
        graph_url: row.graph_url,
        login_url: row.login_url,
        credential: match row.credential_kind.as_str() {
            "certificate" => wire::CredentialKind::Certificate,
            _ => wire::CredentialKind::Secret,
        },
        credential_expires_at: row.credential_expires_at,
        connection: wire::Connection { state, error, since: row.connection_at },
        synced_at: row.synced_at,
        observed_to: row.observed_to,
        missing_devices: row.missing_devices,
        created_at: row.created_at,
    }
}
