//! The Graph client's calls for kinds beside quality, against the simulated tenant.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::app::{AppVersion, Course, EdgePin};
use msgraph::{
    DeploymentContent, DeploymentRequest, FeatureUpdates, GroupSpec, PolicySpec, UpdateCategory,
    UpdateRingSpec, Version, WireTarget,
};
use serde_json::{Value, json};
use simulator::Simulator;

use crate::tenant::{client, config, objects, set_faults};

/// Whatever is lost on the way, one audience has one deployment.
#[tokio::test]
async fn a_deployment_is_found_again_by_its_audience() {
    let simulator = Simulator::start(config(20, 1.0)).await.unwrap();
    let client = client(&simulator);
    let updates = client.quality_updates().await.unwrap();
    let newest = updates.iter().find(|update| update.is_expeditable).expect("one");
    let content = DeploymentContent::Expedited {
        catalog_entry: newest.catalog_entry_id.clone(),
        days_until_forced_reboot: 2,
    };
    let audience = client.create_audience().await.unwrap();
    set_faults(&simulator, &json!({ "drop_after_effect_every": 2 })).await;
    let mut found = Vec::new();
    for _ in 0..6 {
        found.push(client.ensure_deployment(&audience, &content).await.unwrap());
    }
    set_faults(&simulator, &json!({})).await;
    found.dedup();
    assert_eq!(found.len(), 1);
    let all = objects(&simulator).await["deployments"].clone();
    assert_eq!(all.as_array().map(Vec::len), Some(1), "{all}");
    let none = client.find_deployment("another").await.unwrap();
    assert_eq!(none, None);
    for request in [DeploymentRequest::Pause, DeploymentRequest::Archive, DeploymentRequest::Offer]
    {
        client.request_deployment(&found[0], request).await.unwrap();
    }
    assert_eq!(objects(&simulator).await["deployments"][0]["requestedValue"], "archived");
}

#[tokio::test]
async fn a_pause_of_versions_is_made_anew_before_it_ends() {
    let simulator = Simulator::start(config(20, 100_000.0)).await.unwrap();
    let client = client(&simulator);
    let feature = FeatureUpdates { paused: true, rolled_back: false, rollback_window_days: 30 };
    let spec = UpdateRingSpec {
        display_name: "concentric:test/0".to_owned(),
        description: "Keeps the way back".to_owned(),
        quality_paused: false,
        quality_rolled_back: false,
        deferral_days: 0,
        deadline_days: Some(2),
        grace_days: Some(1),
        feature: Some(feature),
    };
    let path = "/deviceManagement/deviceConfigurations";
    let ends = async || -> DateTime<Utc> {
        let all: Value = client.get_json(Version::V1, path).await.unwrap();
        let ends = &all["value"][0]["featureUpdatesPauseExpiryDateTime"];
        ends.as_str().unwrap().parse().unwrap()
    };
    let now = simulator.now();
    client.ensure_paused_update_ring(&spec, now).await.unwrap();
    let first = ends().await;
    assert!(first - now >= TimeDelta::days(35));
    tokio::time::sleep(Duration::from_millis(200)).await;
    client.ensure_paused_update_ring(&spec, now).await.unwrap();
    assert_eq!(ends().await, first, "it is long enough");
    client.ensure_paused_update_ring(&spec, now + TimeDelta::days(60)).await.unwrap();
    assert!(ends().await > first, "it counts from the start");
    let unpaused = FeatureUpdates { paused: false, ..feature };
    let spec = UpdateRingSpec { feature: Some(unpaused), ..spec };
    client.ensure_update_ring(&spec).await.unwrap();
    let all: Value = client.get_json(Version::V1, path).await.unwrap();
    assert_eq!(all["value"][0]["featureUpdatesPauseExpiryDateTime"], Value::Null);
}

