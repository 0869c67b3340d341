//! A fleet of three rings that does what it is told, device by device.

use chrono::{DateTime, Utc};
use domain::attempt::AttemptState as S;
use domain::evidence::Level;
use domain::ring::RingIndex;
use domain::rollout::decide::{Decision, WaitingOn, decide};
use domain::rollout::observations::{Intent, Observations, RingObservation, SegmentCount};
use domain::rollout::phase::{Event, Phase};
use domain::rollout::plan::Plan;
use domain::tally::Tally;

use crate::world::{hour, observed};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Device {
    pub(crate) state: S,
    pub(crate) model: u16,
    /// The hour in which it got there.
    since: i64,
}

pub(crate) struct Fleet {
    pub(crate) rings: [Vec<Device>; 3],
    /// Models that are held.
    pub(crate) held: Vec<u16>,
    /// The level recorded last.
    pub(crate) level: Level,
    models: u16,
    waves: [u32; 3],
    removal_waves: [u32; 3],
    outcomes: usize,
}

impl Fleet {
    /// Rings of so many devices, which go round the models.
    pub(crate) fn new(sizes: [usize; 3], models: u16) -> Self {
        let mut fleet = Self {
            rings: [Vec::new(), Vec::new(), Vec::new()],
            held: Vec::new(),
            level: Level::Calm,
            models,
            waves: [0; 3],
            removal_waves: [0; 3],
            outcomes: 0,
        };
        for (ring, size) in sizes.into_iter().enumerate() {
            fleet.set(ring, &[(S::Assigned, size)]);
        }
        fleet
    }

    /// Puts so many devices in each state into `ring`, and no others, long ago.
    pub(crate) fn set(&mut self, ring: usize, states: &[(S, usize)]) {
        let states = states.iter().flat_map(|(state, count)| (0..*count).map(|_| *state));
        let models = (0..self.models.max(1)).cycle();
        let device = |(state, model)| Device { state, model, since: 0 };
        self.rings[ring] = states.zip(models).map(device).collect();
    }

    /// The members of each model.
    pub(crate) fn members(&self) -> Vec<u32> {
        let of = |model| self.rings.iter().flatten().filter(|device| device.model == model).count();
        (0..self.models).map(|model| u32::try_from(of(model)).expect("small")).collect()
    }

    pub(crate) fn observe(&self, intent: Intent, at: Option<DateTime<Utc>>) -> Observations {
        let rings = (0..3).map(|ring| self.observe_ring(ring)).collect();
        let held = self.held.clone();
        Observations { held, level: self.level, ..observed(intent, rings, at) }
    }

    fn observe_ring(&self, ring: usize) -> RingObservation {
        let mut seen = RingObservation {
            waves: self.waves[ring],
            removal_waves: self.removal_waves[ring],
            segments: vec![SegmentCount::default(); self.models.into()],
            ..RingObservation::default()
        };
        let (aside, counted): (Vec<Device>, Vec<Device>) =
            self.rings[ring].iter().partition(|device| self.held.contains(&device.model));
        seen.tally = Tally::of(counted.iter().map(|device| (device.state, 1)));
        seen.aside = Tally::of(aside.iter().map(|device| (device.state, 1)));
        for device in counted {
            let exposed = match device.state {
                S::Assigned | S::Unresolved | S::Withdrawn | S::Excluded => 0,
                S::Offered | S::Installing | S::Installed | S::Lost | S::Failed => 1,
                S::Confirmed | S::Removing | S::Removed | S::Stranded => 1,
            };
            if device.state == S::Confirmed {
                seen.confirmed_seconds += hour(device.since).timestamp();
            }
            if let Some(segment) = seen.segments.get_mut(usize::from(device.model)) {
                segment.offered += exposed;
                segment.failed += u32::from(device.state == S::Failed);
                segment.lost += u32::from(device.state == S::Lost);
            }
        }
        seen
    }

    /// How many devices of `ring` that are not held are in one of `states`.
    pub(crate) fn count(&self, ring: RingIndex, states: &[S]) -> usize {
        let counts =
            |device: &&Device| states.contains(&device.state) && !self.held.contains(&device.model);
        self.rings[ring.slot()].iter().filter(counts).count()
    }

    pub(crate) fn offered(&self, ring: RingIndex) -> bool {
        self.waves[ring.slot()] > 0
    }

