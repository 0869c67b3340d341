//! What Intune says: whether it is there, and whose policies reach the devices.

use super::{Found, Unread, known};
use crate::readiness::facts::{Fleet, MdmAuthority, TenantFacts, UpdateRing};

pub(super) fn mdm_authority(facts: &TenantFacts) -> Result<Found, Unread<'_>> {
    Ok(match &known(&facts.organization)?.mdm_authority {
        MdmAuthority::Intune => Found::ready("Intune is the MDM authority."),
        MdmAuthority::Other(name) => Found::not_ready(
            "The MDM authority is not Intune.",
            vec![format!("MDM authority: {name}")],
        ),
        MdmAuthority::Unset => Found::not_ready("No MDM authority is set.", Vec::new()),
    })
}

pub(super) fn subscription(facts: &TenantFacts) -> Result<Found, Unread<'_>> {
    let intune = known(&facts.intune)?;
    Ok(if intune.active {
        Found::ready("The subscription of Intune is active.")
    } else {
        Found::not_ready(
            "The subscription of Intune is not active.",
            vec![format!("state: {}", intune.subscription_state)],
        )
    })
}

pub(super) fn unlicensed_admins(facts: &TenantFacts) -> Result<Found, Unread<'_>> {
    Ok(match known(&facts.intune)?.unlicensed_admins {
        Some(true) => Found::ready("Administrators need no licence of Intune."),
        Some(false) => Found::advisory(
            "Administrators without a licence of Intune have no access to it.",
            Vec::new(),
        ),
        // Nobody asks for it any more, so not knowing is no reason to hold anything up.
        None => Found::ready("Graph does not say whether administrators need a licence of Intune."),
    })
}

pub(super) fn update_rings(facts: &TenantFacts) -> Result<Found, Unread<'_>> {
    let rings = known(&facts.update_rings)?;
    let wide: Vec<&UpdateRing> =
        rings.iter().filter(|ring| !ring.ours && (ring.all_devices || ring.all_users)).collect();
    if wide.is_empty() {
        return Ok(Found::ready("No update ring but ours targets everybody."));
    }
    let evidence = wide.iter().map(|ring| format!("{} ({}): {}", ring.name, ring.id, whom(ring)));
    Ok(Found::advisory(
        format!("Update rings of this tenant that reach every device: {}.", wide.len()),
        evidence.collect(),
    ))
}

fn whom(ring: &UpdateRing) -> &'static str {
    match (ring.all_devices, ring.all_users) {
        (true, true) => "all devices and all users",
        (true, false) => "all devices",
        (false, true) => "all users",
        (false, false) => "groups",
    }
}

pub(super) fn co_management(facts: &TenantFacts) -> Result<Found, Unread<'_>> {
    let Fleet { devices, co_managed, workloads_missing } = *known(&facts.fleet)?;
    if workloads_missing > 0 {
        return Ok(Found::advisory(
            "Configuration Manager still holds workloads of co-managed devices.",
            vec![format!(
                "{workloads_missing} of {co_managed} co-managed devices, {devices} devices in all"
            )],
        ));
    }
    Ok(if devices == 0 {
        Found::ready("No device has been read yet.")
    } else if co_managed == 0 {
        Found::ready("No device is co-managed.")
    } else {
        Found::ready(format!("All {co_managed} co-managed devices left their workloads to Intune."))
    })
}
