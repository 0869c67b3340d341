//! How soon devices of past rollouts came to an end, and what a later one makes of it.

use chrono::TimeDelta;
use domain::evidence::coverage::Offers;
use domain::forecast::{Basis, Pace};
use domain::rollout::phase::Event;
use store::releases::NewRelease;

use crate::world::{FIRST, World, execute, hour, new_rollout};

/// Offers ten devices at `start`, six of which are confirmed after five hours and two fail after thirty;
/// then the rollout completes.
async fn play(world: &World, start: i64) {
    world.offer(10, hour(start)).await.expect("a wave");
    let raw = &mut world.database.raw().await;
    for (state, after, devices) in [(8, 5, 6), (7, 30, 2)] {
        let sql = format!(
            "update attempt set state = {state}, state_at = state_at + interval '{after} hours'
             where ctid = any(array(select ctid from attempt
                 where rollout_id = '{}' and state = 1 order by position limit {devices}))",
            world.rollout
        );
        assert_eq!(execute(raw, &sql).await.expect("outcomes"), devices);
    }
    world.record(Event::Completed, hour(start + 48)).await.expect("the end");
}

/// A new release of the same update, over the same rings, opened.
async fn again(world: &mut World, name: &str, at: i64) {
    let new = NewRelease { update: world.update, name, delivery: None };
    let release = world.store.release_create(world.tenant, new, "ana", hour(at)).await;
    let new = new_rollout(release.expect("a release").id, world.ring_set);
    let rollout = world.store.rollout_create(world.tenant, &new, "ana", hour(at)).await;
    world.rollout = rollout.expect("a rollout").id;
    world.record(Event::RingOpened { ring: FIRST }, hour(at)).await.expect("the ring opens");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_past_rollouts_say_how_soon_outcomes_come() {
    let mut world = World::of(200).await;
    let known = async |world: &World| {
        let snapshot = world.store.rollout_snapshot(world.tenant, world.rollout).await.unwrap();
        (snapshot.plan.policy().reported.clone(), snapshot.observations.ring(FIRST).offer_times)
    };
    for number in 0..3 {
        assert_eq!(known(&world).await, (None, vec![]), "{number} rollouts are no habit");
        play(&world, 100 * number + 2).await;
        again(&mut world, &format!("Release {number}"), 100 * number + 60).await;
    }
    let (usual, _) = known(&world).await;
    let usual = usual.expect("three of them are");
    let shares = [4, 8, 24, 48].map(|hours| format!("{:.2}", usual.share(TimeDelta::hours(hours))));
    assert_eq!(shares, ["0.00", "0.60", "0.60", "0.80"]);
    // Waves of a quarter of a day count together, as of its end.
    for at in [0, 1, 5, 11, 300] {
        world.offer(2, hour(400 + at)).await.expect("a wave");
    }
    let (_, offers) = known(&world).await;
    let total: u32 = offers.iter().map(|offers| offers.devices).sum();
    assert_eq!(total, 10);
    let last = offers.last().expect("offers");
    assert_eq!((last.devices, last.at >= hour(700)), (2, true));
    assert_eq!(offers[0], Offers { at: last.at - TimeDelta::days(8), devices: 8 }, "long ago");
    assert_eq!(offers.len(), 2);
}

/// Forecasts look at updates of the same kind, and at whoever had the time.
#[tokio::test(flavor = "multi_thread")]
async fn forecasts_rest_on_earlier_rollouts_and_their_own_offers() {
    let mut world = World::of(200).await;
    let prospect = async |world: &World| {
        world.store.rollout_prospect(world.tenant, world.rollout).await.unwrap()
    };
    assert_eq!(prospect(&world).await.pace, Pace::usual());
    assert_eq!(prospect(&world).await.offers, vec![]);
    play(&world, 2).await;
    again(&mut world, "Again", 60).await;
    // Ten devices had 48 hours: six answered within eight, two more after thirty. Nobody had more time.
    let kept = "select count(*) from rollout
        where pace_bp = array[0, 6000, 6000, 6000, 8000]::smallint[]";
    assert_eq!(crate::world::number(&mut world.database.raw().await, kept).await, 1);
    let pace = prospect(&world).await.pace;
    assert_eq!(pace, Pace::of_earlier(&[vec![0, 6_000, 6_000, 6_000, 8_000]]));
    assert_eq!(pace.basis(), Basis::Earlier { rollouts: 1 });
    for at in [61, 62, 90] {
        world.offer(2, hour(at)).await.expect("a wave");
    }
    let offers = prospect(&world).await.offers;
    assert_eq!(
        (offers.len(), offers[0].first, offers[0].last),
        (1, Some(hour(61)), Some(hour(90)))
    );
    let devices: u32 = offers[0].times.iter().map(|one| one.devices).sum();
    assert_eq!((devices, offers[0].times.last().map(|one| one.at)), (6, Some(hour(90))));
    assert!(offers[0].times.len() <= 3);
}
