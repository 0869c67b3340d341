//! The budget of a tenant: exact under any number of servers, and nobody waits for ever (I18).

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::attempt::AttemptState;
use domain::ids::{DeviceId, EntraDeviceId, RolloutId, TenantId};
use domain::ring::{RingSet, WaveLimit};
use domain::rollout::budget::Budget;
use domain::rollout::decide::{Decision, WaitingOn, decide};
use domain::rollout::phase::Event;
use domain::work::WorkKind;
use sqlx::PgConnection;
use store::ingest::Report;
use store::rollouts::Asked;
use store::{Options, Store, StoreError};
use uuid::Uuid;

use crate::world::{
    ALL, Database, FIRST, World, fleet, hour, new_rollout, number, ring, settle, tenant, update,
};

const IN_FLIGHT: &str = "select coalesce(sum(devices), 0) from tally where state in (1, 4, 5)";

/// So many rollouts over one ring set, whose waves are as large as its rings.
async fn many(store: &Store, tenant: TenantId, devices: u128, count: usize) -> Vec<RolloutId> {
    store.device_import(tenant, &fleet(devices)).await.expect("a fleet");
    store.catalog_import(tenant, &[update()]).await.expect("a catalogue");
    let update = store.update_list(tenant, ALL).await.expect("updates")[0].id;
    let waves = WaveLimit { least: 100, most: 500, percent: 100 };
    let [first, broad] = [("First", 40), ("Broad", 60)]
        .map(|(name, percent)| domain::ring::Ring { waves, ..ring(name, percent, Vec::new()) });
    let set = RingSet::new("Wide".to_owned(), vec![first, broad]).expect("a good set");
    let set = store.ring_set_create(tenant, &set, "ana", hour(0)).await.expect("a ring set").id;
    settle(store, tenant, hour(0)).await;
    let mut rollouts = Vec::new();
    for number in 0..count {
        let name = format!("Release {number}");
        let new = store::releases::NewRelease { update, name: &name, delivery: None };
        let release = store.release_create(tenant, new, "ana", hour(0)).await.expect("a release");
        let new = new_rollout(release.id, set);
        let made = store.rollout_create(tenant, &new, "ana", hour(0)).await.expect("a rollout");
        rollouts.push(made.id);
    }
    rollouts
}

/// Decides about one rollout as the scheduler does; when to look again.
async fn decided(
    store: &Store,
    tenant: TenantId,
    rollout: RolloutId,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    loop {
        let snapshot = store.rollout_snapshot(tenant, rollout).await.expect("a snapshot");
        match decide(&snapshot.plan, snapshot.phase, &snapshot.observations, now) {
            Decision::Act(event) => {
                match store.rollout_record(tenant, rollout, &snapshot, event, now).await {
                    Ok(_) | Err(StoreError::Stale) => {}
                    Err(other) => panic!("{other}"),
                }
            }
            Decision::Wait(on) => {
                store.rollout_waits(tenant, rollout, &on, now).await.expect("noted");
                return on.next_look();
            }
        }
    }
}

/// One server: claims what is due, and nothing else moves it.
async fn replica(options: Options, tenant: TenantId, done: &AtomicBool) {
    let store = Store::connect(&options).await.expect("the store connects");
    while !done.load(Ordering::SeqCst) {
        let kinds = [WorkKind::Decide];
        let claims = store.work_claim(&kinds, 3, Duration::from_secs(30), hour(3)).await;
        let claims = claims.expect("claims");
        if claims.is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        for claim in claims {
            let next = decided(&store, tenant, RolloutId(claim.subject), hour(3)).await;
            store.work_finish(&claim, next, None).await.expect("given back");
        }
    }
}

async fn offered_devices(raw: &mut PgConnection, rollout: RolloutId) -> Vec<EntraDeviceId> {
    let sql = "select d.entra_device_id from attempt a join device d on d.id = a.device_id
               where a.rollout_id = $1 and a.state in (1, 4, 5) limit 60";
    let found: Vec<Uuid> =
        sqlx::query_scalar(sql).bind(rollout.0).fetch_all(raw).await.expect("devices");
    found.into_iter().map(EntraDeviceId).collect()
}

async fn report(
    store: &Store,
    tenant: TenantId,
    rollout: RolloutId,
    devices: &[EntraDeviceId],
    state: AttemptState,
) {
    let report =
        |device: &EntraDeviceId| Report { device: *device, state, code: None, at: hour(3) };
    let reports: Vec<Report> = devices.iter().map(report).collect();
    store.report_ingest(tenant, rollout, &reports, hour(3)).await.expect("reports");
}

