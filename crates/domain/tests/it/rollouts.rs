//! Whole rollouts of a small fleet, and single decisions at their turning points.

use chrono::TimeDelta;
use domain::attempt::AttemptState as S;
use domain::evidence::Level;
use domain::gate::policy::{OnSuspect, Policy, Signal};
use domain::gate::weigh::Culprit;
use domain::gate::{ConditionKind, GateReport, Verdict};
use domain::ring::RingIndex;
use domain::rollout::decide::{Decision, WaitingOn, decide};
use domain::rollout::observations::{Intent, Wish};
use domain::rollout::phase::{Event, PausedBy, Phase};
use domain::rollout::plan::OnGateFailure;

use crate::fleet::{Fleet, settle};
use crate::world::{hour, models, observed, plan, plan_by, policy, running, wish};

fn play_by(
    policy: Policy,
    on_failure: OnGateFailure,
    fleet: &mut Fleet,
    live: impl Fn(&mut Fleet, i64),
) -> (Phase, WaitingOn) {
    let plan = plan_by(on_failure, policy);
    let mut phase = Phase::Scheduled;
    let mut waiting = WaitingOn::Nothing;
    for step in 0..200 {
        waiting = settle(&plan, &mut phase, fleet, &running(0), step * 6);
        live(fleet, step * 6);
    }
    (phase, waiting)
}

fn play(on_failure: OnGateFailure, fail_each: usize, bad: S) -> (Phase, WaitingOn, Fleet) {
    let mut fleet = Fleet::new([40, 120, 240], 0);
    let live = |fleet: &mut Fleet, now| fleet.live(now, fail_each, bad);
    let (phase, waiting) = play_by(policy(), on_failure, &mut fleet, live);
    (phase, waiting, fleet)
}

fn verdicts(waiting: &WaitingOn) -> Vec<(ConditionKind, Verdict)> {
    let WaitingOn::Gate { report: GateReport { conditions }, .. } = waiting else {
        panic!("{waiting:?}")
    };
    let failing = conditions.iter().filter(|condition| condition.verdict != Verdict::Pass);
    failing.map(|condition| (condition.kind, condition.verdict)).collect()
}

#[test]
fn a_healthy_release_completes_and_reaches_everyone() {
    let (phase, _, fleet) = play(OnGateFailure::Pause, 50, S::Failed);
    assert!(matches!(phase, Phase::Completed { ring: RingIndex(2), .. }), "{phase:?}");
    let devices: Vec<S> = fleet.rings.iter().flatten().map(|device| device.state).collect();
    assert!(devices.iter().all(|state| matches!(state, S::Confirmed | S::Failed)));
    assert!(devices.contains(&S::Failed));
}

#[test]
fn a_bad_release_stops_in_the_first_ring_and_waits_for_a_person() {
    let (phase, _, fleet) = play(OnGateFailure::Pause, 2, S::Failed);
    let Phase::Paused { by: PausedBy::Service(cause), .. } = phase else { panic!("{phase:?}") };
    assert_eq!((cause.ring, cause.condition), (RingIndex(0), ConditionKind::NoHalt));
    assert_eq!(cause.culprit, Some(Culprit::Release { signal: Signal::Failed }));
    assert!(!fleet.offered(RingIndex(1)) && !fleet.offered(RingIndex(2)));
}

/// Three failures of the first ten devices may be chance once in ten healthy releases, not once in a
/// hundred: nothing more is offered, and a person looks.
#[test]
fn what_may_be_chance_stops_waves_and_does_not_pause() {
    let (phase, waiting, fleet) = play(OnGateFailure::RollBack, 3, S::Failed);
    assert_eq!(phase.name(), "offering");
    let hold = Verdict::Wait { until: None };
    let expected = [
        (ConditionKind::Exposure, hold),
        (ConditionKind::Bake, hold),
        (ConditionKind::Success, Verdict::Unknown),
        (ConditionKind::NoHalt, hold),
    ];
    assert_eq!(verdicts(&waiting), expected);
    assert_eq!(fleet.level, Level::Watch);
    assert_eq!(fleet.count(RingIndex(0), &[S::Assigned]), 30);
}

#[test]
fn a_bad_release_is_taken_back_when_the_plan_says_so() {
    let (phase, _, fleet) = play(OnGateFailure::RollBack, 2, S::Failed);
    assert!(matches!(phase, Phase::RolledBack { .. }), "{phase:?}");
    let mut states = fleet.rings.iter().flatten().map(|device| device.state);
    assert!(states.all(|state| !matches!(state, S::Confirmed | S::Removing)));
    assert!(fleet.rings[0].iter().any(|device| device.state == S::Removed));
}

