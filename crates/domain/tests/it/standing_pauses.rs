//! Standing pauses: nothing is offered under one, whatever happens, and everything goes on after it.
//!
//! The walk keeps a notebook of its own of which pauses stand.

use domain::attempt::AttemptState as S;
use domain::duty::{RingDuty, RingObjects};
use domain::pause::{Scope, StandingPause, Told, clocks, renewal};
use domain::ring::RingIndex;
use domain::rollout::access::{Access, access};
use domain::rollout::decide::{Decision, WaitingOn, decide};
use domain::rollout::observations::{Intent, Observations, Wish};
use domain::rollout::phase::{Event, Phase};
use domain::rollout::plan::{OnGateFailure, Plan};
use proptest::prelude::*;

use crate::fleet::Fleet;
use crate::world::{RINGS, hour, plan, running, wish};

fn pause(scope: Scope, at: i64) -> StandingPause {
    let (by, reason) = ("ana".to_owned(), None);
    StandingPause { scope, at: hour(at), by, reason, take_back: false }
}

fn of_ring(ring: u8) -> Scope {
    Scope::Ring { ring: RingIndex(ring) }
}

/// A fleet under pauses, decided about until there is something to wait for.
struct Scene {
    plan: Plan,
    phase: Phase,
    fleet: Fleet,
    intent: Intent,
    pauses: Vec<StandingPause>,
}

impl Scene {
    fn new(sizes: [usize; 3]) -> Self {
        Self {
            plan: plan(OnGateFailure::Pause),
            phase: Phase::Scheduled,
            fleet: Fleet::new(sizes, 0),
            intent: running(0),
            pauses: Vec::new(),
        }
    }

    fn seen(&self, now: i64) -> Observations {
        let pauses = self.pauses.clone();
        Observations { pauses, ..self.fleet.observe(self.intent.clone(), Some(hour(now))) }
    }

    /// Acts until it waits; the events on the way.
    fn settle(&mut self, now: i64) -> (Vec<Event>, WaitingOn) {
        let mut events = Vec::new();
        for _ in 0..60 {
            match decide(&self.plan, self.phase, &self.seen(now), hour(now)) {
                Decision::Act(event) => {
                    self.phase = self.phase.apply(event, hour(now)).expect("a legal move");
                    self.fleet.act(event, now);
                    events.push(event);
                }
                Decision::Wait(on) => return (events, on),
            }
        }
        panic!("it never stops acting at {:?}", self.phase);
    }
}

fn paused_ring(on: &WaitingOn) -> Option<RingIndex> {
    if let WaitingOn::StandingPause { ring, .. } = on { Some(*ring) } else { None }
}

#[test]
fn a_paused_tenant_opens_nothing_and_says_who_paused_it() {
    for scope in [Scope::Tenant, Scope::Release, of_ring(0)] {
        let mut scene = Scene::new([40, 120, 240]);
        scene.pauses = vec![pause(scope, 0)];
        let (events, on) = scene.settle(48);
        assert_eq!(events, vec![]);
        let pauses = vec![pause(scope, 0)];
        assert_eq!(on, WaitingOn::StandingPause { ring: RingIndex(0), pauses });
        scene.pauses.clear();
        let (events, _) = scene.settle(49);
        assert!(matches!(events[..], [Event::RingOpened { .. }, Event::WaveOffered { .. }, ..]));
    }
}

#[test]
fn a_paused_ring_stops_its_own_waves_and_the_next_ring_and_nothing_else() {
    let mut scene = Scene::new([40, 120, 240]);
    scene.fleet.set(0, &[(S::Confirmed, 30), (S::Assigned, 10)]);
    scene.fleet.set(1, &[(S::Confirmed, 100), (S::Assigned, 20)]);
    let (opened_at, since) = (hour(0), hour(1));
    scene.phase = Phase::Soaking { ring: RingIndex(1), opened_at, since };
    scene.pauses = vec![pause(of_ring(0), 2)];
    let (events, _) = scene.settle(100);
    // The second ring is served, and the third one opens after it: both are none of the first's business.
    let opened = Event::RingOpened { ring: RingIndex(2) };
    assert!(events.contains(&opened), "{events:?}");
    let of_first = |event: &Event| matches!(event, Event::WaveOffered { ring: RingIndex(0), .. });
    assert!(!events.iter().any(of_first), "{events:?}");

    let mut scene = Scene::new([40, 120, 240]);
    scene.fleet.set(0, &[(S::Confirmed, 40)]);
    scene.phase = Phase::Soaking { ring: RingIndex(0), opened_at, since };
    for ring in [0, 1] {
        scene.pauses = vec![pause(of_ring(ring), 2)];
        let (events, on) = scene.settle(100);
        assert_eq!((events, paused_ring(&on)), (vec![], Some(RingIndex(ring))));
    }
}

