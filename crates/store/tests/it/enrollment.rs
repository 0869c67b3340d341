//! Enrollments, assessments and device actions are kept as they were asked for.

use domain::attempt::AttemptState;
use domain::enrollment::object::{GroupPayload, Recorded};
use domain::enrollment::{Key, Payload, Settings};
use domain::ids::RingSetId;
use domain::readiness::{Assessment, CheckId, Finding, Level};
use domain::ring::RingIndex;
use domain::rollout::phase::Event;
use store::StoreError;
use store::actions::DeviceAction;
use store::enrollment::{DriftRow, EnrollmentState};
use store::events::ChainState;
use uuid::Uuid;

use crate::world::{ALL, World, hour};

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

#[tokio::test(flavor = "multi_thread")]
async fn an_enrollment_comes_and_goes() {
    let world = World::of(20).await;
    let (store, tenant) = (&world.store, world.tenant);
    assert_eq!(store.enrollment_fetch(tenant).await.unwrap(), None);
    let wanted = settings(world.ring_set);
    let one = store.enrollment_request(tenant, &wanted, "ana", hour(1)).await.unwrap();
    let two = store.enrollment_request(tenant, &wanted, "ana", hour(2)).await.unwrap();
    assert_eq!((one, two), (1, 2));
    let stale = store.enrollment_state_set(tenant, one, EnrollmentState::Enrolled, hour(2)).await;
    assert!(matches!(stale, Err(StoreError::Stale)), "{stale:?}");
    let group = Payload::Group(GroupPayload { name: "Ring".to_owned(), nested: vec![] });
    let key = Key::RingGroup(RingIndex(0));
    let object =
        Recorded { key: key.clone(), id: "g1".to_owned(), applied: group.clone(), original: None };
    store.enrollment_object_keep(tenant, &object, hour(2)).await.unwrap();
    let exclusion = Recorded {
        key: Key::Exclusion("c1".to_owned()),
        id: "c1".to_owned(),
        applied: Payload::Exclusion { targets: vec![] },
        original: Some(Payload::Exclusion { targets: vec![] }),
    };
    store.enrollment_object_keep(tenant, &exclusion, hour(2)).await.unwrap();
    let again = Recorded { original: None, ..exclusion.clone() };
    store.enrollment_object_keep(tenant, &again, hour(3)).await.unwrap();
    let objects = store.enrollment_objects(tenant).await.unwrap();
    assert_eq!(objects.iter().map(|row| &row.object).collect::<Vec<_>>(), [&exclusion, &object]);
    store.enrollment_state_set(tenant, two, EnrollmentState::Enrolled, hour(3)).await.unwrap();

    let drift = [DriftRow { key: key.clone(), observed: None, what: vec!["is gone".to_owned()] }];
    assert!(store.drift_keep(tenant, &drift, hour(4)).await.unwrap());
    assert!(!store.drift_keep(tenant, &drift, hour(5)).await.unwrap());
    let three = store
        .drift_restore_request(tenant, std::slice::from_ref(&key), "ana", hour(5))
        .await
        .unwrap();
    let row = store.enrollment_fetch(tenant).await.unwrap().expect("an enrollment");
    assert_eq!((row.state, row.generation, row.settings), (EnrollmentState::Enrolled, 3, wanted));
    assert_eq!((row.drift.as_slice(), row.drift_at), (&drift[..], Some(hour(5))));
    assert_eq!(row.restore, std::slice::from_ref(&key));
    store.enrollment_state_set(tenant, three, EnrollmentState::Enrolled, hour(6)).await.unwrap();

    let other = settings(RingSetId(Uuid::nil()));
    let refused = store.enrollment_request(tenant, &other, "ana", hour(6)).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    let refused = store.unenrollment_request(tenant, "ana", hour(6)).await;
    let why = "rollouts are unfinished: November";
    assert!(matches!(&refused, Err(StoreError::Conflict(text)) if text == why), "{refused:?}");
    world.record(Event::Cancelled, hour(6)).await.unwrap();
    let refused = store.ring_set_delete(tenant, world.ring_set, "ana", hour(6)).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    let four = store.unenrollment_request(tenant, "ana", hour(7)).await.unwrap();
    let refused = store.enrollment_request(tenant, &settings(world.ring_set), "ana", hour(7)).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    store.enrollment_object_forget(tenant, &key, "deleted", hour(7)).await.unwrap();
    store.enrollment_object_forget(tenant, &key, "deleted", hour(7)).await.unwrap();
    store.enrollment_error_set(tenant, Some("throttled")).await.unwrap();
    store.enrollment_state_set(tenant, four, EnrollmentState::None, hour(8)).await.unwrap();
    let row = store.enrollment_fetch(tenant).await.unwrap().expect("a row");
    assert_eq!((row.state, row.error, row.drift), (EnrollmentState::None, None, vec![]));
    store.ring_set_delete(tenant, world.ring_set, "ana", hour(9)).await.unwrap();
    let chain = store.chain_verify(tenant).await.unwrap();
    assert!(matches!(chain, ChainState::Intact { .. }), "{chain:?}");
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
