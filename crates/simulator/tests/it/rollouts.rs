//! Steering a rollout: holds, pauses, enrolment, nested groups, and the way back.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use simulator::LedgerEntry;
use uuid::Uuid;

use crate::tenant::{Rollout, Tenant, devices, link};

/// Work that needs an approval and a ring that runs.
const WORK: [&str; 5] =
    ["offered", "download_started", "install_started", "resumed", "retry_started"];

/// A rollout that just begins: five simulated hours per second.
async fn begun() -> (Tenant, Rollout) {
    let tenant = Tenant::start(18_000.0).await;
    let rollout = tenant.roll_out().await;
    tenant.until(&["offered"], 40).await;
    (tenant, rollout)
}

/// Entries of work between two moments.
fn work(story: &[LedgerEntry], from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<&LedgerEntry> {
    let between = |entry: &&LedgerEntry| entry.at >= from && entry.at < to;
    story.iter().filter(between).filter(|entry| WORK.contains(&entry.event.as_str())).collect()
}

/// When the last control event of that name took effect.
fn effective(tenant: &Tenant, event: &str) -> DateTime<Utc> {
    let controls = tenant.simulator.summary().controls;
    let found = controls.iter().rev().find(|entry| entry.event == event);
    let entry = found.unwrap_or_else(|| panic!("no {event} in {controls:?}"));
    let effective = entry.effective.unwrap();
    assert_eq!(effective - entry.at, TimeDelta::minutes(2));
    assert!(entry.policy.is_some());
    effective
}

/// Waits until simulated time has gone on by `hours`.
async fn hours(tenant: &Tenant, hours: i64) {
    let end = tenant.simulator.now() + TimeDelta::hours(hours);
    while tenant.simulator.now() < end {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Stops a rollout, sees that it stops, lets it go on and sees that what was held goes on too.
async fn stops_and_goes_on(tenant: &Tenant, stop: (&str, &str), go: (&str, &str), path: &str) {
    let body = |text: &str| serde_json::from_str(text).unwrap();
    tenant.patch(path, body(stop.0)).await;
    hours(tenant, 12).await;
    let stopped = effective(tenant, stop.1);
    let held = devices(&tenant.story(), "held");
    assert!(!held.is_empty(), "nobody was at work when it stopped");
    tenant.patch(path, body(go.0)).await;
    tenant.until(&["resumed"], u64::try_from(held.len()).unwrap()).await;
    let resumed = effective(tenant, go.1);
    let story = tenant.story();
    assert_eq!(work(&story, stopped, resumed), Vec::<&LedgerEntry>::new());
    assert!(!work(&story, resumed, resumed + TimeDelta::hours(12)).is_empty());
    assert!(devices(&story, "resumed").is_superset(&held));
    // What was held is offered once and counts once.
    let offers = story.iter().filter(|entry| entry.event == "offered").count();
    assert_eq!(offers, devices(&story, "offered").len());
}

#[tokio::test]
async fn a_suspended_approval_holds_whatever_is_not_installing_yet() {
    let (tenant, rollout) = begun().await;
    let stop = (r#"{ "status": "suspended" }"#, "approval_suspended");
    let go = (r#"{ "status": "approved" }"#, "approval_approved");
    stops_and_goes_on(&tenant, stop, go, &rollout.approval).await;
}

#[tokio::test]
async fn a_paused_ring_holds_whatever_is_not_installing_yet() {
    let (tenant, rollout) = begun().await;
    let stop = (r#"{ "isPaused": true }"#, "ring_paused");
    let go = (r#"{ "isPaused": false }"#, "ring_resumed");
    stops_and_goes_on(&tenant, stop, go, &rollout.ring).await;
    let controls = tenant.simulator.summary().controls;
    let paused = controls.iter().find(|entry| entry.event == "ring_paused").unwrap();
    assert!(rollout.ring.ends_with(paused.ring.as_deref().unwrap()));
}

/// Lets all devices check in after `stopped`, and sees that those at work hold at once.
async fn check_ins_hold(tenant: &Tenant, stopped: DateTime<Utc>) {
    let managed = "/v1.0/deviceManagement/managedDevices";
    let until = async |end| {
        while tenant.simulator.now() < end {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    until(stopped).await;
    for device in tenant.ids(managed, "id").await {
        let path = format!("{managed}/{device}/syncDevice");
        assert_eq!(tenant.call("POST", &path, None).await.0, 204);
    }
    until(tenant.simulator.now() + TimeDelta::minutes(2)).await;
    let (_, synced) = tenant.call("GET", managed, None).await;
    let story = tenant.story();
    let synced = synced["value"].as_array().unwrap().iter().filter(|device| {
        let at: DateTime<Utc> = device["lastSyncDateTime"].as_str().unwrap().parse().unwrap();
        at >= stopped
    });
    let mut waiting: BTreeSet<Uuid> = synced
        .map(|device| device["azureADDeviceId"].as_str().unwrap().parse().unwrap())
        .filter(|device| devices(&story, "offered").contains(device))
        .collect();
    waiting.retain(|device| !devices(&story, "install_started").contains(device));
    assert!(waiting.len() >= 5, "only {} checked in", waiting.len());
    assert!(waiting.is_subset(&devices(&story, "held")));
}

/// A rollout whose first downloads are going on: half a simulated hour per second.
async fn downloading() -> (Tenant, Rollout) {
    let tenant = Tenant::start(2_000.0).await;
    let rollout = tenant.roll_out().await;
    tenant.until(&["download_started"], 12).await;
    (tenant, rollout)
}

#[tokio::test]
async fn a_check_in_tells_a_device_at_once_that_it_is_on_hold() {
    let (tenant, rollout) = downloading().await;
    tenant.patch(&rollout.approval, json!({ "status": "suspended" })).await;
    check_ins_hold(&tenant, effective(&tenant, "approval_suspended")).await;
}

/// Pauses all devices through an update ring configuration; its path.
async fn pause_everybody(tenant: &Tenant) -> String {
    let body = json!({ "@odata.type": "#microsoft.graph.windowsUpdateForBusinessConfiguration",
        "displayName": "Pause", "qualityUpdatesPaused": true });
    let root = "/v1.0/deviceManagement/deviceConfigurations";
    let configuration = format!("{root}/{}", tenant.made(root, body).await);
    let body = json!({ "assignments": [{ "target": {
        "@odata.type": "#microsoft.graph.allDevicesAssignmentTarget" } }] });
    let path = format!("{configuration}/assign");
    assert_eq!(tenant.call("POST", &path, Some(body)).await.0, 200);
    configuration
}

#[tokio::test]
async fn a_check_in_brings_the_pause_of_an_update_ring() {
    let (tenant, _) = downloading().await;
    pause_everybody(&tenant).await;
    check_ins_hold(&tenant, tenant.simulator.now()).await;
}

#[tokio::test]
async fn a_paused_update_ring_offers_nothing_until_it_is_resumed() {
    let (tenant, rollout) = begun().await;
    let configuration = pause_everybody(&tenant).await;
    let paused = tenant.simulator.now() + TimeDelta::seconds(1);
    hours(&tenant, 24).await;
    let story = tenant.story();
    let offered = |story: &[LedgerEntry]| {
        story.iter().filter(|entry| entry.event == "offered" && entry.at > paused).count()
    };
    assert_eq!(offered(&story), 0);
    let report = tenant.report(&rollout.policy, &["AggregateState"]).await;
    assert!(report.lines().filter(|line| *line == "OnHold").count() > 100, "{report}");
    let kind = "#microsoft.graph.windowsUpdateForBusinessConfiguration";
    let body = json!({ "@odata.type": kind, "qualityUpdatesPaused": false });
    tenant.patch(&configuration, body).await;
    tenant.until(&["installed"], 150).await;
    assert!(offered(&tenant.story()) > 50);
}

#[tokio::test]
async fn a_report_of_a_paused_ring_says_on_hold() {
    let (tenant, rollout) = begun().await;
    tenant.patch(&rollout.ring, json!({ "isPaused": true })).await;
    hours(&tenant, 12).await;
    let report = tenant.report(&rollout.policy, &["AggregateState"]).await;
    let held = report.lines().filter(|line| *line == "OnHold").count();
    assert!(held > 100 && !report.contains("Pending"), "{report}");
}

#[tokio::test]
async fn a_deleted_approval_offers_nothing_more() {
    let (tenant, rollout) = begun().await;
    assert_eq!(tenant.call("DELETE", &rollout.approval, None).await.0, 204);
    hours(&tenant, 12).await;
    let controls = tenant.simulator.summary().controls;
    let deleted = controls.iter().find(|entry| entry.event == "approval_deleted").unwrap();
    let (from, to) = (deleted.effective.unwrap() + TimeDelta::seconds(1), tenant.simulator.now());
    assert_eq!(work(&tenant.story(), from, to), Vec::<&LedgerEntry>::new());
}

#[tokio::test]
async fn a_device_that_is_unenrolled_is_offered_nothing() {
    let (tenant, _) = begun().await;
    tenant.enrol("unenrollAssetsById").await;
    // Five minutes later Windows Update has let go of them.
    let released = tenant.simulator.now() + TimeDelta::minutes(6);
    hours(&tenant, 12).await;
    let offered = tenant.count("offered");
    assert!((40..250).contains(&offered), "{offered}");
    let until = tenant.simulator.now();
    assert_eq!(work(&tenant.story(), released, until), Vec::<&LedgerEntry>::new());
    let path = "/beta/admin/windows/updates/updatableAssets?$top=1";
    let (_, body) = tenant.call("GET", path, None).await;
    let state = &body["value"][0]["enrollment"]["quality"]["enrollmentState"];
    assert_eq!(*state, json!("notEnrolled"));
    tenant.enrol("enrollAssetsById").await;
    tenant.until(&["offered"], offered + 1).await;
}

#[tokio::test]
async fn a_ring_reaches_the_groups_nested_in_its_group() {
    let tenant = Tenant::start(100_000.0).await;
    let objects = tenant.ids("/v1.0/devices?$select=id&$top=100", "id").await;
    let (inner, outer) = (tenant.group(&objects[..60]).await, tenant.group(&[]).await);
    let path = format!("/v1.0/groups/{outer}/members/$ref");
    let body = json!({ "@odata.id": link(&inner) });
    assert_eq!(tenant.call("POST", &path, Some(body)).await.0, 204);
    tenant.roll_out_to(&outer, &[]).await;
    tenant.until(&["offered"], 55).await;
    let story = tenant.story();
    assert!(devices(&story, "offered").len() <= 60);
    let offers = story.iter().filter(|entry| entry.event == "offered");
    // It is the group of the ring that brought the offer.
    assert!(offers.into_iter().all(|entry| entry.group.as_deref() == Some(outer.as_str())));
}

#[tokio::test]
async fn who_is_excluded_from_a_ring_is_neither_offered_nor_reported() {
    let tenant = Tenant::start(100_000.0).await;
    let objects = tenant.ids("/v1.0/devices?$select=id&$top=100", "id").await;
    let everybody = tenant.group(&objects).await;
    let excluded = tenant.group(&objects[..100]).await;
    // Memberships are in force before the offers begin: no device is caught in between.
    hours(&tenant, 1).await;
    let rollout = tenant.roll_out_to(&everybody, &[&excluded]).await;
    tenant.until(&["offered"], 120).await;
    hours(&tenant, 48).await;
    let report = tenant.report(&rollout.policy, &["AADDeviceId"]).await;
    assert_eq!(report.lines().count() - 1, 150);
    let offered = devices(&tenant.story(), "offered");
    assert!(offered.iter().all(|device| report.contains(&device.to_string())));
}

#[tokio::test]
async fn a_rollback_brings_devices_back_and_the_report_says_so() {
    let tenant = Tenant::start(60_000.0).await;
    let rollout = tenant.roll_out().await;
    tenant.until(&["installed"], 100).await;
    let kind = "#microsoft.graph.windowsUpdateForBusinessConfiguration";
    let root = "/v1.0/deviceManagement/deviceConfigurations";
    let body = json!({ "@odata.type": kind, "displayName": "Back",
        "qualityUpdatesWillBeRolledBack": true });
    let configuration = format!("{root}/{}", tenant.made(root, body).await);
    let groups = "/v1.0/groups?$filter=mailNickname eq 'ring'&$select=id";
    let group = tenant.ids(groups, "id").await.remove(0);
    let body = json!({ "assignments": [{ "target": { "groupId": group,
        "@odata.type": "#microsoft.graph.groupAssignmentTarget" } }] });
    let path = format!("{configuration}/assign");
    assert_eq!(tenant.call("POST", &path, Some(body)).await.0, 200);
    tenant.until(&["uninstalled"], 50).await;
    let columns = ["AADDeviceId", "CurrentDeviceUpdateSubstate"];
    let report = tenant.report(&rollout.policy, &columns).await;
    assert_eq!(report.lines().next(), Some("AADDeviceId,CurrentDeviceUpdateSubstate"));
    assert_eq!(report.lines().count(), 251);
    assert!(report.contains(",Uninstalled"));
    let story = tenant.story();
    // A device that only waited for its reboot takes the update off too.
    assert!(devices(&story, "install_started").is_superset(&devices(&story, "uninstalled")));
}
