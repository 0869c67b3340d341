//! The checks, as data: what each reads, when it fails, since when it counts, why, and what mends it.

use serde::{Deserialize, Serialize};

use super::Level;

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
    /// The worst level it can find by itself (without counting errors).
    pub failing: Level,
    /// Since when Microsoft asked for it, and until when (`2022-07`); none: it still does.
    pub since: &'static str,
    pub until: Option<&'static str>,
    pub rationale: &'static str,
    pub source: &'static str,
    /// What an administrator does about it.
    pub remedy: &'static str,
    pub fix: Option<Fix>,
}
