//! Policies of Intune: update rings and other configurations, profiles, the settings catalogue, and
//! their assignments.

use serde_json::{Value, json};
use simulator::Config;

use crate::tenant::Tenant;

const RINGS: &str = "/deviceManagement/deviceConfigurations";

async fn small() -> Tenant {
    Tenant::of(Config { devices: 10, ..Config::default() }).await
}

fn target(kind: &str, group: Option<&str>) -> Value {
    let mut target = json!({ "@odata.type": format!("#microsoft.graph.{kind}AssignmentTarget") });
    if let Some(group) = group {
        target["groupId"] = json!(group);
    }
    json!({ "target": target })
}

#[tokio::test]
async fn an_update_ring_shows_all_it_has() {
    let tenant = small().await;
    let kind = "#microsoft.graph.windowsUpdateForBusinessConfiguration";
    let body = json!({ "@odata.type": kind, "displayName": "Ring",
        "featureUpdatesPaused": true, "featureUpdatesRollbackWindowInDays": 30,
        "automaticUpdateMode": "autoInstallAtMaintenanceTime", "qualityUpdatesRollbackStartDateTime":
        "2020-01-01T00:00:00Z", "userWindowsUpdateScanAccess": "enabled" });
    let id = tenant.made(&format!("/v1.0{RINGS}"), body).await;
    let ring = tenant.get(&format!("/beta{RINGS}/{id}")).await;
    assert_eq!(ring["featureUpdatesRollbackWindowInDays"], 30);
    assert_eq!(ring["featureUpdatesPauseStartDate"], "2026-11-10");
    assert_eq!(ring["featureUpdatesPauseExpiryDateTime"].as_str().unwrap()[..10], *"2026-12-15");
    assert_eq!(ring["qualityUpdatesPaused"], false);
    assert_eq!(ring["qualityUpdatesPauseStartDate"], Value::Null);
    assert_eq!(ring["qualityUpdatesRollbackStartDateTime"], Value::Null, "read-only");
    assert_eq!(ring["userWindowsUpdateScanAccess"], "enabled");
    assert_eq!(ring["deadlineForQualityUpdatesInDays"], Value::Null);
    assert_eq!(ring["roleScopeTagIds"], json!(["0"]));
    assert!(tenant.get(&format!("/v1.0{RINGS}/{id}")).await.get("roleScopeTagIds").is_none());
}

#[tokio::test]
async fn configurations_of_other_kinds_stand_in_the_list() {
    let tenant = small().await;
    let root = format!("/beta{RINGS}");
    let health = json!({ "@odata.type": "#microsoft.graph.windowsHealthMonitoringConfiguration",
        "displayName": "Health", "allowDeviceHealthMonitoring": "enabled" });
    let id = tenant.made(&root, health).await;
    let ring = json!({ "displayName": "Ring",
        "@odata.type": "#microsoft.graph.windowsUpdateForBusinessConfiguration" });
    tenant.made(&root, ring.clone()).await;
    let all = tenant.get(&root).await;
    let kinds: Vec<&Value> =
        all["value"].as_array().unwrap().iter().map(|one| &one["@odata.type"]).collect();
    assert_eq!(
        kinds,
        [
            "#microsoft.graph.windowsHealthMonitoringConfiguration",
            "#microsoft.graph.windowsUpdateForBusinessConfiguration"
        ]
    );
    assert_eq!(all["value"][0]["allowDeviceHealthMonitoring"], "enabled");
    assert_eq!(tenant.call("PATCH", &format!("{root}/{id}"), Some(ring)).await.0, 400);
    let filter = "?$filter=isof('microsoft.graph.windowsUpdateForBusinessConfiguration')";
    assert_eq!(tenant.ids(&format!("{root}{filter}"), "id").await.len(), 1);
    for refused in [json!({ "displayName": "No type" }), json!({ "@odata.type": "#x.y" })] {
        assert_eq!(tenant.call("POST", &root, Some(refused)).await.0, 400);
    }
}

#[tokio::test]
async fn assignments_are_replaced_and_come_along_when_expanded() {
    let tenant = small().await;
    let (one, other) = (tenant.group(&[]).await, tenant.group(&[]).await);
    let feature =
        json!({ "displayName": "Feature", "featureUpdateVersion": "Windows 11, version 25H2" });
    let driver = json!({ "displayName": "Drivers", "approvalType": "manual" });
    let settings = json!({ "name": "Edge", "platforms": "windows10", "technologies": "mdm",
        "settings": [] });
    let ring = json!({ "displayName": "Ring",
        "@odata.type": "#microsoft.graph.windowsUpdateForBusinessConfiguration" });
    for (collection, body, assigned) in [
        ("deviceConfigurations", ring, 200),
        ("windowsFeatureUpdateProfiles", feature, 204),
        ("windowsDriverUpdateProfiles", driver, 204),
        ("configurationPolicies", settings, 200),
    ] {
        let root = format!("/beta/deviceManagement/{collection}");
        let path = format!("{root}/{}", tenant.made(&root, body).await);
        for targets in [
            vec![target("allDevices", None), target("allLicensedUsers", None)],
            vec![target("group", Some(&one)), target("exclusionGroup", Some(&other))],
        ] {
            let body = json!({ "assignments": targets });
            let (status, answer) = tenant.call("POST", &format!("{path}/assign"), Some(body)).await;
            assert_eq!(status, assigned, "{answer}");
            let shown = tenant.get(&format!("{path}/assignments")).await["value"].clone();
            let shown: Vec<&Value> =
                shown.as_array().unwrap().iter().map(|one| &one["target"]).collect();
            let sent: Vec<&Value> = targets.iter().map(|one| &one["target"]).collect();
            assert_eq!(shown, sent);
        }
        let expanded = tenant.get(&format!("{root}?$expand=assignments&$select=id")).await;
        assert_eq!(expanded["value"][0]["assignments"].as_array().unwrap().len(), 2);
        assert!(tenant.get(&path).await.get("assignments").is_none());
        let body = json!({ "assignments": [target("allMoons", None)] });
        assert_eq!(tenant.call("POST", &format!("{path}/assign"), Some(body)).await.0, 400);
    }
}

