//! Holds on cohorts: who belongs to one, now and later, and what that does to rollouts.

use domain::attempt::AttemptState as S;
use domain::control::Control;
use domain::filter::Filter;
use domain::rollout::phase::Event;
use store::StoreError;
use store::controls::{CohortHoldRow, NewCohortHold, NewControl};
use store::devices::DeviceFilter;

use crate::world::{ALL, FIRST, World, device, execute, hour, new_rollout, number, settle};

const TWO: &str = r#"model == "Model 2""#;

async fn hold(world: &World, filter: &str, until: Option<i64>, at: i64) -> CohortHoldRow {
    let filter = Filter::parse(filter).expect("it works");
    let new = NewCohortHold {
        filter: &filter,
        reason: "its firmware is old",
        owner: "ana",
        expires_at: until.map(hour),
    };
    world.store.cohort_hold_create(world.tenant, &new, hour(at)).await.expect("it works")
}

/// Attempts that a hold keeps out, of devices of a model and of others.
async fn held(world: &World) -> (i64, i64) {
    let mut raw = world.database.raw().await;
    let sql = |is: &str| {
        format!(
            "select count(*) from attempt a join device d on d.id = a.device_id
             where a.state = 12 and a.code = 'held' and d.model {is} 'Model 2'"
        )
    };
    (number(&mut raw, &sql("=")).await, number(&mut raw, &sql("<>")).await)
}

