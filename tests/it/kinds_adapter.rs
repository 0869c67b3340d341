//! The Graph client's calls for kinds beside quality, against the simulated tenant.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use msgraph::{DeploymentContent, DeploymentRequest, FeatureUpdates, UpdateRingSpec, Version};
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
