//! Imports, lists and details of devices.

use domain::attempt::AttemptState;
use domain::ids::{DirectoryObjectId, EntraDeviceId, IntuneDeviceId};
use store::devices::{DeviceFilter, DeviceRow, ImportCounts, ImportedDevice};
use store::ingest::CheckIn;
use store::page::Page;
use store::{Store, StoreError};
use uuid::Uuid;

use crate::world::{ALL, Database, FIRST, NEW, OLD, World, device, fleet, hour, tenant};

async fn all(store: &Store, tenant: domain::ids::TenantId) -> Vec<DeviceRow> {
    store.device_list(tenant, &DeviceFilter::default(), ALL).await.expect("it works")
}

fn imported(row: &DeviceRow) -> ImportedDevice {
    let row = row.clone();
    ImportedDevice {
        intune: row.intune.expect("a device of Intune"),
        entra_device: row.entra_device,
        object: row.object,
        name: row.name,
        manufacturer: row.manufacturer,
        model: row.model,
        serial: row.serial,
        build: row.build,
        last_sync: row.last_sync,
        traits: row.traits,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_imported_is_read_back_whatever_the_names_hold() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let mut devices = fleet(6);
    devices[0].name = "tab\tnew\nline back\\slash \"quote\" ' \\N \u{1F4A9}".to_owned();
    devices[1].name = String::new();
    devices[2].build = None;
    devices[2].last_sync = None;
    devices[3].entra_device = None;
    devices[3].object = None;
    devices[4].serial = "nul\0inside".to_owned();
    let counts = store.device_import(tenant, &devices).await.unwrap();
    assert_eq!(counts, ImportCounts { read: 6, added: 6, changed: 0 });
    devices[4].serial = "nulinside".to_owned();
    let rows = all(&store, tenant).await;
    assert_eq!(rows.iter().map(imported).collect::<Vec<_>>(), devices);
    assert!(rows.is_sorted_by_key(|row| row.id), "ids follow the order of the import");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_import_changes_only_what_differs() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let mut devices = fleet(100);
    store.device_import(tenant, &devices).await.unwrap();
    let before = all(&store, tenant).await;
    let again = store.device_import(tenant, &devices).await.unwrap();
    assert_eq!(again, ImportCounts { read: 100, added: 0, changed: 0 });
    assert_eq!(all(&store, tenant).await, before);
    devices[3].model = "Other".to_owned();
    devices[4].build = Some(NEW);
    devices.push(device(100));
    let third = store.device_import(tenant, &devices[3..]).await.unwrap();
    assert_eq!(third, ImportCounts { read: 98, added: 1, changed: 2 });
    let after = all(&store, tenant).await;
    assert_eq!(after.iter().map(imported).collect::<Vec<_>>(), devices, "none is lost");
    assert_eq!(
        after[..100].iter().map(|row| row.id).collect::<Vec<_>>(),
        before.iter().map(|row| row.id).collect::<Vec<_>>(),
        "ids stay"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_read_does_not_undo_a_check_in() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let devices = fleet(1);
    store.device_import(tenant, &devices).await.unwrap();
    let checkin = CheckIn { intune: devices[0].intune, build: Some(NEW), at: hour(5) };
    store.checkin_ingest(tenant, &[checkin], chrono::TimeDelta::zero(), hour(5)).await.unwrap();
    let counts = store.device_import(tenant, &devices).await.unwrap();
    assert_eq!(counts.changed, 0);
    let row = &all(&store, tenant).await[0];
    assert_eq!((row.build, row.last_sync), (Some(NEW), Some(hour(5))));
    let late = CheckIn { build: Some(OLD), at: hour(4), ..checkin };
    store.checkin_ingest(tenant, &[late], chrono::TimeDelta::zero(), hour(6)).await.unwrap();
    assert_eq!(all(&store, tenant).await[0].build, Some(NEW), "an older check-in changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn doubles_do_not_break_an_import() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    // Enrolled anew: two Intune devices claim one Entra device; one is read twice.
    let stale = ImportedDevice { intune: IntuneDeviceId(Uuid::from_u128(9)), ..device(1) };
    let fresh = ImportedDevice { last_sync: Some(hour(9)), ..device(1) };
    let twice = ImportedDevice { name: "newer".to_owned(), ..device(2) };
    let devices = [device(2), stale.clone(), fresh.clone(), twice];
    let counts = store.device_import(tenant, &devices).await.unwrap();
    assert_eq!((counts.read, counts.added), (4, 3));
    let counts = store.device_import(tenant, &devices).await.unwrap();
    assert_eq!((counts.added, counts.changed), (0, 0), "the same again changes nothing");
    let rows = all(&store, tenant).await;
    let entra = |intune| rows.iter().find(|row| row.intune == Some(intune)).unwrap().entra_device;
    assert_eq!((entra(fresh.intune), entra(stale.intune)), (fresh.entra_device, None));
    assert_eq!(rows.iter().find(|row| row.intune == Some(device(2).intune)).unwrap().name, "newer");
    // Two devices swap their Entra ids.
    let one = ImportedDevice { entra_device: device(2).entra_device, ..fresh.clone() };
    let two = ImportedDevice { entra_device: fresh.entra_device, ..device(2) };
    store.device_import(tenant, &[one.clone(), two.clone()]).await.unwrap();
    let rows = all(&store, tenant).await;
    let entra = |intune| rows.iter().find(|row| row.intune == Some(intune)).unwrap().entra_device;
    assert_eq!(entra(one.intune), one.entra_device);
    assert_eq!(entra(two.intune), two.entra_device);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_imports_at_once_agree() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let devices = fleet(300);
    let import = || store.device_import(tenant, &devices);
    let (one, other) = tokio::join!(import(), import());
    let added = [one.unwrap().added, other.unwrap().added];
    assert_eq!(added.iter().sum::<u64>(), 300, "{added:?}");
    assert_eq!(store.device_count(tenant).await.unwrap(), 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_filter_and_page() {
    let world = World::of(200).await;
    world.offer(7, hour(2)).await.unwrap();
    let list = async |filter: DeviceFilter, page| {
        world.store.device_list(world.tenant, &filter, page).await.unwrap()
    };
    let by = DeviceFilter::default;
    let prefix = DeviceFilter { name_prefix: Some("pc-00001".to_owned()), ..by() };
    assert_eq!(list(prefix.clone(), ALL).await.len(), 10);
    let model = DeviceFilter { model: Some("Model 3".to_owned()), ..prefix };
    assert_eq!(list(model, ALL).await.len(), 2);
    let wild = DeviceFilter { name_prefix: Some("%".to_owned()), ..by() };
    assert_eq!(list(wild, ALL).await, []);
    let members = world.tally(FIRST).await.members() as usize;
    let ring = DeviceFilter { ring: Some((world.ring_set, FIRST)), ..by() };
    assert_eq!(list(ring.clone(), ALL).await.len(), members);
    let attempt = Some((world.rollout, AttemptState::Offered));
    assert_eq!(list(DeviceFilter { attempt, ..ring }, ALL).await.len(), 7);
    let mut paged = Vec::new();
    let mut page = Page { after: None, limit: 3 };
    loop {
        let rows = list(DeviceFilter { attempt, ..by() }, page).await;
        let Some(end) = rows.last() else { break };
        page.after = Some(end.id.0);
        assert!(rows.len() <= 3);
        paged.extend(rows);
    }
    assert_eq!(paged, list(DeviceFilter { attempt, ..by() }, ALL).await);
    let detail = world.store.device_fetch(world.tenant, paged[0].id).await.unwrap();
    assert_eq!(detail.device, paged[0]);
    assert_eq!(detail.rings, [(world.ring_set, FIRST)]);
    assert_eq!(detail.attempts.len(), 1);
    assert_eq!(detail.attempts[0].state, AttemptState::Offered);
    assert_eq!((detail.attempts[0].wave, detail.attempts[0].state_at), (Some(0), hour(2)));
    let unknown = world.store.device_fetch(world.tenant, domain::ids::DeviceId(Uuid::nil())).await;
    assert!(matches!(unknown, Err(StoreError::NotFound { what: "device" })), "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_entra_device_is_unknown_not_an_error() {
    let world = World::of(10).await;
    let unknown = IntuneDeviceId(EntraDeviceId(Uuid::nil()).0);
    let checkin = CheckIn { intune: unknown, build: None, at: hour(1) };
    let counts = world
        .store
        .checkin_ingest(world.tenant, &[checkin], chrono::TimeDelta::zero(), hour(1))
        .await;
    assert_eq!(counts.unwrap().unknown, 1);
    let nobody = DirectoryObjectId(Uuid::nil());
    world.store.group_replace(world.tenant, nobody, &[], &[], hour(1)).await.unwrap();
}
