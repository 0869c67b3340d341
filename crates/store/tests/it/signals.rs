//! Signals: sealed, read in turn, judged by what was kept, and forgotten when they change.

use chrono::{DateTime, TimeDelta, Utc};
use domain::gate::Verdict;
use domain::ids::{RingSetId, SignalId};
use domain::rollout::observations::Wish;
use domain::rollout::phase::Event;
use domain::signal::{Definition, NoData, Outcome, Reading, Signal, Source, judge};
use domain::work::WorkKind;
use store::StoreError;
use store::signals::{By, SecretChange, SignalRow};

use crate::world::{ALL, World, hour, new_rollout, number, tenant};

const BY: &str = "ana";

fn by(at: DateTime<Utc>) -> By<'static> {
    By { actor: BY, reason: "because", at }
}

fn signal(name: &str, url: &str) -> Signal {
    Signal::new(Definition {
        name: name.to_owned(),
        source: Source::Webhook { url: url.to_owned() },
        interval: TimeDelta::hours(1),
        initial_delay: TimeDelta::hours(1),
        max_age: TimeDelta::hours(6),
        no_data: NoData::Hold,
        failure_limit: 0,
        passes_in_a_row: 2,
        consecutive_error_limit: 0,
        owner: "net-ops".to_owned(),
        runbook: None,
        ring_set: None,
    })
    .expect("a good signal")
}

fn over(signal: &Signal, ring_set: RingSetId) -> Signal {
    let definition = signal.definition().clone();
    Signal::new(Definition { ring_set: Some(ring_set), ..definition }).expect("a good signal")
}

async fn made(world: &World, secret: Option<&str>) -> SignalRow {
    let signal = signal("Tickets", "https://a.example");
    world.store.signal_create(world.tenant, &signal, secret, by(hour(2))).await.expect("a signal")
}

async fn record(world: &World, of: (SignalId, i64), outcome: Outcome, at: DateTime<Utc>) {
    let reading = Reading::new(at, outcome, "said");
    world
        .store
        .signal_record(world.tenant, world.rollout, of, &reading, at)
        .await
        .expect("it is kept");
}

async fn verdict(world: &World, at: DateTime<Utc>) -> Verdict {
    judge(
        &world.store.rollout_signals(world.tenant, world.rollout).await.expect("what is seen"),
        at,
    )
    .0
}

