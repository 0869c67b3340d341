//! Previews tell what placing does; sets change and go; due devices end where a whole pass puts them.

use domain::ids::RingSetId;
use domain::placement::Why;
use domain::ring::{PlacementRules, RingIndex, RingSet, Stratum};
use store::StoreError;
use store::devices::ImportedDevice;
use store::ring_sets::RingGroupChanges;
use uuid::Uuid;

use crate::world::{
    Database, FIRST, World, device, execute, fleet, group, hour, number, ring, settle, tenant,
};

/// 40 models; a fleet of 3,000 that a ring of 3 percent covers.
fn mixed() -> Vec<ImportedDevice> {
    let mut devices = fleet(3_000);
    for (number, device) in devices.iter_mut().enumerate() {
        device.model = format!("Model {}", if number % 2 == 0 { 0 } else { number % 80 });
        device.traits.category.push_str(if number % 3 == 0 { "Ulm" } else { "Oslo" });
    }
    devices
}

fn covering() -> RingSet {
    let rings = vec![ring("Test", 3, vec![]), ring("Broad", 97, vec![])];
    let rules =
        PlacementRules { cover: vec![Stratum::Model], cover_rings: 1, ..PlacementRules::default() };
    RingSet::new("Covering".to_owned(), rings).and_then(|set| set.with_rules(rules)).expect("a set")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_tells_what_placing_does() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    store.device_import(tenant, &mixed()).await.unwrap();
    store.registration_run(tenant, store::registration::Scope::Due, hour(0)).await.unwrap();
    let set = store.ring_set_create(tenant, &covering(), "ana", hour(0)).await.unwrap().id;
    let before = store.ring_set_preview(tenant, set, None, hour(0)).await.unwrap();
    assert_eq!((before.rings[0].before, before.rings.len()), (0, 2));
    assert_eq!((before.coverage.strata, before.coverage.rings[0].covered), (41, 41));
    let covers = before.moves.iter().find(|one| one.why == Some(Why::Covers)).unwrap();
    assert_eq!((covers.from, covers.to, covers.examples.len()), (None, Some(FIRST), 20));
    assert_eq!(store.ring_set_place(tenant, set, hour(0)).await.unwrap(), 3_000);
    let members = store.ring_set_members(tenant, set).await.unwrap();
    let told: Vec<u32> = before.rings.iter().map(|ring| ring.after).collect();
    assert_eq!(members.iter().map(|(_, count)| *count).collect::<Vec<_>>(), told);
    let after = store.ring_set_preview(tenant, set, None, hour(0)).await.unwrap();
    assert_eq!((after.moves.len(), after.rings[1].after), (0, told[1]));
    assert_eq!(store.ring_set_place(tenant, set, hour(0)).await.unwrap(), 0, "sticky");
    let raw = &mut database.raw().await;
    let stored = format!("select count(*) from ring_member where why = {}", Why::Covers.code());
    assert_eq!(number(raw, &stored).await, i64::from(covers.devices));
    // A newcomer of a model nobody has is seen by the ring that covers, as a delta too.
    let mut newcomer = device(9_000);
    newcomer.model = "Prototype".to_owned();
    store.device_import(tenant, &[newcomer]).await.unwrap();
    settle(&store, tenant, hour(1)).await;
    let members = store.ring_set_members(tenant, set).await.unwrap();
    assert_eq!(members.iter().map(|(_, count)| count).sum::<u32>(), 3_001);
    check_tally(raw).await;
    // A set that is not there yet can be previewed.
    let other = RingSet::new("Other".to_owned(), covering().rings().to_vec()).expect("a set");
    let new = RingSetId(Uuid::now_v7());
    let preview = store.ring_set_preview(tenant, new, Some(&other), hour(1)).await.unwrap();
    assert_eq!(preview.rings.iter().map(|ring| ring.after).sum::<u32>(), 3_001);
    let missing = store.ring_set_preview(tenant, new, None, hour(1)).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })), "{missing:?}");
}

async fn check_tally(raw: &mut sqlx::PgConnection) {
    let wrong = "select count(*) from ring_tally t full join (
            select ring_set_id, ring, count(*) as members from ring_member group by 1, 2
        ) m using (ring_set_id, ring)
        where coalesce(t.members, 0) <> coalesce(m.members, 0)";
    assert_eq!(number(raw, wrong).await, 0, "counters differ from a recount");
}

