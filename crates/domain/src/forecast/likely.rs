//! One ring at the pace of its devices: expected numbers, wave after wave.

use chrono::{DateTime, TimeDelta, Utc};

use super::scene::{Course, Having, Scene, have};
use super::{Pace, Unknown};
use crate::calendar::{Offered, rate};
use crate::gate::weigh::weigh;
use crate::gate::{ConditionKind, Verdict};
use crate::ring::RingIndex;
use crate::rollout::decide::report;

/// Waves that are walked one by one; what is left then goes on at the pace of the last half of them.
const WALKED: usize = 64;
/// Waves that stand for all of those.
const REST: u32 = 32;
/// Looks at what holds a wave back.
const LOOKS: usize = 8 * WALKED;

/// Devices that were offered the update at one time.
#[derive(Debug, Clone, Copy)]
struct Cohort {
    at: DateTime<Utc>,
    devices: f64,
    /// The share of them whose outcome is in the counters already.
    known: f64,
}

/// The devices of one ring, as they are expected to be.
#[derive(Debug, Clone)]
pub(super) struct Crowd<'a> {
    pace: &'a Pace,
    window: TimeDelta,
    cohorts: Vec<Cohort>,
    judged: f64,
    confirmed: f64,
    /// Members without the excluded and those that were given up.
    eligible: f64,
    have: f64,
    /// Of the devices in flight, those without the update yet.
    without: f64,
    now: DateTime<Utc>,
}

impl Having for Crowd<'_> {
    fn having(&self, at: DateTime<Utc>) -> f64 {
        let (under_way, new) = self.outcomes(at);
        self.have + self.pace.good() * (under_way * self.without + new)
    }
}

impl<'a> Crowd<'a> {
    fn of(scene: &Scene<'a>, ring: RingIndex) -> Self {
        let observed = scene.seen.ring(ring);
        let tally = observed.tally;
        let (pace, now) = (scene.pace, scene.now);
        let gate = scene.ring(ring).map(|ring| ring.gate);
        let times = scene.offers(ring).map(|offers| offers.times.as_slice()).unwrap_or_default();
        let cohort = |at: DateTime<Utc>, devices: u32| Cohort {
            at,
            devices: f64::from(devices),
            known: pace.share(now - at),
        };
        let mut cohorts: Vec<Cohort> =
            times.iter().map(|one| cohort(one.at.min(now), one.devices)).collect();
        let open = |cohorts: &[Cohort]| -> f64 {
            cohorts.iter().map(|one| one.devices * (1.0 - one.known)).sum()
        };
        let in_flight = f64::from(tally.in_flight());
        if open(&cohorts) < 1e-9 {
            cohorts = vec![cohort(now, tally.in_flight())];
        }
        let scale = in_flight / open(&cohorts).max(1e-9);
        for cohort in &mut cohorts {
            cohort.devices *= scale;
        }
        let installed = f64::from(have(&tally) - tally.confirmed());
        Self {
            pace,
            window: gate.map_or(TimeDelta::zero(), |gate| gate.observation_window),
            cohorts,
            judged: f64::from(tally.judged()),
            confirmed: f64::from(tally.confirmed()),
            eligible: f64::from(tally.eligible()),
            have: f64::from(have(&tally).saturating_add(have(&observed.aside))),
            without: if in_flight > 0.0 { 1.0 - installed / in_flight } else { 1.0 },
            now,
        }
    }

    /// Outcomes after now by `at`: of devices in flight now, and of those offered later.
    fn outcomes(&self, at: DateTime<Utc>) -> (f64, f64) {
        let mut came = (0.0, 0.0);
        for one in &self.cohorts {
            let more = one.devices * (self.pace.share(at - one.at) - one.known).max(0.0);
            if one.at <= self.now { came.0 += more } else { came.1 += more }
        }
        came
    }

    fn in_flight(&self, at: DateTime<Utc>) -> f64 {
        let open = self.cohorts.iter().filter(|one| one.at <= at && at - one.at < self.window);
        open.map(|one| one.devices * (1.0 - self.pace.share(at - one.at))).sum()
    }

    fn given_up(&self, at: DateTime<Utc>) -> f64 {
        let over = self.cohorts.iter().filter(|one| at - one.at >= self.window);
        over.map(|one| one.devices * (1.0 - self.pace.share(at - one.at))).sum()
    }

    fn judged(&self, at: DateTime<Utc>) -> f64 {
        let (under_way, new) = self.outcomes(at);
        self.judged + under_way + new
    }

    fn eligible(&self, at: DateTime<Utc>) -> u32 {
        whole((self.eligible - self.given_up(at)).round())
    }

    fn confirmed(&self, at: DateTime<Utc>) -> f64 {
        let (under_way, new) = self.outcomes(at);
        self.confirmed + self.pace.good() * (under_way + new)
    }
}

