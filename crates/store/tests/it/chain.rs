//! The chain: whole as it grows, and every kind of damage is found (I14).

use domain::rollout::observations::Wish;
use domain::work::WorkKind;
use serde_json::json;
use store::events::ChainState;
use store::tenants::ConnectionState;

use crate::world::{ALL, World, execute, hour, number};

async fn world_of_a_thousand_events() -> World {
    let world = World::of(40).await;
    // Several servers at once, as in life.
    let ask = async |wish| {
        for _ in 0..250 {
            world.request(wish, hour(2)).await.expect("it works");
        }
    };
    tokio::join!(ask(Wish::Hold), ask(Wish::Run), ask(Wish::Hold), ask(Wish::Run));
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_events_hold_together_until_one_is_touched() {
    let world = Box::pin(world_of_a_thousand_events()).await;
    let verify = async || world.store.chain_verify(world.tenant).await.unwrap();
    let events = match verify().await {
        ChainState::Intact { events } => events,
        ChainState::Broken { seq, what } => panic!("{what} at {seq}"),
    };
    assert!(events > 1_000, "{events}");
    let mut raw = world.database.raw().await;
    execute(&mut raw, "create table kept as select * from event").await.unwrap();
    execute(&mut raw, "create table kept_head as select * from chain_head").await.unwrap();
    let damages = [
        ("update event set body = '{}' where seq = 500", 500),
        ("update event set actor = 'bob' where seq = 501", 501),
        ("update event set kind = 'created' where seq = 502", 502),
        ("update event set at = at + interval '1 microsecond' where seq = 503", 503),
        ("update event set rollout_id = null where seq = 504", 504),
        ("update event set hash = sha256(hash) where seq = 505", 505),
        ("update event set previous = sha256(previous) where seq = 506", 506),
        ("delete from event where seq = 600", 600),
        ("delete from event where seq = 1", 1),
        ("delete from event where seq > 900", 901),
        ("truncate event", 1),
        (
            "update event set seq = 700000 where seq = 700;
             update event set seq = 700 where seq = 701;
             update event set seq = 701 where seq = 700000",
            700,
        ),
        (
            "insert into event select tenant_id, seq + 1, rollout_id, at, actor, kind, body, hash,
                 hash from event order by seq desc limit 1",
            i64::try_from(events).unwrap() + 1,
        ),
        ("update chain_head set seq = seq - 1", i64::try_from(events).unwrap()),
    ];
    for (damage, at) in damages {
        execute(&mut raw, damage).await.unwrap();
        match verify().await {
            ChainState::Broken { seq, .. } => assert_eq!(seq, at, "{damage}"),
            ChainState::Intact { .. } => panic!("not found: {damage}"),
        }
        execute(&mut raw, "truncate event; insert into event select * from kept").await.unwrap();
        execute(&mut raw, "delete from chain_head; insert into chain_head select * from kept_head")
            .await
            .unwrap();
        assert_eq!(verify().await, ChainState::Intact { events }, "after {damage}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_application_cannot_change_history() {
    let world = World::of(20).await;
    let mut raw = world.database.raw().await;
    execute(&mut raw, "set role concentric_app").await.unwrap();
    let tenant = format!("set concentric.tenant = '{}'", world.tenant);
    execute(&mut raw, &tenant).await.unwrap();
    assert!(number(&mut raw, "select count(*) from event").await > 0, "it may read");
    for forbidden in [
        "update event set actor = 'bob'",
        "delete from event",
        "truncate event",
        "update plan set body = '{}'",
        "delete from chain_head",
        "select * from api_token",
        "alter table event disable row level security",
        "set role postgres",
    ] {
        let refused = execute(&mut raw, forbidden).await;
        // A superuser's session may take any role back; what it serves with may not.
        if forbidden != "set role postgres" {
            assert!(refused.is_err(), "{forbidden} was allowed");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_state_has_its_entry() {
    let world = World::of(20).await;
    let count = async || match world.store.chain_verify(world.tenant).await.unwrap() {
        ChainState::Intact { events } => events,
        ChainState::Broken { seq, what } => panic!("{what} at {seq}"),
    };
    // Tenant, ring set, release, rollout, and its first ring.
    assert_eq!(count().await, 5);
    let events = world.store.event_list(world.tenant, world.rollout, 0, 100).await.unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["created", "ring_opened"]);
    let after =
        world.store.event_list(world.tenant, world.rollout, events[0].seq, 1).await.unwrap();
    assert_eq!(after, events[1..]);
    // What a person would not look for in a history leaves none.
    world.store.tenant_synced(world.tenant, hour(3)).await.unwrap();
    let state = ConnectionState::Connected;
    world.store.tenant_connection_note(world.tenant, &state, hour(3)).await.unwrap();
    world.store.work_ask(world.tenant, WorkKind::Sync, world.tenant.0, hour(3)).await.unwrap();
    world.store.rollout_list(world.tenant, ALL).await.unwrap();
    assert_eq!(count().await, 5);
}

#[test]
fn objects_are_written_with_sorted_keys() {
    let written = json!({ "b": 1, "a": { "d": 1, "c": 2 } }).to_string();
    assert_eq!(written, r#"{"a":{"c":2,"d":1},"b":1}"#, "serde_json keeps the order of insertion");
}
