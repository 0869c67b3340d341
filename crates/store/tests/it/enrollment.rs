//! Enrollments, assessments and device actions are kept as they were asked for.

use domain::attempt::AttemptState;
use domain::enrollment::drift::{Difference, What};
use domain::enrollment::object::{GroupPayload, Recorded};
use domain::enrollment::{Key, Payload, Plan, Settings};
use domain::ids::RingSetId;
use domain::readiness::{Assessment, CheckId, Finding, Level};
use domain::ring::RingIndex;
use domain::rollout::phase::Event;
use store::StoreError;
use store::actions::DeviceAction;
use store::enrollment::{Demand, EnrollmentRequest, EnrollmentState};
use store::events::ChainState;
use uuid::Uuid;

use crate::world::{ALL, World, execute, hour};

fn settings(ring_set: RingSetId) -> Settings {
    Settings {
        ring_set,
        restore_drift: false,
        exclude_from_foreign_rings: true,
        feature: None,
        drivers: None,
        edge: None,
        office: None,
    }
}

fn ask(demand: Demand, apply: bool) -> EnrollmentRequest {
    EnrollmentRequest { demand, apply, actor: "ana".to_owned() }
}

fn group() -> Recorded {
    let applied = Payload::Group(GroupPayload { name: "Ring".to_owned(), nested: vec![] });
    Recorded { key: Key::RingGroup(RingIndex(0)), id: "g1".to_owned(), applied, original: None }
}

