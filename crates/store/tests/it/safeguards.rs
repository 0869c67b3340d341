//! Devices that Microsoft holds: set aside, and given back.

use domain::attempt::AttemptState as A;
use domain::ids::EntraDeviceId;
use domain::inventory::Safeguarded;
use domain::tally::Tally;

use crate::world::{FIRST, World, hour};

async fn read(world: &World, held: &[EntraDeviceId], id: Option<&str>, hours: i64) {
    let held: Vec<Safeguarded> = held
        .iter()
        .map(|device| Safeguarded { device: *device, hold: id.map(str::to_owned) })
        .collect();
    let (store, tenant) = (&world.store, world.tenant);
    store
        .safeguards_read(tenant, world.rollout, FIRST, &held, hour(hours))
        .await
        .expect("an answer");
    world.check_tally().await;
}

/// The first ring: what counts, and what is set aside.
async fn ring(world: &World) -> (Tally, Tally) {
    let snapshot =
        world.store.rollout_snapshot(world.tenant, world.rollout).await.expect("an answer");
    let ring = &snapshot.observations.rings[0];
    (ring.tally, ring.aside)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_held_waits_and_counts_nowhere() {
    let world = World::of(200).await;
    let (store, tenant, rollout) = (&world.store, world.tenant, world.rollout);
    world.offer(6, hour(2)).await.unwrap();
    let all = world.attempts().await;
    let of = |state| -> Vec<EntraDeviceId> {
        all.iter().filter(|(_, is, _)| *is == state).map(|(device, ..)| *device).collect()
    };
    let offered = of(A::Offered);
    assert_eq!(offered.len(), 6);
    // Somebody who was never offered it is none of this rollout's business.
    let named: Vec<EntraDeviceId> =
        offered[..2].iter().chain(of(A::Assigned).first()).copied().collect();
    read(&world, &named, Some("25178825"), 3).await;
    let (counted, aside) = ring(&world).await;
    assert_eq!((counted.in_state(A::Offered), aside.in_state(A::Offered)), (4, 2));
    assert_eq!(aside.members(), 2);
    let holds = store.rollout_safeguards(tenant, rollout).await.unwrap();
    assert_eq!(holds.len(), 1);
    assert_eq!((holds[0].hold.as_deref(), holds[0].devices), (Some("25178825"), 2));

    // Months later they are not given up, while the others are.
    store.rollout_sweep(tenant, rollout, hour(5_000)).await.unwrap();
    let (counted, aside) = ring(&world).await;
    assert_eq!((counted.in_state(A::Unresolved), aside.in_state(A::Offered)), (4, 2));

    // One who was given up turns out to be held.
    read(&world, &[offered[0], offered[1], offered[2]], None, 5_001).await;
    let (counted, aside) = ring(&world).await;
    assert_eq!((counted.in_state(A::Unresolved), aside.in_state(A::Offered)), (3, 3));
    assert_eq!(store.rollout_safeguards(tenant, rollout).await.unwrap()[0].hold, None);

    // The hold is gone: they are waited for anew.
    read(&world, &[], None, 5_002).await;
    let (counted, aside) = ring(&world).await;
    assert_eq!((counted.in_state(A::Offered), aside.members()), (3, 0));
    store.rollout_sweep(tenant, rollout, hour(5_003)).await.unwrap();
    assert_eq!(ring(&world).await.0.in_state(A::Offered), 3);
    assert!(store.rollout_safeguards(tenant, rollout).await.unwrap().is_empty());
}
