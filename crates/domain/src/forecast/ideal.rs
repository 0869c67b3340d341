//! One ring as fast as its plan permits: every device is confirmed in the moment it is offered the update.

use std::num::NonZeroU32;

use chrono::{DateTime, TimeDelta, Utc};

use super::Unknown;
use super::scene::{Course, Having, Scene, have};
use crate::calendar::{MOST_WAVES_AN_HOUR, Offered, rate};
use crate::ring::RingIndex;

const HOUR: TimeDelta = TimeDelta::hours(1);
/// Waves that are walked one by one, where what was offered in the last hour still counts.
const WALKED: usize = 2 * MOST_WAVES_AN_HOUR;

/// So many offers of so many devices each, an hour apart.
#[derive(Debug, Clone, Copy)]
struct Run {
    from: DateTime<Utc>,
    times: u64,
    each: u32,
}

impl Run {
    fn devices(&self) -> u64 {
        self.times.saturating_mul(self.each.into())
    }

    fn last(&self) -> DateTime<Utc> {
        self.nth(self.times.saturating_sub(1))
    }

    fn nth(&self, number: u64) -> DateTime<Utc> {
        let hours = i64::try_from(number).unwrap_or(i64::MAX).min(1_000_000);
        self.from + TimeDelta::hours(hours)
    }

    fn by(&self, at: DateTime<Utc>) -> u64 {
        if at < self.from {
            return 0;
        }
        let past = u64::try_from((at - self.from).num_hours()).unwrap_or(0).saturating_add(1);
        past.min(self.times).saturating_mul(self.each.into())
    }
}

/// Devices that have the update: some from now on, the others as they are offered it.
#[derive(Debug, Clone)]
pub(super) struct Offers {
    now: DateTime<Utc>,
    at_once: u32,
    runs: Vec<Run>,
}

impl Having for Offers {
    fn having(&self, at: DateTime<Utc>) -> f64 {
        let offered: u64 = self.runs.iter().map(|run| run.by(at)).fold(0, u64::saturating_add);
        let offered = u32::try_from(offered).unwrap_or(u32::MAX);
        f64::from(self.at_once.saturating_add(offered))
    }
}

impl Offers {
    /// When the `wanted`-th device of those that wait is offered the update; now for none.
    fn nth(&self, wanted: u32) -> Option<DateTime<Utc>> {
        let mut left = u64::from(wanted);
        if left == 0 {
            return Some(self.now);
        }
        for run in &self.runs {
            if left <= run.devices() {
                return Some(run.nth((left - 1) / u64::from(run.each.max(1))));
            }
            left -= run.devices();
        }
        None
    }
}

/// `ring`, which is open from `open_from` on; `soaks_since`: it does so already.
pub(super) fn course(
    scene: &Scene<'_>,
    ring: RingIndex,
    open_from: DateTime<Utc>,
    soaks_since: Option<DateTime<Utc>>,
) -> Course<Offers> {
    let observed = scene.seen.ring(ring);
    let tally = observed.tally;
    let (runs, stuck) = match runs(scene, ring, open_from) {
        Ok(runs) => (runs, None),
        Err(unknown) => (Vec::new(), Some(unknown)),
    };
    let last_offer = match &stuck {
        Some(unknown) => Err(unknown.clone()),
        None => Ok(runs.last().map_or(open_from, Run::last)),
    };
    let in_flight = tally.in_flight().saturating_sub(have(&tally) - tally.confirmed());
    let at_once = have(&tally).saturating_add(have(&observed.aside)).saturating_add(in_flight);
    let having = Offers { now: open_from, at_once, runs };
    let nth = |wanted: u32, there: u32| {
        let missing = wanted.saturating_sub(there);
        let found = if missing == 0 { Some(open_from) } else { having.nth(missing) };
        found.ok_or_else(|| stuck.clone().unwrap_or(Unknown::CannotPass { ring }))
    };
    let passes = || {
        if scene.vouched(ring) {
            return Ok(open_from);
        }
        let gate = scene.ring(ring).map(|ring| ring.gate).ok_or(Unknown::NoMembers { ring })?;
        let confirm = scene.needs_confirmed(ring)?;
        let needed = gate.needed(tally.eligible());
        let soaks = match soaks_since {
            Some(since) => since,
            None => nth(needed, tally.judged().saturating_add(tally.in_flight()))?,
        };
        let success = nth(confirm, tally.confirmed().saturating_add(tally.in_flight()))?;
        Ok((soaks + gate.bake).max(success).max(open_from))
    };
    Course { last_offer, passes: passes(), having }
}

