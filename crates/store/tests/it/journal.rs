//! Decisions: compare-and-set, waves, effects, and what a request forbids.

use domain::attempt::AttemptState;
use domain::ids::RolloutId;
use domain::ring::RingIndex;
use domain::rollout::access::Access;
use domain::rollout::decide::{Decision, WaitingOn, decide};
use domain::rollout::observations::{Observations, Wish};
use domain::rollout::phase::{Event, Pauser, Phase};
use domain::rollout::plan::Plan;
use serde_json::Value;
use store::StoreError;
use store::devices::ImportedDevice;
use store::rollouts::Request;

use crate::world::{ALL, FIRST, NEW, World, execute, fleet, hour, new_rollout, number};

#[tokio::test(flavor = "multi_thread")]
async fn of_two_decisions_on_one_snapshot_exactly_one_is_recorded() {
    let world = World::of(200).await;
    for round in 0..5 {
        let (store, tenant, rollout) = (&world.store, world.tenant, world.rollout);
        let snapshot = store.rollout_snapshot(tenant, rollout).await.unwrap();
        let event = Event::WaveOffered { ring: FIRST, wave: round, devices: 2 };
        let record = || store.rollout_record(tenant, rollout, &snapshot, event, hour(2));
        let (one, other) = tokio::join!(record(), record());
        let outcomes = [one, other];
        let recorded = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let stale = outcomes.iter().filter(|o| matches!(o, Err(StoreError::Stale))).count();
        assert_eq!((recorded, stale), (1, 1), "{outcomes:?}");
        assert_eq!(world.tally(FIRST).await.offered(), (round + 1) * 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waves_take_members_in_order_and_none_twice() {
    let world = World::of(200).await;
    let members = world.tally(FIRST).await.members();
    assert!(members > 30, "{members}");
    world.offer(10, hour(2)).await.unwrap();
    world.offer(7, hour(3)).await.unwrap();
    let attempts = world.attempts().await;
    for (place, (_, state, wave)) in attempts.iter().enumerate() {
        let expected = match place {
            0..10 => (AttemptState::Offered, Some(0)),
            10..17 => (AttemptState::Offered, Some(1)),
            _ => (AttemptState::Assigned, None),
        };
        assert_eq!((*state, *wave), expected, "place {place}");
    }
    world.check_tally().await;
    let missing = world.offer(members - 17 + 1, hour(4)).await;
    assert!(matches!(missing, Err(StoreError::Stale)), "{missing:?}");
    assert_eq!(world.tally(FIRST).await.offered(), 17, "a refused wave moves nothing");
    world.offer(members - 17, hour(4)).await.unwrap();
    assert_eq!(world.tally(FIRST).await.waiting(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn excluded_members_are_never_offered_and_say_why() {
    let world = World::of_devices(&odd_devices()).await;
    let members = world.tally(FIRST).await.members() + world.tally(RingIndex(1)).await.members();
    assert_eq!(members, 159, "unregistered devices are in no ring");
    let mut raw = world.database.raw().await;
    for (code, devices) in [("inactive", 40), ("already_current", 40), ("no_content", 39)] {
        let sql = format!("select count(*) from attempt where state = 12 and code = '{code}'");
        assert_eq!(number(&mut raw, &sql).await, devices, "{code}");
    }
    let waiting = world.tally(FIRST).await.waiting();
    world.offer(waiting, hour(2)).await.unwrap();
    let offered = "select count(*) from attempt where state = 1 and code is not null";
    assert_eq!(number(&mut raw, offered).await, 0);
    world.check_tally().await;
}

/// Forty each of good, inactive, current and unsupported devices, one of which is not in Entra.
fn odd_devices() -> Vec<ImportedDevice> {
    let mut devices = fleet(160);
    for device in &mut devices[40..80] {
        device.last_sync = Some(hour(-24 * 29));
    }
    for device in &mut devices[80..120] {
        device.build = Some(NEW);
    }
    for device in &mut devices[120..160] {
        device.build = "10.0.22631.1".parse().ok();
    }
    devices[159].entra_device = None;
    devices
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_pause_returned_no_wave_commits() {
    let world = World::of(400).await;
    for round in 0..8 {
        let stop = std::sync::atomic::AtomicBool::new(false);
        let waves = async {
            let mut stale = 0;
            while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                // A planner that has seen the pause offers nothing; this one never looks.
                match world.offer(1, hour(2)).await {
                    Ok(_) => {}
                    Err(StoreError::Stale) => stale += 1,
                    Err(other) => panic!("{other}"),
                }
            }
            stale
        };
        let snapshot = world.store.rollout_snapshot(world.tenant, world.rollout).await.unwrap();
        let pause = async {
            tokio::time::sleep(std::time::Duration::from_millis(5 + round * 3)).await;
            world.request(Wish::Hold, hour(3)).await.unwrap();
            stop.store(true, std::sync::atomic::Ordering::SeqCst);
        };
        let ((), _) = tokio::join!(pause, waves);
        // Decided before the pause, recorded after it.
        let late = Event::WaveOffered { ring: FIRST, wave: 0, devices: 1 };
        let late =
            world.store.rollout_record(world.tenant, world.rollout, &snapshot, late, hour(3)).await;
        assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");
        check_order(&world).await;
        world.request(Wish::Run, hour(4)).await.unwrap();
    }
}

/// Every wave after a hold was decided on a snapshot that had seen it.
async fn check_order(world: &World) {
    let events =
        world.store.event_list(world.tenant, world.rollout, 0, 10_000).await.expect("it works");
    let mut held = false;
    for event in events {
        let body: Value = serde_json::from_str(&event.body).expect("it works");
        if event.kind == "requested" {
            held = body["wish"] == "hold";
        }
        if event.kind == "wave_offered" {
            let seen = &body["evidence"]["observations"]["intent"]["wish"];
            assert_eq!(seen == "hold", held, "event {}", event.seq);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_makes_older_decisions_stale_and_is_recorded() {
    let world = World::of(50).await;
    let before = world.store.rollout_snapshot(world.tenant, world.rollout).await.unwrap();
    let request = Request {
        take_back: false,
        wish: Wish::Hold,
        promoted: Some(RingIndex(1)),
        actor: "ana".to_owned(),
        reason: Some("a printer is on fire".to_owned()),
    };
    let row =
        world.store.rollout_request(world.tenant, world.rollout, &request, hour(2)).await.unwrap();
    assert_eq!(row.generation, before.generation + 1);
    assert_eq!((row.intent.wish, row.intent.promoted), (Wish::Hold, Some(RingIndex(1))));
    let event = Event::Paused { by: Pauser::Person };
    let late =
        world.store.rollout_record(world.tenant, world.rollout, &before, event, hour(2)).await;
    assert!(matches!(late, Err(StoreError::Stale)), "{late:?}");
    // Vouching is not taken back by vouching for less.
    let less = Request { promoted: Some(FIRST), ..request };
    let row =
        world.store.rollout_request(world.tenant, world.rollout, &less, hour(3)).await.unwrap();
    assert_eq!(row.intent.promoted, Some(RingIndex(1)));
    let events = world.store.event_list(world.tenant, world.rollout, 0, 100).await.unwrap();
    let asked: Vec<_> = events.iter().filter(|event| event.kind == "requested").collect();
    assert_eq!(asked.len(), 2);
    let expected =
        r#"{"promoted":1,"reason":"a printer is on fire","take_back":false,"wish":"hold"}"#;
    assert_eq!((asked[0].actor.as_str(), asked[0].body.as_str()), ("ana", expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_replays_from_its_row() {
    let world = World::of(200).await;
    let (store, tenant, rollout) = (&world.store, world.tenant, world.rollout);
    let mut decided = Vec::new();
    loop {
        let snapshot = store.rollout_snapshot(tenant, rollout).await.unwrap();
        // With a time finer than the database keeps.
        let now = hour(2) + chrono::TimeDelta::nanoseconds(123_456_789);
        match decide(&snapshot.plan, snapshot.phase, &snapshot.observations, now) {
            Decision::Act(event) => {
                store.rollout_record(tenant, rollout, &snapshot, event, now).await.unwrap();
                decided.push(event);
            }
            Decision::Wait(waiting) => {
                store.rollout_waits(tenant, rollout, &waiting, now).await.unwrap();
                assert!(matches!(waiting, WaitingOn::Gate { .. }), "{waiting:?}");
                let row = store.rollout_fetch(tenant, rollout).await.unwrap();
                assert_eq!(row.waiting, Some(waiting));
                break;
            }
        }
    }
    assert!(!decided.is_empty());
    let plan: Plan = store.rollout_plan(tenant, rollout).await.unwrap();
    let events = store.event_list(tenant, rollout, 0, 100).await.unwrap();
    let mut replayed = Vec::new();
    for event in events.iter().filter(|event| event.kind == "wave_offered") {
        let body: Value = serde_json::from_str(&event.body).unwrap();
        let evidence = &body["evidence"];
        let phase: Phase = serde_json::from_value(evidence["phase"].clone()).unwrap();
        let seen: Observations = serde_json::from_value(evidence["observations"].clone()).unwrap();
        let now = serde_json::from_value(evidence["now"].clone()).unwrap();
        let recorded: Event = serde_json::from_value(body["event"].clone()).unwrap();
        assert_eq!(decide(&plan, phase, &seen, now), Decision::Act(recorded));
        replayed.push(recorded);
    }
    assert_eq!(replayed, decided);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_withdraws_offers_and_removes_in_waves_that_come_round() {
    let world = World::of(200).await;
    world.offer(20, hour(2)).await.unwrap();
    let mut raw = world.database.raw().await;
    // Of twenty offered, ten have installed; five fail to matter later on.
    execute(
        &mut raw,
        "update attempt set state = 5 where device_id in (
             select device_id from attempt where state = 1 order by position limit 10)",
    )
    .await
    .unwrap();
    world.record(Event::RollbackStarted, hour(3)).await.unwrap();
    let tally = world.tally(FIRST).await;
    assert_eq!((tally.in_state(AttemptState::Withdrawn), tally.removable()), (10, 10));
    let wave = |wave, devices| Event::RemovalWave { ring: FIRST, wave, devices };
    world.record(wave(0, 6), hour(4)).await.unwrap();
    // A withdrawn device before the cursor installs all the same: it stands behind the cursor.
    execute(
        &mut raw,
        "update attempt set state = 5 where state = 9 and device_id = (
             select device_id from attempt where state = 9 order by position limit 1)",
    )
    .await
    .unwrap();
    world.record(wave(1, 5), hour(5)).await.unwrap();
    let tally = world.tally(FIRST).await;
    assert_eq!((tally.removing(), tally.removable()), (10, 0));
    world.check_tally().await;
    let row = world.store.rollout_fetch(world.tenant, world.rollout).await.unwrap();
    assert_eq!(row.rings[0].removal_waves, 2);
    assert_eq!((row.rings[0].wanted, row.rings[1].wanted), (Access::Withdrawn, Access::Closed));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_ended_takes_no_wish() {
    let world = World::of(20).await;
    world.record(Event::Cancelled, hour(2)).await.unwrap();
    let refused = world.request(Wish::Run, hour(3)).await;
    assert!(
        matches!(&refused, Err(StoreError::Conflict(why)) if why.contains("cancelled")),
        "{refused:?}"
    );
    world.request(Wish::Withdraw, hour(3)).await.expect("a cancelled rollout can be withdrawn");
    world.record(Event::RollbackStarted, hour(4)).await.unwrap();
    world.record(Event::RolledBack, hour(5)).await.unwrap();
    let refused = world.request(Wish::Withdraw, hour(6)).await;
    assert!(
        matches!(&refused, Err(StoreError::Conflict(why)) if why.contains("rolled back")),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_has_one_unfinished_rollout_over_a_ring_set() {
    let world = World::of(20).await;
    let (store, tenant) = (&world.store, world.tenant);
    let new = new_rollout(world.release, world.ring_set);
    let second = store.rollout_create(tenant, &new, "ana", hour(2)).await;
    assert!(matches!(second, Err(StoreError::Conflict(_))), "{second:?}");
    world.record(Event::Cancelled, hour(2)).await.unwrap();
    let create = || store.rollout_create(tenant, &new, "ana", hour(3));
    let (one, other) = tokio::join!(create(), create());
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1, "{one:?} {other:?}");
    assert_eq!(store.rollout_list(tenant, ALL).await.unwrap().len(), 2);
    let unknown = RolloutId(uuid::Uuid::nil());
    let missing = store.rollout_fetch(tenant, unknown).await;
    assert!(matches!(missing, Err(StoreError::NotFound { what: "rollout" })), "{missing:?}");
}