async fn end(world: &World, hold: &CohortHoldRow, at: i64) {
    let said = ("ben", "it is fixed");
    world.store.cohort_hold_end(world.tenant, hold.id, said, hour(at)).await.expect("it works");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cohort_is_held_and_given_back() {
    let world = World::of(200).await;
    let made = hold(&world, TWO, None, 2).await;
    assert_eq!((made.devices, made.complete, made.filter.as_str()), (40, true, TWO));
    assert_eq!(held(&world).await, (40, 0));
    world.check_tally().await;
    let left = world.tally(FIRST).await.waiting();
    world.offer(left, hour(3)).await.unwrap();
    assert_eq!(held(&world).await, (40, 0), "nobody of them was offered anything");
    let listed = world.store.cohort_hold_list(world.tenant).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&made));
    end(&world, &made, 4).await;
    assert_eq!(held(&world).await, (0, 0));
    world.check_tally().await;
    let again = world.tally(FIRST).await.waiting();
    assert!(again > 0);
    world.offer(again, hour(5)).await.unwrap();
    let twice = world.store.cohort_hold_end(world.tenant, made.id, ("b", "x"), hour(6)).await;
    assert!(matches!(twice, Err(StoreError::NotFound { .. })), "{twice:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn holds_overlap_and_each_ends_by_itself() {
    let world = World::of(200).await;
    let (store, tenant) = (&world.store, world.tenant);
    let filter = DeviceFilter { model: Some("Model 2".to_owned()), ..DeviceFilter::default() };
    let single = store.device_list(tenant, &filter, ALL).await.unwrap()[0].id;
    let of_one = NewControl {
        control: Control::Hold,
        reason: "at a trade fair".to_owned(),
        owner: "ana".to_owned(),
        expires_at: None,
        filter: None,
    };
    store.device_control_set(tenant, &[single], &of_one, hour(2)).await.unwrap();
    let (one, other) = (hold(&world, TWO, None, 2).await, hold(&world, TWO, None, 2).await);
    let explained = store.device_explain(tenant, single, hour(2)).await.unwrap();
    assert_eq!(explained.controls.len(), 3, "every hold on a device is shown with it");
    end(&world, &one, 3).await;
    assert_eq!(held(&world).await, (40, 0));
    end(&world, &other, 4).await;
    assert_eq!(held(&world).await, (1, 0), "its own hold is another matter");
    // The other way round: a device's own hold ends, that of its cohort stands.
    hold(&world, TWO, None, 5).await;
    let kind = store::controls::ControlKind::Hold;
    store.device_control_lift(tenant, &[single], kind, ("ben", "over"), hour(6)).await.unwrap();
    assert_eq!(held(&world).await, (40, 0));
    world.check_tally().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_to_belong_to_a_cohort_is_held_and_who_leaves_it_is_not() {
    let world = World::of(200).await;
    let (store, tenant) = (&world.store, world.tenant);
    let made = hold(&world, TWO, None, 2).await;
    let devices = async || store.cohort_hold_list(tenant).await.unwrap()[0].devices;
    // Device 1 turns out to be of model 2, device 2 to be of another.
    let mut changed = [device(1), device(2)];
    changed[0].model = "Model 2".to_owned();
    changed[1].model = "Model 3".to_owned();
    store.device_import(tenant, &changed).await.unwrap();
    settle(store, tenant, hour(3)).await;
    assert_eq!((devices().await, held(&world).await), (40, (40, 0)));
    // A new one belongs to it from its first day on.
    let mut new = device(900);
    new.model = "Model 2".to_owned();
    store.device_import(tenant, &[new]).await.unwrap();
    settle(store, tenant, hour(4)).await;
    assert_eq!(devices().await, 41);
    world.check_tally().await;
    end(&world, &made, 5).await;
    assert_eq!(held(&world).await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_ends_when_it_says_and_not_before() {
    let world = World::of(200).await;
    let (store, tenant) = (&world.store, world.tenant);
    hold(&world, TWO, Some(100), 2).await;
    assert_eq!(store.device_control_expiry(tenant).await.unwrap(), Some(hour(100)));
    store.registration_sweep(tenant, hour(99)).await.unwrap();
    assert_eq!(held(&world).await, (40, 0));
    store.registration_sweep(tenant, hour(100)).await.unwrap();
    assert_eq!(held(&world).await, (0, 0));
    assert_eq!(store.cohort_hold_list(tenant).await.unwrap(), []);
    assert_eq!(store.device_control_expiry(tenant).await.unwrap(), None);
    let filter = Filter::parse(TWO).unwrap();
    let past =
        NewCohortHold { filter: &filter, reason: "x", owner: "a", expires_at: Some(hour(9)) };
    let refused = store.cohort_hold_create(tenant, &past, hour(9)).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_was_cut_off_is_finished() {
    let world = World::of(200).await;
    hold(&world, TWO, None, 2).await;
    // As if the server had died before the first device was asked.
    let mut raw = world.database.raw().await;
    let sql = "delete from cohort_member;
        update attempt set state = 0, code = null where code = 'held';
        update cohort_hold set scanned_to = '00000000-0000-0000-0000-000000000000'";
    execute(&mut raw, sql).await.unwrap();
    assert_eq!(held(&world).await, (0, 0));
    world.store.cohort_hold_finish(world.tenant, hour(3)).await.unwrap();
    assert_eq!(held(&world).await, (40, 0));
    assert!(world.store.cohort_hold_list(world.tenant).await.unwrap()[0].complete);
    world.check_tally().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_that_comes_later_leaves_the_cohort_out() {
    let world = World::of(200).await;
    let (store, tenant) = (&world.store, world.tenant);
    world.record(Event::Cancelled, hour(2)).await.unwrap();
    let made = hold(&world, TWO, None, 3).await;
    assert_eq!(held(&world).await, (0, 0), "what has ended stays as it is");
    let new = new_rollout(world.release, world.ring_set);
    let rollout = store.rollout_create(tenant, &new, "ana", hour(4)).await.unwrap();
    assert_eq!(held(&world).await, (40, 0));
    let row = store.rollout_fetch(tenant, rollout.id).await.unwrap();
    let excluded: u32 = row.rings.iter().map(|ring| ring.tally.in_state(S::Excluded)).sum();
    assert_eq!(excluded, 40);
    end(&world, &made, 5).await;
    assert_eq!(held(&world).await, (0, 0));
}