#[test]
fn taking_back_needs_more_evidence_than_pausing() {
    let plan = plan(OnGateFailure::RollBack);
    let mut phase = Phase::Offering { ring: RingIndex(0), since: hour(0) };
    let mut fleet = Fleet::new([40, 120, 240], 0);
    fleet.set(0, &[(S::Failed, 4), (S::Confirmed, 6), (S::Assigned, 30)]);
    let reason = settle(&plan, &mut phase, &mut fleet, &running(0), 10);
    let WaitingOn::Review { cause, level } = reason else { panic!("{reason:?}") };
    assert_eq!((cause.condition, level), (ConditionKind::NoHalt, Level::Pause));
    // What comes in after the pause moves the evidence on.
    fleet.set(0, &[(S::Failed, 6), (S::Confirmed, 4), (S::Assigned, 30)]);
    settle(&plan, &mut phase, &mut fleet, &running(0), 11);
    assert_eq!((phase.name(), fleet.level), ("rolling_back", Level::RollBack));
}

#[test]
fn silent_devices_stop_a_release_too() {
    // In a ring of 40 the first lost device is above the limit: no more are offered.
    let (phase, waiting, fleet) = play(OnGateFailure::Pause, 6, S::Lost);
    assert_eq!(phase.name(), "offering");
    assert!(verdicts(&waiting).contains(&(ConditionKind::Stall, Verdict::Unknown)));
    assert_eq!(fleet.count(RingIndex(0), &[S::Assigned]), 30);
    let (phase, _, _) = play(OnGateFailure::Pause, 2, S::Lost);
    let Phase::Paused { by: PausedBy::Service(cause), .. } = phase else { panic!("{phase:?}") };
    assert_eq!(cause.culprit, Some(Culprit::Release { signal: Signal::Lost }));
}

/// A fifth of the fleet is a model that fails on every device, the rest is healthy.
fn one_bad_model(on_suspect: OnSuspect) -> (Phase, Fleet) {
    let mut fleet = Fleet::new([400, 600, 1_000], 5);
    let policy = models(on_suspect, &fleet.members());
    let live = |fleet: &mut Fleet, now| {
        fleet.live_by(now, S::Failed, |model| if model == 3 { 1 } else { 300 });
    };
    let (phase, _) = play_by(policy, OnGateFailure::Pause, &mut fleet, live);
    (phase, fleet)
}

#[test]
fn a_bad_model_is_set_aside_and_the_rest_goes_on() {
    let (phase, fleet) = one_bad_model(OnSuspect::Hold);
    assert_eq!((phase.name(), &fleet.held), ("soaking", &vec![3]));
    let of_model = |device: &&crate::fleet::Device| device.model == 3;
    let stayed = fleet.rings.iter().flatten().filter(of_model);
    assert!(stayed.filter(|device| device.state == S::Assigned).count() > 390);
    // Once it is set aside the evidence starts anew.
    assert_eq!(fleet.level, Level::Calm);
}

#[test]
fn a_bad_model_pauses_where_the_plan_says_so() {
    let (phase, fleet) = one_bad_model(OnSuspect::Pause);
    let Phase::Paused { by: PausedBy::Service(cause), .. } = phase else { panic!("{phase:?}") };
    let of = |signal| Culprit::Segment { segment: 3, signal };
    assert_eq!(cause.culprit, Some(of(Signal::Failed)));
    assert_eq!(fleet.held, Vec::<u16>::new());
}

#[test]
fn a_persons_word_about_a_segment_is_put_on_record_first() {
    let policy = models(OnSuspect::Pause, &[40, 40]);
    let plan = plan_by(OnGateFailure::Pause, policy);
    let fleet = Fleet::new([40, 120, 240], 2);
    let phase = Phase::Offering { ring: RingIndex(0), since: hour(0) };
    let decided = |intent: Intent, held: Vec<u16>| {
        let mut seen = fleet.observe(intent, Some(hour(1)));
        seen.held = held;
        decide(&plan, phase, &seen, hour(1))
    };
    let hold = Intent { held: vec![1], ..running(0) };
    let release = Intent { released: vec![1], ..running(0) };
    let set_aside = Decision::Act(Event::SegmentHeld { segment: 1 });
    let let_go = Decision::Act(Event::SegmentReleased { segment: 1 });
    assert_eq!(decided(hold.clone(), vec![]), set_aside);
    assert_ne!(decided(hold, vec![1]), set_aside);
    assert_eq!(decided(release.clone(), vec![1]), let_go);
    assert_ne!(decided(release, vec![]), let_go);
}

#[test]
fn the_first_removal_wave_is_small_and_must_come_back_first() {
    let plan = plan(OnGateFailure::Pause);
    let mut fleet = Fleet::new([40, 120, 240], 0);
    fleet.set(0, &[]);
    fleet.set(1, &[]);
    fleet.set(2, &[(S::Confirmed, 240)]);
    let mut phase = Phase::Completed { ring: RingIndex(2), since: hour(0) };
    let withdraw = wish(Wish::Withdraw, 1);
    // Ten first, though the limit of this ring is 24.
    let reason = settle(&plan, &mut phase, &mut fleet, &withdraw, 2);
    assert_eq!(reason, WaitingOn::Removal { removing: 10, to_go: 230 });
    fleet.live(2, usize::MAX, S::Failed);
    let reason = settle(&plan, &mut phase, &mut fleet, &withdraw, 3);
    assert_eq!(reason, WaitingOn::Removal { removing: 24, to_go: 206 });
    for hours in 4..20 {
        fleet.live(hours, usize::MAX, S::Failed);
        settle(&plan, &mut phase, &mut fleet, &withdraw, hours);
    }
    // It began in hour 2, and a device may hear of it late.
    let reason = settle(&plan, &mut phase, &mut fleet, &withdraw, 25);
    assert_eq!(reason, WaitingOn::LateInstalls { until: hour(26) });
    settle(&plan, &mut phase, &mut fleet, &withdraw, 26);
    assert_eq!(phase.name(), "rolled_back");
}

