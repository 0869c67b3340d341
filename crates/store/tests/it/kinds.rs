//! Strategies of a tenant, and rollouts of other kinds than quality.

use chrono::TimeDelta;
use domain::attempt::AttemptState as A;
use domain::build::Build;
use domain::ids::{IntuneDeviceId, ReleaseId};
use domain::rollout::observations::Wish;
use domain::rollout::phase::Event;
use domain::update::{Delivery, Strategy, UpdateKind};
use sqlx::Row as _;
use store::StoreError;
use store::catalog::{ImportedUpdate, UpdateBuild};
use store::enforcement::RingObjects;
use store::ingest::CheckIn;
use store::releases::NewRelease;
use store::rollouts::NewRollout;
use uuid::Uuid;

use crate::world::{ALL, FIRST, OLD, World, device, hour, new_rollout, number, settle, update};

const VERSION: Build = Build { major: 10, minor: 0, build: 26200, revision: 0 };
/// On the version, with a later quality update.
const LATER: Build = Build { revision: 900, ..VERSION };

fn of_kind(kind: UpdateKind, entry: &str) -> ImportedUpdate {
    let build = UpdateBuild {
        is_hotpatch: false,
        build: VERSION,
        product: "Windows 11".to_owned(),
        version: "25H2".to_owned(),
        kb: None,
    };
    ImportedUpdate {
        kind,
        version: Some("Windows 11, version 25H2".to_owned()),
        catalog_entry_id: entry.to_owned(),
        is_expeditable: false,
        builds: if kind == UpdateKind::Feature { vec![build] } else { Vec::new() },
        ..update()
    }
}

/// A release of a new catalogue entry.
async fn release(world: &World, update: ImportedUpdate) -> ReleaseId {
    let (store, tenant) = (&world.store, world.tenant);
    let name = update.catalog_entry_id.clone();
    store.catalog_import(tenant, &[update]).await.expect("a catalogue");
    let all = store.update_list(tenant, ALL).await.expect("updates");
    let found = all.iter().find(|one| one.update.catalog_entry_id == name).expect("it").id;
    let new = NewRelease { update: found, name: &name, delivery: None };
    store.release_create(tenant, new, "ana", hour(0)).await.expect("a release").id
}

fn made(world: &World, release: ReleaseId) -> NewRollout {
    new_rollout(release, world.ring_set)
}

