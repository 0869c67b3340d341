//! What Entra ID says: where identities come from, and what stands in the way of ours.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Found, Unread, count, known};
use crate::readiness::facts::{ConditionalAccess, TenantFacts};

/// A synchronisation client runs every half hour; one that was silent this long is taken for broken.
const SYNC_SILENCE: TimeDelta = TimeDelta::days(3);

pub(super) fn identity(facts: &TenantFacts, now: DateTime<Utc>) -> Result<Found, Unread<'_>> {
    let organization = known(&facts.organization)?;
    if organization.directory_sync != Some(true) {
        return Ok(Found::ready("Identities live in Entra ID."));
    }
    let Some(last) = organization.last_directory_sync else {
        return Ok(Found::not_ready(
            "Synchronisation from Active Directory is on, but never ran.",
            Vec::new(),
        ));
    };
    let day = last.format("%Y-%m-%d %H:%M UTC");
    if now - last <= SYNC_SILENCE {
        return Ok(Found::ready(format!("Synchronised from Active Directory, last on {day}.")));
    }
    Ok(Found::not_ready(
        "Synchronisation from Active Directory is on, but has not run for three days.",
        vec![format!("last run: {day}")],
    ))
}

pub(super) fn conditional_access(facts: &TenantFacts) -> Result<Found, Unread<'_>> {
    let policies = known(&facts.conditional_access)?;
    let names = |holds: fn(&ConditionalAccess) -> bool| -> Vec<String> {
        policies.iter().filter(|policy| holds(policy)).map(|policy| policy.name.clone()).collect()
    };
    let blocking = names(|policy| policy.blocks && policy.concerns_our_principal);
    if !blocking.is_empty() {
        let policies = count_policies(blocking.len());
        return Ok(Found::not_ready(
            format!("The principal of Concentric is blocked by {policies}."),
            blocking,
        ));
    }
    let asking = names(|policy| policy.requires_mfa && policy.includes_all_users);
    if !asking.is_empty() {
        let policies = count_policies(asking.len());
        return Ok(Found::advisory(
            format!(
                "A second factor is asked of all users by {policies}: the administrator who \
                 consents needs one, Concentric itself does not."
            ),
            asking,
        ));
    }
    let policies = count_policies(policies.len());
    Ok(Found::ready(format!("Nothing concerns Concentric in {policies} switched on.")))
}

fn count_policies(number: usize) -> String {
    if number == 1 { "1 policy".to_owned() } else { format!("{number} policies") }
}

pub(super) fn security_defaults(facts: &TenantFacts) -> Result<Found, Unread<'_>> {
    Ok(if *known(&facts.security_defaults)? {
        Found::not_ready("Security defaults are on.", Vec::new())
    } else {
        Found::ready("Security defaults are off.")
    })
}

pub(super) fn service_accounts(facts: &TenantFacts) -> Result<Found, Unread<'_>> {
    let accounts = known(&facts.service_accounts)?;
    if accounts.is_empty() {
        return Ok(Found::ready("No user bears a name of the former service accounts."));
    }
    let users = count(accounts.len(), "user");
    Ok(Found::advisory(
        format!("{users} with a name of the former service accounts."),
        accounts.clone(),
    ))
}
