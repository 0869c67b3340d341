//! What people and other systems say of a ring that is good by its counters.

use domain::approval::{Approval, Quorum, VALID_FOR};
use domain::attempt::AttemptState as S;
use domain::gate::{ConditionKind, Verdict};
use domain::ids::PlanId;
use domain::ring::{RingIndex, RingSet};
use domain::rollout::decide::{Decision, WaitingOn, decide};
use domain::rollout::observations::{Observations, RingObservation};
use domain::rollout::phase::{Event, Phase};
use domain::rollout::plan::{OnGateFailure, Plan};
use domain::signal::{History, NoData, Outcome, Policy, Reading, Seen};
use uuid::Uuid;

use crate::world::{counted, hour, observed, policy, ring, running};

const PLAN: PlanId = PlanId(Uuid::from_u128(9));
const NOW: i64 = 100;
const NEXT: Decision = Decision::Act(Event::RingOpened { ring: RingIndex(1) });

/// The first ring asks for one person, and has done all else.
fn plan(needed: Option<u8>) -> Plan {
    let mut first = ring("First", 10, 0);
    first.approvals = needed.map(|needed| Quorum::new(needed, Vec::new()).expect("a quorum"));
    let set = RingSet::new("Two".to_owned(), vec![first, ring("Rest", 90, 0)]).expect("a set");
    Plan::new(&set, hour(0), OnGateFailure::Pause, policy())
}

fn good() -> Observations {
    let rings: Vec<RingObservation> =
        vec![counted(&[(S::Confirmed, 100)]), counted(&[(S::Assigned, 900)])];
    let seen = observed(running(0), rings, Some(hour(NOW)));
    Observations { plan_id: PLAN, author: "ana".to_owned(), ..seen }
}

fn decided(plan: &Plan, seen: &Observations) -> Decision {
    let phase = Phase::Soaking { ring: RingIndex(0), opened_at: hour(0), since: hour(10) };
    decide(plan, phase, seen, hour(NOW))
}

fn held_by(decision: Decision) -> Vec<(ConditionKind, Verdict)> {
    let Decision::Wait(WaitingOn::Gate { report, .. }) = decision else { panic!("{decision:?}") };
    let all = report.conditions.into_iter().map(|one| (one.kind, one.verdict));
    all.filter(|(_, verdict)| *verdict != Verdict::Pass).collect()
}

fn approval(by: &str, at: i64) -> Approval {
    Approval {
        by: by.to_owned(),
        at: hour(at),
        expires_at: hour(at) + VALID_FOR,
        ring: RingIndex(0),
        plan: PLAN,
        evidence: String::new(),
        comment: "fine".to_owned(),
        withdrawn_at: None,
    }
}

#[test]
fn a_ring_opens_only_with_the_people_its_gate_asks_for() {
    let wait = vec![(ConditionKind::Approvals, Verdict::Wait { until: None })];
    let with = |approvals: Vec<Approval>| Observations { approvals, ..good() };
    assert_eq!(decided(&plan(None), &good()), NEXT);
    assert_eq!(held_by(decided(&plan(Some(1)), &good())), wait);
    assert_eq!(decided(&plan(Some(1)), &with(vec![approval("ben", NOW - 1)])), NEXT);
    // Its author, somebody who said so too long ago, and the same person twice are not enough.
    assert_eq!(held_by(decided(&plan(Some(1)), &with(vec![approval("Ana", NOW - 1)]))), wait);
    assert_eq!(held_by(decided(&plan(Some(1)), &with(vec![approval("ben", NOW - 24)]))), wait);
    let twice = vec![approval("ben", NOW - 2), approval("ben", NOW - 1)];
    assert_eq!(held_by(decided(&plan(Some(2)), &with(twice))), wait);
    // Nor who had not seen the evidence become worse.
    let before =
        Observations { watched_at: Some(hour(NOW - 1)), ..with(vec![approval("ben", NOW - 1)]) };
    assert_eq!(held_by(decided(&plan(Some(1)), &before)), wait);
    // A person's promotion outranks the gate.
    let mut vouched = good();
    vouched.intent.promoted = Some(RingIndex(0));
    assert_eq!(decided(&plan(Some(1)), &vouched), NEXT);
}

fn signal(outcomes: &[Outcome]) -> Seen {
    let policy = Policy {
        max_age: chrono::TimeDelta::hours(6),
        no_data: NoData::Hold,
        failure_limit: 0,
        passes_in_a_row: 1,
        consecutive_error_limit: 0,
        counts: None,
    };
    let readings = outcomes.iter().map(|outcome| Reading::new(hour(NOW - 1), *outcome, "said"));
    let history = readings.fold(History::default(), |history, one| history.after(one, &policy));
    let (name, owner) = ("VPN".to_owned(), "net-ops".to_owned());
    Seen { name, owner, runbook: None, policy, first_due: hour(0), history }
}

#[test]
fn a_signal_holds_or_stops_and_never_opens() {
    let with = |signals: Vec<Seen>| Observations { signals, ..good() };
    assert_eq!(decided(&plan(None), &with(vec![signal(&[Outcome::Pass])])), NEXT);
    for silent in [vec![], vec![Outcome::NoData], vec![Outcome::Error]] {
        let held = held_by(decided(&plan(None), &with(vec![signal(&silent)])));
        assert_eq!(held, [(ConditionKind::Signals, Verdict::Unknown)], "{silent:?}");
    }
    let failed = decided(&plan(None), &with(vec![signal(&[Outcome::Fail])]));
    let Decision::Act(Event::Paused { by }) = failed else { panic!("{failed:?}") };
    let cause = match by {
        domain::rollout::phase::Pauser::Service(cause) => cause,
        domain::rollout::phase::Pauser::Person => panic!("no person paused it"),
    };
    assert_eq!(cause.condition, ConditionKind::Signals);
    // Good signals do not make up for counters that are not good.
    let mut early = with(vec![signal(&[Outcome::Pass])]);
    early.rings[0] = counted(&[(S::Confirmed, 70), (S::Offered, 30)]);
    assert!(matches!(decided(&plan(None), &early), Decision::Wait(WaitingOn::Gate { .. })));
}
