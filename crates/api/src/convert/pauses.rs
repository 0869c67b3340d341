//! Pauses of a rollout with their clocks, and those that stand by themselves.

use api_types as wire;
use chrono::{DateTime, Utc};
use domain::pause::{Scope, Told, clocks};
use domain::ring::RingIndex;
use domain::rollout::observations::Wish;
use domain::rollout::phase::{PausedBy, Phase};
use store::pauses::{PauseRow, Target};
use store::rollouts::{Hearing, RolloutRow};

use crate::words::{Rings, capital, failure};

/// What the service signs with.
const SERVICE: &str = "concentric";

/// Every pause of a rollout: its own, the service's, and those that stand beside them; oldest first.
pub(crate) fn of_rollout(row: &RolloutRow, rings: &Rings) -> Vec<wire::PauseState> {
    let mut pauses = Vec::new();
    for pause in &row.pauses {
        let (scope, ring) = match pause.scope {
            Scope::Tenant => (wire::PauseScope::Tenant, None),
            Scope::Release => (wire::PauseScope::Release, None),
            Scope::Ring { ring } => (wire::PauseScope::Ring, Some(ring)),
        };
        let said = Said { by: &pause.by, reason: pause.reason.clone(), take_back: pause.take_back };
        pauses.push(state(row, (scope, ring), pause.at, said));
    }
    let of_all = (wire::PauseScope::Rollout, None);
    if row.intent.wish == Wish::Hold && !has_ended(row.phase) {
        let (by, take_back) = (row.wish_by.as_str(), row.intent.take_back);
        let said = Said { by, reason: row.wish_reason.clone(), take_back };
        pauses.push(state(row, of_all, row.intent.given_at, said));
    }
    if let Phase::Paused { since, by: PausedBy::Service(why) | PausedBy::Both(why), .. } = row.phase
    {
        let reason = Some(format!("{}.", capital(&failure(why, rings))));
        let said = Said { by: SERVICE, reason, take_back: false };
        pauses.push(state(row, of_all, since, said));
    }
    pauses.sort_by_key(|pause| pause.decided_at);
    pauses
}

struct Said<'a> {
    by: &'a str,
    reason: Option<String>,
    take_back: bool,
}

fn has_ended(phase: Phase) -> bool {
    match phase {
        Phase::Completed { .. } | Phase::RolledBack { .. } | Phase::Cancelled { .. } => true,
        Phase::Scheduled | Phase::Offering { .. } | Phase::Soaking { .. } => false,
        Phase::Paused { .. } | Phase::RollingBack { .. } => false,
    }
}

fn state(
    row: &RolloutRow,
    (scope, ring): (wire::PauseScope, Option<RingIndex>),
    decided_at: DateTime<Utc>,
    said: Said<'_>,
) -> wire::PauseState {
    let covered = row.rings.iter().filter(|one| ring.is_none_or(|ring| ring == one.ring));
    let told = covered.map(|one| Told {
        wanted: one.wanted,
        accepted: one.accepted,
        accepted_at: one.accepted_at,
    });
    let (accepted_at, devices_told_by) = clocks(decided_at, told).unzip();
    wire::PauseState {
        scope,
        ring: ring.map(|ring| ring.0),
        by: said.by.to_owned(),
        reason: said.reason,
        take_back: said.take_back,
        decided_at,
        accepted_at,
        devices_told_by,
        devices: None,
    }
}

/// What to ask of the devices: since when they had to check in, for each pause that Graph accepted.
pub(crate) fn asked(pauses: &[wire::PauseState]) -> Vec<(DateTime<Utc>, Option<RingIndex>)> {
    let of = |pause: &wire::PauseState| Some((pause.accepted_at?, pause.ring.map(RingIndex)));
    pauses.iter().filter_map(of).collect()
}

/// Puts the answers to [`asked`] beside the pauses.
pub(crate) fn with_devices(
    mut pauses: Vec<wire::PauseState>,
    heard: Vec<Hearing>,
) -> Vec<wire::PauseState> {
    let accepted = pauses.iter_mut().filter(|pause| pause.accepted_at.is_some());
    for (pause, Hearing { in_flight, heard: checked_in }) in accepted.zip(heard) {
        let not_yet = in_flight.saturating_sub(checked_in);
        pause.devices = Some(wire::DevicesTold { in_flight, checked_in, not_yet });
    }
    pauses
}

pub(crate) fn standing(row: PauseRow) -> wire::StandingPause {
    let (scope, release_id, rollout_id, ring) = match row.target {
        Target::Tenant => (wire::PauseScope::Tenant, None, None, None),
        Target::Release(release) => (wire::PauseScope::Release, Some(release.0), None, None),
        Target::Ring { rollout, ring } => {
            (wire::PauseScope::Ring, None, Some(rollout.0), Some(ring.0))
        }
    };
    let (id, take_back, by, at, reason) = (row.id, row.take_back, row.by, row.at, row.reason);
    wire::StandingPause { id, scope, release_id, rollout_id, ring, take_back, by, at, reason }
}
