//! Drivers: whose they are, who needs them, and what their absence from a read says.

use chrono::TimeDelta;
use domain::attempt::AttemptState as A;
use domain::duty::DriverDuty;
use domain::ids::{EntraDeviceId, ReleaseId, TenantId};
use domain::inventory::{CheckIn, DriverMatch, ImportedDriver};
use domain::rollout::observations::Wish;
use domain::rollout::phase::Event;
use domain::rollout::plan::OnGateFailure;
use domain::update::{Strategy, UpdateKind};
use store::catalog::{Declined, ImportedUpdate, UpdateRow};
use store::releases::NewRelease;
use store::rollouts::NewRollout;
use store::{Store, StoreError};
use uuid::Uuid;

use crate::world::{ALL, FIRST, World, device, hour, new_rollout, update};

fn entra(number: u128) -> EntraDeviceId {
    device(number).entra_device.expect("an id")
}

fn driver(entry: &str, devices: impl IntoIterator<Item = u128>) -> ImportedDriver {
    let update = ImportedUpdate {
        kind: UpdateKind::Driver,
        version: Some("1.2".to_owned()),
        catalog_entry_id: entry.to_owned(),
        title: format!("{entry} 1.2"),
        short_name: format!("{entry} 1.2"),
        is_expeditable: false,
        builds: Vec::new(),
        ..update()
    };
    let one = |number| DriverMatch { device: entra(number), recommended: number % 2 == 0 };
    ImportedDriver { update, matches: devices.into_iter().map(one).collect() }
}

async fn choose(store: &Store, tenant: TenantId, wanted: bool) {
    let choice = [(UpdateKind::Driver, Strategy::DeploymentService)];
    let choices = if wanted { &choice[..] } else { &[] };
    store.strategies_choose(tenant, choices, "ana", hour(0)).await.expect("an answer");
}

/// A tenant whose 200 devices are all enrolled for drivers.
async fn managed() -> World {
    let world = World::of(200).await;
    let (store, tenant) = (&world.store, world.tenant);
    choose(store, tenant, true).await;
    store.driver_audience_keep(tenant, Some("a")).await.expect("an answer");
    let devices = store.driver_devices(tenant, true).await.expect("an answer");
    assert_eq!((devices.enroll.len(), devices.release.len()), (200, 0));
    store.driver_devices_told(tenant, &devices, hour(0)).await.expect("an answer");
    assert!(store.driver_devices(tenant, true).await.expect("an answer").is_empty());
    world
}

async fn found(world: &World, entry: &str) -> UpdateRow {
    let all = world.store.update_list(world.tenant, ALL).await.expect("an answer");
    all.into_iter().find(|row| row.update.catalog_entry_id == entry).expect("it")
}

async fn release(world: &World, entry: &str) -> ReleaseId {
    let row = found(world, entry).await;
    let new = NewRelease { update: row.id, name: entry, delivery: None };
    world.store.release_create(world.tenant, new, "ana", hour(0)).await.expect("a release").id
}

/// Who was offered the driver, by number.
async fn offered(world: &World) -> Vec<u128> {
    let attempts = world.attempts().await.into_iter();
    let numbers = attempts
        .filter(|(_, state, _)| *state == A::Offered)
        .map(|(device, ..)| device.0.as_u128() - entra(0).0.as_u128());
    numbers.collect()
}

async fn check_in(world: &World, numbers: &[u128], hours: i64) {
    let said: Vec<CheckIn> = numbers
        .iter()
        .map(|number| CheckIn { intune: device(*number).intune, build: None, at: hour(hours) })
        .collect();
    let confirm = TimeDelta::hours(4);
    world.store.checkin_ingest(world.tenant, &said, confirm, hour(hours)).await.expect("an answer");
}

