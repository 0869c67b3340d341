//! Whole rollouts against a random fleet, and single decisions at their turning points.
//!
//! The random walk judges with its own bookkeeping (which rings opened, who vouched, who is in
//! flight), never with the function under test.

use chrono::{DateTime, TimeDelta, Utc};
use domain::attempt::AttemptState as S;
use domain::gate::ConditionKind;
use domain::ring::RingIndex;
use domain::rollout::decide::{Decision, WaitingOn, decide};
use domain::rollout::observations::{Intent, Observations, RingObservation, Wish};
use domain::rollout::phase::{Event, PausedBy, Pauser, Phase};
use domain::rollout::plan::{OnGateFailure, Plan};
use domain::tally::Tally;
use proptest::prelude::*;

use crate::world::{RINGS, hour, plan, seen};

/// A fleet of three rings that does what it is told, with a share of failures.
struct Fleet {
    rings: Vec<Vec<S>>,
    waves: [u32; 3],
    removal_waves: [u32; 3],
}

impl Fleet {
    fn new(sizes: [usize; 3]) -> Self {
        let rings = sizes.iter().map(|size| vec![S::Assigned; *size]).collect();
        Self { rings, waves: [0; 3], removal_waves: [0; 3] }
    }

    fn observe(&self, intent: Intent, observed_at: Option<DateTime<Utc>>) -> Observations {
        let rings = (0..3)
            .map(|ring| RingObservation {
                tally: Tally::of(self.rings[ring].iter().map(|state| (*state, 1))),
                waves: self.waves[ring],
                removal_waves: self.removal_waves[ring],
            })
            .collect();
        Observations { intent, rings, observed_at }
    }

    fn change(&mut self, ring: RingIndex, devices: u32, from: &[S], to: S) {
        let mut left = devices;
        for state in &mut self.rings[ring.slot()] {
            if left > 0 && from.contains(state) {
                *state = to;
                left -= 1;
            }
        }
        assert_eq!(left, 0, "a wave named more devices than there are");
    }

    fn act(&mut self, event: Event) {
        match event {
            Event::WaveOffered { ring, wave, devices } => {
                assert_eq!(wave, self.waves[ring.slot()]);
                assert!(devices > 0);
                self.waves[ring.slot()] += 1;
                self.change(ring, devices, &[S::Assigned], S::Offered);
            }
            Event::RemovalWave { ring, devices, .. } => {
                self.removal_waves[ring.slot()] += 1;
                let from = [S::Installed, S::Lost, S::Confirmed];
                self.change(ring, devices, &from, S::Removing);
            }
            Event::RollbackStarted => {
                for state in self.rings.iter_mut().flatten() {
                    if matches!(state, S::Offered | S::Unresolved) {
                        *state = S::Withdrawn;
                    }
                }
            }
            Event::RingOpened { .. } | Event::SoakStarted { .. } | Event::Paused { .. } => {}
            Event::Resumed | Event::Completed | Event::RolledBack | Event::Cancelled => {}
        }
    }

    /// Every device in flight gets its outcome; each `fail_each`-th of them a bad one.
    fn live(&mut self, fail_each: usize, bad: S) {
        let mut count = 0;
        for state in self.rings.iter_mut().flatten() {
            if *state == S::Removing {
                *state = state.after_report(S::Removed);
            } else if matches!(*state, S::Offered | S::Installing | S::Installed) {
                count += 1;
                let outcome = if count % fail_each == 0 { bad } else { S::Confirmed };
                *state = state.after_report(outcome);
            }
        }
    }

    fn offered(&self, ring: RingIndex) -> bool {
        self.waves[ring.slot()] > 0
    }
}

fn running(at: i64) -> Intent {
    Intent { wish: Wish::Run, given_at: hour(at), promoted: None }
}

