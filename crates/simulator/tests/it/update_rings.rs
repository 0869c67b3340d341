//! What update rings offer by themselves.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use simulator::Config;

use crate::tenant::Tenant;

const CONFIGURATIONS: &str = "/v1.0/deviceManagement/deviceConfigurations";
const KIND: &str = "#microsoft.graph.windowsUpdateForBusinessConfiguration";

/// A tenant all of whose devices have one update ring; its path.
async fn ringed(speed: f64, ring: Value) -> (Tenant, String) {
    let config = Config { devices: 60, speed, rings_offer: true, ..Config::default() };
    let tenant = Tenant::of(config).await;
    let mut body = json!({ "@odata.type": KIND, "displayName": "Ring" });
    body.as_object_mut().unwrap().extend(ring.as_object().unwrap().clone());
    let path = format!("{CONFIGURATIONS}/{}", tenant.made(CONFIGURATIONS, body).await);
    let objects = tenant.ids("/v1.0/devices?$select=id&$top=100", "id").await;
    let group = tenant.group(&objects).await;
    let body = json!({ "assignments": [{ "target": {
        "@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group } }] });
    let (status, shown) = tenant.call("POST", &format!("{path}/assign"), Some(body)).await;
    assert_eq!(status, 200, "{shown}");
    (tenant, path)
}

async fn until(tenant: &Tenant, end: DateTime<Utc>) {
    while tenant.simulator.now() < end {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// When devices were offered something.
fn offers(tenant: &Tenant) -> Vec<DateTime<Utc>> {
    let story = tenant.story();
    story.into_iter().filter(|line| line.event == "offered").map(|line| line.at).collect()
}

#[tokio::test]
async fn a_ring_without_deferral_offers_the_newest_security_update() {
    let (tenant, _) = ringed(20_000.0, json!({})).await;
    tenant.until(&["installed"], 20).await;
    let story = tenant.story();
    let mut entries: Vec<_> = story.iter().map(|line| line.catalog_entry.clone()).collect();
    entries.sort();
    entries.dedup();
    assert_eq!(entries.len(), 1, "no preview, and nothing else: {entries:?}");
}

#[tokio::test]
async fn a_ring_offers_when_its_deferral_is_over() {
    let days = 12;
    let ring = json!({ "qualityUpdatesDeferralPeriodInDays": days });
    let (tenant, _) = ringed(100_000.0, ring).await;
    let start = Config::default().start;
    tenant.until(&["offered"], 10).await;
    let first = offers(&tenant)[0];
    // Released on the day of the start.
    assert!(first >= start + TimeDelta::days(days - 1), "{first}");
}

/// Microsoft ends a pause after 35 days, and everybody who was kept back is offered the update.
#[tokio::test]
async fn a_pause_that_nobody_makes_anew_ends() {
    let (tenant, _) = ringed(200_000.0, json!({ "qualityUpdatesPaused": true })).await;
    let start = tenant.simulator.now();
    until(&tenant, start + TimeDelta::days(40)).await;
    tenant.until(&["offered"], 20).await;
    let first = offers(&tenant)[0];
    assert!(first >= Config::default().start + TimeDelta::days(35), "{first}");
}
