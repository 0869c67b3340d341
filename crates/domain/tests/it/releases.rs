//! Releases by chance: healthy ones are never paused, bad ones never leave the first ring.
//!
//! Seeds are fixed, so a failure here is a changed rule and not bad luck. The promise in numbers is
//! measured by gate-sim; this plays `decide` itself, with failures that report before successes do.

use chrono::TimeDelta;
use domain::attempt::AttemptState as S;
use domain::evidence::Level;
use domain::gate::policy::OnSuspect;
use domain::ring::{RingSet, WaveLimit};
use domain::rollout::decide::{Decision, WaitingOn, decide};
use domain::rollout::observations::{RingObservation, SegmentCount};
use domain::rollout::phase::{Event, Phase};
use domain::rollout::plan::{OnGateFailure, Plan};
use domain::tally::Tally;

use crate::world::{hour, models, observed, ring, running};

const SIZES: [u32; 3] = [100, 1_000, 3_000];
const MODELS: u64 = 10;

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

#[derive(Default)]
struct Ring {
    assigned: u32,
    /// Offered, and what will come of it.
    will_fail: u32,
    will_succeed: u32,
    failed: u32,
    confirmed: u32,
    confirmed_seconds: i64,
    waves: u32,
    segments: Vec<SegmentCount>,
}

impl Ring {
    fn offer(&mut self, devices: u32, percent: u64, random: &mut Random) {
        self.assigned -= devices;
        self.waves += 1;
        for _ in 0..devices {
            let model = usize::try_from(random.below(MODELS)).expect("small");
            self.segments[model].offered += 1;
            if random.below(100) < percent {
                self.will_fail += 1;
                // Told at once: nothing that counts is reported later than it happened.
                self.segments[model].failed += 1;
            } else {
                self.will_succeed += 1;
            }
        }
    }

    fn observed(&self) -> RingObservation {
        RingObservation {
            tally: Tally::of([
                (S::Assigned, self.assigned),
                (S::Offered, self.will_fail + self.will_succeed),
                (S::Failed, self.failed),
                (S::Confirmed, self.confirmed),
            ]),
            waves: self.waves,
            confirmed_seconds: self.confirmed_seconds,
            segments: self.segments.clone(),
            ..RingObservation::default()
        }
    }
}

fn plan() -> Plan {
    let waves = WaveLimit::DEFAULT;
    let rings = [("Canary", 3, 0), ("Early", 24, 1), ("Broad", 73, 2)]
        .map(|(name, percent, days)| domain::ring::Ring { waves, ..ring(name, percent, days) });
    let set = RingSet::new("Three".to_owned(), rings.to_vec()).expect("a good set");
    let policy = models(OnSuspect::Pause, &[410; 10]);
    Plan::new(&set, hour(0), OnGateFailure::Pause, policy)
}

/// Where a release ends that fails on `percent` of all devices, and how far its evidence ever came.
fn release(plan: &Plan, percent: u64, seed: u64) -> (Phase, Level) {
    let mut random = Random(seed);
    let segments = vec![SegmentCount::default(); 10];
    let mut rings =
        SIZES.map(|assigned| Ring { assigned, segments: segments.clone(), ..Ring::default() });
    let (mut phase, mut now) = (Phase::Scheduled, hour(0));
    let (mut level, mut highest) = (Level::Calm, Level::Calm);
    for _ in 0..5_000 {
        let seen = rings.iter().map(Ring::observed).collect();
        let mut seen = observed(running(0), seen, Some(now));
        seen.level = level;
        let waiting = match decide(plan, phase, &seen, now) {
            Decision::Act(event) => {
                phase = phase.apply(event, now).expect("a legal move");
                match event {
                    Event::WaveOffered { ring, devices, .. } => {
                        rings[ring.slot()].offer(devices, percent, &mut random);
                    }
                    Event::EvidenceMoved { level: moved } => {
                        (level, highest) = (moved, highest.max(moved));
                    }
                    _ => {}
                }
                continue;
            }
            Decision::Wait(waiting) => waiting,
        };
        // Failures first, then the others in three parts.
        now += TimeDelta::hours(3);
        if let Some(ring) = rings.iter_mut().find(|ring| ring.will_fail > 0) {
            ring.failed += ring.will_fail;
            ring.will_fail = 0;
        } else if let Some(ring) = rings.iter_mut().find(|ring| ring.will_succeed > 0) {
            let good = ring.will_succeed.min(20.max(ring.will_succeed / 3));
            ring.will_succeed -= good;
            ring.confirmed += good;
            ring.confirmed_seconds += i64::from(good) * now.timestamp();
        } else if let Some(next) = WaitingOn::next_look(&waiting) {
            now = now.max(next);
        } else {
            return (phase, highest);
        }
    }
    panic!("it never ends: {phase:?}");
}

#[test]
fn a_healthy_release_is_never_stopped() {
    let plan = plan();
    let mut watched = 0;
    for seed in 0..200 {
        let (phase, highest) = release(&plan, 1, seed);
        assert_eq!(phase.name(), "completed", "release {seed}: {highest:?}");
        watched += u32::from(highest > Level::Calm);
    }
    assert!(watched <= 2, "{watched} were watched for a while");
}

#[test]
fn a_bad_release_never_leaves_the_first_ring() {
    let plan = plan();
    for seed in 0..50 {
        let (phase, highest) = release(&plan, 20, seed);
        assert_eq!(
            (phase.name(), phase.ring().map(|ring| ring.0)),
            ("paused", Some(0)),
            "{seed}: {highest:?}"
        );
    }
}
