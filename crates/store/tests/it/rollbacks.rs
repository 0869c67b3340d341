//! What a rollback can do, and did: counted, and device by device.

use domain::attempt::AttemptState as S;
use domain::ids::EntraDeviceId;
use domain::rollback::{Obstacle, Prospect, Reversal};
use domain::rollout::phase::Event;
use store::ingest::Report;
use store::page::Page;
use store::rollouts::Outlook;

use crate::world::{FIRST, World, execute, hour};

const ALL: Page = Page { after: None, limit: 500 };

async fn confirm(world: &World, devices: &[EntraDeviceId], at: i64) {
    let report = |device: &EntraDeviceId| Report {
        device: *device,
        state: S::Confirmed,
        code: None,
        at: hour(at),
    };
    let reports: Vec<Report> = devices.iter().map(report).collect();
    let ingested = world.store.report_ingest(world.tenant, world.rollout, &reports, hour(at)).await;
    assert_eq!(ingested.expect("it works").moved, devices.len() as u64);
}

async fn outlook(world: &World, at: i64) -> Outlook {
    world.store.rollout_outlook(world.tenant, world.rollout, hour(at)).await.expect("it works")
}

fn count(outlook: &Outlook, of: impl Fn(&Prospect) -> bool) -> u32 {
    outlook.devices.iter().filter(|(prospect, _)| of(prospect)).map(|(_, devices)| devices).sum()
}

/// The build of the update, one above it, and no directory object, for three confirmed devices.
async fn disturb(world: &World, devices: &[EntraDeviceId]) {
    let mut raw = world.database.raw().await;
    let set = |device: &EntraDeviceId, what: &str| {
        format!("update device set {what} where entra_device_id = '{}'", device.0)
    };
    for (device, what) in devices.iter().zip([
        "os_revision = (select max(os_revision) from update_build)",
        "os_revision = (select max(os_revision) + 1 from update_build)",
        "object_id = null",
    ]) {
        assert_eq!(execute(&mut raw, &set(device, what)).await.expect("it works"), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_says_who_can_and_why_others_cannot() {
    let world = World::of(200).await;
    world.offer(10, hour(2)).await.unwrap();
    let devices: Vec<_> = world.attempts().await.into_iter().take(10).map(|one| one.0).collect();
    confirm(&world, &devices[..4], 8).await;
    disturb(&world, &devices[..3]).await;
    let found = outlook(&world, 9).await;
    assert_eq!(found.reversal, Reversal::Uninstall);
    let can = Prospect::Removable { until: None };
    let keeps = |why| Prospect::Impossible { why };
    let of = |wanted| count(&found, |prospect| *prospect == wanted);
    assert_eq!((of(can), of(keeps(Obstacle::Newer)), of(keeps(Obstacle::Gone))), (2, 1, 1));
    assert_eq!(of(Prospect::NotInstalled), 196);
    // One by one it is the same.
    let rows = world.store.rollout_prospects(world.tenant, world.rollout, ALL, hour(9)).await;
    let rows = rows.unwrap();
    assert_eq!(rows.len(), 200);
    assert_eq!(rows.iter().filter(|row| row.prospect == can).count(), 2);
    assert!(rows.windows(2).all(|pair| pair[0].device < pair[1].device));
    let page = Page { after: Some(rows[149].device.0), limit: 500 };
    let rest = world.store.rollout_prospects(world.tenant, world.rollout, page, hour(9)).await;
    assert_eq!(rest.unwrap(), rows[150..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feature_counts_down_from_its_offers() {
    let world = World::of(200).await;
    let mut raw = world.database.raw().await;
    let feature =
        r#"update release set delivery = '{"kind":"feature","uninstall_window_days":10}'"#;
    execute(&mut raw, feature).await.unwrap();
    world.offer(5, hour(2)).await.unwrap();
    world.offer(5, hour(50)).await.unwrap();
    let devices: Vec<_> = world.attempts().await.into_iter().take(10).map(|one| one.0).collect();
    confirm(&world, &devices, 60).await;
    let (first, second) = (hour(242), hour(290));
    let until = |at| Prospect::Removable { until: Some(at) };
    let found = outlook(&world, 61).await;
    assert_eq!(found.reversal, Reversal::GoBack { days: 10 });
    assert_eq!(count(&found, |one| *one == until(first)), 5);
    assert_eq!(count(&found, |one| *one == until(second)), 5);
    let release = world.store.release_outlook(world.tenant, world.release, hour(61)).await.unwrap();
    assert_eq!(release, found, "the release has no other rollout");
    let found = outlook(&world, 242).await;
    let over = Prospect::Impossible { why: Obstacle::WindowOver { since: first } };
    assert_eq!(count(&found, |one| *one == over), 5);
    assert_eq!(count(&found, |one| *one == until(second)), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_rollback_the_end_is_told_as_the_devices_show_it() {
    let world = World::of(200).await;
    world.offer(6, hour(2)).await.unwrap();
    let devices: Vec<_> = world.attempts().await.into_iter().take(6).map(|one| one.0).collect();
    confirm(&world, &devices, 8).await;
    world.record(Event::RollbackStarted, hour(9)).await.unwrap();
    let wave = Event::RemovalWave { ring: FIRST, wave: 0, devices: 6 };
    world.record(wave, hour(10)).await.unwrap();
    assert_eq!(count(&outlook(&world, 10).await, |one| *one == Prospect::Removing), 6);
    let report = |(device, state): (&EntraDeviceId, S)| Report {
        device: *device,
        state,
        code: None,
        at: hour(20),
    };
    let states = [S::Removed, S::Removed, S::Removed, S::Removed, S::Stranded, S::Stranded];
    let reports: Vec<Report> = devices.iter().zip(states).map(report).collect();
    world.store.report_ingest(world.tenant, world.rollout, &reports, hour(20)).await.unwrap();
    // One of those that removed it runs it again.
    disturb(&world, &devices[..1]).await;
    let found = outlook(&world, 21).await;
    let of = |wanted| count(&found, |prospect| *prospect == wanted);
    let told = (of(Prospect::Removed), of(Prospect::Reinstalled), of(Prospect::CouldNot));
    assert_eq!(told, (3, 1, 2));
}
