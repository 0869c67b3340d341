//! The checks, as data: what each reads, when it fails, since when it counts, why, and what mends it.

//!
//! Never reads or decides anything: the decision of each check stands in [`super::evaluate`].

mod table;

use serde::{Deserialize, Serialize};

use super::Level;

pub use table::CHECKS;

/// A check, by the word it has in JSON, tables and pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckId {
    Licences,
    EntraPremium,
    Identity,
    MdmAuthority,
    IntuneSubscription,
    UnlicensedAdmins,
    UpdateRings,
    ConditionalAccess,
    SecurityDefaults,
    ServiceAccounts,
    NameCollisions,
    CoManagement,
    Principal,
    Permissions,
    Network,
}

impl CheckId {
    /// The word used in JSON, tables and pages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Licences => "licences",
            Self::EntraPremium => "entra-premium",
            Self::Identity => "identity",
            Self::MdmAuthority => "mdm-authority",
            Self::IntuneSubscription => "intune-subscription",
            Self::UnlicensedAdmins => "unlicensed-admins",
            Self::UpdateRings => "update-rings",
            Self::ConditionalAccess => "conditional-access",
            Self::SecurityDefaults => "security-defaults",
            Self::ServiceAccounts => "service-accounts",
            Self::NameCollisions => "name-collisions",
            Self::CoManagement => "co-management",
            Self::Principal => "principal",
            Self::Permissions => "permissions",
            Self::Network => "network",
        }
    }

    /// The check of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        CHECKS.iter().map(|check| check.id).find(|id| id.word() == word)
    }

    /// What is written down about it. The table stands in the order of the ids.
    #[must_use]
    pub const fn check(self) -> &'static Check {
        &CHECKS[self as usize]
    }
}

/// What Concentric can do about a finding by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fix {
    /// Enrollment excludes our devices group from the update rings found.
    ExcludeFromUpdateRings,
}

/// One check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    pub id: CheckId,
    pub title: &'static str,
    /// The Graph reads it rests on.
    pub reads: &'static str,
    /// What has to hold, in a sentence.
    pub rule: &'static str,
    /// The worst level it can find by itself (without counting errors). A check that Microsoft gave
    /// up is at most advisory; where Concentric goes on blocking, the rationale says why.
    pub failing: Level,
    /// Since when Microsoft asked for it, and until when (`2022-07`); none: it still does. A check
    /// of our own counts since the assessment itself.
    pub since: &'static str,
    pub until: Option<&'static str>,
    pub rationale: &'static str,
    pub source: &'static str,
    /// What an administrator does about it.
    pub remedy: &'static str,
    pub fix: Option<Fix>,
}