/// The offers of those that wait.
fn runs(scene: &Scene<'_>, ring: RingIndex, open_from: DateTime<Utc>) -> Result<Vec<Run>, Unknown> {
    let observed = scene.seen.ring(ring);
    let waiting = observed.tally.waiting();
    let Some(planned) = scene.ring(ring).filter(|_| waiting > 0) else { return Ok(Vec::new()) };
    let first = scene.offering(ring, open_from)?;
    let (limit, most) = Scene::limits(planned, observed.tally.members());
    let Some(most) = most else {
        return Ok(vec![Run { from: first, times: 1, each: waiting }]);
    };
    let recent = observed.offered.iter().any(|wave| wave.at + HOUR > first);
    if !recent {
        return paced(scene, ring, (limit, most), first, waiting);
    }
    let (mut runs, left, next) = walked(scene, ring, (limit, most), first)?;
    if left > 0 {
        runs.extend(paced(scene, ring, (limit, most), next, left)?);
    }
    Ok(runs)
}

/// One wave after the other, while offers of the last hour count; what is left then, and from when on.
fn walked(
    scene: &Scene<'_>,
    ring: RingIndex,
    (limit, most): (u32, NonZeroU32),
    first: DateTime<Utc>,
) -> Result<(Vec<Run>, u32, DateTime<Utc>), Unknown> {
    let observed = scene.seen.ring(ring);
    let mut waves: Vec<Offered> = observed.offered;
    let (mut left, mut at, mut runs) = (observed.tally.waiting(), first, Vec::new());
    for _ in 0..WALKED {
        let room = limit.min(rate::room(most, &waves, at));
        let devices = left.min(room);
        if devices > 0 && (devices == left || room >= limit.div_ceil(2)) {
            left -= devices;
            waves.push(Offered { at, devices });
            runs.push(Run { from: at, times: 1, each: devices });
        } else if left > 0 {
            let enough = left.min(limit.div_ceil(2));
            at = scene.offering(ring, rate::room_at(most, &waves, enough, at))?;
        } else {
            break;
        }
    }
    Ok((runs, left, scene.offering(ring, at)?))
}

/// As many in each hour as may be, hour after hour, while offers may be made.
fn paced(
    scene: &Scene<'_>,
    ring: RingIndex,
    (limit, most): (u32, NonZeroU32),
    first: DateTime<Utc>,
    waiting: u32,
) -> Result<Vec<Run>, Unknown> {
    let waves = u32::try_from(MOST_WAVES_AN_HOUR).unwrap_or(u32::MAX);
    // Whole waves, and a last one that is worth it.
    let (whole, rest) = (most.get() / limit, most.get() % limit);
    let rest = if rest >= limit.div_ceil(2) { rest } else { 0 };
    let burst = if whole >= waves { waves * limit } else { whole * limit + rest };
    // The last devices are offered whatever is left of the hour.
    let last = most.get().min(waves.saturating_mul(limit));
    let (mut runs, mut left, mut at) = (Vec::new(), waiting, first);
    let times = scene.plan.times(ring, &scene.seen.calendar);
    while left > 0 {
        let more = u64::from(left.saturating_sub(last).div_ceil(burst.max(1)));
        let slots = match times.periods(at, 1).first().and_then(|period| period.until) {
            None => u64::MAX,
            Some(until) => {
                let seconds = (until - at).num_milliseconds().max(1).unsigned_abs();
                seconds.div_ceil(HOUR.num_milliseconds().unsigned_abs())
            }
        };
        let full = more.min(slots);
        if full > 0 {
            let run = Run { from: at, times: full, each: burst };
            left = left.saturating_sub(u32::try_from(run.devices()).unwrap_or(u32::MAX));
            runs.push(run);
            at = run.last() + HOUR;
        }
        if full == more && full < slots {
            runs.push(Run { from: at, times: 1, each: left });
            left = 0;
        } else {
            at = scene.offering(ring, at)?;
        }
    }
    Ok(runs)
}
