//! Placement in the database is the domain's placement, sticky, and obeys groups.

use std::collections::HashMap;

use domain::ids::{EntraDeviceId, RingSetId};
use domain::placement::{Candidate, Seen, place};
use domain::registration::Standing;
use domain::ring::{RingIndex, RingSet};
use store::devices::DeviceFilter;
use store::registration::Scope;
use uuid::Uuid;

use crate::world::{Database, World, device, fleet, group, hour, ring, tenant};
use store::StoreError;

impl World {
    /// Ring and position of every member, by Entra id.
    async fn members(&self, ring_set: RingSetId) -> HashMap<Uuid, (i16, i32)> {
        let rows: Vec<(Uuid, i16, i32)> = sqlx::query_as(
            "select d.entra_device_id, m.ring, m.position from ring_member m
             join device d on d.id = m.device_id where m.ring_set_id = $1",
        )
        .bind(ring_set.0)
        .fetch_all(&mut self.database.raw().await)
        .await
        .expect("it works");
        rows.into_iter().map(|(device, ring, position)| (device, (ring, position))).collect()
    }
}

fn set() -> RingSet {
    let rings = vec![
        ring("Test", 0, vec![group(1)]),
        ring("Fast", 20, vec![group(2)]),
        ring("Broad", 80, vec![]),
    ];
    RingSet::new("Grouped".to_owned(), rings).expect("it works")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_places_as_the_domain_does() {
    let world = World::of(2_000).await;
    let placed = world.members(world.ring_set).await;
    assert_eq!(placed.len(), 2_000);
    let devices: Vec<EntraDeviceId> = fleet(2_000).iter().filter_map(|d| d.entra_device).collect();
    let candidates: Vec<Candidate> = devices
        .iter()
        .map(|device| Candidate {
            device: *device,
            pinned: None,
            assigned: None,
            current: None,
            stratum: None,
        })
        .collect();
    let set = world.store.ring_set_fetch(world.tenant, world.ring_set).await.unwrap().set;
    let by_domain = place(world.ring_set, &set, &candidates, &mut Seen::default());
    for (device, one) in devices.iter().zip(by_domain) {
        let one = one.expect("a ring");
        assert_eq!(placed[&device.0], (i16::from(one.ring.0), one.place.position()));
    }
    let members = world.store.ring_set_members(world.tenant, world.ring_set).await.unwrap();
    let first = placed.values().filter(|(ring, _)| *ring == 0).count();
    assert_eq!(members[0], (RingIndex(0), u32::try_from(first).unwrap()));
    assert_eq!(members[1].1, 2_000 - members[0].1);
    assert!((500..700).contains(&first), "{first} of 2,000 in a ring of 30 percent");
    let again = world.store.ring_set_place(world.tenant, world.ring_set, hour(9)).await.unwrap();
    assert_eq!(again, 0, "nothing changed, nothing is written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_fleet_leaves_no_ring_empty() {
    let world = World::of(6).await;
    let rings =
        vec![ring("Canary", 1, vec![]), ring("Early", 9, vec![]), ring("Broad", 90, vec![])];
    let set = RingSet::new("Small".to_owned(), rings).expect("it works");
    let (store, tenant) = (&world.store, world.tenant);
    let created = store.ring_set_create(tenant, &set, "ana", hour(1)).await.unwrap();
    store.ring_set_place(tenant, created.id, hour(1)).await.unwrap();
    let members = store.ring_set_members(tenant, created.id).await.unwrap();
    assert!(members.iter().all(|(_, count)| *count > 0), "{members:?}");
    assert_eq!(store.ring_set_place(tenant, created.id, hour(2)).await.unwrap(), 0, "sticky");
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_beat_stickiness_and_stickiness_beats_percentages() {
    let world = World::of(500).await;
    let (store, tenant) = (&world.store, world.tenant);
    let created = store.ring_set_create(tenant, &set(), "ana", hour(1)).await.unwrap();
    assert_eq!(store.ring_set_groups(tenant).await.unwrap(), [group(1), group(2)]);
    let object = |number| device(number).object.unwrap();
    // In two groups: the later ring that names one counts.
    let replace = async |of, members: &[_]| {
        store.group_replace(tenant, of, members, &[], hour(1)).await.unwrap();
    };
    replace(group(1), &[object(1), object(2)]).await;
    replace(group(2), &[object(2), object(3), object(1_000)]).await;
    assert_eq!(store.ring_set_place(tenant, created.id, hour(1)).await.unwrap(), 500);
    let before = world.members(created.id).await;
    let entra = |number| device(number).entra_device.unwrap().0;
    let rings = [1, 2, 3].map(|number| before[&entra(number)].0);
    assert_eq!(rings, [0, 1, 1]);
    // A device that leaves its group keeps its ring, if that has a percentage; one that enters
    // another moves.
    replace(group(1), &[object(4)]).await;
    replace(group(2), &[]).await;
    let moved = store.ring_set_place(tenant, created.id, hour(2)).await.unwrap();
    assert_eq!(moved, 4, "two moved, of two it is told now that they were kept");
    let after = world.members(created.id).await;
    let rings = [2, 3, 4].map(|number| after[&entra(number)].0);
    assert_eq!(rings, [1, 1, 0]);
    assert_ne!(after[&entra(1)].0, 0, "a ring without a percentage keeps nobody");
    for (device, place) in before {
        let may_move = [1, 4].map(entra).contains(&device);
        assert!(may_move || after[&device] == place, "{device} moved");
    }
    // Newcomers are placed, the others stay.
    store.device_import(tenant, &fleet(550)).await.unwrap();
    store.registration_run(tenant, Scope::Due, hour(3)).await.unwrap();
    assert_eq!(store.ring_set_place(tenant, created.id, hour(3)).await.unwrap(), 50);
    let row = store.ring_set_fetch(tenant, created.id).await.unwrap();
    assert_eq!((row.set, row.placed_at), (set(), Some(hour(3))));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_devices_than_one_chunk_are_all_placed() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    // Some of them not in Entra, at the seam between two chunks as well.
    let mut devices = fleet(45_003);
    for number in (0..45_003).step_by(1_000).chain([20_000, 20_001, 45_002]) {
        devices[number].entra_device = None;
    }
    let registered = devices.iter().filter(|device| device.entra_device.is_some()).count();
    store.device_import(tenant, &devices).await.unwrap();
    let counts = store.registration_run(tenant, Scope::Due, hour(0)).await.unwrap();
    assert_eq!(counts.of(Standing::Ready), registered as u64);
    let row = store.ring_set_create(tenant, &set(), "ana", hour(0)).await.unwrap();
    let placed = store.ring_set_place(tenant, row.id, hour(0)).await.unwrap();
    assert_eq!(placed, registered as u64);
    let members = store.ring_set_members(tenant, row.id).await.unwrap();
    assert_eq!(members[0].1, 0, "an empty ring is listed");
    assert_eq!(members.iter().map(|(_, members)| u64::from(*members)).sum::<u64>(), placed);
    let filter = DeviceFilter { ring: Some((row.id, RingIndex(0))), ..DeviceFilter::default() };
    assert_eq!(store.device_list(tenant, &filter, crate::world::ALL).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ring_set_has_a_name_of_its_own() {
    let world = World::of(10).await;
    let again =
        world.store.ring_set_create(world.tenant, &crate::world::rings(), "ana", hour(1)).await;
    assert!(matches!(&again, Err(StoreError::Conflict(why)) if why.contains("Rings")), "{again:?}");
}