async fn read(world: &World, hours: i64, drivers: &[ImportedDriver]) {
    let mut listed = Vec::new();
    for one in drivers {
        world.store.driver_import(world.tenant, one).await.expect("an answer");
        listed.push(one.update.catalog_entry_id.clone());
    }
    let confirm = TimeDelta::hours(4);
    world.store.drivers_read(world.tenant, &listed, confirm, hour(hours)).await.expect("an answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_no_longer_needs_a_driver_has_it() {
    let world = managed().await;
    read(&world, 1, &[driver("D", 0..150)]).await;
    let needed = found(&world, "D").await.needed.expect("a driver");
    assert_eq!((needed.devices, needed.recommended), (150, 75));
    let release = release(&world, "D").await;
    let new = new_rollout(release, world.ring_set);
    let back = NewRollout { on_gate_failure: OnGateFailure::RollBack, ..new.clone() };
    let refused = world.store.rollout_create(world.tenant, &back, "ana", hour(1)).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    let row = world.store.rollout_create(world.tenant, &new, "ana", hour(1)).await.unwrap();
    let world = World { rollout: row.id, ..world };
    for (device, state, _) in world.attempts().await {
        let needs_it = device < entra(150);
        assert_eq!(state == A::Assigned, needs_it, "{device} is {state:?}");
    }
    world.record(Event::RingOpened { ring: FIRST }, hour(2)).await.unwrap();
    world.offer(4, hour(2)).await.unwrap();
    let devices = offered(&world).await;
    assert_eq!(devices.len(), 4);
    let [done, again, silent, waiting] = devices[..] else { panic!("{devices:?}") };
    let others = || (0..150).filter(move |number| ![done, again, silent].contains(number));
    check_in(&world, &[done, again, waiting], 3).await;
    read(&world, 4, &[driver("D", others())]).await;
    let tally = world.tally(FIRST).await;
    // Who was not heard of since has not scanned.
    assert_eq!((tally.in_state(A::Installed), tally.in_state(A::Offered)), (2, 2));

    // A driver that needs nobody's doing: the same read changes nothing.
    read(&world, 5, &[driver("D", others())]).await;
    assert_eq!(world.tally(FIRST).await, tally);
    check_in(&world, &[done, again], 9).await;
    let with_again = || others().chain([again]);
    read(&world, 10, &[driver("D", with_again())]).await;
    let tally = world.tally(FIRST).await;
    assert_eq!((tally.in_state(A::Confirmed), tally.in_state(A::Failed)), (1, 1));

    let refused = world.request(Wish::Withdraw, hour(11)).await;
    assert!(
        matches!(&refused, Err(StoreError::Conflict(why)) if why.contains("no way")),
        "{refused:?}"
    );
    world.request(Wish::Cancel, hour(11)).await.unwrap();
    world.check_tally().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_that_is_withdrawn_proves_nothing() {
    let world = managed().await;
    read(&world, 1, &[driver("D", 0..150), driver("E", 0..3)]).await;
    let release = release(&world, "D").await;
    let new = new_rollout(release, world.ring_set);
    let row = world.store.rollout_create(world.tenant, &new, "ana", hour(1)).await.unwrap();
    let world = World { rollout: row.id, ..world };
    world.record(Event::RingOpened { ring: FIRST }, hour(2)).await.unwrap();
    world.offer(4, hour(2)).await.unwrap();
    let devices = offered(&world).await;
    check_in(&world, &devices, 3).await;
    read(&world, 4, &[driver("E", 0..3)]).await;
    assert_eq!(world.tally(FIRST).await.in_state(A::Offered), 4);
    let row = found(&world, "D").await;
    assert_eq!(row.update.deployable_until, Some(hour(4)));
    assert_eq!(row.needed.map(|needed| needed.devices), Some(150));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_when_drivers_are_not_managed_any_more() {
    let world = managed().await;
    let (store, tenant) = (&world.store, world.tenant);
    read(&world, 1, &[driver("D", 0..10)]).await;
    assert!(
        store.driver_duty(tenant, hour(1)).await.unwrap().awaited,
        "devices scan for the first time"
    );
    assert!(!store.driver_duty(tenant, hour(72)).await.unwrap().awaited);
    choose(store, tenant, false).await;
    assert!(!store.driver_duty(tenant, hour(1)).await.unwrap().wanted);
    let devices = store.driver_devices(tenant, false).await.unwrap();
    assert_eq!((devices.enroll.len(), devices.release.len()), (0, 200));
    store.driver_devices_told(tenant, &devices, hour(2)).await.unwrap();
    store.driver_audience_keep(tenant, None).await.unwrap();
    assert_eq!(found(&world, "D").await.needed.map(|needed| needed.devices), Some(0));
    assert_eq!(store.driver_duty(tenant, hour(2)).await.unwrap(), DriverDuty::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_declined_is_not_released() {
    let world = managed().await;
    let (store, tenant) = (&world.store, world.tenant);
    read(&world, 1, &[driver("D", 0..10)]).await;
    let row = found(&world, "D").await;
    let declined =
        Declined { by: "ana".to_owned(), at: hour(1), reason: Some("Breaks docks".to_owned()) };
    let marked = store.update_decline(tenant, row.id, &declined).await.unwrap();
    assert_eq!(marked.declined.as_ref(), Some(&declined));
    let new = NewRelease { update: row.id, name: "D", delivery: None };
    let refused = store.release_create(tenant, new, "ana", hour(2)).await;
    assert!(
        matches!(&refused, Err(StoreError::Conflict(why)) if why.contains("Breaks docks")),
        "{refused:?}"
    );
    // A later read of the catalogue leaves the mark.
    read(&world, 3, &[driver("D", 0..10)]).await;
    assert!(found(&world, "D").await.declined.is_some());
    assert!(store.update_approve(tenant, row.id, "ben", hour(4)).await.unwrap().declined.is_none());
    store.release_create(tenant, new, "ana", hour(4)).await.unwrap();
    let nobody = domain::ids::UpdateId(Uuid::from_u128(1));
    let missing = store.update_approve(tenant, nobody, "ben", hour(4)).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })), "{missing:?}");
}
