//! What of the endpoint list was reached.

use super::Found;
use crate::readiness::facts::TenantFacts;
use crate::readiness::network::{Endpoint, Probed, Reached, of_host};

pub(super) fn network(facts: &TenantFacts) -> Found {
    let Some(probed) = &facts.network else {
        return Found::ready("Not run: the network check was not asked for.");
    };
    let mut lost: Vec<(&Endpoint, String)> = probed.iter().filter_map(lost).collect();
    // Those that block come first: a long list is cut at its end.
    lost.sort_by_key(|(endpoint, _)| !endpoint.required);
    let required = lost.iter().filter(|(endpoint, _)| endpoint.required).count();
    let evidence: Vec<String> = lost.into_iter().map(|(_, line)| line).collect();
    if required > 0 {
        return Found::not_ready(format!("Required addresses not reached: {required}."), evidence);
    }
    if !evidence.is_empty() {
        let optional = evidence.len();
        return Found::advisory(format!("Optional addresses not reached: {optional}."), evidence);
    }
    Found::ready(format!("Addresses reached: {}.", probed.len()))
}

/// The endpoint, and what became of it, if it was not reached. A host on none of the lists of today
/// is nobody's requirement.
fn lost(probed: &Probed) -> Option<(&'static Endpoint, String)> {
    let (what, why) = match &probed.reached {
        Reached::Tls { .. } => return None,
        Reached::NoName { why } => ("name not found", why),
        Reached::NoConnection { why } => ("no connection", why),
        Reached::NoTls { why } => ("no TLS session", why),
    };
    let endpoint = of_host(&probed.host)?;
    Some((endpoint, format!("{} ({}): {what}: {why}", probed.host, endpoint.what_for)))
}