#[tokio::test(flavor = "multi_thread")]
async fn sets_with_sources_share_out_their_members_only() {
    let world = World::of(300).await;
    let (store, tenant) = (&world.store, world.tenant);
    let rules = PlacementRules { sources: vec![group(1)], ..PlacementRules::default() };
    let rings = vec![ring("A", 50, vec![]), ring("B", 50, vec![group(2)])];
    let set = RingSet::new("Branch".to_owned(), rings).and_then(|set| set.with_rules(rules));
    let set = set.expect("a set");
    let created = store.ring_set_create(tenant, &set, "ana", hour(1)).await.unwrap();
    assert_eq!(store.ring_set_fetch(tenant, created.id).await.unwrap().set, set);
    let objects: Vec<_> = (0..40).map(|number| device(number).object.unwrap()).collect();
    // Through a group in the source.
    store.group_replace(tenant, group(3), &objects, &[], hour(1)).await.unwrap();
    store.group_replace(tenant, group(1), &[], &[group(3)], hour(1)).await.unwrap();
    settle(store, tenant, hour(1)).await;
    let sum = async |set| -> u32 {
        let members = store.ring_set_members(tenant, set).await.unwrap();
        members.iter().map(|(_, count)| count).sum()
    };
    assert_eq!((sum(created.id).await, sum(world.ring_set).await), (40, 260));
    let mut raw = world.database.raw().await;
    let seats = "select string_agg(m::text, ' ' order by m.ring_set_id, m.device_id) from (
        select ring_set_id, device_id, ring, position from ring_member) m";
    let by_delta: String =
        sqlx::query_scalar(seats).fetch_one(&mut raw).await.expect("memberships");
    for set in [created.id, world.ring_set] {
        assert_eq!(store.ring_set_place(tenant, set, hour(2)).await.unwrap(), 0, "as by delta");
    }
    let whole: String = sqlx::query_scalar(seats).fetch_one(&mut raw).await.expect("memberships");
    assert!(by_delta == whole);
    check_tally(&mut raw).await;
    // Without its set, the devices come back to the one that takes everybody.
    store.ring_set_delete(tenant, created.id, "ana", hour(3)).await.unwrap();
    settle(store, tenant, hour(3)).await;
    assert_eq!(sum(world.ring_set).await, 300);
    assert_eq!(number(&mut raw, "select count(distinct ring_set_id) from ring_member").await, 1);
    check_tally(&mut raw).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sets_change_and_go_when_nothing_needs_them() {
    let world = World::of(300).await;
    let (store, tenant) = (&world.store, world.tenant);
    let rings =
        vec![ring("Early", 10, vec![group(1)]), ring("Mid", 20, vec![]), ring("Late", 70, vec![])];
    let changed = RingSet::new("Renamed".to_owned(), rings).expect("a set");
    let row =
        store.ring_set_update(tenant, world.ring_set, &changed, "ana", hour(2)).await.unwrap();
    assert_eq!(row.set, changed);
    let plan = store.rollout_plan(tenant, world.rollout).await.unwrap();
    assert_eq!(plan.rings().len(), 2, "a rollout keeps its plan");
    let refused = store.ring_set_delete(tenant, world.ring_set, "ana", hour(2)).await;
    let why = "rollouts over this ring set are unfinished: November";
    assert!(matches!(&refused, Err(StoreError::Conflict(text)) if text == why), "{refused:?}");
    world.record(domain::rollout::phase::Event::Cancelled, hour(3)).await.unwrap();
    store.ring_set_delete(tenant, world.ring_set, "ana", hour(3)).await.unwrap();
    let gone = store.ring_set_update(tenant, world.ring_set, &changed, "ana", hour(4)).await;
    assert!(matches!(gone, Err(StoreError::NotFound { .. })), "{gone:?}");
    assert_eq!(store.rollout_list(tenant, crate::world::ALL).await.unwrap().len(), 1);
    let raw = &mut world.database.raw().await;
    let many = format!("insert into ring_set (tenant_id, id, name, rings, rules, created_at)
        select '{tenant}', gen_random_uuid(), 'set ' || n, '[]', '{{}}', now() from generate_series(1, 300) n");
    execute(raw, &many).await.unwrap();
    let full = store.ring_set_create(tenant, &changed, "ana", hour(5)).await;
    assert!(matches!(&full, Err(StoreError::Conflict(why)) if why.contains("300")), "{full:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_rings_are_told_what_differs() {
    let world = World::of(50).await;
    let (store, tenant, set) = (&world.store, world.tenant, world.ring_set);
    let changes = async || store.ring_group_changes(tenant, set, 1_000).await.unwrap();
    let first = changes().await;
    assert_eq!((first.add.len(), first.remove.len()), (50, 0));
    store.ring_group_told(tenant, set, &first).await.unwrap();
    assert_eq!(changes().await, RingGroupChanges::default());
    // One moves, one leaves.
    let mover = first.add[0];
    let leaver = first.add[1];
    let pin = store::controls::NewControl {
        control: domain::control::Control::Pin { ring_set: set, ring: RingIndex(1) },
        reason: String::new(),
        owner: "ana".to_owned(),
        expires_at: None,
        filter: None,
    };
    store.device_control_set(tenant, &[mover.device], &pin, hour(1)).await.unwrap();
    let left = store::devices::Left { objects: vec![leaver.object], ..Default::default() };
    store.device_remove(tenant, &left, hour(1)).await.unwrap();
    settle(store, tenant, hour(1)).await;
    let next = changes().await;
    assert_eq!((next.add.len(), next.remove.len()), (1, 2));
    assert_eq!((next.add[0].device, next.add[0].ring), (mover.device, RingIndex(1)));
    let removed = RingGroupChanges { add: vec![], remove: next.remove.clone() };
    store.ring_group_told(tenant, set, &removed).await.unwrap();
    let rest = changes().await;
    assert_eq!((rest.add.len(), rest.remove.len()), (1, 0));
    store.ring_group_told(tenant, set, &rest).await.unwrap();
    store.ring_group_told(tenant, set, &rest).await.unwrap();
    assert_eq!(changes().await, RingGroupChanges::default());
    // Told of a device that has left meanwhile: it is to be taken out again.
    let late = RingGroupChanges { add: vec![leaver], remove: vec![] };
    store.ring_group_told(tenant, set, &late).await.unwrap();
    assert_eq!(changes().await.remove, [leaver]);
    store.ring_group_forget(tenant, set).await.unwrap();
    assert_eq!(changes().await.add.len(), 49);
}
