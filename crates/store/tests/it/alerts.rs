//! Alerts: opened once, resolved by themselves, and what people do about them.

use chrono::TimeDelta;
use domain::alert::{AlertKind, Severity};
use domain::attempt::AttemptState;
use domain::build::Build;
use domain::ids::TenantId;
use domain::rollout::observations::Wish;
use store::alerts::{AlertAct, AlertCounts, AlertFilter};
use store::fleet::SourceKind;
use store::tenants::ConnectionState;
use store::{Store, StoreError};

use crate::world::{ALL, NEW, World, device, execute, hour, number};

async fn update(store: &Store, tenant: TenantId, hours: i64) -> (u32, u32) {
    let AlertCounts { opened, resolved } =
        store.alerts_update(tenant, hour(hours)).await.expect("a look");
    (opened, resolved)
}

async fn connection(world: &World, state: &str) {
    let sql = format!(
        "update tenant set connection_state = '{state}', connection_error = 'the secret has expired',
             connection_at = '2024-10-04' "
    );
    execute(&mut world.database.raw().await, &sql).await.expect("noted");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_opened_once_and_ends_with_what_it_is_about() {
    let world = World::of(60).await;
    let (store, tenant) = (&world.store, world.tenant);
    assert_eq!(update(store, tenant, 2).await, (0, 0), "a tenant that was never read is not late");
    connection(&world, "refused").await;
    assert_eq!(update(store, tenant, 3).await, (1, 0));
    assert_eq!(update(store, tenant, 4).await, (0, 0), "it is open already");
    let open = store.alert_list(tenant, AlertFilter::default(), ALL).await.expect("alerts");
    assert_eq!((open.len(), open[0].kind), (1, AlertKind::AccessLost));
    assert_eq!((open[0].severity, open[0].opened_at), (Severity::Critical, hour(3)));
    assert!(open[0].text.contains("the secret has expired"), "{}", open[0].text);
    connection(&world, "connected").await;
    assert_eq!(update(store, tenant, 5).await, (0, 1));
    assert_eq!(store.alert_list(tenant, AlertFilter::default(), ALL).await.expect("none"), []);
    let ended = AlertFilter { resolved: true, ..AlertFilter::default() };
    let ended = store.alert_list(tenant, ended, ALL).await.expect("alerts");
    assert_eq!(ended[0].resolved_at, Some(hour(5)));
    // It comes back as another one.
    connection(&world, "refused").await;
    assert_eq!(update(store, tenant, 6).await, (1, 0));
    let raw = &mut world.database.raw().await;
    let told = "select count(*) from event where kind in ('alert_opened', 'alert_resolved')";
    assert_eq!(number(raw, told).await, 3, "each has its entry");
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_at_once_open_nothing_twice() {
    let world = World::of(60).await;
    connection(&world, "refused").await;
    let look = || world.store.alerts_update(world.tenant, hour(3));
    let (a, b, c) = tokio::join!(look(), look(), look());
    let opened: u32 = [a, b, c].map(|counts| counts.expect("a look").opened).iter().sum();
    assert_eq!(opened, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_acknowledge_mute_and_escalate() {
    let world = World::of(60).await;
    let (store, tenant) = (&world.store, world.tenant);
    connection(&world, "unreachable").await;
    update(store, tenant, 3).await;
    let open = store.alert_list(tenant, AlertFilter::default(), ALL).await.expect("alerts");
    let id = open[0].id;
    let act = async |what| store.alert_act(tenant, id, what, "ana", hour(4)).await;
    let seen = act(AlertAct::Acknowledge { note: Some("calling them") }).await.expect("noted");
    assert_eq!(seen.acknowledged, Some((hour(4), "ana".to_owned())));
    assert_eq!(seen.note.as_deref(), Some("calling them"));
    let counted = async |hours| {
        let row = store.fleet_health(tenant, hour(hours)).await.expect("health");
        row.alerts.iter().map(|(_, alerts)| alerts).sum::<u32>()
    };
    assert_eq!(counted(5).await, 1);
    let muted = act(AlertAct::Mute { until: Some(hour(10)) }).await.expect("muted");
    assert_eq!(muted.muted, Some((hour(10), "ana".to_owned())));
    assert_eq!((counted(5).await, counted(10).await), (0, 1), "muted until then");
    act(AlertAct::Mute { until: None }).await.expect("no more");
    assert_eq!(counted(5).await, 1);
    let raised = act(AlertAct::Escalate { reason: "the board asks" }).await.expect("raised");
    assert_eq!((open[0].severity, raised.severity), (Severity::Warning, Severity::Critical));
    // A look changes nothing that people did.
    update(store, tenant, 6).await;
    let after = store.alert_fetch(tenant, id).await.expect("the alert");
    assert_eq!((after.severity, after.acknowledged), (raised.severity, seen.acknowledged));
    connection(&world, "connected").await;
    update(store, tenant, 7).await;
    let late = act(AlertAct::Acknowledge { note: None }).await;
    assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");
    let raw = &mut world.database.raw().await;
    let told = "select count(*) from event where actor = 'ana' and kind in
        ('alert_acknowledged', 'alert_muted', 'alert_escalated')";
    assert_eq!(number(raw, told).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn late_sources_missed_objectives_and_classes_of_devices_are_told() {
    let world = World::of(60).await;
    let (store, tenant) = (&world.store, world.tenant);
    store.tenant_synced(tenant, hour(1)).await.expect("read");
    store.observed(tenant, hour(1), hour(1)).await.expect("read");
    let kinds = async |hours| {
        store.alerts_update(tenant, hour(hours)).await.expect("a look");
        let open = store.alert_list(tenant, AlertFilter::default(), ALL).await.expect("alerts");
        let mut kinds: Vec<_> = open.into_iter().map(|alert| (alert.kind, alert.subject)).collect();
        kinds.sort();
        kinds
    };
    assert_eq!(kinds(1).await, []);
    // Two days of deadline and five to report, and nobody has the update: and no source was read.
    let late = kinds(24 * 8).await;
    let of = |kind, subject: &str| late.contains(&(kind, subject.to_owned()));
    assert!(of(AlertKind::ObjectiveMissed, "quality"), "{late:?}");
    assert!(of(AlertKind::SyncStalled, SourceKind::Sync.word()), "{late:?}");
    assert!(of(AlertKind::NoCheckIns, SourceKind::CheckIns.word()), "{late:?}");
    // Everybody goes silent.
    let silent = hour(24 * 40);
    store.registration_sweep(tenant, silent).await.expect("swept");
    crate::world::settle(store, tenant, silent).await;
    let classes = kinds(24 * 40).await;
    assert!(classes.contains(&(AlertKind::DeviceClass, "inactive".to_owned())), "{classes:?}");
    // They come back, updated.
    let checkins: Vec<_> = (0..60)
        .map(|one| store::ingest::CheckIn {
            intune: device(one).intune,
            build: Some(Build { ..NEW }),
            at: silent + TimeDelta::hours(1),
        })
        .collect();
    let now = silent + TimeDelta::hours(1);
    store.checkin_ingest(tenant, &checkins, TimeDelta::hours(4), now).await.expect("taken in");
    crate::world::settle(store, tenant, now).await;
    store.tenant_synced(tenant, now).await.expect("read");
    store.observed(tenant, now, now).await.expect("read");
    assert_eq!(kinds(24 * 40 + 1).await, []);
    let state = store.tenant_fetch(tenant).await.expect("the tenant").connection;
    assert_ne!(state, ConnectionState::Connected, "nobody tried it here");
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_that_fail_alike_are_told_until_the_rollout_ends() {
    let world = World::of(200).await;
    let (store, tenant) = (&world.store, world.tenant);
    world.offer(20, hour(2)).await.expect("offered");
    let attempts = world.attempts().await;
    let failed = |devices: usize| -> Vec<_> {
        let code = Some("0x80070070".to_owned());
        let report = |of: &(_, _, _)| {
            let (device, state) = (of.0, AttemptState::Failed);
            store::ingest::Report { device, state, code: code.clone(), at: hour(3) }
        };
        attempts[..devices].iter().map(report).collect()
    };
    let classes = async |hours| {
        store.alerts_update(tenant, hour(hours)).await.expect("a look");
        let kind = Some(AlertKind::DeviceClass);
        let filter = AlertFilter { kind, ..AlertFilter::default() };
        let open = store.alert_list(tenant, filter, ALL).await.expect("alerts");
        open.into_iter().map(|alert| alert.subject).collect::<Vec<_>>()
    };
    store.report_ingest(tenant, world.rollout, &failed(9), hour(3)).await.expect("taken in");
    assert_eq!(classes(3).await, [""; 0], "nine are no class");
    store.report_ingest(tenant, world.rollout, &failed(12), hour(3)).await.expect("taken in");
    assert_eq!(classes(3).await, [format!("{}/failed_disk_full", world.rollout)]);
    world.request(Wish::Cancel, hour(4)).await.expect("asked");
    let phase = domain::rollout::phase::Event::Cancelled;
    world.record(phase, hour(4)).await.expect("cancelled");
    assert_eq!(classes(4).await, [""; 0], "it has ended");
}