/// A world whose tenant is enrolled, by the first request, with one object.
async fn enrolled() -> World {
    let world = World::of(20).await;
    let (store, tenant) = (&world.store, world.tenant);
    let request = ask(Demand::Enroll(settings(world.ring_set)), true);
    let generation = store.enrollment_request(tenant, &request, hour(1)).await.expect("asked");
    store.enrollment_object_keep(tenant, &group(), hour(2)).await.expect("kept");
    store.enrollment_met(tenant, generation, hour(3)).await.expect("met");
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn only_planning_changes_nothing() {
    let world = World::of(20).await;
    let (store, tenant) = (&world.store, world.tenant);
    assert_eq!(store.enrollment_fetch(tenant).await.unwrap(), None);
    assert_eq!(store.enrollment_duty(tenant).await.unwrap(), None);
    let request = ask(Demand::Enroll(settings(world.ring_set)), false);
    let one = store.enrollment_request(tenant, &request, hour(1)).await.unwrap();
    let two = store.enrollment_request(tenant, &request, hour(2)).await.unwrap();
    assert_eq!((one, two), (1, 2));
    let plan = Plan { stays: vec!["much".to_owned()], ..Plan::default() };
    let stale = store.enrollment_plan_keep(tenant, one, (&plan, 0), hour(2)).await;
    assert!(matches!(stale, Err(StoreError::Stale)), "{stale:?}");
    let duty = store.enrollment_duty(tenant).await.unwrap().expect("a plan to make");
    assert_eq!((duty.apply, duty.generation), (false, two));
    store.enrollment_plan_keep(tenant, two, (&plan, 0), hour(3)).await.unwrap();
    let row = store.enrollment_fetch(tenant).await.unwrap().expect("a row");
    assert_eq!((row.state, row.settings), (EnrollmentState::None, None));
    assert_eq!((row.plan, row.planned_at, row.is_open), (Some(plan), Some(hour(3)), false));
    assert_eq!(store.enrollment_duty(tenant).await.unwrap(), None, "planned, so done");
    let refused = store.enrollment_met(tenant, two, hour(4)).await;
    assert!(matches!(refused, Err(StoreError::Stale)), "nothing was carried out: {refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrollment_does_not_come_beside_update_rings_of_a_rollout() {
    let world = World::of(20).await;
    let (store, tenant) = (&world.store, world.tenant);
    let raw = &mut world.database.raw().await;
    execute(raw, "update rollout set strategy = 'intune'").await.unwrap();
    let wanted = settings(world.ring_set);
    let plan = ask(Demand::Enroll(wanted.clone()), false);
    store.enrollment_request(tenant, &plan, hour(1)).await.expect("only planned");
    let request = ask(Demand::Enroll(wanted), true);
    let refused = store.enrollment_request(tenant, &request, hour(1)).await;
    assert!(
        matches!(&refused, Err(StoreError::Conflict(why)) if why.contains(": November;")),
        "{refused:?}"
    );
    world.record(Event::Cancelled, hour(2)).await.unwrap();
    store.enrollment_request(tenant, &request, hour(3)).await.expect("nothing is in the way");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrollment_comes_and_goes() {
    let world = enrolled().await;
    let (store, tenant) = (&world.store, world.tenant);
    let row = store.enrollment_fetch(tenant).await.unwrap().expect("an enrollment");
    let wanted = settings(world.ring_set);
    assert_eq!((row.state, row.settings), (EnrollmentState::Enrolled, Some(wanted.clone())));
    let duty = store.enrollment_duty(tenant).await.unwrap().expect("to be watched");
    assert_eq!((duty.demand, duty.recorded), (None, vec![group()]));
    let other = ask(Demand::Enroll(settings(RingSetId(Uuid::nil()))), true);
    let refused = store.enrollment_request(tenant, &other, hour(6)).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    let away = ask(Demand::Unenroll, true);
    let refused = store.enrollment_request(tenant, &away, hour(6)).await;
    let why = "rollouts are unfinished: November";
    assert!(matches!(&refused, Err(StoreError::Conflict(text)) if text == why), "{refused:?}");
    world.record(Event::Cancelled, hour(6)).await.unwrap();
    let refused = store.ring_set_delete(tenant, world.ring_set, "ana", hour(6)).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    let generation = store.enrollment_request(tenant, &away, hour(7)).await.unwrap();
    for request in [ask(Demand::Enroll(wanted), true), ask(Demand::Unenroll, false)] {
        let refused = store.enrollment_request(tenant, &request, hour(7)).await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{request:?}: {refused:?}");
    }
    for _ in 0..2 {
        store.enrollment_object_forget(tenant, "g1", hour(7)).await.unwrap();
    }
    store.enrollment_error_set(tenant, Some("throttled")).await.unwrap();
    store.enrollment_met(tenant, generation, hour(8)).await.unwrap();
    let row = store.enrollment_fetch(tenant).await.unwrap().expect("a row");
    assert_eq!((row.state, row.error, row.settings), (EnrollmentState::None, None, None));
    assert_eq!(store.enrollment_objects(tenant).await.unwrap(), []);
    store.ring_set_delete(tenant, world.ring_set, "ana", hour(9)).await.unwrap();
    let chain = store.chain_verify(tenant).await.unwrap();
    assert!(matches!(chain, ChainState::Intact { .. }), "{chain:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_kept_until_it_is_restored() {
    let world = enrolled().await;
    let (store, tenant) = (&world.store, world.tenant);
    let drift = [Difference { key: group().key, id: "g1".to_owned(), what: What::Missing }];
    assert!(store.drift_keep(tenant, &drift, hour(4)).await.unwrap());
    assert!(!store.drift_keep(tenant, &drift, hour(5)).await.unwrap());
    let row = store.enrollment_fetch(tenant).await.unwrap().expect("an enrollment");
    assert_eq!((row.drift.as_slice(), row.drift_at), (&drift[..], Some(hour(5))));
    let restore = Demand::Restore(Some(vec![group().key]));
    let request = ask(restore.clone(), true);
    let generation = store.enrollment_request(tenant, &request, hour(6)).await.unwrap();
    let row = store.enrollment_fetch(tenant).await.unwrap().expect("an enrollment");
    assert_eq!((row.state, row.demand), (EnrollmentState::Enrolled, restore));
    store.enrollment_met(tenant, generation, hour(7)).await.unwrap();
    let row = store.enrollment_fetch(tenant).await.unwrap().expect("an enrollment");
    assert_eq!((row.drift.len(), row.is_open), (1, false), "until it is compared again");
    store.drift_keep(tenant, &[], hour(8)).await.unwrap();
    let row = store.enrollment_fetch(tenant).await.unwrap().expect("an enrollment");
    assert_eq!((row.drift, row.drift_at), (vec![], Some(hour(8))));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_object_of_others_held_at_first_is_kept() {
    let world = World::of(1).await;
    let (store, tenant) = (&world.store, world.tenant);
    let exclusion = Recorded {
        key: Key::Exclusion("c1".to_owned()),
        id: "c1".to_owned(),
        applied: Payload::Exclusion { targets: vec![] },
        original: Some(Payload::Exclusion { targets: vec![] }),
    };
    store.enrollment_object_keep(tenant, &exclusion, hour(2)).await.unwrap();
    let again = Recorded { original: None, ..exclusion.clone() };
    store.enrollment_object_keep(tenant, &again, hour(3)).await.unwrap();
    assert_eq!(store.enrollment_objects(tenant).await.unwrap(), [exclusion]);
}

#[tokio::test(flavor = "multi_thread")]
async fn assessments_are_kept_for_a_year() {
    let world = World::of(1).await;
    let (store, tenant) = (&world.store, world.tenant);
    assert_eq!(store.assessment_latest(tenant).await.unwrap(), None);
    let finding = Finding {
        check: CheckId::Licences,
        level: Level::Advisory,
        summary: "few licences".to_owned(),
        evidence: vec!["3".to_owned()],
        missing_permission: None,
    };
    let run = |hours| Assessment {
        at: hour(hours),
        level: Level::Advisory,
        findings: vec![finding.clone()],
    };
    for hours in [0, 1, 400 * 24] {
        store.assessment_record(tenant, &run(hours)).await.unwrap();
    }
    let list = store.assessment_list(tenant, ALL).await.unwrap();
    assert_eq!(list.iter().map(|row| &row.assessment).collect::<Vec<_>>(), [&run(400 * 24)]);
    let latest = store.assessment_latest(tenant).await.unwrap().expect("one");
    assert_eq!(store.assessment_fetch(tenant, latest.id).await.unwrap(), latest);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_is_asked_for_once_until_it_is_done() {
    let world = World::of(20).await;
    let (store, tenant) = (&world.store, world.tenant);
    let filter = store::devices::DeviceFilter {
        attempt: Some((world.rollout, AttemptState::Assigned)),
        ..Default::default()
    };
    let rows = store.device_list(tenant, &filter, ALL).await.unwrap();
    let devices = [rows[0].id, rows[1].id];
    let ask = async |devices: &[_]| {
        let said = ("ana", "late");
        store.device_action_request(tenant, devices, DeviceAction::CheckIn, said, hour(1)).await
    };
    assert_eq!(ask(&devices).await.unwrap(), 2);
    assert_eq!(ask(&devices).await.unwrap(), 0, "asked already");
    let pending = store.device_action_pending(tenant, 10).await.unwrap();
    assert_eq!(pending.len(), 2);
    let done = [(pending[0].id, None), (pending[1].id, Some("gone".to_owned()))];
    store.device_action_done(tenant, &done, hour(2)).await.unwrap();
    assert_eq!(store.device_action_pending(tenant, 10).await.unwrap(), []);
    assert_eq!(ask(&devices[..1]).await.unwrap(), 1);
    let history = store.device_action_list(tenant, devices[0]).await.unwrap();
    assert_eq!((history.len(), history[1].done_at), (2, Some(hour(2))));
}
