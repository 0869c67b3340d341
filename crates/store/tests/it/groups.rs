//! Groups by delta: idempotent, transitive, unmoved by cycles.

use domain::ids::{DeviceId, DirectoryObjectId};
use store::delta::{DeltaLink, DeltaOf};
use store::groups::{GroupChange, GroupCounts};

use crate::world::{World, device, group, hour};

fn objects(numbers: &[u128]) -> Vec<DirectoryObjectId> {
    numbers.iter().map(|number| device(*number).object.expect("an object")).collect()
}

impl World {
    async fn inside(&self, of: u128) -> usize {
        let devices: Vec<DeviceId> =
            self.store.group_devices(self.tenant, group(of)).await.expect("it works");
        devices.len()
    }

    async fn apply(&self, changes: &[GroupChange]) -> GroupCounts {
        self.store.group_delta_apply(self.tenant, changes, hour(2)).await.expect("it works")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deltas_are_idempotent_and_reach_through_nesting() {
    let world = World::of(20).await;
    let first = [
        GroupChange {
            devices_added: objects(&[1, 2]),
            groups_added: vec![group(2)],
            ..GroupChange::of(group(1))
        },
        GroupChange {
            devices_added: objects(&[2, 3, 900]),
            // A cycle, as Entra allows.
            groups_added: vec![group(1), group(3)],
            ..GroupChange::of(group(2))
        },
        GroupChange { devices_added: objects(&[4]), ..GroupChange::of(group(3)) },
    ];
    let counts = world.apply(&first).await;
    assert_eq!((counts.changed, counts.marked), (9, 4));
    assert_eq!(world.apply(&first).await, GroupCounts::default(), "a replay changes nothing");
    assert_eq!([world.inside(1).await, world.inside(2).await, world.inside(3).await], [4, 4, 1]);
    // What a nested group holds is concerned when the nesting ends.
    let apart = GroupChange { groups_removed: vec![group(3)], ..GroupChange::of(group(2)) };
    assert_eq!(
        world.apply(std::slice::from_ref(&apart)).await,
        GroupCounts { changed: 1, marked: 1 }
    );
    assert_eq!(world.apply(&[apart]).await, GroupCounts::default());
    assert_eq!([world.inside(1).await, world.inside(3).await], [3, 1]);
    let swap = GroupChange {
        devices_added: objects(&[5]),
        devices_removed: objects(&[1, 5]),
        ..GroupChange::of(group(1))
    };
    assert_eq!(world.apply(&[swap]).await, GroupCounts { changed: 2, marked: 2 });
    let deleted = GroupChange { deleted: true, ..GroupChange::of(group(2)) };
    let counts = world.apply(std::slice::from_ref(&deleted)).await;
    assert_eq!(counts.changed, 5, "three members and its place in both ways");
    assert_eq!(world.apply(&[deleted]).await, GroupCounts::default());
    assert_eq!([world.inside(1).await, world.inside(2).await], [2, 0]);
    // A full read makes exactly what it has.
    let store = &world.store;
    let read = objects(&[5, 6]);
    let counts = store.group_replace(world.tenant, group(1), &read, &[group(3)], hour(3)).await;
    assert_eq!(counts.unwrap(), GroupCounts { changed: 3, marked: 3 });
    assert_eq!(world.inside(1).await, 3);
    let counts = store.group_replace(world.tenant, group(1), &read, &[group(3)], hour(3)).await;
    assert_eq!(counts.unwrap(), GroupCounts::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_kept_for_each_read() {
    let world = World::of(1).await;
    let (store, tenant) = (&world.store, world.tenant);
    let one = DeltaOf::Group(group(1));
    assert_eq!(store.delta_link_fetch(tenant, one).await.unwrap(), None);
    let link = DeltaLink { link: "https://graph.example/delta?1".to_owned(), at: hour(1) };
    store.delta_link_keep(tenant, one, &link).await.unwrap();
    let next = DeltaLink { link: "https://graph.example/delta?2".to_owned(), at: hour(2) };
    store.delta_link_keep(tenant, one, &next).await.unwrap();
    store.delta_link_keep(tenant, DeltaOf::Devices, &link).await.unwrap();
    assert_eq!(store.delta_link_fetch(tenant, one).await.unwrap(), Some(next));
    store.delta_link_drop(tenant, one).await.unwrap();
    assert_eq!(store.delta_link_fetch(tenant, one).await.unwrap(), None);
    assert_eq!(store.delta_link_fetch(tenant, DeltaOf::Devices).await.unwrap(), Some(link));
    let names = [(group(1), "Kiosks".to_owned())];
    store.group_names_keep(tenant, &names).await.unwrap();
    let members = [device(0).object.unwrap()];
    store.group_replace(tenant, group(1), &members, &[], hour(1)).await.unwrap();
    let rows = store.device_filter_scan(tenant, None, 10).await.unwrap();
    assert_eq!((rows.len(), rows[0].groups.as_slice()), (1, &["Kiosks".to_owned()][..]));
    assert_eq!(rows[0].rings.len(), 1);
    assert_eq!(rows[0].rings[0].0, "Rings");
    let next = store.device_filter_scan(tenant, Some(rows[0].device.id), 10).await.unwrap();
    assert_eq!(next, []);
}
