//! No row of one tenant is seen or touched through another (I15).

use chrono::TimeDelta;
use domain::attempt::AttemptState;
use domain::ids::{EntraDeviceId, TenantId};
use domain::ring::RingIndex;
use domain::rollout::access::Access;
use domain::rollout::observations::Wish;
use store::StoreError;
use store::devices::DeviceFilter;
use store::enforcement::{PendingWave, RingObjects, WaveKind};
use store::ingest::{CheckIn, Report};
use store::rollouts::Request;

use crate::world::{
    ALL, FIRST, NEW, World, connection, device, execute, hour, new_rollout, number, tenant,
};

/// A world with offers, and a second tenant that has nothing.
async fn two_tenants() -> (World, TenantId) {
    let world = World::of(200).await;
    world.offer(5, hour(2)).await.expect("it works");
    let other = tenant(&world.store, 2).await;
    (world, other)
}

fn missing<T: std::fmt::Debug>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::NotFound { .. }))
}

async fn support_request(store: &store::Store, tenant: TenantId) -> domain::ids::SupportRequestId {
    let new = store::support::NewRequest {
        about: domain::support::Subject {
            kind: domain::support::SubjectKind::Tenant,
            id: tenant.0,
        },
        about_name: "Ours".to_owned(),
        title: "No consent".to_owned(),
        description: "since Monday".to_owned(),
        severity: domain::support::Severity::Minimal,
        category: domain::support::Category::Access,
        follows: None,
        bundle: "{}".to_owned(),
    };
    store.support_file(tenant, &new, "ana", hour(2)).await.expect("it is filed").id
}

