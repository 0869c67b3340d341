//! What the tenant subscribes to.
//!
//! Never looks at who holds a licence: that takes a read of every user.

use super::{Found, Unread, known};
use crate::readiness::facts::{Licence, TenantFacts};

/// Something to be licensed for, and the service plans that stand for it.
struct Need {
    name: &'static str,
    plans: &'static [&'static str],
}

/// Any of these makes a user's device one that the deployment service serves: Enterprise E3 and E5,
/// its local form in F3, the rights in A3 and VDA, Business Premium, and the deployment service's own
/// plan, which comes with all of them.
const WINDOWS: Need = Need {
    name: "Windows Enterprise",
    plans: &[
        "WIN10_PRO_ENT_SUB",
        "WIN10_ENT_LOC_F1",
        "Virtualization Rights for Windows 10 (E3/E5+VDA)",
        "WINBIZ",
        "WINDOWSUPDATEFORBUSINESS_DEPLOYMENTSERVICE",
    ],
};

/// Not `INTUNE_O365`: that manages phones for Microsoft 365, and no update of Windows.
const INTUNE: Need = Need {
    name: "Microsoft Intune",
    plans: &["INTUNE_A", "INTUNE_A_VL", "INTUNE_EDU", "INTUNE_SMBIZ"],
};

const PREMIUM: Need = Need { name: "Entra ID P1", plans: &["AAD_PREMIUM", "AAD_PREMIUM_P2"] };

pub(super) fn licences(facts: &TenantFacts) -> Result<Found, Unread<'_>> {
    Ok(subscribed(known(&facts.licences)?, &[WINDOWS, INTUNE]))
}

pub(super) fn entra_premium(facts: &TenantFacts) -> Result<Found, Unread<'_>> {
    Ok(subscribed(known(&facts.licences)?, &[PREMIUM]))
}

fn subscribed(licences: &[Licence], needs: &[Need]) -> Found {
    let missing: Vec<&Need> =
        needs.iter().filter(|need| !licences.iter().any(|held| usable(held, need))).collect();
    if missing.is_empty() {
        let names: Vec<&str> = needs.iter().map(|need| need.name).collect();
        return Found::ready(format!("Subscribed: {}.", names.join(", ")));
    }
    let names: Vec<&str> = missing.iter().map(|need| need.name).collect();
    let wanted = missing
        .iter()
        .map(|need| format!("{}: one of the plans {}", need.name, need.plans.join(", ")));
    let lapsed = licences
        .iter()
        .filter(|held| missing.iter().any(|need| holds(held, need)))
        .map(|held| format!("{} holds such a plan, but is not active or has no units", held.sku));
    let evidence = wanted.chain(lapsed).collect();
    Found::not_ready(format!("No active subscription has {}.", names.join(" and ")), evidence)
}

fn usable(licence: &Licence, need: &Need) -> bool {
    licence.active && licence.units > 0 && holds(licence, need)
}

fn holds(licence: &Licence, need: &Need) -> bool {
    licence.plans.iter().any(|plan| need.plans.iter().any(|name| name.eq_ignore_ascii_case(plan)))
}
