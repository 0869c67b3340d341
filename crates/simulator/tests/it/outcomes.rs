//! What becomes of a fleet in each scenario, and that a seed decides it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use simulator::{Config, LedgerEntry, Scenario};
use uuid::Uuid;

use crate::tenant::{Tenant, devices};

/// Plays a scenario until nearly every device knows its outcome.
async fn outcomes(scenario: Scenario) -> Tenant {
    let tenant = Tenant::play(100_000.0, scenario).await;
    tenant.roll_out().await;
    tenant.until(&["installed", "gave_up"], 235).await;
    tenant
}

/// Waits until every device whose install failed has healed or given up; half a minute at most.
async fn settled(tenant: &Tenant) -> Vec<LedgerEntry> {
    for _ in 0..300 {
        let story = tenant.story();
        let mut open = devices(&story, "install_failed");
        for end in ["installed", "gave_up"] {
            let ended = devices(&story, end);
            open.retain(|device| !ended.contains(device));
        }
        if open.is_empty() {
            return story;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("some devices neither heal nor give up");
}

#[tokio::test]
async fn in_a_healthy_fleet_most_failures_heal_a_day_later() {
    let config = Config { devices: 5000, speed: 100_000.0, ..Config::default() };
    let tenant = Tenant::of(config).await;
    tenant.roll_out().await;
    tenant.until(&["installed", "gave_up"], 4800).await;
    let story = settled(&tenant).await;
    let (failed, lost) = (devices(&story, "install_failed"), devices(&story, "gave_up"));
    assert!((30..=75).contains(&failed.len()), "{} of 5000 failed at first", failed.len());
    assert!(lost.len() * 2 < failed.len(), "{} of {} never healed", lost.len(), failed.len());
    let healed = devices(&story, "installed").intersection(&failed).count();
    assert!(healed * 2 > failed.len(), "{healed} of {} healed", failed.len());
    assert_eq!(devices(&story, "installed").intersection(&lost).count(), 0);
    let of_failed: Vec<&LedgerEntry> =
        story.iter().filter(|entry| failed.contains(&entry.device)).collect();
    for device in &failed {
        let mut failed_at: Option<DateTime<Utc>> = None;
        for entry in of_failed.iter().filter(|entry| entry.device == *device) {
            match (entry.event.as_str(), failed_at) {
                ("install_failed", _) => failed_at = Some(entry.at),
                ("retry_started", Some(failed)) => {
                    assert!(entry.at - failed >= TimeDelta::hours(18), "{entry:?}");
                }
                ("retry_started", None) => panic!("{entry:?} retries what did not fail"),
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn a_bad_update_fails_on_a_fifth_of_the_devices_for_good() {
    let tenant = outcomes(Scenario::BadUpdate).await;
    let story = tenant.story();
    let lost = devices(&story, "gave_up");
    assert!((30..=75).contains(&lost.len()), "{}", lost.len());
    let failures = |device| {
        story
            .iter()
            .filter(|entry| entry.device == device && entry.event == "install_failed")
            .map(|entry| entry.code.clone().unwrap())
            .collect::<Vec<String>>()
    };
    for device in &lost {
        let codes = failures(*device);
        assert_eq!(codes.len(), 3, "{codes:?}");
        assert!(codes.iter().all(|code| code.starts_with("0x8") && *code == codes[0]), "{codes:?}");
    }
}

#[tokio::test]
async fn while_it_fails_the_report_says_so_with_the_code() {
    let tenant = Tenant::play(100_000.0, Scenario::BadUpdate).await;
    let rollout = tenant.roll_out().await;
    tenant.until(&["gave_up"], 10).await;
    let columns =
        ["AADDeviceId", "AggregateState", "CurrentDeviceUpdateStatus", "LatestAlertMessage"];
    let report = tenant.report(&rollout.policy, &columns).await;
    let failing: BTreeMap<Uuid, &str> = report
        .lines()
        .filter_map(|line| line.split_once(",Error,NeedsAttention,InstallFailed "))
        .map(|(device, code)| (device.parse().unwrap(), code))
        .collect();
    let story = tenant.story();
    assert!(failing.len() >= 10, "{report}");
    for entry in story.iter().filter(|entry| entry.event == "gave_up") {
        if let Some(code) = failing.get(&entry.device) {
            assert_eq!(entry.code.as_deref(), Some(*code));
        }
    }
    assert!(devices(&story, "install_failed").is_superset(&failing.into_keys().collect()));
}

#[tokio::test]
async fn a_bad_model_fails_and_the_others_do_not() {
    let tenant = outcomes(Scenario::BadModel).await;
    let path = "/v1.0/deviceManagement/managedDevices?$select=azureADDeviceId&$top=999\
                &$filter=model eq 'Fabrikam ElitePad 840'";
    let bad: BTreeSet<Uuid> = tenant
        .ids(path, "azureADDeviceId")
        .await
        .into_iter()
        .map(|id| id.parse().unwrap())
        .collect();
    let lost = devices(&settled(&tenant).await, "gave_up");
    let of_the_model = lost.intersection(&bad).count();
    assert!(of_the_model * 2 > bad.len() && of_the_model < bad.len(), "{of_the_model}");
    assert!(lost.len() - of_the_model <= 3, "{} others", lost.len() - of_the_model);
}

#[tokio::test]
async fn silent_devices_install_and_are_not_heard_of_again() {
    let tenant = outcomes(Scenario::Silent).await;
    let silent = devices(&tenant.story(), "went_dark");
    assert!((20..=60).contains(&silent.len()), "{}", silent.len());
    assert!(tenant.count("gave_up") <= 3);
    let path = "/v1.0/deviceManagement/managedDevices?$select=azureADDeviceId,osVersion&$top=999";
    let (_, body) = tenant.call("GET", path, None).await;
    let versions = |of_silent: bool| {
        let devices = body["value"].as_array().unwrap().iter();
        let is_silent = |device: &&Value| {
            silent.contains(&device["azureADDeviceId"].as_str().unwrap().parse().unwrap())
        };
        let found: BTreeSet<String> = devices
            .filter(|device| is_silent(device) == of_silent)
            .map(|device| device["osVersion"].to_string())
            .collect();
        found
    };
    // They never say that they run the new build: two Windows versions, each at its old revision.
    assert_eq!(versions(true).len(), 2, "{:?}", versions(true));
    assert!(versions(false).len() > 2, "{:?}", versions(false));
}

#[tokio::test]
async fn one_seed_and_the_same_requests_make_one_story() {
    // Time stands still until the anchor, so that both tenants get their orders at one moment.
    let anchor = SystemTime::now() + Duration::from_secs(4);
    let config = Config {
        devices: 250,
        speed: 200_000.0,
        scenario: Scenario::BadUpdate,
        anchor,
        seed: 7,
        ..Config::default()
    };
    let other_seed = Config { seed: 8, ..config.clone() };
    let (one, other) = (Tenant::of(config.clone()).await, Tenant::of(config.clone()).await);
    let third = Tenant::of(other_seed).await;
    let tenants = [one, other, third];
    for tenant in &tenants {
        tenant.roll_out().await;
    }
    assert!(SystemTime::now() < anchor, "the orders took too long for this machine");
    let end = config.start + TimeDelta::days(4);
    let mut stories = Vec::new();
    for tenant in &tenants {
        while tenant.simulator.now() <= end {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let mut story = tenant.story();
        story.retain(|entry| entry.at <= end && !entry.device.is_nil());
        for entry in &mut story {
            // Policies and groups get new ids in every tenant, and so does their number.
            (entry.policy, entry.group, entry.seq) = (None, None, 0);
        }
        stories.push(story);
    }
    assert!(stories[0].len() > 800, "{}", stories[0].len());
    assert_eq!(stories[0], stories[1]);
    assert_ne!(stories[0], stories[2]);
}
