//! A rollout played by the true planner over devices that come to an outcome some time after their offer.

use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::AttemptState as S;
use domain::calendar::{Known, Offered};
use domain::evidence::coverage::Offers;
use domain::forecast::{Forecast, Pace, RingOffers, forecast};
use domain::ring::RingIndex;
use domain::rollout::decide::{Decision, WaitingOn, decide};
use domain::rollout::observations::{Intent, Observations, RingObservation};
use domain::rollout::phase::{Event, Phase};
use domain::rollout::plan::Plan;
use domain::tally::Tally;

use crate::world::observed;

/// A device that waits for its outcome.
#[derive(Debug, Clone, Copy)]
struct Due {
    at: DateTime<Utc>,
    state: S,
}

#[derive(Debug, Clone, Default)]
struct Devices {
    waiting: u32,
    due: Vec<Due>,
    ended: Vec<(S, u32)>,
    confirmed_seconds: i64,
    waves: Vec<Offered>,
}

impl Devices {
    fn end(&mut self, state: S) {
        match self.ended.iter_mut().find(|(known, _)| *known == state) {
            Some((_, devices)) => *devices += 1,
            None => self.ended.push((state, 1)),
        }
    }

    fn tally(&self) -> Tally {
        let in_flight = u32::try_from(self.due.len()).expect("few");
        let open = [(S::Assigned, self.waiting), (S::Offered, in_flight)];
        Tally::of(self.ended.iter().copied().chain(open))
    }
}

/// How long a device takes, and what comes of it; `S::Unresolved`: it is given up then.
pub(super) type Takes<'a> = dyn FnMut() -> (TimeDelta, S) + 'a;

#[derive(Debug, Clone)]
pub(super) struct Played<'a> {
    plan: &'a Plan,
    known: &'a Known,
    pub(super) intent: Intent,
    rings: Vec<Devices>,
    pub(super) phase: Phase,
    pub(super) now: DateTime<Utc>,
    /// When each ring opened.
    pub(super) opened: Vec<DateTime<Utc>>,
    pub(super) finished: Option<DateTime<Utc>>,
    /// When 95 % of all devices had the update.
    pub(super) compliant: Option<DateTime<Utc>>,
}

impl<'a> Played<'a> {
    pub(super) fn new(
        (plan, known): (&'a Plan, &'a Known),
        intent: Intent,
        sizes: &[u32],
        now: DateTime<Utc>,
    ) -> Self {
        let ring = |waiting: &u32| Devices { waiting: *waiting, ..Devices::default() };
        let rings = sizes.iter().map(ring).collect();
        let (opened, finished, compliant) = (Vec::new(), None, None);
        let phase = Phase::Scheduled;
        Self { plan, known, intent, rings, phase, now, opened, finished, compliant }
    }

    pub(super) fn seen(&self) -> Observations {
        let ring = |devices: &Devices| RingObservation {
            tally: devices.tally(),
            waves: u32::try_from(devices.waves.len()).expect("few"),
            confirmed_seconds: devices.confirmed_seconds,
            offered: devices.waves.iter().rev().take(128).rev().copied().collect(),
            ..RingObservation::default()
        };
        let rings = self.rings.iter().map(ring).collect();
        let calendar = self.known.clone();
        Observations { calendar, ..observed(self.intent.clone(), rings, Some(self.now)) }
    }

    fn offers(&self) -> Vec<RingOffers> {
        let ring = |devices: &Devices| RingOffers {
            first: devices.waves.first().map(|wave| wave.at),
            last: devices.waves.last().map(|wave| wave.at),
            times: devices
                .waves
                .iter()
                .map(|wave| Offers { at: wave.at, devices: wave.devices })
                .collect(),
        };
        self.rings.iter().map(ring).collect()
    }

    pub(super) fn forecast(&self, pace: &Pace) -> Forecast {
        forecast(self.plan, self.phase, &self.seen(), (pace, &self.offers()), self.now)
    }

    /// Devices whose outcome has come by now.
    fn hear(&mut self) {
        let now = self.now;
        for ring in &mut self.rings {
            let (come, due): (Vec<Due>, Vec<Due>) = ring.due.iter().partition(|one| one.at <= now);
            ring.due = due;
            for one in come {
                if one.state == S::Confirmed {
                    ring.confirmed_seconds += one.at.timestamp();
                }
                ring.end(one.state);
            }
        }
        let tallies = || self.rings.iter().map(Devices::tally);
        let (all, have) = (tallies().map(|t| t.members()), tallies().map(|t| t.confirmed()));
        if self.compliant.is_none() && have.sum::<u32>() * 100 >= all.sum::<u32>() * 95 {
            self.compliant = Some(now);
        }
    }

    /// One decision, carried out; or the time at which something may happen next, none when nothing will.
    pub(super) fn step(&mut self, takes: &mut Takes<'_>) -> Result<(), Option<DateTime<Utc>>> {
        self.hear();
        let event = match decide(self.plan, self.phase, &self.seen(), self.now) {
            Decision::Act(event) => event,
            Decision::Wait(on) => {
                let ended = matches!(on, WaitingOn::Nothing);
                let due = self.rings.iter().flat_map(|ring| &ring.due).map(|one| one.at);
                let look = on.next_look().filter(|_| !ended);
                return Err(due.chain(look).min());
            }
        };
        self.phase = self.phase.apply(event, self.now).expect("a legal move");
        match event {
            Event::RingOpened { .. } => self.opened.push(self.now),
            Event::Completed => self.finished = Some(self.now),
            Event::WaveOffered { ring: RingIndex(ring), devices, .. } => {
                let at = self.now;
                let ring = &mut self.rings[usize::from(ring)];
                ring.waiting -= devices;
                ring.waves.push(Offered { at, devices });
                for _ in 0..devices {
                    let (after, state) = takes();
                    ring.due.push(Due { at: at + after, state });
                }
            }
            Event::SoakStarted { .. } | Event::Paused { .. } | Event::Resumed => {}
            Event::EvidenceMoved { .. } | Event::Cancelled | Event::Superseded { .. } => {}
            Event::RollbackStarted | Event::RemovalWave { .. } | Event::RolledBack => {}
            Event::SegmentHeld { .. } | Event::SegmentReleased { .. } => {}
            Event::OffersTakenBack { .. } | Event::OffersReturned { .. } => {}
        }
        Ok(())
    }

    /// Plays until `stop`, or until nothing is left to happen.
    pub(super) fn play(&mut self, takes: &mut Takes<'_>, stop: impl Fn(&Self) -> bool) {
        for _ in 0..200_000 {
            if stop(self) {
                return;
            }
            match self.step(takes) {
                Ok(()) => {}
                Err(Some(next)) => self.now = next.max(self.now),
                Err(None) => return,
            }
        }
        panic!("it never ends at {:?}", self.phase);
    }
}

/// Good, and at once.
pub(super) fn at_once() -> (TimeDelta, S) {
    (TimeDelta::zero(), S::Confirmed)
}