#[test]
fn a_persons_hold_outlives_the_service_and_a_resume_without_a_cure_pauses_again() {
    let plan = plan(OnGateFailure::Pause);
    let mut fleet = Fleet::new([40, 120, 240], 0);
    fleet.set(0, &[(S::Failed, 40)]);
    let mut phase = Phase::Offering { ring: RingIndex(0), since: hour(0) };
    let reason = settle(&plan, &mut phase, &mut fleet, &running(0), 10);
    assert!(matches!(reason, WaitingOn::Review { .. }));
    let hold = wish(Wish::Hold, 11);
    assert_eq!(settle(&plan, &mut phase, &mut fleet, &hold, 12), WaitingOn::Person);
    assert!(matches!(phase, Phase::Paused { by: PausedBy::Both(_), .. }));
    let reason = settle(&plan, &mut phase, &mut fleet, &running(13), 14);
    assert!(matches!(reason, WaitingOn::Review { .. }), "{reason:?}");
    assert!(matches!(phase, Phase::Paused { by: PausedBy::Service(_), .. }));
    // Vouching for the ring is what lets it go on.
    let promoted = Intent { promoted: Some(RingIndex(0)), ..running(15) };
    settle(&plan, &mut phase, &mut fleet, &promoted, 48);
    assert!(fleet.offered(RingIndex(1)));
}

#[test]
fn old_data_never_opens_a_ring() {
    let plan = plan(OnGateFailure::Pause);
    let mut fleet = Fleet::new([40, 120, 240], 0);
    fleet.set(0, &[(S::Confirmed, 40)]);
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
    let empty = observed(running(0), Vec::new(), Some(hour(5)));
    let first = RingIndex(0);
    let waiting = decide(&plan, Phase::Scheduled, &empty, hour(5));
    assert_eq!(waiting, Decision::Wait(WaitingOn::Members { ring: first }));
    let fleet = Fleet::new([1, 1, 1], 0);
    let early = decide(&plan, Phase::Scheduled, &fleet.observe(running(0), None), hour(-1));
    let Decision::Wait(reason) = early else { panic!("{early:?}") };
    assert_eq!(reason.next_look(), Some(hour(0)));
    assert_eq!(plan.opens_at(RingIndex(1)) - hour(0), TimeDelta::days(1));
}

#[test]
fn a_rollback_waits_for_installs_that_are_under_way() {
    let plan = plan(OnGateFailure::Pause);
    let mut fleet = Fleet::new([40, 120, 240], 0);
    fleet.set(0, &[(S::Installing, 3)]);
    let mut phase = Phase::RollingBack { ring: RingIndex(0), since: hour(0) };
    let withdraw = wish(Wish::Withdraw, 0);
    let reason = settle(&plan, &mut phase, &mut fleet, &withdraw, 40);
    assert_eq!(reason, WaitingOn::Removal { removing: 0, to_go: 3 });
    fleet.set(0, &[(S::Installed, 1), (S::Failed, 1), (S::Lost, 1)]);
    let reason = settle(&plan, &mut phase, &mut fleet, &withdraw, 41);
    assert_eq!(reason, WaitingOn::Removal { removing: 2, to_go: 0 });
}

#[test]
fn a_ring_of_held_devices_says_so_and_is_passed_over_on_a_persons_word() {
    let plan = plan_by(OnGateFailure::Pause, models(OnSuspect::Pause, &[40, 40]));
    let mut fleet = Fleet::new([40, 40, 40], 2);
    fleet.set(0, &[(S::Confirmed, 40)]);
    for device in &mut fleet.rings[1] {
        device.model = 1;
    }
    fleet.held = vec![1];
    let second = RingIndex(1);
    let held = |ring, devices| WaitingOn::HeldSegments { ring, segments: vec![1], devices };
    let soaking = Phase::Soaking { ring: RingIndex(0), opened_at: hour(0), since: hour(10) };
    let mut phase = soaking;
    let reason = settle(&plan, &mut phase, &mut fleet, &running(0), 100);
    assert_eq!((phase.ring(), reason), (Some(second), held(Some(second), 40)));
    let vouched = Intent { promoted: Some(second), ..running(101) };
    settle(&plan, &mut phase, &mut fleet, &vouched, 102);
    assert_eq!(phase.ring(), Some(RingIndex(2)));
    let of_held = fleet.rings[1].iter().filter(|device| device.state != S::Assigned);
    assert_eq!(of_held.count(), 0);
}
