//! Devices stand as the domain says, and only those that are marked are looked at.

use chrono::TimeDelta;
use domain::ids::{DeviceId, DirectoryObjectId, IntuneDeviceId, TenantId};
use domain::registration::facts::{Join, Owner, System};
use domain::registration::{Reason, Standing};
use domain::ring::RingSet;
use store::Store;
use store::devices::{DeviceFilter, DeviceRow, ImportedDirectoryDevice, Left, Removed};
use store::ingest::CheckIn;
use store::registration::{RegistrationCounts, Scope};
use uuid::Uuid;

use crate::world::{
    ALL, Database, FIRST, World, device, execute, fleet, group, hour, number, ring, settle, tenant,
};

async fn run(store: &Store, tenant: TenantId, hours: i64) -> RegistrationCounts {
    store.registration_run(tenant, Scope::Due, hour(hours)).await.expect("registration")
}

async fn row(store: &Store, tenant: TenantId, number: u128) -> DeviceRow {
    let entra = device(number).entra_device;
    let rows = store.device_list(tenant, &DeviceFilter::default(), ALL).await.expect("devices");
    rows.into_iter().find(|row| row.entra_device == entra).expect("the device")
}

async fn standing(store: &Store, tenant: TenantId, number: u128) -> (Standing, Vec<Reason>) {
    let registration = row(store, tenant, number).await.registration.expect("looked at");
    (registration.standing, registration.reasons.iter().collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_is_looked_at_once() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let mut devices = fleet(50);
    devices[1].traits.owner = Owner::Personal;
    devices[2].serial = "Default string".to_owned();
    devices[3].serial = "Default string".to_owned();
    let shared = devices[5].serial.clone();
    devices[4].serial = shared;
    devices[6].last_sync = Some(hour(0) - TimeDelta::days(29));
    store.device_import(tenant, &devices).await.unwrap();
    let counts = run(&store, tenant, 1).await;
    assert_eq!((counts.looked_at, counts.changed), (50, 50));
    assert_eq!(standing(&store, tenant, 0).await, (Standing::Ready, vec![]));
    let failed = Standing::PrerequisiteFailed;
    assert_eq!(standing(&store, tenant, 1).await, (failed, vec![Reason::Personal]));
    assert_eq!(standing(&store, tenant, 2).await, (failed, vec![Reason::MissingSerial]));
    assert_eq!(standing(&store, tenant, 4).await, (failed, vec![Reason::DuplicateSerial]));
    assert_eq!(standing(&store, tenant, 5).await, (failed, vec![Reason::DuplicateSerial]));
    assert_eq!(standing(&store, tenant, 6).await, (Standing::NotReady, vec![Reason::Inactive]));
    assert_eq!(run(&store, tenant, 2).await, RegistrationCounts::default(), "none is due");
    let all = store.registration_run(tenant, Scope::All, hour(2)).await.unwrap();
    assert_eq!((all.looked_at, all.changed), (50, 0), "judged again, written nowhere");

    let summary = store.registration_summary(tenant).await.unwrap();
    assert_eq!((summary.devices, summary.unseen, summary.due), (50, 0, 0));
    let of = |standing| summary.standings.iter().find(|(one, _)| *one == standing).unwrap().1;
    assert_eq!((of(Standing::Ready), of(Standing::NotReady), of(failed)), (44, 1, 5));
    assert!(summary.reasons.contains(&(Reason::DuplicateSerial, 2)), "{summary:?}");
    let filter = DeviceFilter { reason: Some(Reason::DuplicateSerial), ..DeviceFilter::default() };
    assert_eq!(store.device_list(tenant, &filter, ALL).await.unwrap().len(), 2);
    let filter = DeviceFilter { standing: Some(failed), ..DeviceFilter::default() };
    assert_eq!(store.device_list(tenant, &filter, ALL).await.unwrap().len(), 5);

    // A serial number that changes concerns the other device too; a name concerns nobody.
    devices[4].serial = "S-new".to_owned();
    devices[7].name = "renamed".to_owned();
    devices[8].last_sync = Some(hour(3));
    store.device_import(tenant, &devices).await.unwrap();
    let counts = run(&store, tenant, 4).await;
    assert_eq!((counts.looked_at, counts.changed), (2, 2));
    assert_eq!(standing(&store, tenant, 5).await, (Standing::Ready, vec![]));
    assert_eq!(row(&store, tenant, 5).await.standing_at, Some(hour(4)));
    assert_eq!(row(&store, tenant, 0).await.standing_at, Some(hour(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn time_makes_devices_inactive_and_a_check_in_brings_them_back() {
    let world = World::of(20).await;
    let (store, tenant) = (&world.store, world.tenant);
    let later = 29 * 24;
    let heard: Vec<CheckIn> = (5..20)
        .map(|number| CheckIn { intune: device(number).intune, build: None, at: hour(later - 24) })
        .collect();
    store.checkin_ingest(tenant, &heard, TimeDelta::zero(), hour(later - 24)).await.unwrap();
    settle(store, tenant, hour(1)).await;
    assert_eq!(store.registration_sweep(tenant, hour(later)).await.unwrap(), 5);
    let counts = run(store, tenant, later).await;
    assert_eq!((counts.looked_at, counts.of(Standing::NotReady)), (5, 5));
    assert_eq!(store.registration_sweep(tenant, hour(later)).await.unwrap(), 0, "known by now");
    let placed = store.ring_set_place_due(tenant, hour(later)).await.unwrap();
    assert_eq!((placed.devices, placed.written), (5, 0), "they keep their rings");
    let back = CheckIn { intune: device(0).intune, build: None, at: hour(later + 1) };
    store.checkin_ingest(tenant, &[back], TimeDelta::zero(), hour(later + 1)).await.unwrap();
    let counts = run(store, tenant, later + 1).await;
    assert_eq!((counts.looked_at, counts.of(Standing::Ready)), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_two_sets_are_a_conflict_until_one_lets_go() {
    let world = World::of(20).await;
    let (store, tenant) = (&world.store, world.tenant);
    let set = |name: &str, of| {
        let rings = vec![ring("A", 0, vec![group(of)]), ring("B", 100, vec![])];
        RingSet::new(name.to_owned(), rings).expect("a set")
    };
    let one = store.ring_set_create(tenant, &set("One", 1), "ana", hour(1)).await.unwrap().id;
    store.ring_set_create(tenant, &set("Two", 2), "ana", hour(1)).await.unwrap();
    let objects = [1, 2].map(|number| device(number).object.unwrap());
    store.group_replace(tenant, group(1), &objects, &[], hour(2)).await.unwrap();
    store.group_replace(tenant, group(2), &objects[..1], &[], hour(2)).await.unwrap();
    settle(store, tenant, hour(2)).await;
    assert_eq!(
        standing(store, tenant, 1).await,
        (Standing::GroupConflict, vec![Reason::GroupConflict])
    );
    assert_eq!(standing(store, tenant, 2).await.0, Standing::Ready);
    let id = row(store, tenant, 1).await.id;
    let explained = store.device_explain(tenant, id, hour(3)).await.unwrap();
    assert_eq!((explained.claims.len(), explained.placements.len()), (2, 0));
    assert!(explained.facts.claimed_twice && !explained.due);
    store.group_replace(tenant, group(2), &[], &[], hour(3)).await.unwrap();
    assert!(store.device_explain(tenant, id, hour(3)).await.unwrap().due);
    settle(store, tenant, hour(3)).await;
    let explained = store.device_explain(tenant, id, hour(3)).await.unwrap();
    assert_eq!(explained.registration.standing, Standing::Ready);
    assert_eq!(explained.groups, [group(1)]);
    let placed = explained.placements.iter().find(|placed| placed.ring_set == one).unwrap();
    assert_eq!((placed.ring, placed.why), (FIRST, domain::placement::Why::Group));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_directory_and_intune_share_one_row() {
    let database = Database::new().await;
    let store = database.store().await;
    let tenant = tenant(&store, 1).await;
    let known = |number: u128| ImportedDirectoryDevice {
        device: device(number).entra_device.unwrap(),
        object: device(number).object.unwrap(),
        name: format!("Entra {number}"),
        system: System::Windows,
        join: Join::Entra,
        enabled: true,
        last_sign_in: Some(hour(9)),
    };
    let counts = store.directory_import(tenant, &[known(1), known(2), known(1)]).await.unwrap();
    assert_eq!((counts.read, counts.added, counts.changed), (3, 2, 0));
    run(&store, tenant, 1).await;
    let only = (Standing::PrerequisiteFailed, vec![Reason::NotInIntune]);
    assert_eq!(standing(&store, tenant, 1).await, only);
    let id = row(&store, tenant, 1).await.id;
    let counts = store.device_import(tenant, &[device(1)]).await.unwrap();
    assert_eq!((counts.added, counts.changed), (0, 1));
    assert_eq!(run(&store, tenant, 2).await.looked_at, 1);
    let after = row(&store, tenant, 1).await;
    assert_eq!(
        (after.id, after.intune, after.build),
        (id, Some(device(1).intune), device(1).build)
    );
    assert_eq!(standing(&store, tenant, 1).await, (Standing::Ready, vec![]));
    // What the directory says later: Intune's words stay, the account is off.
    let off = ImportedDirectoryDevice { enabled: false, ..known(1) };
    let counts = store.directory_import(tenant, &[off, known(2)]).await.unwrap();
    assert_eq!((counts.added, counts.changed), (0, 1));
    run(&store, tenant, 3).await;
    assert_eq!(row(&store, tenant, 1).await.name, device(1).name);
    assert_eq!(standing(&store, tenant, 1).await.1, [Reason::EntraDisabled]);
    // Enrolled anew: another Intune id, the same machine.
    let mut anew = device(1);
    anew.intune = IntuneDeviceId(Uuid::from_u128(77));
    store.device_import(tenant, &[anew.clone()]).await.unwrap();
    let after = row(&store, tenant, 1).await;
    assert_eq!((after.id, after.intune), (id, Some(anew.intune)));
    // Known to both before anybody saw that they are one: the directory's row goes.
    let mut apart = device(2);
    apart.entra_device = None;
    apart.object = None;
    store.device_import(tenant, &[anew.clone(), apart]).await.unwrap();
    assert_eq!(store.device_count(tenant).await.unwrap(), 3);
    store.device_import(tenant, &[anew, device(2)]).await.unwrap();
    assert_eq!(store.device_count(tenant).await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_left_is_gone_and_its_attempts_end() {
    let world = World::of(200).await;
    let (store, tenant) = (&world.store, world.tenant);
    world.offer(5, hour(2)).await.unwrap();
    let offered = world.attempts().await;
    let object = |entra| {
        let number = (0..200).find(|number| device(*number).entra_device == Some(entra));
        device(number.expect("of the fleet")).object.unwrap()
    };
    let left = Left {
        objects: vec![object(offered[0].0), object(offered[7].0)],
        intune: vec![device(500).intune],
    };
    let gone = store.device_remove(tenant, &left, hour(3)).await.unwrap();
    assert_eq!(gone, Removed { devices: 2, attempts: 2 });
    assert_eq!(store.device_remove(tenant, &left, hour(3)).await.unwrap(), Removed::default());
    world.check_tally().await;
    let raw = &mut world.database.raw().await;
    let ended = "select count(*) from attempt where state = 12 and code = 'left'";
    assert_eq!(number(raw, ended).await, 2);
    for table in ["ring_member", "device_control", "registration_due"] {
        let orphans = format!(
            "select count(*) from {table} m where not exists (
            select from device d where d.id = m.device_id)"
        );
        assert_eq!(number(raw, &orphans).await, 0, "{table}");
    }
    let members = store.ring_set_members(tenant, world.ring_set).await.unwrap();
    assert_eq!(members.iter().map(|(_, members)| members).sum::<u32>(), 198);
    // Half a fleet does not leave because a read failed.
    let half = Left { intune: (0..150).map(|n| device(n).intune).collect(), ..Left::default() };
    let refused = store.device_remove(tenant, &half, hour(4)).await;
    assert!(matches!(&refused, Err(store::StoreError::Conflict(why)) if why.contains("of 198")));
    // What somebody confirmed is believed once, and no more than that.
    let missing = async || store.tenant_fetch(tenant).await.unwrap().missing_devices;
    assert_eq!(missing().await, Some(150));
    let other = store.removal_confirm(tenant, 149, "ana", hour(5)).await;
    assert!(matches!(&other, Err(store::StoreError::Conflict(why)) if why.contains("150 devices")));
    assert!(store.device_remove(tenant, &half, hour(5)).await.is_err(), "nothing was confirmed");
    store.removal_confirm(tenant, 150, "ana", hour(6)).await.unwrap();
    assert!(store.device_remove(tenant, &half, hour(6)).await.unwrap().devices >= 148);
    assert_eq!(missing().await, None);
    assert!(store.removal_confirm(tenant, 150, "ana", hour(7)).await.is_err(), "used up");
    world.check_tally().await;
}

/// Rows that the server read for what `work` did through a store of its own.
async fn rows_read(database: &Database, work: impl AsyncFnOnce(&Store)) -> i64 {
    let mut raw = database.raw().await;
    let read = "select (sum(seq_tup_read) + sum(coalesce(idx_tup_fetch, 0)))::bigint
        from pg_stat_user_tables where relname not in ('tenant', 'api_token')";
    execute(&mut raw, "analyze").await.expect("statistics");
    let settled = async |raw: &mut _| {
        // Sessions tell what they read when they end.
        tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
        number(raw, read).await
    };
    let before = settled(&mut raw).await;
    let store = database.store().await;
    work(&store).await;
    drop(store);
    settled(&mut raw).await - before
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cost_of_a_delta_is_the_delta() {
    let mut costs = Vec::new();
    for size in [1_000, 20_000] {
        let database = Database::new().await;
        let tenant = {
            let store = database.store().await;
            let tenant = tenant(&store, 1).await;
            store.device_import(tenant, &fleet(size)).await.unwrap();
            let rings = vec![ring("A", 10, vec![group(1)]), ring("B", 90, vec![])];
            let set = RingSet::new("Set".to_owned(), rings).expect("a set");
            store.ring_set_create(tenant, &set, "ana", hour(0)).await.unwrap();
            settle(&store, tenant, hour(0)).await;
            tenant
        };
        let objects: Vec<DirectoryObjectId> =
            (0..100).map(|number| device(number * 7).object.unwrap()).collect();
        let cost = rows_read(&database, async |store| {
            let change = store::groups::GroupChange {
                devices_added: objects.clone(),
                ..store::groups::GroupChange::of(group(1))
            };
            let counts = store.group_delta_apply(tenant, &[change], hour(1)).await.unwrap();
            assert_eq!((counts.changed, counts.marked), (100, 100));
            let counts = run(store, tenant, 1).await;
            assert_eq!(counts.looked_at, 100);
            let placed = store.ring_set_place_due(tenant, hour(1)).await.unwrap();
            assert_eq!(placed.devices, 100);
            assert!((80..=100).contains(&placed.written), "{placed:?}");
        })
        .await;
        costs.push(cost);
    }
    eprintln!("rows read for 100 devices of 1,000 and of 20,000: {costs:?}");
    // As many catalog of statistics come and go as there may: a fleet is twenty times as large.
    assert!(costs[1] < costs[0].max(2_000) * 2, "{costs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_explains_a_device_that_is_not_there() {
    let world = World::of(2).await;
    let unknown = world.store.device_explain(world.tenant, DeviceId(Uuid::nil()), hour(1)).await;
    assert!(matches!(unknown, Err(store::StoreError::NotFound { .. })), "{unknown:?}");
}
