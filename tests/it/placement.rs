//! Which ring devices are in, and who decides that.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use api_types as api;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::organisation::{Organisation, Tenant, eventually, wish};
use crate::stack::{Api, Stack, three_rings};

/// The ring of every device of the set, by the device's name. Read ring by ring: a device that is
/// being moved meanwhile is seen twice, and all is read again.
async fn rings(tenant: &Tenant, set: &api::RingSet) -> BTreeMap<String, String> {
    for _ in 0..400 {
        let mut all = BTreeMap::new();
        let mut seen = 0;
        for (ring, at) in set.rings.iter().zip(0..) {
            let query = format!("&ring_set_id={}&ring={at}", set.id);
            for device in tenant.devices_where(&query).await {
                all.insert(device.name.clone(), ring.name.clone());
                seen += 1;
            }
        }
        if all.len() == seen {
            return all;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("devices are in two rings and stay there");
}

/// Moves as they were, from what was where before and after: from, to, how many.
type Moves = BTreeMap<(Option<String>, Option<String>), u32>;

fn moved(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Moves {
    let mut moves = Moves::new();
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let way = (before.get(name).cloned(), after.get(name).cloned());
        if way.0 != way.1 {
            *moves.entry(way).or_default() += 1;
        }
    }
    moves
}

fn told(preview: &api::RingSetPreview) -> Moves {
    let mut moves = Moves::new();
    for one in &preview.moves {
        *moves.entry((one.from.clone(), one.to.clone())).or_default() += one.devices;
    }
    moves
}

fn body(set: &api::CreateRingSet) -> Value {
    serde_json::to_value(set).expect("JSON")
}

async fn place_all(tenant: &Tenant, set: &api::RingSet) {
    let path = format!("{}/ring-sets/{}/place", tenant.at, set.id);
    let (status, answer) = tenant.api.call("POST", &path, None).await.expect("an answer");
    assert!((200..300).contains(&status), "{status} {answer}");
}

async fn ring_of(tenant: &Tenant, device: Uuid, set: &api::RingSet) -> api::RingPlacement {
    let explained = tenant.explain(device).await;
    let ring = explained.rings.into_iter().find(|ring| ring.ring_set_id == set.id);
    ring.expect("every set says something of every device")
}

async fn by_entra_id(tenant: &Tenant, id: Uuid) -> Option<api::Device> {
    tenant.devices().await.into_iter().find(|device| device.entra_device_id == Some(id))
}

/// Saves `changed`, has everybody placed if told to, and waits for what the preview told; nothing
/// else happens.
async fn saved_as_told(
    tenant: &Tenant,
    set: &api::RingSet,
    changed: &api::CreateRingSet,
    place: bool,
) {
    let path = format!("/ring-sets/{}", set.id);
    let before = rings(tenant, set).await;
    let preview: api::RingSetPreview =
        tenant.post(&format!("{path}/preview"), &body(changed)).await;
    assert_eq!(rings(tenant, set).await, before, "a preview changes nothing");
    let expected = told(&preview);
    assert!(!expected.is_empty(), "{preview:#?}");
    let now: api::RingSet = tenant.put(&path, &body(changed)).await;
    if place {
        place_all(tenant, &now).await;
    }
    // Not `eventually`: what happened instead is worth knowing.
    let began = Instant::now();
    let after = loop {
        let after = rings(tenant, &now).await;
        if moved(&before, &after) == expected {
            break after;
        }
        let waited = began.elapsed() > Duration::from_secs(8);
        assert!(!waited, "{:#?}\nbut told was\n{expected:#?}", moved(&before, &after));
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    for (one, ring) in preview.rings.iter().zip(&now.rings) {
        assert_eq!(one.name, ring.name);
        let members = |of: &BTreeMap<String, String>| {
            u32::try_from(of.values().filter(|name| **name == ring.name).count()).expect("few")
        };
        assert_eq!((one.members_before, one.members_after), (members(&before), members(&after)));
    }
    for one in &preview.moves {
        for device in &one.examples {
            let way = (before.get(&device.name), after.get(&device.name));
            assert_eq!(way, (one.from.as_ref(), one.to.as_ref()), "{}", device.name);
        }
    }
    tenant.sync().await;
    assert_eq!(rings(tenant, &now).await, after, "and stays that way");
    let again: api::RingSetPreview = tenant.post(&format!("{path}/preview"), &body(changed)).await;
    assert!(again.moves.is_empty(), "{:#?}", again.moves);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_tells_what_saving_does() {
    let stack = Stack::new(wish(80, 1.0)).await;
    let organisation = Organisation::of(&stack.simulator);
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = Tenant::connect(&stack, api).await;
    let mut wanted = three_rings();
    let preview: api::RingSetPreview = tenant.post("/ring-sets/preview", &body(&wanted)).await;
    let set = tenant.ring_set(&wanted).await;
    assert_eq!(told(&preview).values().sum::<u32>(), set.members.iter().sum::<u32>());
    // Places depend on the id of the set, which a set that is only previewed does not have.
    assert!(preview.moves.iter().all(|one| one.from.is_none() && one.to.is_some()), "{preview:#?}");

    // Groups name whom a ring gets; they are known once they are read.
    let few = organisation.group("Few", &(0..8).collect::<Vec<_>>(), &[]).await;
    let most = organisation.group("Most", &(0..60).collect::<Vec<_>>(), &[]).await;
    let mut other = three_rings();
    other.id = None;
    "Knows the groups".clone_into(&mut other.name);
    other.rings[0].groups = vec![few];
    other.rules.sources = vec![most];
    // A set with sources claims their devices, so another that names the same is a conflict: gone
    // before the first one asks for them.
    let knows: api::RingSet = tenant.post("/ring-sets", &body(&other)).await;
    for (ring, group) in [(2, few), (1, most)] {
        let mut asked = wanted.clone();
        asked.rings[ring].groups = vec![group];
        let path = format!("/ring-sets/{}/preview", set.id);
        eventually("the group is read", async || {
            let preview: api::RingSetPreview = tenant.post(&path, &body(&asked)).await;
            (!preview.moves.is_empty()).then_some(())
        })
        .await;
    }
    let path = format!("{}/ring-sets/{}", tenant.at, knows.id);
    let (status, answer) = tenant.api.call("DELETE", &path, None).await.expect("an answer");
    assert_eq!(status, 204, "{answer}");
    tenant.sync().await;

    wanted.rings[2].groups = vec![few];
    saved_as_told(&tenant, &set, &wanted, false).await;
    wanted.rings[1].groups = vec![most];
    wanted.rings[2].groups.clear();
    saved_as_told(&tenant, &set, &wanted, false).await;
    wanted.rings[1].groups.clear();
    for (rings, sources) in [(3, vec![most]), (3, vec![]), (2, vec![])] {
        wanted.rings.truncate(rings);
        wanted.rings[1].percent = if rings == 2 { 90 } else { 30 };
        wanted.rules.sources = sources;
        saved_as_told(&tenant, &set, &wanted, true).await;
    }
    server.shutdown().await;
    stack.end().await;
}

/// Not only who is in a group that the set names: whom its sources leave out, and who was in a ring
/// that is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn saving_moves_everybody_whom_the_preview_tells_of() {
    let stack = Stack::new(wish(80, 1.0)).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = Tenant::connect(&stack, api).await;
    let mut wanted = three_rings();
    let set = tenant.ring_set(&wanted).await;
    wanted.rings.truncate(2);
    wanted.rings[1].percent = 90;
    saved_as_told(&tenant, &set, &wanted, false).await;
    server.shutdown().await;
    stack.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn devices_join_their_ring_and_leave_it() {
    let stack = Stack::new(wish(40, 1.0)).await;
    let organisation = Organisation::of(&stack.simulator);
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = Tenant::connect(&stack, api).await;
    let pilots = organisation.group("Pilots", &[3], &[]).await;
    let mut wanted = three_rings();
    wanted.rings[0].groups = vec![pilots];
    let set = tenant.ring_set(&wanted).await;
    tenant.assess().await;
    tenant.enroll(&json!({ "ring_set_id": set.id }), true).await;
    let before = rings(&tenant, &set).await;

    let new = organisation.enrol(6).await;
    organisation.members(pilots, &[40, 41], &[3]).await;
    tenant.sync().await;
    for (id, number) in new.iter().zip(0..) {
        let device = by_entra_id(&tenant, *id).await.expect("a new device");
        let ring = ring_of(&tenant, device.id, &set).await;
        if number < 2 {
            assert_eq!((ring.ring, ring.why.as_deref()), (Some(0), Some("group")), "{ring:?}");
        } else {
            assert_eq!(ring.why.as_deref(), Some("percentage"), "{ring:?}");
        }
    }
    let after = rings(&tenant, &set).await;
    assert_eq!(after.len(), before.len() + 6);
    // Who was there stays, and so does the one that left the group: nothing but pins and groups moves.
    for (name, ring) in &before {
        assert_eq!(after.get(name), Some(ring), "{name}");
    }
    // The groups on Graph follow.
    let told = async |what: &str, devices: usize| {
        eventually(what, async || {
            let state = organisation.state().await;
            let groups = state["groups"].as_array().expect("a list").clone();
            let ours = groups.iter().filter(|group| {
                group["displayName"].as_str().is_some_and(|name| name.starts_with("Concentric - "))
            });
            let members: u32 =
                ours.map(|group| crate::enrollment::counted(&group["devices"])).sum();
            (usize::try_from(members).expect("few") == devices).then_some(())
        })
        .await;
    };
    told("new members", after.len()).await;

    organisation.retire(&[3, 10, 11, 40]).await;
    tenant.sync().await;
    let left = rings(&tenant, &set).await;
    assert_eq!(left.len(), after.len() - 4);
    assert!(by_entra_id(&tenant, new[0]).await.is_none(), "it is gone");
    told("members that left", left.len()).await;
    server.shutdown().await;
    stack.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pin_outlasts_groups_and_placing() {
    let stack = Stack::new(wish(40, 1.0)).await;
    let organisation = Organisation::of(&stack.simulator);
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = Tenant::connect(&stack, api).await;
    let pilots = organisation.group("Pilots", &[], &[]).await;
    let mut wanted = three_rings();
    wanted.rings[0].groups = vec![pilots];
    let set = tenant.ring_set(&wanted).await;
    let from_broad = tenant.devices_where(&format!("&ring_set_id={}&ring=2", set.id)).await;
    let device = from_broad.first().expect("the largest ring has some").clone();
    let select = json!({ "ids": [device.id] });
    let pin = json!({ "action": "move", "ring_set_id": set.id, "ring": 1, "reason": "a trial" });
    let result = tenant.act(&select, &pin).await;
    assert_eq!((result.matched, result.changed), (1, 1));
    let pinned = async |what: &str| {
        eventually(what, async || {
            let ring = ring_of(&tenant, device.id, &set).await;
            ((ring.ring, ring.why.as_deref()) == (Some(1), Some("pinned"))).then_some(())
        })
        .await;
    };
    pinned("pinned").await;
    // The number of a device on the other side is not known here: everybody is a pilot.
    organisation.members(pilots, &(0..40).collect::<Vec<_>>(), &[]).await;
    tenant.sync().await;
    let others = tenant.devices_where(&format!("&ring_set_id={}&ring=0", set.id)).await;
    assert_eq!(others.len(), rings(&tenant, &set).await.len() - 1);
    pinned("pinned all the same").await;
    place_all(&tenant, &set).await;
    pinned("placed, and still pinned").await;
    organisation.members(pilots, &[], &(0..40).collect::<Vec<_>>()).await;
    tenant.sync().await;
    pinned("no group, and still pinned").await;
    organisation.members(pilots, &(0..40).collect::<Vec<_>>(), &[]).await;
    tenant.sync().await;
    let unpin = json!({ "action": "unpin", "ring_set_id": set.id });
    assert_eq!(tenant.act(&select, &unpin).await.changed, 1);
    eventually("its group has it", async || {
        let ring = ring_of(&tenant, device.id, &set).await;
        ((ring.ring, ring.why.as_deref()) == (Some(0), Some("group"))).then_some(())
    })
    .await;
    server.shutdown().await;
    stack.end().await;
}
