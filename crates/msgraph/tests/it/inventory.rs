//! Devices with all that their registration looks at.
//!
//! Unknown words are read as unknown, never as an error.

use chrono::{TimeZone as _, Utc};
use domain::ids::EntraDeviceId;
use msgraph::{
    Agent, Architecture, CoManagement, DeviceType, Join, Owner, RegistrationDevice, TrustType,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fake::{Fake, reply};

async fn read(devices: Value) -> (Fake, Vec<RegistrationDevice>) {
    let fake = Fake::start(move |_| reply(200, &json!({"value": devices}))).await;
    let since = Utc.with_ymd_and_hms(2026, 8, 1, 0, 0, 0).unwrap();
    let read = fake.client().registration_devices(Some(since)).unwrap().all().await.unwrap();
    (fake, read)
}

#[tokio::test]
async fn a_registration_reads_everything() {
    let (fake, devices) = read(json!([{"id": Uuid::from_u128(1),
        "azureADDeviceId": Uuid::from_u128(7), "deviceName": "PC-1", "model": "Latitude",
        "manufacturer": "Dell", "osVersion": "10.0.26100.7171", "operatingSystem": "Windows",
        "lastSyncDateTime": "2026-08-02T00:00:00Z", "serialNumber": "S1",
        "deviceCategoryDisplayName": "Berlin", "managedDeviceOwnerType": "company", "managementAgent": "configurationManagerClientMdm",
        "skuFamily": "Enterprise", "skuNumber": 4, "processorArchitecture": "arM64",
        "deviceType": "desktop", "joinType": "hybridAzureADJoined",
        "configurationManagerClientEnabledFeatures": {"windowsUpdateForBusiness": true,
            "deviceConfiguration": false, "officeApps": true, "inventory": false}}]))
    .await;
    let expected = RegistrationDevice {
        id: Uuid::from_u128(1).into(),
        entra_device: Some(EntraDeviceId(Uuid::from_u128(7))),
        name: "PC-1".to_owned(),
        model: "Latitude".to_owned(),
        manufacturer: "Dell".to_owned(),
        serial: "S1".to_owned(),
        os: "Windows".to_owned(),
        os_version: "10.0.26100.7171".parse().ok(),
        last_sync: Utc.with_ymd_and_hms(2026, 8, 2, 0, 0, 0).single(),
        owner: Owner::Company,
        agent: Agent::ConfigMgrMdm,
        architecture: Architecture::Arm64,
        device_type: DeviceType::Desktop,
        join: Join::HybridAzureAdJoined,
        sku_family: "Enterprise".to_owned(),
        sku_number: Some(4),
        workloads: Some(CoManagement { updates: true, configuration: false, office: true }),
        category: "Berlin".to_owned(),
    };
    assert_eq!(devices, [expected]);
    let call = &fake.calls()[0];
    assert_eq!(call.path, "/beta/deviceManagement/managedDevices");
    for name in ["skuNumber", "joinType", "configurationManagerClientEnabledFeatures"] {
        assert!(call.query.contains(name), "{}", call.query);
    }
    assert!(call.query.ends_with("&$filter=lastSyncDateTime%20ge%202026-08-01T00:00:00Z"));
}

#[tokio::test]
async fn a_registration_survives_gaps_and_new_words() {
    let (_, devices) = read(json!([{"id": Uuid::from_u128(1)},
        {"id": Uuid::from_u128(2), "managedDeviceOwnerType": "shared", "managementAgent": "new",
            "skuNumber": 0, "processorArchitecture": "riscv", "deviceType": "toaster",
            "joinType": null, "skuFamily": null,
            "configurationManagerClientEnabledFeatures": null}]))
    .await;
    let [silent, odd] = &devices[..] else { panic!("{devices:?}") };
    assert_eq!((silent.owner, silent.architecture), (Owner::Unknown, Architecture::Unknown));
    assert_eq!((silent.join, silent.workloads, silent.entra_device), (Join::Unknown, None, None));
    assert_eq!(odd.agent, Agent::Other("new".to_owned()));
    assert_eq!(odd.device_type, DeviceType::Other("toaster".to_owned()));
    assert_eq!((odd.owner, odd.sku_number, odd.sku_family.as_str()), (Owner::Unknown, None, ""));
}

#[tokio::test]
async fn directory_devices_say_how_they_belong() {
    let device = |n: u128, trust: Value| {
        json!({"id": Uuid::from_u128(n), "deviceId": Uuid::from_u128(n + 100),
            "displayName": "PC", "operatingSystem": "Windows", "accountEnabled": false,
            "trustType": trust, "approximateLastSignInDateTime": "2026-08-01T00:00:00Z"})
    };
    let devices = json!([
        device(1, json!("AzureAd")),
        device(2, json!("ServerAD")),
        device(3, json!("Workplace")),
        device(4, json!("Moon")),
        device(5, Value::Null)
    ]);
    let fake = Fake::start(move |_| reply(200, &json!({"value": devices}))).await;
    let devices = fake.client().directory_devices().unwrap().all().await.unwrap();
    let trusts: Vec<Option<TrustType>> = devices.iter().map(|one| one.trust.clone()).collect();
    let moon = TrustType::Other("Moon".to_owned());
    let known = [TrustType::AzureAd, TrustType::ServerAd, TrustType::Workplace, moon];
    assert_eq!(trusts, known.map(Some).into_iter().chain([None]).collect::<Vec<_>>());
    let first = &devices[0];
    assert_eq!((first.name.as_str(), first.os.as_str()), ("PC", "Windows"));
    assert_eq!(first.account_enabled, Some(false));
    assert_eq!(first.approximate_last_sign_in, Utc.with_ymd_and_hms(2026, 8, 1, 0, 0, 0).single());
}