#[test]
fn a_rollout_does_not_complete_while_a_paused_ring_has_members_to_offer() {
    let mut scene = Scene::new([40, 120, 240]);
    scene.fleet.set(0, &[(S::Confirmed, 39), (S::Assigned, 1)]);
    scene.fleet.set(1, &[(S::Confirmed, 120)]);
    scene.fleet.set(2, &[(S::Confirmed, 240)]);
    let (opened_at, since) = (hour(0), hour(1));
    scene.phase = Phase::Soaking { ring: RingIndex(2), opened_at, since };
    scene.pauses = vec![pause(of_ring(0), 2)];
    let (events, on) = scene.settle(400);
    assert_eq!((events, paused_ring(&on)), (vec![], Some(RingIndex(0))));
}

#[test]
fn a_pause_outranks_a_vouching_and_leaves_the_gate_at_work() {
    let mut scene = Scene::new([40, 120, 240]);
    scene.fleet.set(0, &[(S::Failed, 40)]);
    scene.phase = Phase::Offering { ring: RingIndex(0), since: hour(0) };
    scene.pauses = vec![pause(Scope::Release, 1)];
    // The service's own pause comes beside it.
    let (events, _) = scene.settle(10);
    assert!(matches!(events.last(), Some(Event::Paused { .. })), "{events:?}");
    scene.intent = Intent { promoted: Some(RingIndex(2)), ..running(11) };
    let (events, on) = scene.settle(48);
    assert!(events.contains(&Event::Resumed), "{events:?}");
    assert!(!events.iter().any(|event| matches!(event, Event::RingOpened { .. })));
    assert_eq!(paused_ring(&on), Some(RingIndex(0)));
}

#[test]
fn nothing_is_taken_back_by_itself_under_a_pause() {
    let mut scene = Scene::new([40, 120, 240]);
    scene.plan = plan(OnGateFailure::RollBack);
    scene.fleet.set(0, &[(S::Failed, 20), (S::Confirmed, 20)]);
    scene.phase = Phase::Offering { ring: RingIndex(0), since: hour(0) };
    scene.pauses = vec![pause(Scope::Tenant, 1)];
    let (_, on) = scene.settle(10);
    assert!(matches!(on, WaitingOn::Review { .. }), "{on:?}");
    scene.pauses.clear();
    let (events, _) = scene.settle(11);
    assert!(events.contains(&Event::RollbackStarted), "{events:?}");
}

#[test]
fn a_rollback_is_stopped_by_a_later_pause_only() {
    for (at, stops) in [(2, false), (9, true)] {
        let mut scene = Scene::new([40, 120, 240]);
        scene.fleet.set(0, &[(S::Confirmed, 40)]);
        scene.phase = Phase::RollingBack { ring: RingIndex(0), since: hour(5) };
        scene.intent = wish(Wish::Withdraw, 4);
        scene.pauses = vec![pause(Scope::Tenant, at)];
        let (events, on) = scene.settle(10);
        assert_eq!(events.is_empty(), stops, "{events:?}");
        assert_eq!(paused_ring(&on).is_some(), stops, "{on:?}");
    }
}

#[test]
fn a_rollback_that_goes_wrong_waits_for_a_person_who_has_looked() {
    let mut scene = Scene::new([40, 120, 240]);
    scene.fleet.set(0, &[(S::Confirmed, 30), (S::Stranded, 8), (S::Removed, 2)]);
    scene.phase = Phase::RollingBack { ring: RingIndex(0), since: hour(5) };
    scene.intent = wish(Wish::Withdraw, 4);
    let (events, on) = scene.settle(200);
    assert_eq!((events, on), (vec![], WaitingOn::RemovalReview { removed: 2, stranded: 8 }));
    scene.intent = running(201);
    let (events, _) = scene.settle(202);
    assert!(matches!(events[..], [Event::RemovalWave { .. }]), "{events:?}");
}