/// Decides and acts until there is something to wait for; every event must be legal.
fn settle(
    plan: &Plan,
    phase: &mut Phase,
    fleet: &mut Fleet,
    intent: Intent,
    now: i64,
) -> WaitingOn {
    for _ in 0..50 {
        match decide(plan, *phase, &fleet.observe(intent, Some(hour(now))), hour(now)) {
            Decision::Act(event) => {
                *phase = phase.apply(event, hour(now)).expect("a legal move");
                fleet.act(event);
            }
            Decision::Wait(reason) => return reason,
        }
    }
    panic!("it never stops acting at {phase:?}");
}

fn play(on_failure: OnGateFailure, fail_each: usize, bad: S) -> (Phase, Fleet) {
    let plan = plan(on_failure);
    let mut fleet = Fleet::new([40, 120, 240]);
    let mut phase = Phase::Scheduled;
    for step in 0..200 {
        settle(&plan, &mut phase, &mut fleet, running(0), step * 6);
        fleet.live(fail_each, bad);
    }
    (phase, fleet)
}

#[test]
fn a_healthy_release_completes_and_reaches_everyone() {
    let (phase, fleet) = play(OnGateFailure::Pause, 50, S::Failed);
    assert!(matches!(phase, Phase::Completed { ring: RingIndex(2), .. }), "{phase:?}");
    assert!(fleet.rings.iter().flatten().all(|state| matches!(state, S::Confirmed | S::Failed)));
}

#[test]
fn a_bad_release_stops_in_the_first_ring_and_waits_for_a_person() {
    let (phase, fleet) = play(OnGateFailure::Pause, 3, S::Failed);
    let Phase::Paused { by: PausedBy::Service(cause), .. } = phase else { panic!("{phase:?}") };
    assert_eq!((cause.ring, cause.condition), (RingIndex(0), ConditionKind::Success));
    assert!(!fleet.offered(RingIndex(1)) && !fleet.offered(RingIndex(2)));
}

#[test]
fn a_bad_release_is_taken_back_when_the_plan_says_so() {
    let (phase, fleet) = play(OnGateFailure::RollBack, 3, S::Failed);
    assert!(matches!(phase, Phase::RolledBack { .. }), "{phase:?}");
    assert!(fleet.rings.iter().flatten().all(|s| !matches!(s, S::Confirmed | S::Removing)));
    assert!(fleet.rings[0].contains(&S::Removed));
}

#[test]
fn silent_devices_stop_a_release_too() {
    let (phase, _) = play(OnGateFailure::Pause, 6, S::Lost);
    let Phase::Paused { by: PausedBy::Service(cause), .. } = phase else { panic!("{phase:?}") };
    assert_eq!(cause.condition, ConditionKind::Silence);
}

#[test]
fn the_first_removal_wave_is_small_and_must_come_back_first() {
    let plan = plan(OnGateFailure::Pause);
    let mut fleet = Fleet::new([40, 120, 240]);
    fleet.rings[0] = Vec::new();
    fleet.rings[1] = Vec::new();
    fleet.rings[2] = vec![S::Confirmed; 240];
    let mut phase = Phase::Completed { ring: RingIndex(2), since: hour(0) };
    let withdraw = Intent { wish: Wish::Withdraw, given_at: hour(1), promoted: None };
    // Ten first, though the limit of this ring is 24.
    let reason = settle(&plan, &mut phase, &mut fleet, withdraw, 2);
    assert_eq!(reason, WaitingOn::Removal { removing: 10, to_go: 230 });
    fleet.live(usize::MAX, S::Failed);
    let reason = settle(&plan, &mut phase, &mut fleet, withdraw, 3);
    assert_eq!(reason, WaitingOn::Removal { removing: 24, to_go: 206 });
    for hours in 4..20 {
        fleet.live(usize::MAX, S::Failed);
        settle(&plan, &mut phase, &mut fleet, withdraw, hours);
    }
    // It began in hour 2, and a device may hear of it late.
    let reason = settle(&plan, &mut phase, &mut fleet, withdraw, 25);
    assert_eq!(reason, WaitingOn::LateInstalls { until: hour(26) });
    settle(&plan, &mut phase, &mut fleet, withdraw, 26);
    assert_eq!(phase.name(), "rolled_back");
}