/// `ring`, which is open from `open_from` on; `stage`: when it opened and since when it soaks, if it is the
/// current one.
pub(super) fn course<'a>(
    scene: &Scene<'a>,
    ring: RingIndex,
    open_from: DateTime<Utc>,
    stage: Option<(DateTime<Utc>, Option<DateTime<Utc>>)>,
) -> Course<Crowd<'a>> {
    let mut crowd = Crowd::of(scene, ring);
    let last_offer = offer(scene, ring, open_from, &mut crowd);
    let passes = || {
        if scene.vouched(ring) {
            return Ok(open_from);
        }
        let gate = scene.ring(ring).map(|ring| ring.gate).ok_or(Unknown::NoMembers { ring })?;
        let confirm = f64::from(scene.needs_confirmed(ring)?);
        let stuck = || match &last_offer {
            Err(unknown) => unknown.clone(),
            Ok(_) => Unknown::CannotPass { ring },
        };
        let soaks = match stage.and_then(|(_, soaking)| soaking) {
            Some(since) => since,
            // The middle of when the last one needed comes.
            None => Scene::first(open_from, |at| {
                let eligible = crowd.eligible(at);
                eligible == 0 || crowd.judged(at) >= f64::from(gate.needed(eligible)) - 0.5
            })
            .ok_or_else(&stuck)?,
        };
        let baked = (soaks + gate.bake).max(open_from);
        let success = Scene::first(open_from, |at| crowd.confirmed(at) >= confirm - 0.5);
        let told = stage.and_then(|(opened_at, soaking)| {
            told(scene, ring, opened_at, soaking).filter(|_| soaking.is_some())
        });
        Ok(baked.max(success.ok_or_else(stuck)?).max(told.unwrap_or(baked)))
    };
    Course { passes: passes(), last_offer, having: crowd }
}

/// Until when the bake and the custom signals of the current ring say that they wait.
fn told(
    scene: &Scene<'_>,
    ring: RingIndex,
    opened_at: DateTime<Utc>,
    soaking: Option<DateTime<Utc>>,
) -> Option<DateTime<Utc>> {
    let weighed = weigh(scene.plan, scene.seen);
    let stage = (ring, opened_at, soaking);
    let report = report(scene.plan, stage, ring, scene.seen, &weighed, scene.now);
    let until = |kind| match report.condition(kind)?.verdict {
        Verdict::Wait { until } => until,
        Verdict::Pass | Verdict::Fail | Verdict::Unknown => None,
    };
    until(ConditionKind::Bake).max(until(ConditionKind::Signals))
}

/// Offers the update to those that wait: a wave whenever half of the limit is free, as the planner does. When
/// the last one is.
fn offer(
    scene: &Scene<'_>,
    ring: RingIndex,
    open_from: DateTime<Utc>,
    crowd: &mut Crowd<'_>,
) -> Result<DateTime<Utc>, Unknown> {
    let observed = scene.seen.ring(ring);
    let mut left = observed.tally.waiting();
    let Some(planned) = scene.ring(ring).filter(|_| left > 0) else { return Ok(open_from) };
    let (limit, most) = Scene::limits(planned, observed.tally.members());
    let limit = scene.seen.budget.map_or(limit, |budget| limit.min(budget.limit));
    let mut offered: Vec<Offered> = observed.offered;
    let mut walked: Vec<Offered> = Vec::new();
    let mut at = scene.offering(ring, open_from)?;
    for _ in 0..LOOKS {
        let wanted = left.min(limit.div_ceil(2));
        let has_room = |at| f64::from(limit) - crowd.in_flight(at) >= f64::from(wanted) - 1e-6;
        let free = Scene::first(at, has_room).unwrap_or(at + crowd.window);
        let open = scene.offering(ring, free)?;
        let paced = most.map_or(open, |most| rate::room_at(most, &offered, wanted, open));
        if paced > at {
            at = scene.offering(ring, paced)?;
            continue;
        }
        let room = whole(f64::from(limit) - crowd.in_flight(at) + 1e-6);
        let room = most.map_or(room, |most| room.min(rate::room(most, &offered, at)));
        let devices = left.min(room).max(wanted.min(1));
        crowd.cohorts.push(Cohort { at, devices: f64::from(devices), known: 0.0 });
        let wave = Offered { at, devices };
        walked.push(wave);
        offered.push(wave);
        left -= devices;
        if left == 0 {
            return Ok(at);
        }
        if walked.len() == WALKED {
            break;
        }
    }
    rest(scene, ring, (left, at), &walked, crowd)
}

/// The waves that are not walked one by one.
fn rest(
    scene: &Scene<'_>,
    ring: RingIndex,
    (left, from): (u32, DateTime<Utc>),
    walked: &[Offered],
    crowd: &mut Crowd<'_>,
) -> Result<DateTime<Utc>, Unknown> {
    let half = &walked[walked.len() / 2..];
    let since = half.first().map_or(from, |wave| wave.at);
    let devices: f64 = half.iter().skip(1).map(|wave| f64::from(wave.devices)).sum();
    let per_second = devices / (from - since).as_seconds_f64();
    let lasts =
        if per_second.is_finite() && per_second > 0.0 { f64::from(left) / per_second } else { 0.0 };
    let mut last = from;
    for part in 1..=REST {
        let seconds = whole(lasts * f64::from(part) / f64::from(REST));
        let at = scene.offering(ring, from + TimeDelta::seconds(seconds.into()))?;
        let devices = f64::from(left) / f64::from(REST);
        crowd.cohorts.push(Cohort { at, devices, known: 0.0 });
        last = last.max(at);
    }
    Ok(last)
}

/// Whole devices, or seconds.
fn whole(number: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let whole = number.clamp(0.0, f64::from(u32::MAX)) as u32;
    whole
}