#[tokio::test(flavor = "multi_thread")]
async fn one_tenant_reads_nothing_of_another() {
    let (world, other) = two_tenants().await;
    let store = &world.store;
    let devices = store.device_list(world.tenant, &DeviceFilter::default(), ALL).await.unwrap();
    assert_eq!(devices.len(), 200);
    for filter in [
        DeviceFilter::default(),
        DeviceFilter { ring: Some((world.ring_set, FIRST)), ..DeviceFilter::default() },
        DeviceFilter {
            attempt: Some((world.rollout, AttemptState::Offered)),
            ..DeviceFilter::default()
        },
    ] {
        assert_eq!(store.device_list(other, &filter, ALL).await.unwrap(), []);
        assert_ne!(store.device_list(world.tenant, &filter, ALL).await.unwrap(), []);
    }
    assert_eq!(store.device_count(other).await.unwrap(), 0);
    assert!(missing(&store.device_fetch(other, devices[0].id).await));
    assert_eq!(store.update_list(other, ALL).await.unwrap(), []);
    assert!(missing(&store.update_fetch(other, world.update).await));
    assert_eq!(store.ring_set_list(other, ALL).await.unwrap(), []);
    assert!(missing(&store.ring_set_fetch(other, world.ring_set).await));
    assert!(missing(&store.ring_set_members(other, world.ring_set).await));
    assert_eq!(store.ring_set_groups(other).await.unwrap(), []);
    assert_eq!(store.release_list(other, ALL).await.unwrap(), []);
    assert!(missing(&store.release_fetch(other, world.release).await));
    assert_eq!(store.rollout_list(other, ALL).await.unwrap(), []);
    assert!(missing(&store.rollout_fetch(other, world.rollout).await));
    assert!(missing(&store.rollout_plan(other, world.rollout).await));
    assert!(missing(&store.rollout_snapshot(other, world.rollout).await));
    assert!(missing(&store.rollout_revisions(other, world.rollout).await));
    assert!(missing(&store.rollout_failures(other, world.rollout).await));
    store.budget_set(world.tenant, Some(5), "ana", hour(3)).await.unwrap();
    let nothing = store::budget::BudgetRow { limit: None, in_flight: 0, waiting: 0 };
    assert_eq!(store.budget_fetch(other).await.unwrap(), nothing);
    assert!(missing(&store.rollout_duty(other, world.rollout).await));
    assert_eq!(store.event_list(other, world.rollout, 0, 100).await.unwrap(), []);
    assert_eq!(store.watched(other).await.unwrap(), []);
    let id = devices[0].id;
    assert!(missing(&store.device_explain(other, id, hour(3)).await));
    assert_eq!(store.device_filter_scan(other, None, 10).await.unwrap(), []);
    assert_eq!(store.registration_summary(other).await.unwrap().devices, 0);
    assert!(missing(&store.ring_set_preview(other, world.ring_set, None, hour(3)).await));
    let told = store.ring_group_changes(other, world.ring_set, 10).await.unwrap();
    assert_eq!(told, store::ring_sets::RingGroupChanges::default());
    let pause =
        |target| store::pauses::NewPause { target, take_back: false, actor: "a", reason: None };
    let of_all = pause(store::pauses::Target::Tenant);
    assert_eq!(store.pause_set(world.tenant, of_all, hour(3)).await.unwrap().rollouts, 1);
    assert_eq!(store.pause_list(other).await.unwrap(), []);
    assert!(missing(&store.rollout_in_flight(other, world.rollout, ALL).await));
    assert!(missing(&store.rollout_outlook(other, world.rollout, hour(3)).await));
    assert!(missing(&store.rollout_prospects(other, world.rollout, ALL, hour(3)).await));
    assert!(missing(&store.release_outlook(other, world.release, hour(3)).await));
    assert_eq!(store.device_control_list(other, ALL).await.unwrap(), []);
    assert_eq!(store.device_action_pending(other, 10).await.unwrap(), []);
    assert_eq!(store.enrollment_fetch(other).await.unwrap(), None);
    assert_eq!(store.enrollment_objects(other).await.unwrap(), []);
    assert_eq!(store.assessment_list(other, ALL).await.unwrap(), []);
    assert_eq!(store.fleet_health(other, hour(3)).await.unwrap().health.counts.devices, 0);
    let scene = store.fleet_scene(other, hour(3)).await.unwrap();
    assert!(scene.sets.is_empty() && scene.published.is_empty() && scene.rollouts.is_empty());
    let all = store::fleet::Selection::default();
    assert_eq!(store.fleet_page(other, &scene, all, ALL).await.unwrap(), []);
    store.fleet_snapshot_take(world.tenant, hour(3)).await.unwrap();
    assert_eq!(store.fleet_snapshots(other, hour(0).date_naive()).await.unwrap(), []);
    let alerts = store::alerts::AlertFilter { resolved: true, ..Default::default() };
    store.tenant_synced(world.tenant, hour(1)).await.unwrap();
    store.alerts_update(world.tenant, hour(900)).await.unwrap();
    let raised = store.alert_list(world.tenant, alerts, ALL).await.unwrap();
    assert_eq!(store.alert_list(other, alerts, ALL).await.unwrap(), []);
    assert!(missing(&store.alert_fetch(other, raised[0].id).await));
    let act = store::alerts::AlertAct::Acknowledge { note: None };
    assert!(missing(&store.alert_act(other, raised[0].id, act, "b", hour(901)).await));
    let asked = support_request(store, world.tenant).await;
    assert_eq!(store.support_list(other, ALL).await.unwrap(), []);
    assert!(missing(&store.support_fetch(other, asked).await));
    assert!(missing(&store.support_bundle(other, asked).await));
    let comment = store::support::Act::Comment { text: "x" };
    assert!(missing(&store.support_act(other, asked, comment, "b", hour(3)).await));
    let about = domain::support::Subject {
        kind: domain::support::SubjectKind::Rollout,
        id: world.rollout.0,
    };
    assert_eq!(store.support_timeline(other, about).await.unwrap(), []);
    assert_ne!(store.support_timeline(world.tenant, about).await.unwrap(), []);
    let of = store::delta::DeltaOf::Devices;
    assert_eq!(store.delta_link_fetch(other, of).await.unwrap(), None);
    assert_eq!(store.group_devices(other, crate::world::group(1)).await.unwrap(), []);
    let wave = PendingWave { kind: WaveKind::Offer, ring: FIRST, number: 0, generation: 2 };
    assert_eq!(store.wave_devices(other, world.rollout, wave).await.unwrap(), []);
    assert_eq!(store.wave_devices(world.tenant, world.rollout, wave).await.unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_tenant_changes_nothing_of_another() {
    let (world, other) = two_tenants().await;
    let store = &world.store;
    let before = store.rollout_fetch(world.tenant, world.rollout).await.unwrap();
    let snapshot = store.rollout_snapshot(world.tenant, world.rollout).await.unwrap();
    let (device, ..) = world.attempts().await[0];
    let request = Request {
        wish: Wish::Hold,
        promoted: Some(RingIndex(1)),
        take_back: false,
        actor: "b".into(),
        reason: None,
    };
    assert!(missing(&store.rollout_request(other, world.rollout, &request, hour(3)).await));
    let (release, ring) = (world.release, (world.rollout, FIRST));
    for target in [
        store::pauses::Target::Release(release),
        store::pauses::Target::Ring { rollout: ring.0, ring: ring.1 },
    ] {
        let pause = store::pauses::NewPause { target, take_back: true, actor: "b", reason: None };
        assert!(missing(&store.pause_set(other, pause, hour(3)).await));
        assert!(missing(&store.pause_lift(other, target, ("b", None), hour(3)).await));
    }
    let target = store::pauses::Target::Tenant;
    let pause = store::pauses::NewPause { target, take_back: true, actor: "b", reason: None };
    assert_eq!(store.pause_set(other, pause, hour(3)).await.unwrap().rollouts, 0);
    let event = domain::rollout::phase::Event::Cancelled;
    assert!(missing(&store.rollout_record(other, world.rollout, &snapshot, event, hour(3)).await));
    let report = Report { device, state: AttemptState::Failed, code: None, at: hour(3) };
    let counts = store.report_ingest(other, world.rollout, &[report], hour(3)).await.unwrap();
    assert_eq!((counts.moved, counts.unknown), (0, 1));
    let checkin = CheckIn { intune: crate::world::device(1).intune, build: Some(NEW), at: hour(3) };
    let counts = store.checkin_ingest(other, &[checkin], TimeDelta::zero(), hour(3)).await.unwrap();
    assert_eq!((counts.moved, counts.unknown), (0, 1));
    assert!(missing(&store.rollout_sweep(other, world.rollout, hour(900)).await));
    store.observed(other, hour(3), hour(3)).await.unwrap();
    let objects = RingObjects { policy: Some("mine".into()), ..RingObjects::default() };
    assert!(missing(&store.ring_objects_keep(other, world.rollout, FIRST, &objects).await));
    assert!(missing(
        &store.ring_accepted(other, world.rollout, FIRST, Access::Open, 9, hour(3)).await
    ));
    store.rollout_enforce_note(other, world.rollout, Some("no")).await.unwrap();
    let wave = PendingWave { kind: WaveKind::Offer, ring: FIRST, number: 0, generation: 2 };
    store.wave_delivered(other, world.rollout, wave, hour(3)).await.unwrap();
    let created = store
        .rollout_create(other, &new_rollout(world.release, world.ring_set), "b", hour(3))
        .await;
    assert!(matches!(created, Err(StoreError::Invalid(_))), "{created:?}");
    let released = store
        .release_create(
            other,
            store::releases::NewRelease { update: world.update, name: "Mine", delivery: None },
            "b",
            hour(3),
        )
        .await;
    assert!(matches!(released, Err(StoreError::Invalid(_))), "{released:?}");
    assert!(missing(&store.ring_set_place(other, world.ring_set, hour(3)).await));
    assert_eq!(store.rollout_fetch(world.tenant, world.rollout).await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_tenants_may_hold_the_same_microsoft_ids() {
    let (world, other) = two_tenants().await;
    let theirs = [device(1), device(2)];
    let counts = world.store.device_import(other, &theirs).await.unwrap();
    assert_eq!((counts.added, counts.changed), (2, 0));
    assert_eq!(world.store.device_count(world.tenant).await.unwrap(), 200);
    let attempts = world.attempts().await;
    let report = |device| Report { device, state: AttemptState::Failed, code: None, at: hour(3) };
    let devices: Vec<EntraDeviceId> = attempts.iter().take(5).map(|one| one.0).collect();
    let reports: Vec<Report> = devices.into_iter().map(report).collect();
    world.store.report_ingest(other, world.rollout, &reports, hour(3)).await.unwrap();
    assert_eq!(world.tally(FIRST).await.failed(), 0);
}

/// Row-level security by itself, without the tenant in the statements.
#[tokio::test(flavor = "multi_thread")]
async fn the_application_sees_only_the_tenant_it_names() {
    let (world, other) = two_tenants().await;
    let mut raw = world.database.raw().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
             and not c.relispartition and c.relname not like '\\_sqlx%' order by 1",
    )
    .fetch_all(&mut raw)
    .await
    .unwrap();
    assert!(tables.len() >= 18, "{tables:?}");
    execute(&mut raw, "set role concentric_app").await.unwrap();
    // Who calls is the service's business alone.
    let of_tenants = |table: &&String| !["api_token", "session"].contains(&table.as_str());
    for table in tables.iter().filter(of_tenants) {
        let count = format!("select count(*) from {table}");
        assert_eq!(number(&mut raw, &count).await, 0, "{table} without a tenant");
    }
    execute(&mut raw, &format!("set concentric.tenant = '{other}'")).await.unwrap();
    for table in ["device", "ring_member", "rollout", "attempt", "tally", "wave", "release"] {
        let count = format!("select count(*) from {table}");
        assert_eq!(number(&mut raw, &count).await, 0, "{table} of another tenant");
    }
    for one in ["tenant", "chain_head", "event"] {
        let count = format!("select count(*) from {one}");
        assert_eq!(number(&mut raw, &count).await, 1, "{one}: only its own");
    }
    let tenant = world.tenant;
    for forbidden in [
        format!("insert into group_member values ('{tenant}', '{tenant}', '{tenant}')"),
        format!(
            "insert into work (tenant_id, kind, subject) values ('{tenant}', 'sync', '{tenant}')"
        ),
        format!("update work set tenant_id = '{tenant}'"),
        format!(
            "insert into event values ('{tenant}', 99, null, now(), 'b', 'created', '{{}}', '', '')"
        ),
        format!(
            "select attempts_create('{}', '{tenant}', '{tenant}', now(), now(), '[]')",
            world.rollout
        ),
        format!("select * from attempt_{}", world.rollout.0.simple()),
    ] {
        assert!(execute(&mut raw, &forbidden).await.is_err(), "{forbidden} was allowed");
    }
    assert_eq!(execute(&mut raw, "update attempt set state = 8").await.unwrap(), 0);
    assert_eq!(execute(&mut raw, "delete from device").await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_forgets_its_tenant_with_the_transaction() {
    let (world, other) = two_tenants().await;
    let one = world.database.options();
    let store = store::Store::connect(&store::Options { max_connections: 1, ..one }).await.unwrap();
    for _ in 0..3 {
        assert_eq!(store.device_count(world.tenant).await.unwrap(), 200);
        assert_eq!(store.device_count(other).await.unwrap(), 0);
        assert_eq!(store.tenant_list(ALL, None).await.unwrap().len(), 2);
    }
    let taken = store.tenant_connect(other, &connection(1), "b", hour(3)).await;
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "{taken:?}");
}

/// Callers go away at any moment. What they began is ended, or whoever gets the connection next would be in there,
/// with its role and its tenant.
#[tokio::test(flavor = "multi_thread")]
async fn who_goes_away_leaves_no_transaction_behind() {
    let database = crate::world::Database::new().await;
    let options = store::Options { max_connections: 2, ..database.options() };
    let store = store::Store::connect(&options).await.unwrap();
    tenant(&store, 1).await;
    let mut raw = database.raw().await;
    let open = "select count(*) from pg_stat_activity
        where datname = current_database() and state like 'idle in transaction%'";
    for micros in (0..2_000).step_by(10) {
        let patience = std::time::Duration::from_micros(micros);
        // Of the service, whose role sees every tenant. Timers are too coarse for how short this is.
        let of_caller = store.clone();
        let caller = tokio::spawn(async move { of_caller.tenant_list(ALL, None).await });
        let began = std::time::Instant::now();
        while began.elapsed() < patience {
            std::hint::spin_loop();
        }
        caller.abort();
        let _ = caller.await;
        // Nobody else uses the connection, so nobody else ends what was begun on it.
        let mut left = i64::MAX;
        for _ in 0..100 {
            left = number(&mut raw, open).await;
            if left == 0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!(left, 0, "left in a transaction by who went away after {micros} us");
    }
}
