//! Rolling back: the update is taken from the devices that have it, in waves.

use chrono::{DateTime, TimeDelta, Utc};

use super::stops::covered;
use super::{Decision, WaitingOn};
use crate::attempt::AttemptState;
use crate::evidence::{Limit, rate};
use crate::ring::RingIndex;
use crate::rollout::observations::{Observations, RingObservation, Wish};
use crate::rollout::phase::Event;
use crate::rollout::plan::Plan;
use crate::tally::Tally;

/// Devices in the first removal wave: a bad uninstall must not storm (quality.md A5).
const FIRST_REMOVAL_WAVE: u32 = 10;

/// How long a rollback goes on looking for devices that installed although the offer was taken
/// back: a device hears of that at its next check-in, up to 8 hours later, and what it has
/// downloaded by then may still be installed at the next restart.
pub const LATE_INSTALLS: TimeDelta = TimeDelta::hours(24);

/// The share of devices that may fail to uninstall before a person has to look: one in five.
const MAY_FAIL: f64 = 0.2;

/// The evidence at which a person is asked: a rollback that goes well gets here once in ten times.
/// Little, because stopping to look costs little.
const ASK_AT: f64 = 10.0;

/// Whether devices that were told to uninstall do not, beyond chance: the gate between removal waves.
#[must_use]
pub fn removal_fails(removed: u32, stranded: u32) -> bool {
    let Ok(limit) = Limit::new(MAY_FAIL) else { return false };
    rate::ln_e(stranded.into(), removed.into(), limit).value() >= ASK_AT
}

/// Waves of removals, one ring after the other, first ring first; the first wave is small and
/// must come back before the second. Where too many devices cannot uninstall, a person looks before
/// more are told; whoever asks for anything after the rollback began has looked.
pub(super) fn rolling_back(
    plan: &Plan,
    last: RingIndex,
    since: DateTime<Utc>,
    seen: &Observations,
) -> Decision {
    let count = |of: fn(&Tally) -> u32| -> u32 {
        let both = |ring: &RingObservation| [of(&ring.tally), of(&ring.aside)];
        last.up_to_here().flat_map(|ring| both(&seen.ring(ring))).fold(0, u32::saturating_add)
    };
    let removing = count(Tally::removing);
    let to_go = count(Tally::removable).saturating_add(count(Tally::installing));
    if removing == 0 && to_go == 0 {
        let until = since + LATE_INSTALLS;
        // What matters is that devices were read after that moment, not that it has passed.
        return match seen.observed_at {
            Some(at) if at >= until => Decision::Act(Event::RolledBack),
            Some(_) | None => Decision::Wait(WaitingOn::LateInstalls { until }),
        };
    }
    let waiting = Decision::Wait(WaitingOn::Removal { removing, to_go });
    if seen.intent.wish == Wish::Hold {
        return Decision::Wait(WaitingOn::Person);
    }
    let removed = count(|tally| tally.in_state(AttemptState::Removed));
    let stranded = count(|tally| tally.in_state(AttemptState::Stranded));
    if seen.intent.given_at <= since && removal_fails(removed, stranded) {
        return Decision::Wait(WaitingOn::RemovalReview { removed, stranded });
    }
    let held =
        |ring: RingIndex| seen.pauses.iter().any(|pause| pause.covers(ring) && pause.at > since);
    let waves: u32 = last.up_to_here().map(|ring| seen.ring(ring).removal_waves).sum();
    if waves == 1 && removing > 0 {
        return waiting;
    }
    let wave = last.up_to_here().filter(|ring| !held(*ring)).find_map(|ring| {
        let observed = seen.ring(ring);
        let limit = match waves {
            0 => FIRST_REMOVAL_WAVE,
            _ => plan.ring(ring)?.waves.for_ring(observed.tally.members()),
        };
        let removing = observed.tally.removing().saturating_add(observed.aside.removing());
        let removable = observed.tally.removable().saturating_add(observed.aside.removable());
        let room = limit.saturating_sub(removing);
        let devices = removable.min(room);
        let worth_it = devices == removable || room >= limit.div_ceil(2);
        let wave = observed.removal_waves;
        (devices > 0 && worth_it).then_some(Event::RemovalWave { ring, wave, devices })
    });
    if let Some(wave) = wave {
        return Decision::Act(wave);
    }
    // A pause given after the rollback began stops it too; one from before is why it began.
    let stops = last.up_to_here().find(|ring| {
        let observed = seen.ring(*ring);
        held(*ring) && observed.tally.removable().saturating_add(observed.aside.removable()) > 0
    });
    stops.map_or(waiting, |ring| Decision::Wait(covered(ring, seen)))
}