#[test]
fn a_persons_hold_outlives_the_service_and_a_resume_without_a_cure_pauses_again() {
    let plan = plan(OnGateFailure::Pause);
    let mut fleet = Fleet::new([40, 120, 240]);
    fleet.rings[0] = vec![S::Failed; 40];
    let mut phase = Phase::Offering { ring: RingIndex(0), since: hour(0) };
    let reason = settle(&plan, &mut phase, &mut fleet, running(0), 10);
    assert!(matches!(reason, WaitingOn::Review { .. }));
    let hold = Intent { wish: Wish::Hold, given_at: hour(11), promoted: None };
    assert_eq!(settle(&plan, &mut phase, &mut fleet, hold, 12), WaitingOn::Person);
    assert!(matches!(phase, Phase::Paused { by: PausedBy::Both(_), .. }));
    let reason = settle(&plan, &mut phase, &mut fleet, running(13), 14);
    assert!(matches!(reason, WaitingOn::Review { .. }), "{reason:?}");
    assert!(matches!(phase, Phase::Paused { by: PausedBy::Service(_), .. }));
    // Vouching for the ring is what lets it go on.
    let promoted = Intent { promoted: Some(RingIndex(0)), ..running(15) };
    settle(&plan, &mut phase, &mut fleet, promoted, 48);
    assert!(fleet.offered(RingIndex(1)));
}

#[test]
fn old_data_never_opens_a_ring() {
    let plan = plan(OnGateFailure::Pause);
    let mut fleet = Fleet::new([40, 120, 240]);
    fleet.rings[0] = vec![S::Confirmed; 40];
    let phase = Phase::Soaking { ring: RingIndex(0), opened_at: hour(0), since: hour(10) };
    let at = |observed: Option<i64>| {
        decide(&plan, phase, &fleet.observe(running(0), observed.map(hour)), hour(100))
    };
    assert!(matches!(at(None), Decision::Wait(WaitingOn::Gate { .. })));
    assert!(matches!(at(Some(87)), Decision::Wait(WaitingOn::Gate { .. })));
    assert_eq!(at(Some(88)), Decision::Act(Event::RingOpened { ring: RingIndex(1) }));
}

