//! The tag that finds an object of ours again, whatever it was renamed to.
//!
//! Never matches an object of another tenant of Concentric, and never an exclusion: those have no
//! object of their own.

use super::key::Key;
use crate::ids::TenantId;

/// What every tag and every name of a rollout's objects begins with.
pub const MARKER: &str = "concentric:";

/// What stands in the description of the object: `concentric:<tenant>/enrollment/<key>`.
#[must_use]
pub fn tag(tenant: TenantId, key: &Key) -> String {
    format!("{}{key}", prefix(tenant))
}

/// A description for people that carries the tag.
#[must_use]
pub fn description(tenant: TenantId, key: &Key) -> String {
    format!("Made and kept by Concentric. {}", tag(tenant, key))
}

/// The key of the object of ours that carries this description, which others may have added to.
#[must_use]
pub fn key_of(tenant: TenantId, description: &str) -> Option<Key> {
    let prefix = prefix(tenant);
    description
        .split_whitespace()
        .filter_map(|word| word.strip_prefix(&prefix)?.parse::<Key>().ok())
        .find(Key::is_ours)
}

/// A group's mail nickname: at most 64 characters of those that Entra allows.
#[must_use]
pub fn mail_nickname(tenant: TenantId, key: &Key) -> String {
    format!("{}{}", nickname_prefix(tenant), key.to_string().replace('/', "-"))
}

/// What the nicknames of all groups of a tenant's enrollment begin with.
#[must_use]
pub fn nickname_prefix(tenant: TenantId) -> String {
    format!("concentric-{}-", tenant.0.simple())
}

fn prefix(tenant: TenantId) -> String {
    format!("{MARKER}{tenant}/enrollment/")
}