/// Replaced again and again while answers are lost, there is one policy in the end, for the same devices.
#[tokio::test]
async fn a_policy_that_is_replaced_is_there_once() {
    let simulator = Simulator::start(config(20, 1.0)).await.unwrap();
    let client = client(&simulator);
    let group = async |name: &str| {
        let spec = GroupSpec {
            mail_nickname: format!("concentric-{name}"),
            display_name: format!("concentric:test/{name}"),
            description: String::new(),
        };
        client.ensure_group(&spec).await.unwrap()
    };
    let targets =
        [WireTarget::Group(group("one").await), WireTarget::ExcludedGroup(group("two").await)];
    let tag = "concentric:test/0/edge";
    let description = format!("Keeps. {tag}");
    let keep = async |course| {
        let pin = EdgePin { version: Some(AppVersion([131, 0, 2903, 86])), course };
        let spec = PolicySpec { name: tag, description: &description, tag, settings: &pin };
        client.ensure_policy(spec, &targets).await
    };
    set_faults(&simulator, &json!({ "drop_after_effect_every": 3 })).await;
    let mut cut_off = 0;
    for course in [Course::Forward, Course::Still, Course::Forward, Course::Back].repeat(3) {
        // A server that is told "unclear" comes back later.
        cut_off += u32::from(keep(course).await.is_err());
    }
    set_faults(&simulator, &json!({})).await;
    assert!(cut_off > 0, "nothing was lost");
    keep(Course::Still).await.unwrap();
    let all = client.policies::<EdgePin>(Some(tag)).await.unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(all[0].settings.course, Course::Still);
    let mut found = all[0].targets.clone();
    found.sort();
    let mut wanted = targets.to_vec();
    wanted.sort();
    assert_eq!(found, wanted);
}

/// Whatever is lost on the way, an audience has one policy, which offers a driver or does not.
#[tokio::test]
async fn a_driver_is_approved_and_revoked_whatever_is_lost() {
    let simulator = Simulator::start(config(200, 20_000.0)).await.unwrap();
    let client = client(&simulator);
    let devices: Vec<domain::ids::EntraDeviceId> =
        client.directory_devices().unwrap().all().await.unwrap().iter().map(|d| d.device).collect();
    let audience = client.create_audience().await.unwrap();
    client.enroll(UpdateCategory::Driver, &devices).await.unwrap();
    client.add_to_audience(&audience, &devices).await.unwrap();
    // Devices scan within a day or so.
    let end = simulator.now() + TimeDelta::days(2);
    while simulator.now() < end {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let drivers = client.applicable_drivers(&audience).unwrap().all().await.unwrap();
    let firmware = drivers.iter().find(|driver| driver.class == "Firmware").expect("firmware");
    let entry = firmware.catalog_entry_id.as_str();
    let matched = client.matched_devices(&audience, entry).unwrap().all().await.unwrap();
    assert!(matched.len() > 30 && matched.len() < devices.len() / 2, "{}", matched.len());
    assert!(matched.iter().all(|one| one.recommended && devices.contains(&one.device)));
    let optional = drivers.iter().find(|driver| driver.class == "Net").expect("a driver");
    let matched = client.matched_devices(&audience, &optional.catalog_entry_id).unwrap();
    assert!(matched.all().await.unwrap().iter().all(|one| !one.recommended));

    let offering = async || -> Vec<(Value, Value)> {
        let all = objects(&simulator).await["updatePolicies"].clone();
        let all = all.as_array().cloned().unwrap_or_default().into_iter();
        all.map(|one| (one["audience"].clone(), one["standing"].clone())).collect()
    };
    set_faults(&simulator, &json!({ "drop_after_effect_every": 2 })).await;
    let mut found = Vec::new();
    for _ in 0..4 {
        let policy = client.ensure_update_policy(&audience).await.unwrap();
        client.approve_driver(&policy, entry).await.unwrap();
        found.push(policy);
    }
    found.dedup();
    assert_eq!(found.len(), 1);
    assert_eq!(offering().await, [(json!(audience), json!(1))]);
    client.revoke_drivers(&found[0]).await.unwrap();
    assert_eq!(offering().await, [(json!(audience), json!(0))]);
    client.approve_driver(&found[0], entry).await.unwrap();
    assert_eq!(offering().await, [(json!(audience), json!(1))], "a new approval");
    set_faults(&simulator, &json!({})).await;
    let policy = client.find_update_policy(&audience).await.unwrap();
    assert_eq!(policy.as_ref(), Some(&found[0]));
    assert_eq!(client.find_update_policy("another").await.unwrap(), None);
    client.delete_update_policy(&found[0]).await.unwrap();
    client.delete_update_policy(&found[0]).await.unwrap();
    assert!(offering().await.is_empty());
}
