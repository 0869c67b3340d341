//! Rollouts of programs: who they are for, and what the inventory says of them.

use chrono::{DateTime, TimeDelta, Utc};
use domain::app::{App, AppSeen, AppVersion};
use domain::attempt::AttemptState as S;
use domain::ids::{IntuneDeviceId, ReleaseId};
use domain::rollback::{Obstacle, Prospect};
use domain::rollout::observations::Wish;
use domain::rollout::phase::Event;
use domain::update::UpdateKind;
use sqlx::Row as _;
use store::StoreError;
use store::catalog::NewUpdate;
use store::ingest::CheckIn;
use store::releases::NewRelease;
use uuid::Uuid;

use crate::world::{FIRST, NEW, World, hour, new_rollout, number, settle};

const BEFORE: AppVersion = AppVersion([130, 0, 2849, 80]);
const TARGET: AppVersion = AppVersion([131, 0, 2903, 86]);
const LATER: AppVersion = AppVersion([131, 0, 2903, 112]);
const CONFIRM: TimeDelta = TimeDelta::hours(4);

fn intune(number: u128) -> IntuneDeviceId {
    IntuneDeviceId(Uuid::from_u128(0x1_0000_0000 + number))
}

async fn declare(world: &World, version: &str) -> ReleaseId {
    let new = NewUpdate {
        kind: UpdateKind::Edge,
        channel: "stable".to_owned(),
        version: version.to_owned(),
        classification: "security".to_owned(),
        released_at: hour(-48),
    };
    let row =
        world.store.update_declare(world.tenant, &new, "ana", hour(0)).await.expect("it works");
    let new = NewRelease { update: row.id, name: version, delivery: None };
    world.store.release_create(world.tenant, new, "ana", hour(0)).await.expect("it works").id
}

/// An inventory in which devices have versions, read at once.
async fn read(world: &World, devices: &[(u128, AppVersion)], at: DateTime<Utc>) {
    let seen: Vec<AppSeen> = devices
        .iter()
        .map(|(device, version)| AppSeen { intune: intune(*device), version: *version })
        .collect();
    let (store, tenant) = (&world.store, world.tenant);
    store.apps_seen(tenant, App::Edge, &seen, at).await.expect("it works");
    store.apps_read(tenant, App::Edge, CONFIRM, at).await.expect("it works");
}

async fn check_in(world: &World, devices: &[u128], at: DateTime<Utc>) {
    let said =
        devices.iter().map(|device| CheckIn { intune: intune(*device), build: Some(NEW), at });
    let said: Vec<CheckIn> = said.collect();
    world.store.checkin_ingest(world.tenant, &said, CONFIRM, at).await.expect("it works");
}

/// A fleet on the version before but for ten devices on the target, ten above it and ten without the
/// program, and a rollout with its first ring open.
async fn under_way() -> World {
    let world = World::of(200).await;
    let (store, tenant) = (&world.store, world.tenant);
    settle(store, tenant, hour(1)).await;
    declare(&world, "130.0.2849.80").await;
    let release = declare(&world, "131.0.2903.86").await;
    let version = |device| match device {
        0..10 => TARGET,
        10..20 => LATER,
        _ => BEFORE,
    };
    let fleet: Vec<_> = (0..190).map(|device| (device, version(device))).collect();
    read(&world, &fleet, hour(1)).await;
    let made = new_rollout(release, world.ring_set);
    let row = store.rollout_create(tenant, &made, "ana", hour(1)).await.expect("it works");
    let world = World { rollout: row.id, ..world };
    world.record(Event::RingOpened { ring: FIRST }, hour(2)).await.expect("it works");
    world
}

