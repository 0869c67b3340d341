//! Rolling back: the update is taken from the devices that have it, in waves.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Decision, WaitingOn};
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

/// Waves of removals, one ring after the other, first ring first; the first wave is small and
/// must come back before the second.
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
    let waves: u32 = last.up_to_here().map(|ring| seen.ring(ring).removal_waves).sum();
    if waves == 1 && removing > 0 {
        return waiting;
    }
    last.up_to_here()
        .find_map(|ring| {
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
        })
        .map_or(waiting, Decision::Act)
}