#[test]
fn a_ring_waits_for_its_day_and_for_members() {
    let plan = plan(OnGateFailure::Pause);
    let empty = seen(Wish::Run, hour(0), Vec::new());
    let first = RingIndex(0);
    let waiting = decide(&plan, Phase::Scheduled, &empty, hour(5));
    assert_eq!(waiting, Decision::Wait(WaitingOn::Members { ring: first }));
    let fleet = Fleet::new([1, 1, 1]);
    let early = decide(&plan, Phase::Scheduled, &fleet.observe(running(0), None), hour(-1));
    let Decision::Wait(reason) = early else { panic!("{early:?}") };
    assert_eq!(reason.next_look(), Some(hour(0)));
    assert_eq!(plan.opens_at(RingIndex(1)) - hour(0), TimeDelta::days(1));
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Live { fail_each: usize, lost: bool },
    Pass { hours: i64 },
    Wish(Wish),
    Vouch,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let wish = prop_oneof![
        6 => Just(Wish::Run), 3 => Just(Wish::Hold), 1 => Just(Wish::Cancel), 1 => Just(Wish::Withdraw)
    ];
    let step = prop_oneof![
        6 => (2_usize..60, any::<bool>()).prop_map(|(fail_each, lost)| Step::Live { fail_each, lost }),
        6 => (1_i64..40).prop_map(|hours| Step::Pass { hours }),
        2 => wish.prop_map(Step::Wish),
        1 => Just(Step::Vouch),
    ];
    proptest::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// I1, I3, I4, I11 and I18 over random fleets, people and times.
    #[test]
    fn invariants_hold_on_every_walk(
        sizes in (1_usize..60, 1_usize..120, 1_usize..200),
        on_failure in prop_oneof![Just(OnGateFailure::Pause), Just(OnGateFailure::RollBack)],
        steps in steps(),
    ) {
        let plan = plan(on_failure);
        let mut fleet = Fleet::new([sizes.0, sizes.1, sizes.2]);
        let (mut phase, mut now, mut intent) = (Phase::Scheduled, 0_i64, running(0));
        for step in steps {
            now += 1;
            match step {
                Step::Live { fail_each, lost } => {
                    fleet.live(fail_each, if lost { S::Lost } else { S::Failed });
                }
                Step::Pass { hours } => now += hours,
                Step::Wish(wish) => {
                    let promoted = intent.promoted;
                    intent = Intent { wish, given_at: hour(now), promoted };
                    now += 1;
                }
                Step::Vouch => intent.promoted = phase.ring(),
            }
            for _ in 0..60 {
                let seen = fleet.observe(intent, Some(hour(now)));
                let Decision::Act(event) = decide(&plan, phase, &seen, hour(now)) else { break };
                let before = phase;
                phase = phase.apply(event, hour(now)).map_err(|e| TestCaseError::fail(e.to_string()))?;
                match event {
                    Event::RingOpened { ring } if ring.0 > 0 => {
                        // I1: the ring before was judged and baked, or a person vouched for it.
                        let previous = RingIndex(ring.0 - 1);
                        let vouched = intent.promoted.is_some_and(|promoted| previous <= promoted);
                        let baked = matches!(before, Phase::Soaking { ring, since, .. }
                            if ring == previous && hour(now) - since >= TimeDelta::hours(24));
                        prop_assert!(vouched || baked, "{before:?} opened {ring:?}");
                        prop_assert_eq!(intent.wish, Wish::Run);
                    }
                    Event::WaveOffered { ring, .. } => {
                        prop_assert_eq!(intent.wish, Wish::Run);
                        prop_assert!(Some(ring) <= before.ring());
                    }
                    Event::Resumed => {
                        // I3: only a newer word of a person clears a pause.
                        let newer = matches!(before, Phase::Paused { since, .. } if intent.given_at > since);
                        prop_assert!(newer && intent.wish == Wish::Run);
                    }
                    Event::Paused { by: Pauser::Person } => prop_assert_eq!(intent.wish, Wish::Hold),
                    Event::RingOpened { .. } | Event::SoakStarted { .. } | Event::Completed => {}
                    Event::Paused { .. } | Event::RollbackStarted | Event::RemovalWave { .. } => {}
                    Event::RolledBack | Event::Cancelled => {}
                }
                fleet.act(event);
                for ring in RINGS {
                    let in_flight = fleet.rings[ring.slot()].iter().filter(|s| **s == S::Offered).count();
                    let limit = (fleet.rings[ring.slot()].len() / 10).clamp(10, 100);
                    prop_assert!(in_flight <= limit, "I18: {in_flight} of {limit}");
                }
            }
            // Deciding again after acting gives nothing new.
            let seen = fleet.observe(intent, Some(hour(now)));
            prop_assert!(matches!(decide(&plan, phase, &seen, hour(now)), Decision::Wait(_)));
        }
    }
}

#[test]
fn a_rollback_waits_for_installs_that_are_under_way() {
    let plan = plan(OnGateFailure::Pause);
    let mut fleet = Fleet::new([40, 120, 240]);
    fleet.rings[0] = vec![S::Installing; 3];
    let mut phase = Phase::RollingBack { ring: RingIndex(0), since: hour(0) };
    let withdraw = Intent { wish: Wish::Withdraw, given_at: hour(0), promoted: None };
    let reason = settle(&plan, &mut phase, &mut fleet, withdraw, 40);
    assert_eq!(reason, WaitingOn::Removal { removing: 0, to_go: 3 });
    fleet.rings[0] = vec![S::Installed, S::Failed, S::Lost];
    let reason = settle(&plan, &mut phase, &mut fleet, withdraw, 41);
    assert_eq!(reason, WaitingOn::Removal { removing: 2, to_go: 0 });
}
