//! Plans changed in the middle of a rollout: what may change, and what is said of it.

use chrono::TimeDelta;
use domain::approval::Quorum;
use domain::attempt::AttemptState as S;
use domain::gate::success::SuccessRule;
use domain::ring::{Ring, RingIndex};
use domain::rollout::decide::{Decision, decide};
use domain::rollout::phase::{Event, Phase};
use domain::rollout::plan::{OnGateFailure, Plan};
use domain::rollout::revision::{RevisionError, difference};
use serde_json::json;

use crate::fleet::Fleet;
use crate::world::{hour, plan, running};

fn changed(plan: &Plan, change: impl FnOnce(&mut Vec<Ring>)) -> Result<Plan, RevisionError> {
    let mut rings = plan.rings().to_vec();
    change(&mut rings);
    plan.revised(rings, plan.starts_at(), plan.on_gate_failure())
}

#[test]
fn a_revision_says_what_is_different_and_nothing_else() {
    let old = plan(OnGateFailure::Pause);
    let mut rings = old.rings().to_vec();
    rings[0].gate.bake = TimeDelta::hours(48);
    rings[1].waves.most = 200;
    rings[1].approvals = Quorum::new(2, Vec::new()).ok();
    rings[2].cadence.deadline_days = 5;
    rings[2].gate.success = SuccessRule::Certified;
    let new = old.revised(rings, hour(24), OnGateFailure::RollBack).expect("a good plan");
    let lines: Vec<String> = difference(&old, &new)
        .into_iter()
        .map(|one| {
            let ring = one.ring.map_or("-".to_owned(), |ring| ring.0.to_string());
            format!("{ring} {} {} -> {}", one.field, one.before, one.after)
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    - on_gate_failure "pause" -> "roll_back"
    - starts_at "2024-10-04T00:00:00Z" -> "2024-10-05T00:00:00Z"
    0 gate.bake 86400 -> 172800
    1 approvals null -> {"approvers":[],"needed":2}
    1 waves.most 100 -> 200
    2 cadence.deadline_days 2 -> 5
    2 gate.success "point" -> "certified"
    "#);
    assert_eq!(difference(&new, &new), []);
    assert_eq!(difference(&old, &new).len(), difference(&new, &old).len());
    assert_eq!(new.policy(), old.policy());
}

#[test]
fn rings_keep_their_names_and_members_and_something_has_to_change() {
    let old = plan(OnGateFailure::Pause);
    assert_eq!(changed(&old, |_| {}), Err(RevisionError::Same));
    let renamed = changed(&old, |rings| rings[1].name = "Later".to_owned());
    assert_eq!(renamed, Err(RevisionError::Identity { ring: 1 }));
    let moved = changed(&old, |rings| rings[2].membership.percent = 50);
    assert_eq!(moved, Err(RevisionError::Identity { ring: 2 }));
    let fewer = changed(&old, |rings| drop(rings.pop()));
    assert_eq!(fewer, Err(RevisionError::Count { planned: 3, given: 2 }));
    let hopeless = changed(&old, |rings| rings[0].waves.least = 0);
    assert!(matches!(hopeless, Err(RevisionError::Ring(_))), "{hopeless:?}");
}

/// It counts from the next decision on, for the ring that is open too.
#[test]
fn a_shorter_bake_opens_the_next_ring_at_once() {
    let old = plan(OnGateFailure::Pause);
    let short = changed(&old, |rings| rings[0].gate.bake = TimeDelta::hours(4));
    let mut fleet = Fleet::new([40, 120, 240], 0);
    fleet.set(0, &[(S::Confirmed, 40)]);
    let phase = Phase::Soaking { ring: RingIndex(0), opened_at: hour(18), since: hour(20) };
    let decided =
        |plan: &Plan| decide(plan, phase, &fleet.observe(running(0), Some(hour(30))), hour(30));
    assert!(matches!(decided(&old), Decision::Wait(_)));
    let opened = Decision::Act(Event::RingOpened { ring: RingIndex(1) });
    assert_eq!(decided(&short.expect("a good plan")), opened);
}

#[test]
fn a_difference_reads_back() {
    let old = plan(OnGateFailure::Pause);
    let new = changed(&old, |rings| rings[0].waves.percent = 20).expect("a good plan");
    let changes = difference(&old, &new);
    let text = serde_json::to_value(&changes).expect("JSON");
    assert_eq!(text, json!([{ "ring": 0, "field": "waves.percent", "before": 10, "after": 20 }]));
    let back: Vec<domain::rollout::revision::Change> = serde_json::from_value(text).expect("back");
    assert_eq!(back, changes);
}