    fn change(&mut self, (ring, devices): (RingIndex, u32), now: i64, from: &[S], to: S) {
        let mut left = devices;
        for device in &mut self.rings[ring.slot()] {
            // Offers leave out who is held, removals do not.
            let held = to == S::Offered && self.held.contains(&device.model);
            if left > 0 && !held && from.contains(&device.state) {
                (device.state, device.since) = (to, now);
                left -= 1;
            }
        }
        assert_eq!(left, 0, "a wave named more devices than there are");
    }

    /// Moves every device of `ring` that is not held, in one state, to another.
    fn rewrite(&mut self, ring: RingIndex, from: S, to: S) {
        for device in &mut self.rings[ring.slot()] {
            if device.state == from && !self.held.contains(&device.model) {
                device.state = to;
            }
        }
    }

    pub(crate) fn act(&mut self, event: Event, now: i64) {
        match event {
            Event::WaveOffered { ring, wave, devices } => {
                assert_eq!(wave, self.waves[ring.slot()]);
                assert!(devices > 0);
                self.waves[ring.slot()] += 1;
                self.change((ring, devices), now, &[S::Assigned], S::Offered);
            }
            Event::RemovalWave { ring, wave, devices } => {
                assert_eq!(wave, self.removal_waves[ring.slot()]);
                self.removal_waves[ring.slot()] += 1;
                let from = [S::Installed, S::Lost, S::Confirmed];
                self.change((ring, devices), now, &from, S::Removing);
            }
            Event::RollbackStarted => {
                for device in self.rings.iter_mut().flatten() {
                    if matches!(device.state, S::Offered | S::Unresolved) {
                        device.state = S::Withdrawn;
                    }
                }
            }
            Event::EvidenceMoved { level } => {
                assert_ne!(level, self.level, "nothing moved");
                self.level = level;
            }
            Event::SegmentHeld { segment } => {
                assert!(!self.held.contains(&segment), "it is held already");
                self.held.push(segment);
            }
            Event::SegmentReleased { segment } => {
                assert!(self.held.contains(&segment), "it is not held");
                self.held.retain(|held| *held != segment);
            }
            Event::OffersTakenBack { ring } => {
                let open = self.count(ring, &[S::Offered]);
                assert!(open > 0, "nothing to take back");
                self.rewrite(ring, S::Offered, S::Withdrawn);
            }
            Event::OffersReturned { ring } => {
                assert!(self.count(ring, &[S::Withdrawn]) > 0, "nothing to give back");
                self.rewrite(ring, S::Withdrawn, S::Assigned);
            }
            Event::RingOpened { .. } | Event::SoakStarted { .. } | Event::Paused { .. } => {}
            Event::Resumed | Event::Completed | Event::RolledBack | Event::Cancelled => {}
            Event::Superseded { .. } => {}
        }
    }

    /// Every device in flight gets its outcome; each `fail_each`-th of them a bad one.
    pub(crate) fn live(&mut self, now: i64, fail_each: usize, bad: S) {
        self.live_by(now, bad, |_| fail_each);
    }

    /// The same, each model by itself.
    pub(crate) fn live_by(&mut self, now: i64, bad: S, fail_each: impl Fn(u16) -> usize) {
        for device in self.rings.iter_mut().flatten() {
            let outcome = match device.state {
                S::Removing => S::Removed,
                S::Offered | S::Installing | S::Installed => {
                    self.outcomes += 1;
                    let fails = self.outcomes.is_multiple_of(fail_each(device.model));
                    if fails { bad } else { S::Confirmed }
                }
                S::Assigned | S::Unresolved | S::Withdrawn | S::Lost | S::Failed => continue,
                S::Confirmed | S::Removed | S::Stranded | S::Excluded => continue,
            };
            (device.state, device.since) = (device.state.after_report(outcome), now);
        }
    }
}

/// Decides and acts until there is something to wait for; every event must be legal.
pub(crate) fn settle(
    plan: &Plan,
    phase: &mut Phase,
    fleet: &mut Fleet,
    intent: &Intent,
    now: i64,
) -> WaitingOn {
    for _ in 0..50 {
        let seen = fleet.observe(intent.clone(), Some(hour(now)));
        match decide(plan, *phase, &seen, hour(now)) {
            Decision::Act(event) => {
                *phase = phase.apply(event, hour(now)).expect("a legal move");
                fleet.act(event, now);
            }
            Decision::Wait(reason) => return reason,
        }
    }
    panic!("it never stops acting at {phase:?}");
}
