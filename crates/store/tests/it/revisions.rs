//! Plans changed in the middle of a rollout.

use chrono::TimeDelta;
use domain::approval::Quorum;
use domain::ring::Ring;
use domain::rollout::observations::Wish;
use domain::rollout::phase::Event;
use domain::rollout::plan::Plan;
use store::StoreError;
use store::rollouts::{NewRevision, RevisionRow, RolloutRow};

use crate::world::{FIRST, World, hour, number};

async fn followed(world: &World) -> RevisionRow {
    let mut all =
        world.store.rollout_revisions(world.tenant, world.rollout).await.expect("revisions");
    all.pop().expect("a revision")
}

fn changed(plan: &Plan, change: impl FnOnce(&mut Vec<Ring>)) -> Plan {
    let mut rings = plan.rings().to_vec();
    change(&mut rings);
    plan.revised(rings, plan.starts_at(), plan.on_gate_failure()).expect("a good plan")
}

async fn revise(world: &World, after: i32, plan: &Plan) -> Result<RolloutRow, StoreError> {
    let new = NewRevision { after, plan, reason: "the helpdesk is closed" };
    world.store.rollout_revise(world.tenant, world.rollout, new, "ben", hour(3)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_is_followed_and_what_was_decided_before_it_is_not_recorded() {
    let world = World::of(200).await;
    let (store, tenant, rollout) = (&world.store, world.tenant, world.rollout);
    world.offer(10, hour(2)).await.unwrap();
    let before = store.rollout_snapshot(tenant, rollout).await.unwrap();
    let first = followed(&world).await;
    let plan = changed(&first.plan, |rings| rings[0].gate.bake = TimeDelta::hours(48));
    let row = revise(&world, 1, &plan).await.unwrap();
    assert_eq!((row.plan_revision, row.generation), (2, before.generation + 1));
    let wave = Event::WaveOffered { ring: FIRST, wave: 1, devices: 1 };
    let late = store.rollout_record(tenant, rollout, &before, wave, hour(4)).await;
    assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");
    let after = store.rollout_snapshot(tenant, rollout).await.unwrap();
    assert_eq!((&after.plan, after.observations.author.as_str()), (&plan, "ben"));
    world.offer(1, hour(4)).await.unwrap();
    let second = followed(&world).await;
    assert_eq!((second.id, second.revision, second.created_by.as_str()), (row.plan, 2, "ben"));
    assert_eq!(second.reason.as_deref(), Some("the helpdesk is closed"));
    // Each decision is remembered with the revision it followed.
    let recorded = store.rollout_recorded(tenant, rollout, 100).await.unwrap();
    let plans: Vec<_> = recorded.iter().map(|one| one.plan).collect();
    assert_eq!(plans, [first.id, first.id, second.id]);
    let past = store.rollout_past(tenant, rollout, hour(2)).await.unwrap().expect("decided");
    assert_eq!(past.snapshot.plan, first.plan);
    let entry = store.event_list(tenant, rollout, 0, 100).await.unwrap();
    let entry = entry.iter().find(|entry| entry.kind == "plan_revised").expect("its entry");
    assert_eq!(entry.actor, "ben");
    let body: serde_json::Value = serde_json::from_str(&entry.body).unwrap();
    let change = &body["changes"][0];
    assert_eq!((&change["field"], &change["after"]), (&"gate.bake".into(), &172_800.into()));
    let woken =
        "select count(*) from work where kind in ('decide', 'enforce') and due_at is not null";
    assert_eq!(number(&mut world.database.raw().await, woken).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_people_who_change_the_same_revision_one_is_refused() {
    let world = World::of(200).await;
    let first = followed(&world).await.plan;
    let longer = changed(&first, |rings| rings[0].gate.bake = TimeDelta::hours(48));
    let wider = changed(&first, |rings| rings[1].waves.most = 100);
    let (one, other) = tokio::join!(revise(&world, 1, &longer), revise(&world, 1, &wider));
    let refused = [&one, &other].into_iter().filter_map(|outcome| outcome.as_ref().err());
    let refused: Vec<&StoreError> = refused.collect();
    assert!(matches!(refused.as_slice(), [StoreError::Conflict(_)]), "{one:?} {other:?}");
    assert_eq!(followed(&world).await.revision, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_could_never_pass_and_one_that_is_over_are_refused() {
    let world = World::of(200).await;
    let first = followed(&world).await.plan;
    let long = changed(&first, |rings| rings[0].gate.bake = TimeDelta::days(91));
    let refused = revise(&world, 1, &long).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    let alone = Quorum::new(1, vec!["ben".to_owned()]).ok();
    let own = changed(&first, |rings| rings[0].approvals = alone);
    let refused = revise(&world, 1, &own).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    assert_eq!(followed(&world).await.revision, 1);
    world.request(Wish::Cancel, hour(3)).await.unwrap();
    world.record(Event::Cancelled, hour(3)).await.unwrap();
    let bake = changed(&first, |rings| rings[0].gate.bake = TimeDelta::hours(48));
    let late = revise(&world, 1, &bake).await;
    assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");
}