/// The numbers of devices in a state, in their order in the ring.
async fn in_state(world: &World, state: S) -> Vec<u128> {
    let all = world.attempts().await.into_iter().filter(|one| one.1 == state);
    all.map(|(device, ..)| device.0.as_u128() - 0x2_0000_0000).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_use_for_a_version_is_left_out() {
    let world = under_way().await;
    let mut raw = world.database.raw().await;
    for (code, devices) in [("already_current", 10), ("ahead", 10), ("not_applicable", 10)] {
        let counted = "select count(*) from attempt where rollout_id = $1 and code = $2";
        let row = sqlx::query(counted).bind(world.rollout.0).bind(code).fetch_one(&mut raw).await;
        assert_eq!(row.unwrap().get::<i64, _>(0), devices, "{code}");
    }
    let duty = world.store.rollout_duty(world.tenant, world.rollout).await.unwrap();
    assert_eq!(duty.back_to.as_deref(), Some("130.0.2849.80"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_judged_or_taken_back_is_refused() {
    let world = World::of(200).await;
    let create = async |release| {
        let made = new_rollout(release, world.ring_set);
        match world.store.rollout_create(world.tenant, &made, "ana", hour(1)).await {
            Err(StoreError::Invalid(why)) => why,
            other => panic!("{other:?}"),
        }
    };
    let lowest = declare(&world, "130.0.2849.80").await;
    assert!(create(lowest).await.contains("declare the one that they have"));
    let short = declare(&world, "131.0").await;
    assert!(create(short).await.contains("four numbers"));
    let unread = declare(&world, "131.0.2903.86").await;
    assert!(create(unread).await.contains("inventory"));
    let due = async |at| {
        let every = TimeDelta::hours(4);
        world.store.apps_due(world.tenant, every, at).await.unwrap()
    };
    assert_eq!(due(hour(1)).await, [App::Edge], "only what is in the catalogue");
    read(&world, &[], hour(1)).await;
    assert_eq!((due(hour(4)).await, due(hour(5)).await), (vec![], vec![App::Edge]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_confirms_a_device_that_is_heard_of_after_it() {
    let world = under_way().await;
    world.offer(6, hour(3)).await.unwrap();
    let offered = in_state(&world, S::Offered).await;
    read(&world, &[(offered[0], BEFORE), (offered[1], TARGET), (offered[2], LATER)], hour(10))
        .await;
    assert_eq!(world.tally(FIRST).await.in_state(S::Installed), 2);
    // No word of them since.
    read(&world, &[(offered[1], TARGET)], hour(20)).await;
    assert_eq!(world.tally(FIRST).await.in_state(S::Confirmed), 0);
    check_in(&world, &offered[..2], hour(15)).await;
    read(&world, &[(offered[1], TARGET)], hour(21)).await;
    assert_eq!(in_state(&world, S::Confirmed).await, [offered[1]]);
    // Check-ins say nothing of programs, so a gate does not take them for news.
    world.store.observed(world.tenant, hour(40), hour(40)).await.unwrap();
    let mut raw = world.database.raw().await;
    let observed = "select observed_at from rollout where id = $1";
    let row = sqlx::query(observed).bind(world.rollout.0).fetch_one(&mut raw).await.unwrap();
    assert_eq!(row.get::<Option<DateTime<Utc>>, _>(0), Some(hour(21)));
    world.check_tally().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_back_once_a_row_can_be_believed() {
    let world = under_way().await;
    world.offer(4, hour(3)).await.unwrap();
    let devices = in_state(&world, S::Offered).await;
    let all = |version| devices.iter().map(|device| (*device, version)).collect::<Vec<_>>();
    read(&world, &all(TARGET), hour(10)).await;
    check_in(&world, &devices, hour(15)).await;
    read(&world, &[(devices[3], LATER)], hour(16)).await;
    world.request(Wish::Withdraw, hour(17)).await.unwrap();
    // Until then the preview says who could.
    let outlook = world.store.rollout_outlook(world.tenant, world.rollout, hour(17)).await.unwrap();
    let of = |wanted: Prospect| {
        let mut all = outlook.devices.iter();
        all.find(|(prospect, _)| *prospect == wanted).map_or(0, |(_, devices)| *devices)
    };
    assert_eq!(of(Prospect::Removable { until: None }), 3);
    assert_eq!(outlook.back_to.as_deref(), Some("130.0.2849.80"));
    assert_eq!(of(Prospect::Impossible { why: Obstacle::Newer }), 1);
    world.record(Event::RollbackStarted, hour(18)).await.unwrap();
    assert_eq!(world.tally(FIRST).await.in_state(S::Confirmed), 3, "who is ahead is spared");
    let wave = Event::RemovalWave { ring: FIRST, wave: 0, devices: 3 };
    world.record(wave, hour(19)).await.unwrap();
    // What is read is what was collected before they were told.
    read(&world, &[(devices[0], TARGET)], hour(20)).await;
    assert_eq!(world.tally(FIRST).await.in_state(S::Removed), 0);
    read(&world, &[(devices[0], BEFORE)], hour(24)).await;
    assert_eq!(in_state(&world, S::Removed).await, [devices[0]]);
    world.check_tally().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_went_ahead_meanwhile_is_not_offered_less() {
    let world = under_way().await;
    let first = in_state(&world, S::Assigned).await;
    read(&world, &[(first[0], LATER)], hour(3)).await;
    let refused = world.offer(3, hour(4)).await;
    assert!(refused.is_err(), "the decision has to be made again: {refused:?}");
    let ahead = "select count(*) from attempt where code = 'ahead'";
    assert_eq!(number(&mut world.database.raw().await, ahead).await, 11);
    world.check_tally().await;
}
