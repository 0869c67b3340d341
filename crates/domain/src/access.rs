//! Who may do what: roles, what each is for, and how far a grant of them reaches.
//!
//! Eight actions, seven roles, one table ([`Role::may`]). A route of the API names the action it is;
//! which roles that is open to follows from here, and what stands in no row is refused.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{RingSetId, TenantId};

/// What somebody does, as far as permission goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Look.
    Read,
    /// Stop: pause, hold, freeze. Nothing goes out that would not have.
    Pause,
    /// Daily work: sync, checks, single devices, support requests, letting go on what a person had paused.
    Operate,
    /// Make releases and rollouts; resume after an alarm, promote, roll back, cancel, revise.
    Release,
    /// Say yes to the work of others.
    Approve,
    /// Ring sets with their gates and calendars, signals, rules, floors, budgets, strategies.
    Policy,
    /// Read the whole audit trail and who has access.
    Audit,
    /// Connections, enrollment, removal, access of others.
    Administer,
}

impl Action {
    pub const ALL: [Self; 8] = [
        Self::Read,
        Self::Pause,
        Self::Operate,
        Self::Release,
        Self::Approve,
        Self::Policy,
        Self::Audit,
        Self::Administer,
    ];

    /// The word used in JSON, tables and pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Pause => "pause",
            Self::Operate => "operate",
            Self::Release => "release",
            Self::Approve => "approve",
            Self::Policy => "policy",
            Self::Audit => "audit",
            Self::Administer => "administer",
        }
    }

    /// What it covers, for the documentation.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Read => "look",
            Self::Pause => "stop what goes out: pause, hold, freeze",
            Self::Operate => {
                "sync, checks, single devices, support requests; resume what a person had paused"
            }
            Self::Release => {
                "make releases and rollouts; resume after an alarm, promote, roll back, cancel, revise"
            }
            Self::Approve => "say yes to the work of others: the next ring, a crossing of a freeze",
            Self::Policy => {
                "ring sets with gates and calendars, signals, rules, floors, budgets, strategies"
            }
            Self::Audit => "read the whole audit trail, and who has access",
            Self::Administer => "connections, enrollment, removal of devices, access of others",
        }
    }
}

/// What a person or a program is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Viewer,
    Operator,
    ReleaseManager,
    Approver,
    PolicyAdministrator,
    Auditor,
    TenantAdministrator,
}

impl Role {
    pub const ALL: [Self; 7] = [
        Self::Viewer,
        Self::Operator,
        Self::ReleaseManager,
        Self::Approver,
        Self::PolicyAdministrator,
        Self::Auditor,
        Self::TenantAdministrator,
    ];

    /// The word used in JSON, tables and pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::ReleaseManager => "release_manager",
            Self::Approver => "approver",
            Self::PolicyAdministrator => "policy_administrator",
            Self::Auditor => "auditor",
            Self::TenantAdministrator => "tenant_administrator",
        }
    }

    /// The role of that word.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether the role is enough for an action. Everybody may look, and everybody whose work can put
    /// something on devices may stop it: a stop must never wait for the right person.
    #[must_use]
    pub const fn may(self, action: Action) -> bool {
        use Action::{Administer, Approve, Audit, Operate, Pause, Policy, Read, Release};
        match self {
            Self::Viewer => matches!(action, Read),
            Self::Operator => matches!(action, Read | Pause | Operate),
            Self::ReleaseManager => matches!(action, Read | Pause | Operate | Release),
            Self::Approver => matches!(action, Read | Pause | Approve),
            Self::PolicyAdministrator => matches!(action, Read | Pause | Policy),
            Self::Auditor => matches!(action, Read | Audit),
            Self::TenantAdministrator => matches!(
                action,
                Read | Pause | Operate | Release | Approve | Policy | Audit | Administer
            ),
        }
    }
}

/// Some roles; what any of them may do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Roles(BTreeSet<Role>);

impl Roles {
    #[must_use]
    pub fn may(&self, action: Action) -> bool {
        self.0.iter().any(|role| role.may(action))
    }

    pub fn iter(&self) -> impl Iterator<Item = Role> + '_ {
        self.0.iter().copied()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<T: IntoIterator<Item = Role>>(roles: T) -> Self {
        Self(roles.into_iter().collect())
    }
}

impl From<Role> for Roles {
    fn from(role: Role) -> Self {
        Self::from_iter([role])
    }
}

/// `viewer`, or `operator and approver`.
impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(Role::name).collect();
        f.write_str(&names.join(" and "))
    }
}

/// Roles, and how far they reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub roles: Roles,
    /// The only tenant; none: every tenant, and what belongs to none.
    pub tenant: Option<TenantId>,
    /// The only ring sets that may be acted on; none: all. The rest of the tenant can be looked at.
    pub ring_sets: Option<BTreeSet<RingSetId>>,
}

/// What an action is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// What belongs to no tenant.
    Service,
    /// A tenant as a whole, or things of it that belong to no ring set alone.
    Tenant(TenantId),
    /// A ring set, or a rollout or plan over it.
    RingSet(TenantId, RingSetId),
}

impl Grant {
    /// One role, in one tenant or everywhere.
    #[must_use]
    pub fn of(role: Role, tenant: Option<TenantId>) -> Self {
        Self { roles: role.into(), tenant, ring_sets: None }
    }

    /// Whether the roles reach the target and are enough.
    #[must_use]
    pub fn may(&self, action: Action, target: Target) -> bool {
        self.roles.may(action) && self.reaches(action, target)
    }

    fn reaches(&self, action: Action, target: Target) -> bool {
        let (tenant, ring_set) = match target {
            Target::Service => return self.tenant.is_none() && self.ring_sets.is_none(),
            Target::Tenant(tenant) => (tenant, None),
            Target::RingSet(tenant, set) => (tenant, Some(set)),
        };
        if self.tenant.is_some_and(|only| only != tenant) {
            return false;
        }
        match (&self.ring_sets, action) {
            (None, _) | (Some(_), Action::Read | Action::Audit) => true,
            (Some(only), _) => ring_set.is_some_and(|set| only.contains(&set)),
        }
    }
}

/// Who is calling, and what they were granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grants(pub Vec<Grant>);

impl Grants {
    #[must_use]
    pub fn may(&self, action: Action, target: Target) -> bool {
        self.0.iter().any(|grant| grant.may(action, target))
    }

    /// Whether they know of the tenant at all: to others it is as if it were not there.
    #[must_use]
    pub fn knows(&self, tenant: TenantId) -> bool {
        self.0.iter().any(|grant| grant.tenant.is_none_or(|only| only == tenant))
    }

    /// The tenants they know of; none: every one.
    #[must_use]
    pub fn tenants(&self) -> Option<BTreeSet<TenantId>> {
        self.0.iter().map(|grant| grant.tenant).collect()
    }

    /// All roles, wherever they reach.
    #[must_use]
    pub fn roles(&self) -> Roles {
        self.0.iter().flat_map(|grant| grant.roles.iter()).collect()
    }
}

impl From<Grant> for Grants {
    fn from(grant: Grant) -> Self {
        Self(vec![grant])
    }
}
