//! Tokens and roles.

use api_types as wire;
use store::tokens::{Role, TokenRow};

pub(crate) fn token(row: TokenRow) -> wire::Token {
    wire::Token {
        id: row.id,
        name: row.name,
        role: role(row.role),
        tenant_id: row.tenant.map(|tenant| tenant.0),
        created_at: row.created_at,
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
    }
}

fn role(role: Role) -> wire::Role {
    match role {
        Role::Viewer => wire::Role::Viewer,
        Role::Operator => wire::Role::Operator,
        Role::Admin => wire::Role::Admin,
    }
}

pub(crate) fn role_in(role: wire::Role) -> Role {
    match role {
        wire::Role::Viewer => Role::Viewer,
        wire::Role::Operator => Role::Operator,
        wire::Role::Admin => Role::Admin,
    }
}