#[test]
fn offers_are_taken_back_where_a_person_asked_and_given_again_after() {
    let mut scene = Scene::new([40, 120, 240]);
    scene.settle(0);
    let take_back = StandingPause { take_back: true, ..pause(of_ring(0), 1) };
    scene.pauses = vec![take_back];
    let (events, _) = scene.settle(2);
    assert_eq!(events, vec![Event::OffersTakenBack { ring: RingIndex(0) }]);
    assert_eq!(scene.fleet.count(RingIndex(0), &[S::Withdrawn]), 10);
    scene.pauses.clear();
    let (events, _) = scene.settle(3);
    assert_eq!(events[0], Event::OffersReturned { ring: RingIndex(0) });
    assert!(matches!(events[1], Event::WaveOffered { devices: 10, .. }), "{events:?}");

    // The same for the pause of the rollout alone.
    scene.intent = Intent { take_back: true, ..wish(Wish::Hold, 4) };
    let (events, _) = scene.settle(5);
    let taken = Event::OffersTakenBack { ring: RingIndex(0) };
    assert_eq!(events.last(), Some(&taken), "{events:?}");
    scene.intent = running(6);
    let (events, _) = scene.settle(7);
    let returned = Event::OffersReturned { ring: RingIndex(0) };
    assert!(events.contains(&returned), "{events:?}");
}

#[test]
fn a_pause_holds_what_is_open_and_nothing_else() {
    let ring = RingIndex(1);
    let phases = [
        Phase::Offering { ring, since: hour(1) },
        Phase::Completed { ring, since: hour(1) },
        Phase::RollingBack { ring, since: hour(1) },
        Phase::Scheduled,
    ];
    for phase in phases {
        for scope in [Scope::Tenant, Scope::Release, of_ring(0)] {
            let pauses = [pause(scope, 2)];
            for told in RINGS {
                let (before, under) = (access(phase, &[], told), access(phase, &pauses, told));
                let is_stopped = before == Access::Open && pauses[0].covers(told);
                assert_eq!(under, if is_stopped { Access::Held } else { before });
            }
        }
    }
}

#[test]
fn three_clocks() {
    let told =
        |wanted, accepted, at: Option<i64>| Told { wanted, accepted, accepted_at: at.map(hour) };
    let held = |at| told(Access::Held, Access::Held, Some(at));
    let closed = told(Access::Closed, Access::Closed, None);
    assert_eq!(clocks(hour(1), [held(2), held(4), closed]), Some((hour(4), hour(12))));
    // Held before the pause was given: nothing was left to accept.
    assert_eq!(clocks(hour(5), [held(2)]), Some((hour(5), hour(13))));
    assert_eq!(clocks(hour(5), [closed]), Some((hour(5), hour(13))));
    assert_eq!(clocks(hour(1), [held(2), told(Access::Held, Access::Open, Some(0))]), None);
    assert_eq!(clocks(hour(1), [told(Access::Open, Access::Open, Some(0))]), None);
}

#[test]
fn a_hold_is_told_anew_a_week_before_microsoft_ends_it() {
    let ring = |wanted, accepted, since: Option<i64>| RingDuty {
        ring: RingIndex(0),
        name: "First".to_owned(),
        deadline_days: 0,
        grace_days: 0,
        wanted,
        wanted_generation: 1,
        accepted,
        accepted_generation: 1,
        held_since: since.map(hour),
        renew: false,
        objects: RingObjects::default(),
    };
    let (held, open) = (Access::Held, Access::Open);
    assert_eq!(renewal(&ring(held, held, Some(0))), Some(hour(28 * 24)));
    assert_eq!(renewal(&ring(open, open, Some(0))), None);
    assert_eq!(renewal(&ring(held, open, Some(0))), None);
    assert_eq!(renewal(&ring(open, held, Some(0))), None);
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Live { fail_each: usize },
    Pass { hours: i64 },
    Pause { which: u8, take_back: bool },
    Lift { which: u8 },
    Vouch,
    Wish(Wish),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let wish = prop_oneof![4 => Just(Wish::Run), 1 => Just(Wish::Hold)];
    let step = prop_oneof![
        6 => (20_usize..80).prop_map(|fail_each| Step::Live { fail_each }),
        6 => (1_i64..40).prop_map(|hours| Step::Pass { hours }),
        3 => (0_u8..5, any::<bool>()).prop_map(|(which, take_back)| Step::Pause { which, take_back }),
        3 => (0_u8..5).prop_map(|which| Step::Lift { which }),
        1 => Just(Step::Vouch),
        1 => wish.prop_map(Step::Wish),
    ];
    proptest::collection::vec(step, 1..60)
}

