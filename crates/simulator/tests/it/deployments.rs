//! Deployments to audiences, feature profiles, and the way back from a Windows version.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::tenant::{Tenant, devices};

const UPDATES: &str = "/beta/admin/windows/updates";
const CONFIGURATIONS: &str = "/v1.0/deviceManagement/deviceConfigurations";

/// The newest entry of a kind.
async fn entry(tenant: &Tenant, kind: &str) -> Value {
    let all = tenant.get(&format!("{UPDATES}/catalog/entries")).await;
    let kind = format!("#microsoft.graph.windowsUpdates.{kind}UpdateCatalogEntry");
    let mut all = all["value"].as_array().unwrap().iter();
    all.find(|entry| entry["@odata.type"] == kind.as_str()).unwrap().clone()
}

async fn deploy(tenant: &Tenant, kind: &str, settings: &Value) -> String {
    let entry = entry(tenant, kind).await;
    let audience = tenant.made(&format!("{UPDATES}/deploymentAudiences"), json!({})).await;
    let body = json!({
        "@odata.type": "#microsoft.graph.windowsUpdates.deployment",
        "content": {
            "@odata.type": "#microsoft.graph.windowsUpdates.catalogContent",
            "catalogEntry": { "@odata.type": entry["@odata.type"], "id": entry["id"] },
        },
        "settings": settings, "audience": { "id": audience },
    });
    tenant.made(&format!("{UPDATES}/deployments"), body).await
}

async fn update(tenant: &Tenant, deployment: &str, mut body: Value) {
    let path = format!("{UPDATES}/deployments/{deployment}/audience/updateAudienceById");
    body["memberEntityType"] = json!("#microsoft.graph.windowsUpdates.azureADDevice");
    assert_eq!(tenant.call("POST", &path, Some(body)).await.0, 202);
}

async fn request(tenant: &Tenant, deployment: &str, value: &str) -> Value {
    let path = format!("{UPDATES}/deployments/{deployment}");
    let body = json!({ "state": { "requestedValue": value } });
    let (status, shown) = tenant.call("PATCH", &path, Some(body)).await;
    assert_eq!(status, 202, "{shown}");
    shown
}

async fn everybody(tenant: &Tenant) -> Vec<String> {
    tenant.ids("/v1.0/devices?$select=deviceId", "deviceId").await
}

async fn enrol_for_features(tenant: &Tenant) {
    let body = json!({ "updateCategory": "feature", "ids": everybody(tenant).await,
        "memberEntityType": "#microsoft.graph.windowsUpdates.azureADDevice" });
    let path = format!("{UPDATES}/updatableAssets/enrollAssetsById");
    assert_eq!(tenant.call("POST", &path, Some(body)).await.0, 202);
}