/// Devices take the update and are confirmed, until nothing is left to offer in the first rings.
async fn devices(
    database: &Database,
    tenant: TenantId,
    rollouts: &[RolloutId],
    done: &AtomicBool,
) -> bool {
    let (store, mut raw) = (database.store().await, database.raw().await);
    let began = Instant::now();
    while began.elapsed() < Duration::from_mins(2) {
        for rollout in rollouts {
            let there = offered_devices(&mut raw, *rollout).await;
            report(&store, tenant, *rollout, &there, AttemptState::Installing).await;
            report(&store, tenant, *rollout, &there, AttemptState::Confirmed).await;
        }
        let left =
            "select coalesce(sum(devices), 0) from tally where ring = 0 and state in (0, 1, 4, 5)";
        if number(&mut raw, left).await == 0 {
            done.store(true, Ordering::SeqCst);
            return true;
        }
    }
    done.store(true, Ordering::SeqCst);
    false
}

/// The most that any transaction ever saw.
async fn watched(database: &Database, done: &AtomicBool) -> i64 {
    let mut raw = database.raw().await;
    let mut most = 0;
    while !done.load(Ordering::SeqCst) {
        most = most.max(number(&mut raw, IN_FLIGHT).await);
    }
    most
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn four_servers_and_twenty_rollouts_never_exceed_the_budget_and_all_come_through() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let rollouts = many(&store, tenant, 400, 20).await;
    store.budget_set(tenant, Some(500), "ana", hour(1)).await.unwrap();
    let done = AtomicBool::new(false);
    let options = || Options { max_connections: 3, ..database.options() };
    let ((), (), (), (), all, most) = tokio::join!(
        replica(options(), tenant, &done),
        replica(options(), tenant, &done),
        replica(options(), tenant, &done),
        replica(options(), tenant, &done),
        devices(&database, tenant, &rollouts, &done),
        watched(&database, &done),
    );
    let row = store.budget_fetch(tenant).await.unwrap();
    assert!(all, "a rollout was never woken: {row:?}");
    assert!(most <= 500, "{most} in flight");
    assert!(most > 400, "{most} in flight: the budget was never the limit");
}

/// Two rollouts that are offering, and the first wave of each, as both see it.
async fn two(limit: Option<u32>) -> (Database, Store, TenantId, Vec<RolloutId>) {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let rollouts = many(&store, tenant, 200, 2).await;
    store.budget_set(tenant, limit, "ana", hour(1)).await.expect("it works");
    for rollout in &rollouts {
        let snapshot = store.rollout_snapshot(tenant, *rollout).await.expect("it works");
        let opened = Event::RingOpened { ring: FIRST };
        store.rollout_record(tenant, *rollout, &snapshot, opened, hour(2)).await.expect("it works");
    }
    (database, store, tenant, rollouts)
}

