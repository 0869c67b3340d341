//! What became of devices that took an update: from the counters of attempts and of failures, by ring.
//!
//! That is what Graph lets anybody know. Crashes and hangs of devices are in no API of it that an application
//! may read for every tenant; where somebody measures them they come in as custom signals.

use domain::attempt::AttemptState;
use domain::failure;
use domain::ids::TenantId;
use store::page::Page;
use store::rollouts::RingRow;

use super::super::cell::{Cell, Row};
use super::{percent, phase, set_names};
use crate::problem::Problem;
use crate::reports::make::Source;

pub(super) async fn rows(state: &Source, tenant: TenantId) -> Result<Vec<Row>, Problem> {
    let sets = set_names(state, tenant).await?;
    let releases = every!(state.release_list(tenant), row => row.id.0);
    let mut rows = Vec::new();
    for rollout in every!(state.rollout_list(tenant), row => row.id.0) {
        let failures = state.store.rollout_failures(tenant, rollout.id).await?;
        let release = releases.iter().find(|release| release.id == rollout.release);
        let update = match release {
            Some(release) => Some(state.store.update_fetch(tenant, release.update).await?),
            None => None,
        };
        let update = update.map(|row| row.update.short_name);
        let set = sets.get(&rollout.ring_set.0).cloned();
        for ring in &rollout.rings {
            let judged = judged(ring);
            if judged == 0 {
                continue;
            }
            let confirmed = ring.tally.in_state(AttemptState::Confirmed);
            let of_ring = failures.iter().filter(|row| row.ring == ring.ring);
            let failed = of_ring.map(|row| (row.state.name(), row.code.clone(), row.devices));
            for (result, code, devices) in
                [("confirmed", None, confirmed)].into_iter().chain(failed)
            {
                let meaning = code.as_deref().and_then(failure::find).map(|known| known.words);
                rows.push(vec![
                    rollout.release_name.clone().into(),
                    Cell::maybe(update.clone()),
                    Cell::maybe(set.clone()),
                    ring.name.clone().into(),
                    rollout.id.0.into(),
                    result.into(),
                    Cell::maybe(code),
                    Cell::maybe(meaning),
                    devices.into(),
                    judged.into(),
                    percent(domain::health::Measure { eligible: judged, met: devices }),
                    rollout.level.name().into(),
                    phase(rollout.phase).into(),
                    rollout.created_at.into(),
                ]);
            }
        }
    }
    Ok(rows)
}

/// Devices whose outcome is known.
fn judged(ring: &RingRow) -> u32 {
    let known = [AttemptState::Confirmed, AttemptState::Failed, AttemptState::Lost];
    known.iter().map(|state| ring.tally.in_state(*state)).sum()
}