fn scope(which: u8) -> Scope {
    match which {
        0 => Scope::Tenant,
        1 => Scope::Release,
        ring => of_ring(ring - 2),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// No wave and no opening under a pause; what is taken back was asked for; whatever is still
    /// paused says so; and without pauses everything that was taken back is offered again.
    #[test]
    fn nothing_is_offered_under_a_standing_pause(
        sizes in (1_usize..60, 1_usize..120, 1_usize..200),
        steps in steps(),
    ) {
        let mut scene = Scene::new([sizes.0, sizes.1, sizes.2]);
        let mut now = 0;
        for step in steps {
            now += 1;
            match step {
                Step::Live { fail_each } => scene.fleet.live(now, fail_each, S::Failed),
                Step::Pass { hours } => now += hours,
                Step::Pause { which, take_back } => {
                    let scope = scope(which);
                    if !scene.pauses.iter().any(|pause| pause.scope == scope) {
                        scene.pauses.push(StandingPause { take_back, ..pause(scope, now) });
                    }
                }
                Step::Lift { which } => {
                    let scope = scope(which);
                    scene.pauses.retain(|pause| pause.scope != scope);
                }
                Step::Vouch => scene.intent.promoted = scene.phase.ring(),
                Step::Wish(wish) => {
                    scene.intent = Intent { wish, given_at: hour(now), ..scene.intent.clone() };
                    now += 1;
                }
            }
            let covers = |pauses: &[StandingPause], ring: RingIndex| {
                pauses.iter().any(|pause| match pause.scope {
                    Scope::Tenant | Scope::Release => true,
                    Scope::Ring { ring: paused } => paused == ring,
                })
            };
            let pauses = scene.pauses.clone();
            let (events, on) = scene.settle(now);
            for event in events {
                match event {
                    Event::WaveOffered { ring, .. } | Event::OffersReturned { ring } => {
                        prop_assert!(!covers(&pauses, ring), "{event:?} under {pauses:?}");
                    }
                    Event::RingOpened { ring } => {
                        prop_assert!(!covers(&pauses, ring));
                        let before = ring.0.checked_sub(1).map(RingIndex);
                        prop_assert!(before.is_none_or(|ring| !covers(&pauses, ring)));
                    }
                    Event::OffersTakenBack { ring } => {
                        let asked: Vec<_> =
                            pauses.iter().filter(|pause| pause.take_back).cloned().collect();
                        prop_assert!(covers(&asked, ring));
                    }
                    Event::SoakStarted { .. } | Event::Paused { .. } | Event::Resumed => {}
                    Event::Completed | Event::RollbackStarted | Event::RemovalWave { .. } => {}
                    Event::RolledBack | Event::Cancelled | Event::EvidenceMoved { .. } => {}
                    Event::SegmentHeld { .. } | Event::SegmentReleased { .. } => {}
                    Event::Superseded { .. } => {}
                }
            }
            if let WaitingOn::StandingPause { ring, pauses: named } = on {
                prop_assert!(!named.is_empty() && covers(&pauses, ring));
            }
            if pauses.is_empty() && matches!(scene.phase, Phase::Offering { .. } | Phase::Soaking { .. }) {
                let left = RINGS.map(|ring| scene.fleet.count(ring, &[S::Withdrawn]));
                prop_assert_eq!(left, [0, 0, 0]);
            }
        }
    }
}
