//! The Graph client against the simulated tenant: two readings of one contract.

use std::collections::HashMap;
use std::time::Duration;

use domain::ids::{DirectoryObjectId, EntraDeviceId};
use msgraph::{
    ApprovalStatus, Client, EnrollmentState, GraphError, GroupSpec, InstallState,
    QualityPolicySpec, RingSpec, Transitive, UpdateRingSpec,
};
use serde_json::json;
use simulator::Simulator;

use crate::tenant::{client, config, names, objects, set_faults};

/// Every device, with both names.
async fn fleet(client: &Client) -> Vec<(EntraDeviceId, DirectoryObjectId)> {
    let devices = client.directory_devices().unwrap().all().await.unwrap();
    devices.into_iter().map(|device| (device.device, device.object)).collect()
}

fn group_spec() -> GroupSpec {
    GroupSpec {
        mail_nickname: "concentric-test-0".to_owned(),
        display_name: "concentric:test/0".to_owned(),
        description: "Devices offered".to_owned(),
    }
}

/// Offers this month's security update to `devices`; policy and group.
async fn offer(
    client: &Client,
    devices: &[(EntraDeviceId, DirectoryObjectId)],
) -> (String, DirectoryObjectId, String) {
    let entra: Vec<_> = devices.iter().map(|(entra, _)| *entra).collect();
    let members: Vec<_> = devices.iter().map(|(_, object)| *object).collect();
    client.enroll(msgraph::UpdateCategory::Quality, &entra).await.unwrap();
    let group = client.ensure_group(&group_spec()).await.unwrap();
    assert_eq!(client.add_known_group_members(group, &members).await.unwrap(), []);
    let name = "concentric:test/0".to_owned();
    let spec = QualityPolicySpec { display_name: name.clone(), description: String::new() };
    let policy = client.ensure_quality_policy(&spec).await.unwrap();
    let ring = RingSpec {
        display_name: name,
        description: String::new(),
        group,
        deferral_days: 0,
        paused: false,
    };
    client.ensure_policy_ring(&policy, &ring).await.unwrap();
    let updates = client.quality_updates().await.unwrap();
    let newest = updates.iter().max_by_key(|update| update.release_at).unwrap();
    let update = newest.catalog_entry_id.clone();
    client.ensure_approval(&policy, &update, &ApprovalStatus::Approved).await.unwrap();
    (policy, group, update)
}

