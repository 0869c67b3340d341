//! Plans without effect, saved under a hash, started exactly as saved.

use chrono::TimeDelta;
use domain::gate::policy::Choices;
use domain::ids::RingSetId;
use domain::ring::RingIndex;
use domain::rollout::observations::Wish;
use domain::rollout::phase::Event;
use domain::rollout::plan::OnGateFailure;
use store::StoreError;
use store::rollouts::{NewPlan, PlanStart, RolloutRow, SavedPlanRow};
use uuid::Uuid;

use crate::world::{ALL, FIRST, World, device, execute, hour, number, settle};

/// Of the update of the world, under another release than the one that is on its way.
fn december(world: &World) -> NewPlan {
    NewPlan {
        update: world.update,
        release: "December".to_owned(),
        delivery: None,
        ring_set: world.ring_set,
        rings: None,
        starts_at: Some(hour(48)),
        on_gate_failure: OnGateFailure::RollBack,
        inactive_after: TimeDelta::days(14),
        choices: Choices::default(),
    }
}

async fn saved(world: &World, new: &NewPlan) -> SavedPlanRow {
    world.store.plan_compute(world.tenant, new, true, "ana", hour(3)).await.expect("a plan")
}

async fn start(
    world: &World,
    plan: Option<Uuid>,
    hash: &str,
    accept_changes: bool,
) -> Result<RolloutRow, StoreError> {
    let start = PlanStart { plan: plan.expect("saved"), hash, accept_changes };
    world.store.plan_start(world.tenant, start, "ben", hour(4)).await
}