async fn until(tenant: &Tenant, end: DateTime<Utc>) {
    while tenant.simulator.now() < end {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_expedited_deployment_reaches_its_audience_and_no_other_device() {
    let tenant = Tenant::start(30_000.0).await;
    let settings = json!({ "expedite": { "isExpedited": true },
        "userExperience": { "daysUntilForcedReboot": 0 } });
    let deployment = deploy(&tenant, "quality", &settings).await;
    let all = everybody(&tenant).await;
    update(&tenant, &deployment, json!({ "addMembers": all[..100] })).await;
    update(&tenant, &deployment, json!({ "addExclusions": all[..20] })).await;
    tenant.until(&["installed"], 60).await;
    let members = format!("{UPDATES}/deployments/{deployment}/audience/members");
    assert_eq!(tenant.ids(&members, "id").await.len(), 100);
    let reached = devices(&tenant.story(), "offered");
    let wanted = |device: &uuid::Uuid| all[20..100].contains(&device.to_string());
    assert!(!reached.is_empty() && reached.iter().all(wanted), "nobody was enrolled for it");
}

#[tokio::test]
async fn what_is_paused_rests_and_what_is_archived_stays_so() {
    let tenant = Tenant::start(18_000.0).await;
    enrol_for_features(&tenant).await;
    let deployment = deploy(&tenant, "feature", &Value::Null).await;
    update(&tenant, &deployment, json!({ "addMembers": everybody(&tenant).await })).await;
    tenant.until(&["offered"], 40).await;
    let shown = request(&tenant, &deployment, "paused").await;
    assert_eq!(shown["state"]["effectiveValue"], "offering", "it takes two minutes");
    let paused = tenant.simulator.now() + TimeDelta::minutes(3);
    until(&tenant, paused + TimeDelta::hours(12)).await;
    let path = format!("{UPDATES}/deployments/{deployment}");
    let shown = tenant.get(&path).await;
    assert_eq!(shown["state"]["effectiveValue"], "paused");
    assert_eq!(shown["state"]["reasons"][0]["value"], "pausedByRequest");
    let story = tenant.story();
    let work = ["offered", "download_started", "install_started"];
    assert!(!story.iter().any(|one| one.at > paused && work.contains(&one.event.as_str())));
    assert!(!devices(&story, "held").is_empty());
    request(&tenant, &deployment, "none").await;
    tenant.until(&["resumed"], 5).await;
    request(&tenant, &deployment, "archived").await;
    let shown = request(&tenant, &deployment, "none").await;
    assert_eq!(shown["state"]["requestedValue"], "archived");
}

#[tokio::test]
async fn a_version_comes_by_profile_and_goes_within_its_window() {
    let tenant = Tenant::start(60_000.0).await;
    let objects = tenant.ids("/v1.0/devices?$select=id&$top=100", "id").await;
    let group = tenant.group(&objects).await;
    let target = json!({ "assignments": [{ "target": {
        "@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group } }] });
    let ring = json!({ "@odata.type": "#microsoft.graph.windowsUpdateForBusinessConfiguration",
        "displayName": "Window", "featureUpdatesRollbackWindowInDays": 20 });
    let ring = tenant.made(CONFIGURATIONS, ring).await;
    let ring = format!("{CONFIGURATIONS}/{ring}");
    let (status, _) = tenant.call("POST", &format!("{ring}/assign"), Some(target.clone())).await;
    assert_eq!(status, 200);
    let profiles = "/beta/deviceManagement/windowsFeatureUpdateProfiles";
    let version = entry(&tenant, "feature").await["version"].clone();
    let profile = json!({ "displayName": "25H2", "featureUpdateVersion": version });
    let profile = tenant.made(profiles, profile).await;
    let assign = format!("{profiles}/{profile}/assign");
    assert_eq!(tenant.call("POST", &assign, Some(target)).await.0, 204);
    tenant.until(&["installed"], 80).await;
    let builds = "/v1.0/deviceManagement/managedDevices?$select=id,osVersion";
    let versions = tenant.ids(builds, "osVersion").await;
    assert!(versions.iter().any(|version| version.starts_with("10.0.26200.")), "{versions:?}");

    let back = json!({ "@odata.type": "#microsoft.graph.windowsUpdateForBusinessConfiguration",
        "featureUpdatesWillBeRolledBack": true });
    tenant.patch(&ring, back).await;
    tenant.until(&["uninstalled"], 60).await;
    let shown = tenant.get(&ring).await;
    assert!(shown["featureUpdatesRollbackStartDateTime"].is_string());
}

#[tokio::test]
async fn a_pause_of_versions_ends_after_five_weeks_unless_it_is_made_again() {
    let tenant = Tenant::start(700_000.0).await;
    let ring = json!({ "@odata.type": "#microsoft.graph.windowsUpdateForBusinessConfiguration",
        "displayName": "Paused", "featureUpdatesPaused": true });
    let path = tenant.made(CONFIGURATIONS, ring).await;
    let path = format!("{CONFIGURATIONS}/{path}");
    let expiry = async || -> DateTime<Utc> {
        let shown = tenant.get(&path).await;
        shown["featureUpdatesPauseExpiryDateTime"].as_str().unwrap().parse().unwrap()
    };
    let first = expiry().await;
    until(&tenant, first - TimeDelta::days(7)).await;
    for paused in [false, true] {
        let body = json!({ "@odata.type": "#microsoft.graph.windowsUpdateForBusinessConfiguration",
            "featureUpdatesPaused": paused });
        tenant.patch(&path, body).await;
    }
    assert!(expiry().await - first > TimeDelta::days(27));
}
