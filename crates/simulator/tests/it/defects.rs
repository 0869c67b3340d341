//! Defects: each looks its part on every surface, and nothing of it is left when it is fixed.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use simulator::{Config, Defect};

use crate::deltas::drain;
use crate::tenant::Tenant;

const MANAGED: &str = "/beta/deviceManagement/managedDevices?$top=1000";
const DEVICES: &str = "/v1.0/devices?$top=999";

async fn with(defects: &[Defect]) -> Tenant {
    Tenant::of(Config { devices: 40, defects: defects.to_vec(), ..Config::default() }).await
}

/// Items by their ids.
async fn listed(tenant: &Tenant, path: &str, id: &str) -> BTreeMap<String, Value> {
    let all = tenant.get(path).await["value"].as_array().unwrap().clone();
    all.into_iter().map(|one| (one[id].as_str().unwrap().to_owned(), one)).collect()
}

/// What an item has that it should not have, by name.
fn differences(healthy: &Value, struck: &Value) -> Vec<(String, Value)> {
    let struck = struck.as_object().unwrap().iter();
    let changed = struck.filter(|(name, value)| healthy[name.as_str()] != **value);
    changed.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn expected(defect: Defect) -> (Value, Value) {
    match defect.name() {
        "account-disabled" => (json!({}), json!({ "accountEnabled": false })),
        "personal" => (
            json!({ "managedDeviceOwnerType": "personal" }),
            json!({ "deviceOwnership": "Personal" }),
        ),
        "workplace-joined" => (
            json!({ "joinType": "azureADRegistered", "deviceEnrollmentType": "userEnrollment" }),
            json!({ "trustType": "Workplace" }),
        ),
        "edition-home" => (json!({ "skuFamily": "Core", "skuNumber": 101 }), json!({})),
        "ltsc" => (json!({ "skuFamily": "EnterpriseS", "skuNumber": 125 }), json!({})),
        "build-too-old" => (
            json!({ "osVersion": "10.0.17134.1" }),
            json!({ "operatingSystemVersion": "10.0.17134.1" }),
        ),
        "arch-x86" => (json!({ "processorArchitecture": "x86" }), json!({})),
        "arch-arm" => (json!({ "processorArchitecture": "arm" }), json!({})),
        "configmgr-only" => (json!({ "managementAgent": "configurationManagerClient" }), json!({})),
        "serial-missing" => (json!({ "serialNumber": "" }), json!({})),
        "model-missing" => (json!({ "model": "" }), json!({ "model": null })),
        "manufacturer-missing" => (json!({ "manufacturer": "" }), json!({ "manufacturer": null })),
        "cloud-pc" => (
            json!({ "model": "Cloud PC Enterprise 2vCPU/8GB/128GB",
                "manufacturer": "Microsoft Corporation", "deviceType": "cloudPC" }),
            json!({ "model": "Cloud PC Enterprise 2vCPU/8GB/128GB",
                "manufacturer": "Microsoft Corporation" }),
        ),
        other => panic!("{other} has a test of its own"),
    }
}

#[tokio::test]
async fn a_device_defect_shows_on_its_device_and_on_no_other() {
    let tenant = with(&[]).await;
    let managed = listed(&tenant, MANAGED, "id").await;
    let devices = listed(&tenant, DEVICES, "id").await;
    let all = tenant.get("/_simulator/defects").await;
    for entry in all["defects"].as_array().unwrap() {
        let defect: Defect = serde_json::from_value(entry["name"].clone()).unwrap();
        let own = [
            "not-in-intune",
            "not-in-entra",
            "silent-28-days",
            "not-windows",
            "server-edition",
            "comanaged-updates",
            "comanaged-configuration",
            "comanaged-office",
            "serial-duplicate",
            "multi-session",
        ];
        let [struck] = entry["devices"].as_array().unwrap().as_slice() else { continue };
        if own.contains(&defect.name()) {
            continue;
        }
        tenant.control("defects", json!({ "defects": [defect] })).await;
        let (intune, directory) = expected(defect);
        for (before, after, id, looks) in [
            (&managed, listed(&tenant, MANAGED, "id").await, &struck["managedDeviceId"], intune),
            (&devices, listed(&tenant, DEVICES, "id").await, &struck["objectId"], directory),
        ] {
            for (key, item) in after {
                let mut changed = differences(&before[&key], &item);
                // Everything that was fixed has checked in since.
                changed.retain(|(name, _)| {
                    !matches!(
                        name.as_str(),
                        "lastSyncDateTime" | "approximateLastSignInDateTime" | "chassisType"
                    )
                });
                let changed: Value = Value::Object(changed.into_iter().collect());
                let wanted = if *id == key { &looks } else { &json!({}) };
                let wanted = wanted.as_object().unwrap();
                for (name, value) in wanted {
                    assert_eq!(changed[name], *value, "{defect}: {name}");
                }
                assert_eq!(changed.as_object().unwrap().len(), wanted.len(), "{defect}: {changed}");
            }
        }
    }
}

async fn managed(tenant: &Tenant, defect: Defect) -> Vec<Value> {
    let all = tenant.get("/_simulator/defects").await;
    let entry = all["defects"].as_array().unwrap().iter();
    let entry = entry.clone().find(|entry| entry["name"] == defect.name()).unwrap();
    assert_eq!(entry["present"], true);
    let mut found = Vec::new();
    for device in entry["devices"].as_array().unwrap() {
        let id = device["managedDeviceId"].as_str().unwrap();
        found.push(tenant.get(&format!("/beta/deviceManagement/managedDevices/{id}")).await);
    }
    found
}

#[tokio::test]
async fn comanaged_devices_say_which_workload_is_not_with_intune() {
    for (defect, workload) in [
        (Defect::ComanagedUpdates, "windowsUpdateForBusiness"),
        (Defect::ComanagedConfiguration, "deviceConfiguration"),
        (Defect::ComanagedOffice, "officeApps"),
    ] {
        let tenant = with(&[defect]).await;
        let device = managed(&tenant, defect).await.remove(0);
        assert_eq!(device["managementAgent"], "configurationManagerClientMdm");
        let features = device["configurationManagerClientEnabledFeatures"].as_object().unwrap();
        let elsewhere: Vec<&String> =
            features.iter().filter(|(_, with)| **with == false).map(|(name, _)| name).collect();
        assert_eq!(elsewhere, [workload]);
        let path =
            format!("/v1.0/deviceManagement/managedDevices/{}", device["id"].as_str().unwrap());
        let features = tenant.get(&path).await["configurationManagerClientEnabledFeatures"].clone();
        assert!(features.get("officeApps").is_none() && features.get("inventory").is_some());
    }
}

#[tokio::test]
async fn what_is_no_windows_client_says_so() {
    let tenant = with(&[Defect::NotWindows, Defect::ServerEdition, Defect::MultiSession]).await;
    let mac = managed(&tenant, Defect::NotWindows).await.remove(0);
    assert_eq!((&mac["operatingSystem"], &mac["skuFamily"]), (&json!("macOS"), &Value::Null));
    let server = managed(&tenant, Defect::ServerEdition).await.remove(0);
    assert_eq!((&server["skuNumber"], &server["operatingSystem"]), (&json!(7), &json!("Windows")));
    let shared = managed(&tenant, Defect::MultiSession).await.remove(0);
    assert_eq!(shared["skuNumber"], 175);
    let filter = "/v1.0/devices?$filter=operatingSystem eq 'macOS'";
    assert_eq!(tenant.ids(filter, "id").await.len(), 1);
}

#[tokio::test]
async fn two_devices_share_a_serial_number() {
    let tenant = with(&[Defect::SerialDuplicate]).await;
    let [one, other] = managed(&tenant, Defect::SerialDuplicate).await.try_into().unwrap();
    assert_eq!(one["serialNumber"], other["serialNumber"]);
    assert_ne!(one["id"], other["id"]);
    tenant.control("defects", json!({ "defects": [] })).await;
    let mut serials = tenant.ids(MANAGED, "serialNumber").await;
    serials.sort_unstable();
    serials.dedup();
    assert_eq!(serials.len(), 40);
}

#[tokio::test]
async fn a_silent_device_is_heard_of_when_it_is_mended() {
    let tenant = Tenant::of(Config {
        devices: 40,
        speed: 100_000.0,
        defects: vec![Defect::Silent28Days],
        ..Config::default()
    })
    .await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let path = "/v1.0/deviceManagement/managedDevices?$select=lastSyncDateTime&\
                $filter=lastSyncDateTime le 2026-10-01T18:00:00Z";
    let silent = tenant.ids(path, "lastSyncDateTime").await;
    assert_eq!(silent, ["2026-10-01T18:00:00Z"]);
    tenant.control("defects", json!({ "defects": [] })).await;
    assert_eq!(tenant.ids(path, "id").await.len(), 0);
}

#[tokio::test]
async fn a_device_is_missing_from_one_directory_and_present_in_the_other() {
    let tenant = with(&[]).await;
    let all = tenant.get("/_simulator/defects").await;
    let of = |name: &str| {
        let entry = all["defects"].as_array().unwrap().iter().find(|one| one["name"] == name);
        entry.unwrap()["devices"][0].clone()
    };
    let (intune, entra) = (of("not-in-intune"), of("not-in-entra"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let group = tenant
        .control(
            "groups",
            json!({ "displayName": "All", "members":
        (0..40).collect::<Vec<u32>>() }),
        )
        .await;
    let members = format!("/v1.0/groups/{}/members?$top=999", text(&group["id"]));
    let (_, _, link) = drain(&tenant, "/v1.0/devices/delta?$select=id").await;
    let (_, _, of_groups) = drain(&tenant, "/v1.0/groups/delta?$select=members").await;
    tenant.control("defects", json!({ "defects": ["not-in-intune", "not-in-entra"] })).await;
    let managed = listed(&tenant, MANAGED, "id").await;
    assert!(!managed.contains_key(&text(&intune["managedDeviceId"])) && managed.len() == 39);
    let unknown = &managed[&text(&entra["managedDeviceId"])];
    assert_eq!(unknown["azureADDeviceId"], "00000000-0000-0000-0000-000000000000");
    let gone = text(&entra["objectId"]);
    let devices = listed(&tenant, DEVICES, "id").await;
    assert!(!devices.contains_key(&gone) && devices.len() == 39);
    assert_eq!(devices[&text(&intune["objectId"])]["isManaged"], false);
    assert_eq!(tenant.call("GET", &format!("/v1.0/devices/{gone}"), None).await.0, 404);
    assert_eq!(tenant.ids(&members, "id").await.len(), 39);
    let (items, _, link) = drain(&tenant, &link).await;
    let removed = json!({ "id": gone, "@removed": { "reason": "deleted" } });
    assert!(items.contains(&removed) && items.len() == 2, "{items:?}");
    let (items, _, of_groups) = drain(&tenant, &of_groups).await;
    let (there, left) = crate::deltas::members(&items, &text(&group["id"]));
    assert!(there.is_empty() && left.contains(&gone), "{items:?}");

    tenant.control("defects", json!({ "defects": [] })).await;
    assert_eq!(listed(&tenant, MANAGED, "id").await.len(), 40);
    assert_eq!(tenant.ids(&members, "id").await.len(), 40);
    let (items, _, _) = drain(&tenant, &link).await;
    assert_eq!(items.len(), 2);
    let (items, _, _) = drain(&tenant, &of_groups).await;
    assert!(crate::deltas::members(&items, &text(&group["id"])).0.contains(&gone), "{items:?}");
}

#[tokio::test]
async fn names_are_taken_and_everybody_is_assigned_until_it_is_fixed() {
    let tenant = with(&[]).await;
    let before = tenant.get("/_simulator/state?ids=true").await;
    let defects = [
        "group-name-taken",
        "policy-name-taken",
        "update-ring-for-all-devices",
        "update-ring-for-all-users",
    ];
    tenant.control("defects", json!({ "defects": defects })).await;
    let path = "/v1.0/groups?$filter=startsWith(displayName,'Concentric -')&$select=displayName";
    assert_eq!(tenant.ids(path, "displayName").await, ["Concentric - Default - Test"]);
    let rings = "/v1.0/deviceManagement/deviceConfigurations?$expand=assignments";
    let rings = listed(&tenant, rings, "displayName").await;
    let target = |name: &str| rings[name]["assignments"][0]["target"]["@odata.type"].clone();
    assert_eq!(rings["Concentric - Default - Test"]["assignments"], json!([]));
    assert_eq!(target("Updates for all devices"), "#microsoft.graph.allDevicesAssignmentTarget");
    assert_eq!(
        target("Updates for all users"),
        "#microsoft.graph.allLicensedUsersAssignmentTarget"
    );
    tenant.control("defects", json!({ "defects": [] })).await;
    assert_eq!(tenant.get("/_simulator/state?ids=true").await, before);
}

#[tokio::test]
async fn consent_that_is_missing_is_felt_with_the_next_token() {
    let mut tenant = with(&[]).await;
    let updates = "/beta/admin/windows/updates/policies";
    tenant
        .control("defects", json!({ "defects": ["consent-missing", "policy-read-denied"] }))
        .await;
    assert_eq!(tenant.call("GET", updates, None).await.0, 200);
    tenant.renew().await;
    assert_eq!(tenant.call("GET", updates, None).await.0, 403);
    let policies = "/v1.0/identity/conditionalAccess/policies";
    assert_eq!(tenant.call("GET", policies, None).await.0, 403);
}