async fn waiting(store: &Store, tenant: TenantId, rollout: RolloutId) -> Option<WaitingOn> {
    store.rollout_fetch(tenant, rollout).await.expect("it works").waiting
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_waves_that_both_fit_alone_one_is_stale() {
    let (_database, store, tenant, rollouts) = two(Some(30)).await;
    let mut outcomes = Vec::new();
    let snapshots = [
        store.rollout_snapshot(tenant, rollouts[0]).await.unwrap(),
        store.rollout_snapshot(tenant, rollouts[1]).await.unwrap(),
    ];
    let wave = Event::WaveOffered { ring: FIRST, wave: 0, devices: 20 };
    for (rollout, snapshot) in rollouts.iter().zip(&snapshots) {
        let budget = Some(Budget { limit: 30, in_flight: 0 });
        assert_eq!(snapshot.observations.budget, budget);
        outcomes.push(store.rollout_record(tenant, *rollout, snapshot, wave, hour(2)).await);
    }
    assert!(outcomes[0].is_ok() && matches!(outcomes[1], Err(StoreError::Stale)), "{outcomes:?}");
    let seen = store.rollout_snapshot(tenant, rollouts[1]).await.unwrap().observations.budget;
    assert_eq!(seen, Some(Budget { limit: 30, in_flight: 20 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_the_budget_is_woken_by_room_and_by_nothing_else() {
    let (database, store, tenant, rollouts) = two(Some(30)).await;
    let mut raw = database.raw().await;
    for rollout in &rollouts {
        decided(&store, tenant, *rollout, hour(2)).await;
    }
    assert_eq!(number(&mut raw, IN_FLIGHT).await, 30);
    let reason = waiting(&store, tenant, rollouts[1]).await;
    assert!(matches!(reason, Some(WaitingOn::Budget { needs: 3, limit: 30, .. })), "{reason:?}");
    assert_eq!(store.budget_fetch(tenant).await.unwrap().waiting, 2);
    sqlx::query("update work set due_at = null").execute(&mut raw).await.unwrap();
    let due = format!(
        "select count(*) from work where kind = 'decide' and due_at is not null and subject = '{}'",
        rollouts[1]
    );
    // Too little for a wave: whoever reported decides, the other sleeps on.
    let there = offered_devices(&mut raw, rollouts[0]).await;
    report(&store, tenant, rollouts[0], &there[..2], AttemptState::Confirmed).await;
    decided(&store, tenant, rollouts[0], hour(3)).await;
    assert_eq!(number(&mut raw, &due).await, 0);
    // Room, whoever ends a decision: one is woken, the one that has waited longest.
    let either = "select count(*) from work where kind = 'decide' and due_at is not null";
    report(&store, tenant, rollouts[0], &there[2..20], AttemptState::Confirmed).await;
    sqlx::query("update work set due_at = null").execute(&mut raw).await.unwrap();
    // Waiting on, for another reason to look again too, it keeps its place.
    let look_at = Some(hour(40));
    let on = WaitingOn::Budget { ring: FIRST, needs: 3, limit: 30, look_at };
    store.rollout_waits(tenant, rollouts[1], &on, hour(3)).await.unwrap();
    let row = store.rollout_fetch(tenant, rollouts[1]).await.unwrap();
    assert_eq!((row.waiting, row.decided_at), (Some(on), Some(hour(2))));
    assert_eq!((number(&mut raw, either).await, number(&mut raw, &due).await), (1, 0));
    sqlx::query("update work set due_at = null").execute(&mut raw).await.unwrap();
    // More room by a person's word, and none to wait for at all.
    store.budget_set(tenant, Some(60), "ana", hour(4)).await.unwrap();
    assert_eq!(number(&mut raw, either).await, 1);
    store.budget_set(tenant, None, "ana", hour(4)).await.unwrap();
    assert_eq!(number(&mut raw, either).await, 2);
    decided(&store, tenant, rollouts[1], hour(4)).await;
    let reason = waiting(&store, tenant, rollouts[1]).await;
    assert!(matches!(reason, Some(WaitingOn::Gate { .. })), "{reason:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lowered_budget_takes_nothing_back_and_a_cancelled_rollout_no_part_of_it() {
    let (database, store, tenant, rollouts) = two(Some(30)).await;
    let mut raw = database.raw().await;
    decided(&store, tenant, rollouts[0], hour(2)).await;
    let row = store.budget_set(tenant, Some(10), "ana", hour(3)).await.unwrap();
    assert_eq!((row.limit, row.in_flight), (Some(10), 30));
    decided(&store, tenant, rollouts[1], hour(3)).await;
    assert_eq!(number(&mut raw, IN_FLIGHT).await, 30);
    let snapshot = store.rollout_snapshot(tenant, rollouts[0]).await.unwrap();
    let cancelled = Event::Cancelled;
    store.rollout_record(tenant, rollouts[0], &snapshot, cancelled, hour(4)).await.unwrap();
    assert_eq!(store.budget_fetch(tenant).await.unwrap().in_flight, 0);
    decided(&store, tenant, rollouts[1], hour(4)).await;
    assert_eq!(store.budget_fetch(tenant).await.unwrap().in_flight, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_try_needs_room_too() {
    let world = World::of(200).await;
    let (store, tenant, rollout) = (&world.store, world.tenant, world.rollout);
    world.offer(10, hour(2)).await.unwrap();
    let mut raw = world.database.raw().await;
    let there = offered_devices(&mut raw, rollout).await;
    report(store, tenant, rollout, &there, AttemptState::Failed).await;
    store.budget_set(tenant, Some(4), "ana", hour(3)).await.unwrap();
    let failed: Vec<Uuid> = sqlx::query_scalar("select device_id from attempt where state = 7")
        .fetch_all(&mut raw)
        .await
        .unwrap();
    let failed: Vec<DeviceId> = failed.into_iter().map(DeviceId).collect();
    let asked = Asked { actor: "ana", reason: "once more", at: hour(4) };
    let all = store.attempt_retry(tenant, rollout, &failed, asked).await;
    let Err(StoreError::Conflict(why)) = all else { panic!("{all:?}") };
    assert!(why.contains("room for 4 more"), "{why}");
    assert_eq!(number(&mut raw, IN_FLIGHT).await, 0, "a refusal changes nothing");
    let some = store.attempt_retry(tenant, rollout, &failed[..4], asked).await;
    assert_eq!(some.unwrap(), 4);
    world.check_tally().await;
}