const EVERYTHING: &str = "select (select count(*) from rollout) * 1000 + (select count(*) from release)
    * 100 + (select count(*) from plan) * 10 + (select count(*) from pg_class where relname like 'attempt_%'
    and relkind = 'r') + (select count(*) from event) * 100000 + (select count(*) from saved_plan)";

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_has_no_effect_and_says_what_a_rollout_would_do() {
    let world = World::of(200).await;
    let mut raw = world.database.raw().await;
    let silent = "update device set last_sync = last_sync - interval '20 days'
                  where id in (select device_id from ring_member order by device_id limit 30)";
    execute(&mut raw, silent).await.unwrap();
    let before = number(&mut raw, EVERYTHING).await;
    let mut new = december(&world);
    let rings = world.store.ring_set_fetch(world.tenant, world.ring_set).await.unwrap().set;
    let mut rings = rings.rings().to_vec();
    rings[0].gate.bake = TimeDelta::hours(72);
    new.rings = Some(rings.clone());
    let computed =
        world.store.plan_compute(world.tenant, &new, false, "ana", hour(3)).await.unwrap();
    assert_eq!(number(&mut raw, EVERYTHING).await, before, "something was left behind");
    assert_eq!((computed.id, computed.body.plan.rings()), (None, rings.as_slice()));
    let out: u32 = computed.excluded.iter().map(|one| one.devices).sum();
    assert!(computed.excluded.iter().all(|one| one.reason == "inactive"));
    assert_eq!(out, 30);
    let members: u32 = computed.body.members.iter().map(|ring| ring.devices).sum();
    assert_eq!(members, 200);
    // The same again has the same hash; another day has another.
    let again = world.store.plan_compute(world.tenant, &new, false, "ben", hour(9)).await.unwrap();
    assert_eq!(again.hash, computed.hash);
    new.starts_at = Some(hour(49));
    let later = world.store.plan_compute(world.tenant, &new, false, "ana", hour(3)).await.unwrap();
    assert_ne!(later.hash, computed.hash);
    // What a rollout is refused for, a plan is.
    rings[0].gate.bake = TimeDelta::days(91);
    new.rings = Some(rings);
    let refused = world.store.plan_compute(world.tenant, &new, false, "ana", hour(3)).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    let running = NewPlan { release: "November".to_owned(), ..december(&world) };
    let refused = world.store.plan_compute(world.tenant, &running, true, "ana", hour(3)).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    assert_eq!(number(&mut raw, EVERYTHING).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_started_exactly_as_saved_and_once() {
    let world = World::of(200).await;
    let (store, tenant) = (&world.store, world.tenant);
    let plan = saved(&world, &december(&world)).await;
    let wrong = start(&world, plan.id, &"0".repeat(64), false).await;
    assert!(matches!(wrong, Err(StoreError::Conflict(_))), "{wrong:?}");
    // Whatever the ring set says by now.
    let set = store.ring_set_fetch(tenant, world.ring_set).await.unwrap().set;
    let mut rings = set.rings().to_vec();
    rings[0].waves.most = 11;
    let other = domain::ring::RingSet::new(set.name().to_owned(), rings).unwrap();
    store.ring_set_update(tenant, world.ring_set, &other, "ana", hour(3)).await.unwrap();
    let row = start(&world, plan.id, &plan.hash, false).await.unwrap();
    let revisions = store.rollout_revisions(tenant, row.id).await.unwrap();
    assert_eq!(revisions.len(), 1);
    assert_eq!(revisions[0].plan, plan.body.plan);
    assert_eq!((revisions[0].created_by.as_str(), row.wish_by.as_str()), ("ana", "ben"));
    assert_eq!((row.release_name.as_str(), row.intent.wish), ("December", Wish::Run));
    let again = start(&world, plan.id, &plan.hash, false).await;
    let Err(StoreError::Conflict(why)) = again else { panic!("{again:?}") };
    assert!(why.contains(&row.id.to_string()), "{why}");
    let (read, changes) = store.plan_fetch(tenant, plan.id.unwrap()).await.unwrap();
    assert_eq!(read.started, Some((row.id, "ben".to_owned(), hour(4))));
    assert_eq!((read.body, changes), (plan.body, Vec::new()));
    assert_eq!(store.plan_list(tenant, ALL).await.unwrap().len(), 1);
    // It is a rollout like any other.
    let snapshot = store.rollout_snapshot(tenant, row.id).await.unwrap();
    let opened = Event::RingOpened { ring: FIRST };
    store.rollout_record(tenant, row.id, &snapshot, opened, hour(48)).await.unwrap();
    world.check_tally().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_members_are_shown_and_have_to_be_accepted() {
    let world = World::of(200).await;
    let (store, tenant) = (&world.store, world.tenant);
    let plan = saved(&world, &december(&world)).await;
    store.device_import(tenant, &[device(900), device(901)]).await.unwrap();
    settle(store, tenant, hour(3)).await;
    let (_, changes) = store.plan_fetch(tenant, plan.id.unwrap()).await.unwrap();
    assert!(!changes.is_empty() && changes.iter().all(|one| one.contains(" -> ")), "{changes:?}");
    let refused = start(&world, plan.id, &plan.hash, false).await;
    let Err(StoreError::Conflict(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains(&changes[0]), "{why}");
    let row = start(&world, plan.id, &plan.hash, true).await.unwrap();
    let members: u32 = row.rings.iter().map(|ring| ring.tally.members()).sum();
    assert_eq!(members, 202);
}

/// As many devices, but others.
#[tokio::test(flavor = "multi_thread")]
async fn a_swap_between_rings_is_noticed() {
    let world = World::of(200).await;
    let plan = saved(&world, &december(&world)).await;
    let swap = "with picked as (
            select distinct on (ring) device_id, ring from ring_member order by ring, device_id)
        update ring_member m set ring = 1 - m.ring from picked p where p.device_id = m.device_id";
    assert_eq!(execute(&mut world.database.raw().await, swap).await.unwrap(), 2);
    let (_, changes) = world.store.plan_fetch(world.tenant, plan.id.unwrap()).await.unwrap();
    assert_eq!(changes.len(), 2, "{changes:?}");
    assert!(changes.iter().all(|one| one.contains("others")), "{changes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_was_tampered_with_is_not_started() {
    let world = World::of(200).await;
    let plan = saved(&world, &december(&world)).await;
    let tamper = "update saved_plan set body = replace(body, 'December', 'Dezember')";
    assert_eq!(execute(&mut world.database.raw().await, tamper).await.unwrap(), 1);
    let refused = start(&world, plan.id, &plan.hash, true).await;
    assert!(matches!(refused, Err(StoreError::Corrupt(_))), "{refused:?}");
    let other = crate::world::tenant(&world.store, 2).await;
    assert_eq!(world.store.plan_list(other, ALL).await.unwrap(), []);
    let of_other = world.store.plan_fetch(other, plan.id.unwrap()).await;
    assert!(matches!(of_other, Err(StoreError::NotFound { .. })));
    let nowhere = NewPlan { ring_set: RingSetId(Uuid::nil()), ..december(&world) };
    let refused = world.store.plan_compute(world.tenant, &nowhere, true, "ana", hour(3)).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    assert_eq!(plan.body.plan.opens_at(RingIndex(0)), hour(48));
}
