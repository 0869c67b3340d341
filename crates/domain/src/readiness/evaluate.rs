//! From facts to findings: one small function for each check, in the file of what it looks at.
//!
//! Pure, and never stops early: a read that was refused spoils only the checks that rest on it.

mod directory;
mod intune;
mod licensing;
mod network;
mod ours;

use chrono::{DateTime, Utc};

use super::check::{CHECKS, CheckId};
use super::facts::{Read, TenantFacts};
use super::{Assessment, Finding, Level};

/// Evidence beyond this many pieces is only counted.
const EVIDENCE: usize = 20;

/// All checks on what was read of a tenant.
#[must_use]
pub fn assess(facts: &TenantFacts, now: DateTime<Utc>) -> Assessment {
    let findings: Vec<Finding> =
        CHECKS.iter().map(|check| finding(check.id, run(check.id, facts, now))).collect();
    let level = findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ready);
    Assessment { at: now, level, findings }
}

fn run(check: CheckId, facts: &TenantFacts, now: DateTime<Utc>) -> Result<Found, Unread<'_>> {
    match check {
        CheckId::Licences => licensing::licences(facts),
        CheckId::EntraPremium => licensing::entra_premium(facts),
        CheckId::Identity => directory::identity(facts, now),
        CheckId::MdmAuthority => intune::mdm_authority(facts),
        CheckId::IntuneSubscription => intune::subscription(facts),
        CheckId::UnlicensedAdmins => intune::unlicensed_admins(facts),
        CheckId::UpdateRings => intune::update_rings(facts),
        CheckId::ConditionalAccess => directory::conditional_access(facts),
        CheckId::SecurityDefaults => directory::security_defaults(facts),
        CheckId::ServiceAccounts => directory::service_accounts(facts),
        CheckId::NameCollisions => ours::name_collisions(facts),
        CheckId::CoManagement => intune::co_management(facts),
        CheckId::Principal => ours::principal(facts),
        CheckId::Permissions => ours::permissions(facts),
        CheckId::Network => Ok(network::network(facts)),
    }
}

/// What a check found in facts that are known.
struct Found {
    level: Level,
    summary: String,
    evidence: Vec<String>,
}

impl Found {
    fn ready(summary: impl Into<String>) -> Self {
        Self { level: Level::Ready, summary: summary.into(), evidence: Vec::new() }
    }

    fn advisory(summary: impl Into<String>, evidence: Vec<String>) -> Self {
        Self { level: Level::Advisory, summary: summary.into(), evidence }
    }

    fn not_ready(summary: impl Into<String>, evidence: Vec<String>) -> Self {
        Self { level: Level::NotReady, summary: summary.into(), evidence }
    }
}

/// Why a check has no facts to look at.
enum Unread<'a> {
    Denied(&'static str),
    Failed(&'a str),
}

fn known<T>(read: &Read<T>) -> Result<&T, Unread<'_>> {
    match read {
        Read::Known(value) => Ok(value),
        Read::Denied(permission) => Err(Unread::Denied(permission)),
        Read::Failed(why) => Err(Unread::Failed(why)),
    }
}

fn finding(check: CheckId, outcome: Result<Found, Unread<'_>>) -> Finding {
    match outcome {
        Ok(Found { level, summary, evidence }) => {
            let evidence = shortened(evidence);
            Finding { check, level, summary, evidence, missing_permission: None }
        }
        Err(Unread::Denied(permission)) => Finding {
            check,
            level: Level::Error,
            summary: format!("Could not be checked: {permission} is not granted."),
            evidence: Vec::new(),
            missing_permission: Some(permission.to_owned()),
        },
        Err(Unread::Failed(why)) => Finding {
            check,
            level: Level::Error,
            summary: "Could not be checked: reading failed.".to_owned(),
            evidence: vec![why.to_owned()],
            missing_permission: None,
        },
    }
}

fn shortened(mut evidence: Vec<String>) -> Vec<String> {
    if evidence.len() > EVIDENCE {
        let left = evidence.len() - (EVIDENCE - 1);
        evidence.truncate(EVIDENCE - 1);
        evidence.push(format!("and {left} more"));
    }
    evidence
}

/// `1 group`, `3 groups`.
fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