#[tokio::test]
async fn profiles_are_made_changed_and_deleted_in_the_beta_alone() {
    let tenant = small().await;
    let root = "/beta/deviceManagement/windowsFeatureUpdateProfiles";
    let rollout = json!({ "offerStartDateTimeInUTC": "2026-12-01T00:00:00Z",
        "offerEndDateTimeInUTC": null, "offerIntervalInDays": null });
    let body = json!({ "displayName": "Feature", "featureUpdateVersion": "Windows 11, version 24H2",
        "rolloutSettings": rollout });
    let path = format!("{root}/{}", tenant.made(root, body).await);
    let shown = tenant.get(&path).await;
    assert_eq!(shown["rolloutSettings"], rollout);
    assert_eq!(shown["endOfSupportDate"], "2027-10-12T00:00:00Z");
    tenant.patch(&path, json!({ "featureUpdateVersion": "Windows 11, version 25H2" })).await;
    assert_eq!(tenant.get(&path).await["featureUpdateVersion"], "Windows 11, version 25H2");
    let drivers = "/beta/deviceManagement/windowsDriverUpdateProfiles";
    let body = json!({ "displayName": "Drivers", "approvalType": "automatic",
        "deploymentDeferralInDays": 5 });
    let driver = format!("{drivers}/{}", tenant.made(drivers, body).await);
    assert_eq!(tenant.get(&driver).await["deploymentDeferralInDays"], 5);
    for path in [&path, &driver] {
        assert_eq!(tenant.call("DELETE", path, None).await.0, 204);
        assert_eq!(tenant.call("GET", path, None).await.0, 404);
    }
}

#[tokio::test]
async fn every_node_of_a_setting_says_what_it_is() {
    let tenant = small().await;
    let root = "/beta/deviceManagement/configurationPolicies";
    let part = |kind: &str| format!("#microsoft.graph.deviceManagementConfiguration{kind}");
    let setting = json!({
        "@odata.type": part("Setting"),
        "settingInstance": {
            "@odata.type": part("ChoiceSettingInstance"),
            "settingDefinitionId": "device_vendor_msft_policy_config_update_targetchannel",
            "choiceSettingValue": {
                "@odata.type": part("ChoiceSettingValue"),
                "value": "device_vendor_msft_policy_config_update_targetchannel_1",
                "children": [{
                    "@odata.type": part("SimpleSettingInstance"),
                    "settingDefinitionId": "device_vendor_msft_policy_config_update_version",
                    "simpleSettingValue": {
                        "@odata.type": part("StringSettingValue"), "value": "142",
                    },
                }],
            },
        },
    });
    let policy = |setting: &Value| {
        json!({ "name": "Edge", "platforms": "windows10", "technologies": "mdm",
            "settings": [setting] })
    };
    let path = format!("{root}/{}", tenant.made(root, policy(&setting)).await);
    let shown = tenant.get(&format!("{path}/settings")).await;
    assert_eq!(shown["value"][0]["settingInstance"], setting["settingInstance"]);
    assert_eq!(tenant.get(&path).await["settingCount"], 1);
    let wrong = Tenant::unrecorded(Config::default()).await;
    let mut untyped = setting.clone();
    let value =
        untyped.pointer_mut("/settingInstance/choiceSettingValue/children/0/simpleSettingValue");
    value.unwrap().as_object_mut().unwrap().remove("@odata.type");
    assert_eq!(wrong.call("POST", root, Some(policy(&untyped))).await.0, 400);
}

#[tokio::test]
async fn what_is_wrong_is_refused_or_dropped() {
    let tenant = Tenant::unrecorded(Config::default()).await;
    let ring = json!({ "displayName": "Ring", "mistyped": 1,
        "@odata.type": "#microsoft.graph.windowsUpdateForBusinessConfiguration" });
    let ring = tenant.made(&format!("/v1.0{RINGS}"), ring).await;
    assert!(tenant.get(&format!("/beta{RINGS}/{ring}")).await.get("mistyped").is_none());
    let drivers = "/beta/deviceManagement/windowsDriverUpdateProfiles";
    let wrong = json!({ "displayName": "Drivers", "approvalType": "sometimes" });
    assert_eq!(tenant.call("POST", drivers, Some(wrong)).await.0, 400);
    assert_eq!(tenant.call("GET", &drivers.replace("beta", "v1.0"), None).await.0, 400);
}
