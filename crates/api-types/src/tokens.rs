//! API tokens.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a person or a program is there for; `docs/access.md` has the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Pauses, syncs, checks, acts on single devices.
    Operator,
    /// Makes releases and rollouts; resumes, promotes, rolls back, cancels.
    ReleaseManager,
    /// Approves the work of others.
    Approver,
    /// Ring sets, gates, calendars, signals, rules, floors, budgets.
    PolicyAdministrator,
    /// Reads the audit trail and who has access.
    Auditor,
    /// All of it, and connections, enrollment, access.
    TenantAdministrator,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    #[schema(min_length = 1, max_length = 100, pattern = r"\S")]
    pub name: String,
    /// What any of them may do.
    #[schema(min_items = 1)]
    pub roles: Vec<Role>,
    /// The only tenant it may touch; every tenant if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<Uuid>,
    /// The only ring sets it may act on; all if not given. It can still look at the rest of the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 100)]
    pub ring_set_ids: Option<Vec<Uuid>>,
    /// 1 to 365; 90 if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 365)]
    pub valid_days: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    pub id: Uuid,
    pub name: String,
    pub roles: Vec<Role>,
    pub tenant_id: Option<Uuid>,
    pub ring_set_ids: Option<Vec<Uuid>>,
    /// How its text begins, to tell one from another.
    pub hint: String,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    /// To the minute; none: never.
    pub last_used_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhoAmI {
    /// What their changes are signed with.
    pub name: String,
    pub grants: Vec<Grant>,
}

/// Roles, and how far they reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Grant {
    pub roles: Vec<Role>,
    /// None: every tenant.
    pub tenant_id: Option<Uuid>,
    /// None: every ring set.
    pub ring_set_ids: Option<Vec<Uuid>>,
}

/// A new token, with its text: shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedToken {
    #[serde(flatten)]
    pub token: Token,
    pub text: String,
}

impl std::fmt::Debug for CreatedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedToken").field("token", &self.token).finish_non_exhaustive()
    }
}