async fn until(simulator: &Simulator, event: &str, least: u64) {
    for _ in 0..1_500 {
        if simulator.ledger().summary.events.get(event).copied().unwrap_or(0) >= least {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no {least} times {event}: {:?}", simulator.ledger().summary.events);
}

#[tokio::test]
async fn catalogue_and_fleet_are_read_whole() {
    let simulator = Simulator::start(config(1_300, 1.0)).await.unwrap();
    let client = client(&simulator);
    let updates = client.quality_updates().await.unwrap();
    assert!(updates.len() > 1);
    assert!(updates.iter().all(|update| !update.revisions.is_empty()), "{updates:?}");
    let managed = client.managed_devices(None).unwrap().all().await.unwrap();
    let directory: HashMap<_, _> = fleet(&client).await.into_iter().collect();
    assert_eq!((managed.len(), directory.len()), (1_300, 1_300));
    for device in &managed {
        let entra = device.entra_device.expect("a registered device");
        assert!(directory.contains_key(&entra), "the three ids belong together");
        assert!(device.os_version.is_some() && device.last_sync.is_some());
    }
    // What checked in since the newest sync is a small part.
    let newest = managed.iter().filter_map(|device| device.last_sync).max();
    let recent = client.managed_devices(newest).unwrap().all().await.unwrap();
    assert!(!recent.is_empty() && recent.len() < 100, "{}", recent.len());
}

#[tokio::test]
async fn an_update_goes_out_is_suspended_and_taken_back() {
    let simulator = Simulator::start(config(300, 50_000.0)).await.unwrap();
    let client = client(&simulator);
    let devices = fleet(&client).await;
    let (policy, group, entry) = offer(&client, &devices).await;
    let asset = client.asset(devices[0].0).await.unwrap().expect("a known asset");
    assert!(matches!(asset.quality, EnrollmentState::Enrolling | EnrollmentState::Enrolled));
    until(&simulator, "installed", 150).await;

    let rows = client.quality_update_status(&policy).await.unwrap();
    assert_eq!(rows.len(), 300);
    let installed = rows.iter().filter(|row| row.state == InstallState::Installed).count();
    assert!(installed > 50, "{installed}");

    client.ensure_approval(&policy, &entry, &ApprovalStatus::Suspended).await.unwrap();
    let status = client.approval_status(&policy, &entry).await.unwrap();
    assert_eq!(status, Some(ApprovalStatus::Suspended));

    let spec = UpdateRingSpec {
        display_name: "concentric:test/0".to_owned(),
        description: "Uninstalls".to_owned(),
        quality_paused: false,
        quality_rolled_back: true,
        deferral_days: 0,
        deadline_days: Some(2),
        grace_days: Some(1),
        feature: None,
    };
    let update_ring = client.ensure_update_ring(&spec).await.unwrap();
    assert_eq!(client.ensure_update_ring(&spec).await.unwrap(), update_ring);
    client.assign_update_ring(&update_ring, &[group]).await.unwrap();
    until(&simulator, "uninstalled", 100).await;
    let rows = client.quality_update_status(&policy).await.unwrap();
    assert!(rows.iter().any(|row| row.state == InstallState::Uninstalled));
}

#[tokio::test]
async fn members_come_and_go_and_strangers_are_named() {
    let simulator = Simulator::start(config(120, 1.0)).await.unwrap();
    let client = client(&simulator);
    let members: Vec<_> = fleet(&client).await.into_iter().map(|(_, object)| object).collect();
    let group = client.ensure_group(&group_spec()).await.unwrap();
    let stranger = DirectoryObjectId(uuid::Uuid::from_u128(42));
    let mut with_stranger = members.clone();
    with_stranger.insert(60, stranger);
    let unknown = client.add_known_group_members(group, &with_stranger).await.unwrap();
    assert_eq!(unknown, [stranger]);
    // Again, all of them: nothing changes.
    assert_eq!(client.add_known_group_members(group, &members).await.unwrap(), []);
    client.remove_group_members(group, &members[..50]).await.unwrap();
    let mut left = client.group_devices(group, Transitive::No).await.unwrap();
    let mut expected = members[50..].to_vec();
    left.sort();
    expected.sort();
    assert_eq!(left, expected);
}

/// Throttling, 5xx, lost answers, cut JSON and refused tokens on every third to seventh request:
/// everything is there in the end, exactly once (I5).
#[tokio::test]
async fn faults_leave_no_duplicates_behind() {
    for faults in [
        json!({ "throttle_every": 3 }),
        json!({ "error_5xx_every": 3 }),
        json!({ "drop_after_effect_every": 3 }),
        json!({ "truncate_every": 5 }),
        json!({ "unauthorized_every": 4 }),
        json!({ "throttle_every": 5, "error_5xx_every": 7, "drop_after_effect_every": 4 }),
    ] {
        let simulator = Simulator::start(config(60, 1.0)).await.unwrap();
        let client = client(&simulator);
        let devices = fleet(&client).await;
        set_faults(&simulator, &faults).await;
        let mut last = None;
        // A caller tries again later what failed for now; so does this one.
        for _ in 0..20 {
            last = Some(try_offer(&client, &devices).await);
            if matches!(last, Some(Ok(()))) {
                break;
            }
        }
        assert_eq!(last, Some(Ok(())), "{faults}");
        set_faults(&simulator, &json!({})).await;
        let objects = objects(&simulator).await;
        let groups = names(&objects, "groups", "mailNickname");
        assert_eq!(
            groups.iter().filter(|name| *name == "concentric-test-0").count(),
            1,
            "{faults}"
        );
        for list in ["policies", "rings"] {
            assert_eq!(names(&objects, list, "displayName").len(), 1, "{faults}: {list}");
        }
        assert_eq!(names(&objects, "approvals", "status"), ["approved"], "{faults}");
    }
}

async fn try_offer(
    client: &Client,
    devices: &[(EntraDeviceId, DirectoryObjectId)],
) -> Result<(), GraphError> {
    let entra: Vec<_> = devices.iter().map(|(entra, _)| *entra).collect();
    let members: Vec<_> = devices.iter().map(|(_, object)| *object).collect();
    let name = "concentric:test/0".to_owned();
    client.enroll(msgraph::UpdateCategory::Quality, &entra).await?;
    let group = client.ensure_group(&group_spec()).await?;
    client.add_group_members(group, &members).await?;
    let spec = QualityPolicySpec { display_name: name.clone(), description: String::new() };
    let policy = client.ensure_quality_policy(&spec).await?;
    let description = String::new();
    let ring = RingSpec { display_name: name, description, group, deferral_days: 0, paused: false };
    client.ensure_policy_ring(&policy, &ring).await?;
    let updates = client.quality_updates().await?;
    let newest = updates.iter().max_by_key(|update| update.release_at).expect("an update");
    client.ensure_approval(&policy, &newest.catalog_entry_id, &ApprovalStatus::Approved).await
}

#[tokio::test]
async fn a_missing_permission_and_a_wrong_secret_are_told_apart() {
    let simulator = Simulator::start(config(10, 1.0)).await.unwrap();
    let client = client(&simulator);
    set_faults(&simulator, &json!({ "forbidden": ["/groups"] })).await;
    let refused = client.ensure_group(&group_spec()).await.unwrap_err();
    assert!(matches!(refused, GraphError::Forbidden { .. }), "{refused:?}");
    assert!(refused.is_configuration() && !refused.is_transient());

    let mut wrong = config(10, 1.0);
    wrong.client_secret = "another".to_owned();
    let simulator = Simulator::start(wrong).await.unwrap();
    let refused = crate::tenant::client(&simulator).verify().await.unwrap_err();
    assert!(matches!(refused, GraphError::Token { .. }), "{refused:?}");
    assert!(refused.is_configuration());
}