#[tokio::test(flavor = "multi_thread")]
async fn choices_replace_each_other_and_are_settled_with_the_rollout() {
    let world = World::of(200).await;
    let (store, tenant) = (&world.store, world.tenant);
    let usual = store.strategies(tenant).await.unwrap();
    assert_eq!(usual.len(), UpdateKind::ALL.len());
    assert!(usual.iter().all(|one| !one.chosen), "{usual:?}");
    let feature = [(UpdateKind::Feature, Strategy::Intune)];
    let chosen = store.strategies_choose(tenant, &feature, "ana", hour(2)).await.unwrap();
    let picked: Vec<_> = chosen.iter().filter(|one| one.chosen).collect();
    assert_eq!(picked.len(), 1);
    assert_eq!((picked[0].kind, picked[0].strategy), feature[0]);
    assert_eq!(store.strategies(tenant).await.unwrap(), chosen);

    let release = release(&world, of_kind(UpdateKind::Feature, "25H2")).await;
    let row = store.rollout_create(tenant, &made(&world, release), "ana", hour(2)).await.unwrap();
    let none = store.strategies_choose(tenant, &[], "ana", hour(3)).await.unwrap();
    assert_eq!(none, usual);
    let duty = store.rollout_duty(tenant, row.id).await.unwrap();
    assert_eq!(
        (duty.strategy, duty.delivery),
        (Strategy::Intune, Delivery::of(UpdateKind::Feature))
    );
    assert_eq!(duty.version.as_deref(), Some("Windows 11, version 25H2"));
    let duty = store.rollout_duty(tenant, world.rollout).await.unwrap();
    assert_eq!(duty.strategy, Strategy::DeploymentService);
    let written = "select count(*) from event where kind = 'strategies_chosen'";
    assert_eq!(number(&mut world.database.raw().await, written).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_expedited_is_refused() {
    let world = World::of(200).await;
    // Only what the catalogue lists as such can be expedited.
    let (store, tenant) = (&world.store, world.tenant);
    let preview = ImportedUpdate { is_expeditable: false, ..of_kind(UpdateKind::Quality, "D") };
    store.catalog_import(tenant, &[preview]).await.unwrap();
    let all = store.update_list(tenant, ALL).await.unwrap();
    let found = all.iter().find(|one| one.update.catalog_entry_id == "D").unwrap().id;
    let delivery = Some(Delivery::Quality { expedite: Some(1) });
    let new = NewRelease { update: found, name: "D", delivery };
    let refused = store.release_create(tenant, new, "ana", hour(0)).await;
    assert!(
        matches!(&refused, Err(StoreError::Invalid(why)) if why.contains("expedited")),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_told_by_the_build() {
    let mut fleet: Vec<_> = (0..200).map(device).collect();
    for one in &mut fleet[..60] {
        one.build = Some(LATER);
    }
    for one in &mut fleet[60..90] {
        one.build = Some(Build { build: 22631, ..OLD });
    }
    fleet[90].build = None;
    let world = World::of_devices(&fleet).await;
    let (store, tenant) = (&world.store, world.tenant);
    settle(store, tenant, hour(1)).await;
    let release = release(&world, of_kind(UpdateKind::Feature, "25H2")).await;
    let row = store.rollout_create(tenant, &made(&world, release), "ana", hour(1)).await.unwrap();
    let excluded = async |code: &str| -> i64 {
        let counted =
            "select count(*) from attempt where rollout_id = $1 and state = 12 and code = $2";
        let mut raw = world.database.raw().await;
        let row_ =
            sqlx::query(counted).bind(row.id.0).bind(code).fetch_one(&mut raw).await.unwrap();
        row_.get(0)
    };
    assert_eq!(excluded("already_current").await, 60, "whatever the revision");
    assert!(excluded("no_content").await <= 1, "an older version has content");

    let world = World { rollout: row.id, ..world };
    world.record(Event::RingOpened { ring: FIRST }, hour(2)).await.unwrap();
    world.offer(10, hour(3)).await.unwrap();
    let offered: Vec<Uuid> = world
        .attempts()
        .await
        .into_iter()
        .filter(|(_, state, _)| *state == A::Offered)
        .map(|(device, ..)| device.0)
        .collect();
    assert_eq!(offered.len(), 10);
    let intune = |entra: &Uuid| {
        let number = entra.as_u128() - 0x2_0000_0000;
        IntuneDeviceId(Uuid::from_u128(0x1_0000_0000 + number))
    };
    let check_in = async |build, at| {
        let said: Vec<CheckIn> = offered
            .iter()
            .map(|entra| CheckIn { intune: intune(entra), build: Some(build), at })
            .collect();
        world.store.checkin_ingest(tenant, &said, TimeDelta::hours(4), at).await.unwrap()
    };
    check_in(Build { revision: 900, ..OLD }, hour(4)).await;
    assert_eq!(world.tally(FIRST).await.in_state(A::Offered), 10, "a quality update is not it");
    check_in(LATER, hour(5)).await;
    assert_eq!(world.tally(FIRST).await.in_state(A::Installed), 10);
    check_in(LATER, hour(10)).await;
    assert_eq!(world.tally(FIRST).await.in_state(A::Confirmed), 10);
    world.request(Wish::Withdraw, hour(11)).await.unwrap();
    world.check_tally().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audience_is_kept_and_its_deployment_has_no_report() {
    let world = World::of(200).await;
    let (store, tenant, rollout) = (&world.store, world.tenant, world.rollout);
    world.offer(5, hour(2)).await.unwrap();
    let mut objects = RingObjects { audience: Some("a".to_owned()), ..RingObjects::default() };
    store.ring_objects_keep(tenant, rollout, FIRST, &objects).await.unwrap();
    objects.policy = Some("d".to_owned());
    store.ring_objects_keep(tenant, rollout, FIRST, &objects).await.unwrap();
    assert_eq!(store.rollout_duty(tenant, rollout).await.unwrap().rings[0].objects, objects);
    assert_eq!(store.watched(tenant).await.unwrap(), []);
    let deployed = store.rollout_deployments(tenant).await.unwrap();
    assert_eq!(deployed.len(), 1);
    let one = (deployed[0].deployment.as_deref(), deployed[0].audience.as_str());
    assert_eq!(one, (Some("d"), "a"));
}
