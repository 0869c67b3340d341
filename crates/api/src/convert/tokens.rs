//! Tokens, roles and grants.

use api_types as wire;
use store::tokens::{Grant, Role, Roles, TokenRow};

pub(crate) fn token(row: TokenRow) -> wire::Token {
    let wire::Grant { roles, tenant_id, ring_set_ids } = grant(&row.grant);
    wire::Token {
        id: row.id,
        name: row.name,
        roles,
        tenant_id,
        ring_set_ids,
        hint: row.hint,
        created_by: row.created_by,
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
        revoked_at: row.revoked_at,
    }
}

pub(crate) fn grant(grant: &Grant) -> wire::Grant {
    wire::Grant {
        roles: grant.roles.iter().map(role).collect(),
        tenant_id: grant.tenant.map(|tenant| tenant.0),
        ring_set_ids: grant.ring_sets.as_ref().map(|sets| sets.iter().map(|set| set.0).collect()),
    }
}

const fn role(role: Role) -> wire::Role {
    match role {
        Role::Viewer => wire::Role::Viewer,
        Role::Operator => wire::Role::Operator,
        Role::ReleaseManager => wire::Role::ReleaseManager,
        Role::Approver => wire::Role::Approver,
        Role::PolicyAdministrator => wire::Role::PolicyAdministrator,
        Role::Auditor => wire::Role::Auditor,
        Role::TenantAdministrator => wire::Role::TenantAdministrator,
    }
}

pub(crate) fn roles_in(roles: &[wire::Role]) -> Roles {
    let role = |role: &wire::Role| match role {
        wire::Role::Viewer => Role::Viewer,
        wire::Role::Operator => Role::Operator,
        wire::Role::ReleaseManager => Role::ReleaseManager,
        wire::Role::Approver => Role::Approver,
        wire::Role::PolicyAdministrator => Role::PolicyAdministrator,
        wire::Role::Auditor => Role::Auditor,
        wire::Role::TenantAdministrator => Role::TenantAdministrator,
    };
    roles.iter().map(role).collect()
}
