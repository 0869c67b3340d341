//! What there is of Concentric in the tenant: its principal, its permissions, its names.

use super::{Found, Unread, count, known};
use crate::permission::{self, Capability};
use crate::readiness::facts::TenantFacts;

/// What enrollment and the rollouts after it rest on. Actions on single devices are left out: no
/// rollout waits for one.
const BINDING: [Capability; 4] =
    [Capability::Assess, Capability::Register, Capability::Enroll, Capability::RollOut];

pub(super) fn name_collisions(facts: &TenantFacts) -> Result<Found, Unread<'_>> {
    let groups = known(&facts.groups)?.iter().filter(|group| !group.ours);
    let groups: Vec<String> =
        groups.map(|group| format!("group {} ({})", group.name, group.id)).collect();
    let rings = known(&facts.update_rings)?.iter().filter(|ring| ring.named_as_ours && !ring.ours);
    let rings: Vec<String> =
        rings.map(|ring| format!("update ring {} ({})", ring.name, ring.id)).collect();
    if groups.is_empty() && rings.is_empty() {
        return Ok(Found::ready("No name of ours is taken."));
    }
    let counted: Vec<String> = [(groups.len(), "group"), (rings.len(), "update ring")]
        .into_iter()
        .filter(|(many, _)| *many > 0)
        .map(|(many, what)| count(many, what))
        .collect();
    let summary = format!("{} with a name of ours, but not ours.", counted.join(" and "));
    Ok(Found::not_ready(summary, groups.into_iter().chain(rings).collect()))
}

pub(super) fn principal(facts: &TenantFacts) -> Result<Found, Unread<'_>> {
    Ok(match known(&facts.principal)? {
        None => Found::not_ready("Concentric has no principal in this tenant.", Vec::new()),
        Some(principal) if !principal.enabled => {
            Found::not_ready("The principal of Concentric is disabled.", Vec::new())
        }
        Some(_) => Found::ready("The principal of Concentric is there and enabled."),
    })
}

pub(super) fn permissions(facts: &TenantFacts) -> Result<Found, Unread<'_>> {
    // Without a principal nothing is granted, so everything is missing.
    let granted =
        known(&facts.principal)?.as_ref().map_or(&[][..], |principal| &principal.granted[..]);
    let mut missing = permission::missing(granted, &Capability::ALL);
    // Those that block come first: a long list is cut at its end.
    missing.sort_by_key(|permission| !permission.serves(&BINDING));
    let binding = missing.iter().any(|permission| permission.serves(&BINDING));
    let many = count(missing.len(), "permission");
    let evidence: Vec<String> = missing
        .iter()
        .map(|permission| format!("{}: {}", permission.value, permission.reason))
        .collect();
    Ok(if evidence.is_empty() {
        Found::ready("Every permission is granted.")
    } else if binding {
        Found::not_ready(format!("{many} missing."), evidence)
    } else {
        Found::advisory(format!("{many} missing, only for actions on devices."), evidence)
    })
}
