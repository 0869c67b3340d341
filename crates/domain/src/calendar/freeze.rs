//! Freezes: stretches of time in which nothing new is offered.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{FreezeId, RingSetId};

/// What a freeze covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "scope", rename_all = "snake_case")]
pub enum Scope {
    /// Every rollout of the tenant.
    Tenant,
    /// Every rollout over one ring set.
    RingSet { ring_set: RingSetId },
    /// One ring of rollouts over one ring set, by its name.
    Ring { ring_set: RingSetId, ring: String },
}

impl Scope {
    /// The word used in JSON and tables.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::RingSet { .. } => "ring_set",
            Self::Ring { .. } => "ring",
        }
    }

    /// Whether the scope covers a ring of that name. Letters' case does not tell names apart.
    #[must_use]
    pub fn covers(&self, ring: &str) -> bool {
        match self {
            Self::Tenant | Self::RingSet { .. } => true,
            Self::Ring { ring: of, .. } => of.to_lowercase() == ring.to_lowercase(),
        }
    }

    /// The ring set it is about; none: all of them.
    #[must_use]
    pub const fn ring_set(&self) -> Option<RingSetId> {
        match self {
            Self::Tenant => None,
            Self::RingSet { ring_set } | Self::Ring { ring_set, .. } => Some(*ring_set),
        }
    }

    /// Wider scopes first.
    fn width(&self) -> u8 {
        match self {
            Self::Tenant => 0,
            Self::RingSet { .. } => 1,
            Self::Ring { .. } => 2,
        }
    }
}

/// A stretch of time in which nothing new is offered, and no ring opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    pub id: FreezeId,
    #[serde(flatten)]
    pub scope: Scope,
    pub from: DateTime<Utc>,
    /// None: until somebody ends it.
    pub until: Option<DateTime<Utc>>,
    /// Who answers for it.
    pub owner: String,
    pub reason: String,
}

/// Somebody's word that one rollout may go on in one freeze.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crossing {
    pub freeze: FreezeId,
    pub by: String,
    pub reason: String,
    pub at: DateTime<Utc>,
}

impl Freeze {
    /// Whether it stands at `at`.
    #[must_use]
    pub fn stands(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }

    /// Of two that stand, the wider one is named.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        (self.scope.width(), self.from, self.id).cmp(&(other.scope.width(), other.from, other.id))
    }
}

/// Whether an update may cross a freeze at all, once somebody approved of it: a security update, or one out
/// of band. By the words of the catalogue (facts/graph.md).
#[must_use]
pub fn crossable(classification: &str, cadence: &str) -> bool {
    classification == "security" || cadence == "outOfBand"
}
