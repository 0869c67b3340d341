//! What is wanted of Graph, what was delivered, and what was accepted.

use domain::attempt::AttemptState;
use domain::ids::DirectoryObjectId;
use domain::ring::RingIndex;
use domain::rollout::access::Access;
use domain::rollout::phase::{Event, Pauser};
use store::enforcement::{PendingWave, RingObjects, WaveKind};
use store::ingest::Report;
use uuid::Uuid;

use crate::world::{FIRST, World, hour};

#[tokio::test(flavor = "multi_thread")]
async fn a_wave_is_pending_until_it_is_delivered() {
    let world = World::of(200).await;
    let (store, tenant, rollout) = (&world.store, world.tenant, world.rollout);
    world.offer(5, hour(2)).await.unwrap();
    let generation = world.offer(3, hour(3)).await.unwrap();
    let duty = store.rollout_duty(tenant, rollout).await.unwrap();
    assert_eq!((duty.release_name.as_str(), duty.catalog_entry_id.as_str()), ("November", "entry"));
    assert_eq!(duty.generation, generation);
    let wave =
        |number, generation| PendingWave { kind: WaveKind::Offer, ring: FIRST, number, generation };
    assert_eq!(duty.pending, [wave(0, generation - 1), wave(1, generation)]);
    assert_eq!(duty.rings.len(), 1, "the second ring was never told anything");
    assert_eq!((duty.rings[0].wanted, duty.rings[0].accepted), (Access::Open, Access::Closed));
    assert_eq!((duty.rings[0].deadline_days, duty.rings[0].grace_days), (2, 1));
    let attempts = world.attempts().await;
    for (pending, places) in duty.pending.iter().zip([0..5, 5..8]) {
        let devices = store.wave_devices(tenant, rollout, *pending).await.unwrap();
        let expected: Vec<_> = attempts[places].iter().map(|attempt| attempt.0).collect();
        assert_eq!(devices.iter().map(|d| d.entra_device).collect::<Vec<_>>(), expected);
    }
    store.wave_delivered(tenant, rollout, duty.pending[0], hour(4)).await.unwrap();
    let row = store.rollout_fetch(tenant, rollout).await.unwrap();
    assert_eq!((row.rings[0].waves, row.rings[0].pending_waves), (2, 1));
    let duty = store.rollout_duty(tenant, rollout).await.unwrap();
    assert_eq!(duty.pending, [wave(1, generation)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_generation_never_overwrites_a_newer_one() {
    let world = World::of(200).await;
    let (store, tenant, rollout) = (&world.store, world.tenant, world.rollout);
    let opened = store.rollout_duty(tenant, rollout).await.unwrap().generation;
    world.record(Event::Paused { by: Pauser::Person }, hour(2)).await.unwrap();
    let accept = async |access, generation, at| {
        store.ring_accepted(tenant, rollout, FIRST, access, generation, hour(at)).await.unwrap();
        let row = store.rollout_fetch(tenant, rollout).await.unwrap();
        (row.rings[0].accepted, row.rings[0].accepted_at)
    };
    assert_eq!(accept(Access::Held, opened + 1, 3).await, (Access::Held, Some(hour(3))));
    let late = accept(Access::Open, opened, 4).await;
    assert_eq!(late, (Access::Held, Some(hour(3))), "the answer to an older call came late");
    assert_eq!(accept(Access::Held, opened + 2, 5).await, (Access::Held, Some(hour(3))));
    let duty = store.rollout_duty(tenant, rollout).await.unwrap();
    assert_eq!(duty.rings[0].accepted_generation, opened + 2);
    let events = store.event_list(tenant, rollout, 0, 100).await.unwrap();
    let accepted: Vec<_> = events.iter().filter(|event| event.kind == "accepted").collect();
    assert_eq!(accepted.len(), 1, "only a change is an event");
    let expected = format!(r#"{{"access":"held","generation":{},"ring":0}}"#, opened + 1);
    assert_eq!(accepted[0].body, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_kept_and_watched_while_devices_are_awaited() {
    let world = World::of(200).await;
    let (store, tenant, rollout) = (&world.store, world.tenant, world.rollout);
    let objects = RingObjects {
        offer_group: Some(DirectoryObjectId(Uuid::from_u128(5))),
        policy: Some("policy".to_owned()),
        audience: None,
        removal_group: None,
        update_ring: Some("ring".to_owned()),
    };
    store.ring_objects_keep(tenant, rollout, FIRST, &objects).await.unwrap();
    let duty = store.rollout_duty(tenant, rollout).await.unwrap();
    assert_eq!(duty.rings[0].objects, objects);
    assert_eq!(store.watched(tenant).await.unwrap(), [], "no device is awaited");
    world.offer(1, hour(2)).await.unwrap();
    let watched = store.watched(tenant).await.unwrap();
    assert_eq!(watched.len(), 1);
    assert_eq!(watched[0].policies, [(FIRST, "policy".to_owned())]);
    let (device, ..) = world.attempts().await[0];
    let report =
        Report { device, state: AttemptState::Failed, code: Some("1".into()), at: hour(3) };
    store.report_ingest(tenant, rollout, &[report], hour(3)).await.unwrap();
    assert_eq!(store.watched(tenant).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn why_graph_does_not_follow_stands_at_the_rings_it_concerns() {
    let world = World::of(200).await;
    let (store, tenant, rollout) = (&world.store, world.tenant, world.rollout);
    let errors = async || {
        let row = store.rollout_fetch(tenant, rollout).await.unwrap();
        row.rings.into_iter().map(|ring| ring.enforce_error).collect::<Vec<_>>()
    };
    store.rollout_enforce_note(tenant, rollout, Some("429")).await.unwrap();
    assert_eq!(errors().await, [Some("429".to_owned()), None]);
    store.rollout_enforce_note(tenant, rollout, None).await.unwrap();
    assert_eq!(errors().await, [None, None]);
    let row = store.rollout_fetch(tenant, rollout).await.unwrap();
    let names: Vec<_> = row.rings.iter().map(|ring| (ring.ring, ring.name.as_str())).collect();
    assert_eq!(names, [(FIRST, "First"), (RingIndex(1), "Broad")]);
}
