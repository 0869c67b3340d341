//! What is announced is heard, here and on another server, also after the connection broke.

use std::time::Duration;

use domain::work::WorkKind;
use store::events::Growth;

use crate::world::{Database, execute, hour, rings, tenant};

const SOON: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn growth_and_work_are_heard_on_every_server() {
    let database = Database::new().await;
    let (here, there) = (database.store().await, database.store().await);
    let tenant = tenant(&here, 1).await;
    let (mut events, mut work) = (there.event_feed(), there.work_feed());
    work.mark_unchanged();
    here.ring_set_create(tenant, &rings(), "ana", hour(0)).await.unwrap();
    loop {
        let growth = tokio::time::timeout(SOON, events.recv()).await.expect("in time").unwrap();
        if growth == (Growth { tenant, seq: 2 }) {
            break;
        }
    }
    tokio::time::timeout(SOON, work.changed()).await.expect("in time").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_connection_counts_as_a_change_and_hears_again() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let (mut events, mut work) = (store.event_feed(), store.work_feed());
    let mut raw = database.raw().await;
    for round in 0..2 {
        // Let what was announced before arrive.
        tokio::time::sleep(Duration::from_millis(200)).await;
        events = events.resubscribe();
        work.mark_unchanged();
        let cut = "select pg_terminate_backend(pid) from pg_stat_activity
                   where datname = current_database() and query ilike 'listen%'";
        execute(&mut raw, cut).await.unwrap();
        tokio::time::timeout(SOON, work.changed()).await.expect("a change").unwrap();
        let head = tokio::time::timeout(SOON, events.recv()).await.expect("the head").unwrap();
        assert_eq!(head, Growth { tenant, seq: 1 }, "round {round}");
        work.mark_unchanged();
        store.work_ask(tenant, WorkKind::Sync, tenant.0, hour(1)).await.unwrap();
        tokio::time::timeout(SOON, work.changed()).await.expect("it listens again").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_store_ends_the_listening() {
    let database = Database::new().await;
    let store = database.store().await;
    let mut raw = database.raw().await;
    let mut listening = async || {
        let sql = "select count(*) from pg_stat_activity
                   where datname = current_database() and query ilike 'listen%'";
        crate::world::number(&mut raw, sql).await
    };
    assert_eq!(listening().await, 1);
    let clone = store.clone();
    drop(store);
    clone.ping().await.unwrap();
    assert_eq!(listening().await, 1);
    drop(clone);
    for _ in 0..100 {
        if listening().await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("still listening");
}