async fn nudges(world: &World, kind: &str) -> i64 {
    let mut raw = world.database.raw().await;
    number(
        &mut raw,
        &format!("select coalesce(sum(nudges), 0)::bigint from work where kind = '{kind}'"),
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_is_read_in_turn_and_its_changes_wake_the_planner() {
    let world = World::of(20).await;
    let store = &world.store;
    assert_eq!(nudges(&world, "signal").await, 0, "there was none when the rollout was made");
    let row = made(&world, None).await;
    assert_eq!(nudges(&world, "signal").await, 1);
    let due = async |at| store.signals_due(world.tenant, world.rollout, at).await.unwrap();
    // An hour after it was made, though the rollout started long before.
    assert_eq!((due(hour(2)).await.due.len(), due(hour(2)).await.next), (0, Some(hour(3))));
    let duty = due(hour(3)).await;
    assert_eq!((duty.due.len(), duty.due[0].id), (1, row.id));
    let context = duty.context.unwrap();
    assert_eq!((context.ring_name.as_str(), context.phase.as_str()), ("First", "offering"));

    let of = (row.id, row.generation);
    let before = nudges(&world, "decide").await;
    record(&world, of, Outcome::Pass, hour(3)).await;
    assert_eq!(due(hour(3)).await.next, Some(hour(4)));
    let first = nudges(&world, "decide").await;
    assert_eq!(first, before + 1);
    assert!(matches!(verdict(&world, hour(3)).await, Verdict::Wait { .. }));
    // Twice and late: harmless.
    record(&world, of, Outcome::Fail, hour(3)).await;
    record(&world, of, Outcome::Fail, hour(2)).await;
    record(&world, of, Outcome::Pass, hour(4)).await;
    assert_eq!(verdict(&world, hour(4)).await, Verdict::Pass);
    let second = nudges(&world, "decide").await;
    assert_eq!(second, first + 1, "the same outcome, and another answer");
    record(&world, of, Outcome::Pass, hour(5)).await;
    assert_eq!(nudges(&world, "decide").await, second, "nothing changed");
    record(&world, of, Outcome::Fail, hour(6)).await;
    assert_eq!(nudges(&world, "decide").await, second + 1);
    assert_eq!(verdict(&world, hour(6)).await, Verdict::Fail);

    // A paused rollout is listened for, one that is over is not.
    world.request(Wish::Hold, hour(6)).await.unwrap();
    assert_eq!(due(hour(7)).await.due.len(), 1);
    world.request(Wish::Cancel, hour(6)).await.unwrap();
    world.record(Event::Cancelled, hour(6)).await.unwrap();
    let over = due(hour(7)).await;
    assert_eq!((over.due.len(), over.next, over.context), (0, None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_signal_forgets_what_was_read() {
    let world = World::of(20).await;
    let store = &world.store;
    let row = made(&world, None).await;
    record(&world, (row.id, 0), Outcome::Fail, hour(3)).await;
    let changed = signal("Tickets", "https://b.example");
    let keep = SecretChange::Keep;
    let changed =
        store.signal_replace(world.tenant, row.id, &changed, &keep, by(hour(4))).await.unwrap();
    assert_eq!(changed.generation, 1);
    let seen = store.rollout_signals(world.tenant, world.rollout).await.unwrap();
    assert_eq!((seen[0].history.last.as_ref(), seen[0].first_due), (None, hour(5)));
    // What was asked of the old source comes too late.
    record(&world, (row.id, 0), Outcome::Pass, hour(5)).await;
    assert_eq!(store.rollout_signals(world.tenant, world.rollout).await.unwrap(), seen);
    for at in 0..120 {
        record(&world, (row.id, 1), Outcome::Hold, hour(6 + at)).await;
    }
    let kept = store.signal_readings(world.tenant, world.rollout, row.id).await.unwrap();
    assert_eq!((kept.len(), kept[0].at), (100, hour(125)));
    store.signal_delete(world.tenant, row.id, by(hour(6))).await.unwrap();
    assert_eq!(verdict(&world, hour(130)).await, Verdict::Pass);
    assert_eq!(
        number(&mut world.database.raw().await, "select count(*) from signal_reading").await,
        0
    );
    let kinds = "select count(*) from event where kind in
        ('signal_created', 'signal_changed', 'signal_deleted')";
    assert_eq!(number(&mut world.database.raw().await, kinds).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_sealed_and_stays_with_its_source() {
    let world = World::of(20).await;
    let (store, tenant) = (&world.store, world.tenant);
    let row = made(&world, Some("correct horse")).await;
    assert_eq!(
        store.signal_secret(tenant, row.id).await.unwrap().as_deref(),
        Some("correct horse")
    );
    let clear = "select count(*) from (select s::text as t from signal s union all
        select e::text from event e) x where t like '%correct horse%'
        or t like '%' || encode('correct horse', 'hex') || '%'";
    assert_eq!(number(&mut world.database.raw().await, clear).await, 0);
    let replace = async |url: &str, secret: SecretChange| {
        let signal = signal("Tickets", url);
        store.signal_replace(tenant, row.id, &signal, &secret, by(hour(3))).await
    };
    assert!(replace("https://a.example", SecretChange::Keep).await.unwrap().has_secret);
    let moved = replace("https://evil.example", SecretChange::Keep).await;
    assert!(matches!(moved, Err(StoreError::Invalid(_))), "{moved:?}");
    let set = SecretChange::Set("other".to_owned());
    assert!(replace("https://b.example", set).await.unwrap().has_secret);
    assert_eq!(store.signal_secret(tenant, row.id).await.unwrap().as_deref(), Some("other"));
    assert!(!replace("https://c.example", SecretChange::Forget).await.unwrap().has_secret);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_belongs_to_its_ring_set_and_to_its_tenant() {
    let world = World::of(20).await;
    let (store, other) = (&world.store, tenant(&world.store, 2).await);
    let row = made(&world, Some("x")).await;
    let missing = |outcome: Result<(), StoreError>| {
        assert!(matches!(outcome, Err(StoreError::NotFound { .. })), "{outcome:?}");
    };
    assert_eq!(store.signal_list(other, ALL).await.unwrap(), []);
    missing(store.signal_fetch(other, row.id).await.map(drop));
    missing(store.signal_secret(other, row.id).await.map(drop));
    missing(store.signal_delete(other, row.id, by(hour(3))).await);
    missing(store.rollout_signals(other, world.rollout).await.map(drop));
    missing(store.signals_due(other, world.rollout, hour(9)).await.map(drop));

    let only = over(&signal("Only", "https://a.example"), world.ring_set);
    store.signal_create(world.tenant, &only, None, by(hour(3))).await.unwrap();
    let theirs = store.signal_create(other, &only, None, by(hour(3))).await;
    assert!(matches!(theirs, Err(StoreError::Invalid(_))), "{theirs:?}");
    let deleted = store.ring_set_delete(world.tenant, world.ring_set, BY, hour(3)).await;
    assert!(
        matches!(&deleted, Err(StoreError::Conflict(why)) if why.contains("Only")),
        "{deleted:?}"
    );
    let seen = store.rollout_signals(world.tenant, world.rollout).await.unwrap();
    let names: Vec<&str> = seen.iter().map(|seen| seen.name.as_str()).collect();
    assert_eq!(names, ["Only", "Tickets"]);
    // A rollout that is made while there are signals is read for from its beginning.
    world.request(Wish::Cancel, hour(4)).await.unwrap();
    world.record(Event::Cancelled, hour(4)).await.unwrap();
    let new = new_rollout(world.release, world.ring_set);
    let made = store.rollout_create(world.tenant, &new, BY, hour(5)).await.unwrap();
    let due = "select count(*) from work where kind = 'signal' and due_at is not null";
    assert_eq!(number(&mut world.database.raw().await, due).await, 2);
    let duty = store.signals_due(world.tenant, made.id, hour(5)).await.unwrap();
    assert_eq!((duty.due.len(), duty.next), (0, Some(hour(6))));
    assert_eq!(WorkKind::Signal.name(), "signal");
}
