//! Catalogue, devices, enrolment, policies and update rings: bodies out and in.
//!
//! The expected bodies are those of the published examples and schemas.

use chrono::{TimeZone as _, Utc};
use domain::build::Build;
use domain::ids::{DirectoryObjectId, EntraDeviceId};
use msgraph::{
    ApprovalStatus, Cadence, Classification, EnrollmentState, QualityPolicySpec, RingSpec,
    UpdateRingSpec,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fake::{Fake, empty, refusal, reply};

const POLICIES: &str = "/beta/admin/windows/updates/policies";

#[tokio::test]
async fn the_catalogue_is_read() {
    let revision = |ubr: u32, kb: &str| {
        json!({"product": "Windows 11", "version": "22H2", "knowledgeBaseArticle": {"id": kb},
            "osBuild": {"majorVersion": 10, "minorVersion": 0, "buildNumber": 22621,
                "updateBuildRevision": ubr}})
    };
    let entry = json!({"@odata.type": "#microsoft.graph.windowsUpdates.qualityUpdateCatalogEntry",
        "id": "7752", "displayName": "12/12/2023 - 2023.12 B", "deployableUntilDateTime": null,
        "releaseDateTime": "2023-12-12T00:00:00Z", "isExpeditable": true,
        "qualityUpdateClassification": "security", "catalogName": "2023-12 Cumulative Update",
        "shortName": "2023.12 B", "qualityUpdateCadence": "fortnightly",
        "productRevisions": [revision(2861, "KB5033375"), revision(2800, "KB5033000")]});
    let fake = Fake::start(move |_| reply(200, &json!({"value": [entry]}))).await;
    let entries = fake.client().quality_updates().await.unwrap();
    let entry = &entries[0];
    assert_eq!(entry.classification, Classification::Security);
    assert_eq!(entry.cadence, Cadence::Other("fortnightly".to_owned()));
    assert_eq!(entry.kb.as_deref(), Some("KB5033375"));
    let builds: Vec<String> = entry.revisions.iter().map(|one| one.build.to_string()).collect();
    assert_eq!(builds, ["10.0.22621.2800", "10.0.22621.2861"]);
    let call = &fake.calls()[0];
    assert_eq!(call.path, "/beta/admin/windows/updates/catalog/entries");
    assert_eq!(
        call.query,
        "$filter=isof(%27microsoft.graph.windowsUpdates.qualityUpdateCatalogEntry%27)\
         &$expand=microsoft.graph.windowsUpdates.qualityUpdateCatalogEntry/productRevisions"
    );
}

#[tokio::test]
async fn intune_devices_are_read() {
    let fake = Fake::start(|_| {
        let device = |n: u128, entra: Value, version: &str| {
            json!({"id": Uuid::from_u128(n), "azureADDeviceId": entra, "deviceName": "PC",
                "osVersion": version, "operatingSystem": "Windows", "model": null,
                "lastSyncDateTime": "0001-01-01T00:00:00Z"})
        };
        let devices = [
            device(1, json!(Uuid::from_u128(7)), "10.0.26100.7171"),
            device(2, json!(""), "10.0"),
            device(3, json!(Uuid::nil()), ""),
        ];
        reply(200, &json!({"value": devices}))
    })
    .await;
    let since = Utc.with_ymd_and_hms(2026, 8, 1, 0, 0, 0).unwrap();
    let devices = fake.client().managed_devices(Some(since)).unwrap().all().await.unwrap();
    assert_eq!(devices[0].entra_device, Some(EntraDeviceId(Uuid::from_u128(7))));
    assert_eq!(devices[0].os_version, "10.0.26100.7171".parse::<Build>().ok());
    assert_eq!((devices[1].entra_device, devices[2].entra_device), (None, None));
    assert_eq!((devices[1].os_version, devices[1].last_sync), (None, None));
    let query = &fake.calls()[0].query;
    assert!(query.ends_with("&$filter=lastSyncDateTime%20ge%202026-08-01T00:00:00Z"), "{query}");
}

#[tokio::test]
async fn enrolment_goes_in_chunks_and_can_be_read_back() {
    let fake = Fake::start(|seen| match seen.method.as_str() {
        "POST" => empty(202),
        _ => reply(
            200,
            &json!({"value": {"id": "x", "errors": [{"reason": "missingTrustType"}],
            "enrollment": {"quality": {"enrollmentState": "enrolling"}, "feature": null}}}),
        ),
    })
    .await;
    let devices: Vec<EntraDeviceId> = (1..2002).map(|n| Uuid::from_u128(n).into()).collect();
    let client = fake.client();
    client.enroll(msgraph::UpdateCategory::Quality, &devices).await.unwrap();
    let calls = fake.calls();
    assert_eq!(calls.len(), 2);
    let body = calls[1].json();
    assert_eq!(body["updateCategory"], "quality");
    assert_eq!(body["memberEntityType"], "#microsoft.graph.windowsUpdates.azureADDevice");
    assert_eq!(body["ids"], json!([devices[2000].to_string()]));
    let asset = client.asset(devices[0]).await.unwrap().unwrap();
    assert_eq!(asset.quality, EnrollmentState::Enrolling);
    assert_eq!(asset.errors, ["missingTrustType"]);
}

#[tokio::test]
async fn a_policy_is_found_by_its_name_or_made_empty() {
    let fake = Fake::start(|seen| match seen.method.as_str() {
        "GET" => reply(
            200,
            &json!({"value": [{"id": "1", "displayName": "other",
            "createdDateTime": "2025-02-12T23:39:44.971849-08:00"}]}),
        ),
        _ => reply(201, &json!({"id": "2", "displayName": "concentric:t/r/1"})),
    })
    .await;
    let client = fake.client();
    let spec = |name: &str| QualityPolicySpec {
        display_name: name.to_owned(),
        description: "d".to_owned(),
    };
    assert_eq!(client.ensure_quality_policy(&spec("other")).await.unwrap(), "1");
    assert_eq!(client.ensure_quality_policy(&spec("concentric:t/r/1")).await.unwrap(), "2");
    assert_eq!(fake.count("POST", POLICIES), 1);
    assert_eq!(fake.calls()[2].json()["approvalRules"], json!([]));
}

#[tokio::test]
async fn a_ring_is_changed_only_when_it_differs() {
    let group = DirectoryObjectId(Uuid::from_u128(5));
    let ring = json!({"id": "r", "displayName": "Ring", "description": "d", "deferralInDays": 0,
        "isPaused": false, "includedGroupAssignment": {"assignments": [{"groupId": group.0}]}});
    let fake = Fake::start(move |seen| match seen.method.as_str() {
        "GET" => reply(200, &json!({"value": [ring]})),
        _ => reply(200, &json!({})),
    })
    .await;
    let mut spec = RingSpec {
        display_name: "Ring".to_owned(),
        description: "d".to_owned(),
        group,
        deferral_days: 0,
        paused: false,
    };
    let client = fake.client();
    assert_eq!(client.ensure_policy_ring("p", &spec).await.unwrap(), "r");
    assert_eq!(fake.calls().len(), 1);
    spec.paused = true;
    client.ensure_policy_ring("p", &spec).await.unwrap();
    client.set_ring_paused("p", "r", false).await.unwrap();
    assert_eq!(fake.count("PATCH", &format!("{POLICIES}/p/rings/r")), 2);
    let changed = fake.calls()[2].json();
    assert_eq!(changed["isPaused"], true);
    let groups = &changed["includedGroupAssignment"]["assignments"];
    assert_eq!(groups[0]["groupId"], group.to_string());
}

#[tokio::test]
async fn an_approval_is_made_changed_or_left() {
    let fake = Fake::start(|seen| match seen.method.as_str() {
        "GET" => reply(
            200,
            &json!({"value": [{"id": "a", "catalogEntryId": "known",
            "status": "approved"}]}),
        ),
        "POST" => reply(201, &json!({"id": "b", "catalogEntryId": "new", "status": "approved"})),
        _ => reply(200, &json!({})),
    })
    .await;
    let client = fake.client();
    client.ensure_approval("p", "known", &ApprovalStatus::Approved).await.unwrap();
    assert_eq!(fake.calls().len(), 1);
    client.ensure_approval("p", "known", &ApprovalStatus::Suspended).await.unwrap();
    client.ensure_approval("p", "new", &ApprovalStatus::Approved).await.unwrap();
    let path = format!("{POLICIES}/p/approvals");
    assert_eq!((fake.count("PATCH", &format!("{path}/a")), fake.count("POST", &path)), (1, 1));
    assert_eq!(fake.calls()[2].json()["status"], "suspended");
    let status = client.approval_status("p", "known").await.unwrap();
    assert_eq!(status, Some(ApprovalStatus::Approved));
    assert_eq!(client.approval_status("p", "unknown").await.unwrap(), None);
}

#[tokio::test]
async fn an_update_ring_uninstalls() {
    let kind = "#microsoft.graph.windowsUpdateForBusinessConfiguration";
    let fake = Fake::start(move |seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("GET", _) => reply(
            200,
            &json!({"value": [
            {"id": "other", "@odata.type": "#microsoft.graph.iosCustomConfiguration",
                "displayName": "Undo"},
            {"id": "u", "@odata.type": kind, "displayName": "Undo", "description": "",
                "qualityUpdatesPaused": false}]}),
        ),
        ("PATCH", _) => reply(200, &json!({})),
        ("POST", _) => reply(200, &json!({"value": []})),
        _ => refusal(404, "ResourceNotFound", "gone"),
    })
    .await;
    let spec = UpdateRingSpec {
        display_name: "Undo".to_owned(),
        description: String::new(),
        quality_paused: true,
        quality_rolled_back: true,
        deferral_days: 0,
        deadline_days: None,
        grace_days: Some(1),
        feature: None,
    };
    let client = fake.client();
    let id = client.ensure_update_ring(&spec).await.unwrap();
    let group = DirectoryObjectId(Uuid::from_u128(5));
    client.assign_update_ring(&id, &[group]).await.unwrap();
    client.delete_update_ring(&id).await.unwrap();
    let calls = fake.calls();
    let changed = calls[1].json();
    assert_eq!(changed["@odata.type"], kind);
    assert_eq!(changed["qualityUpdatesWillBeRolledBack"], true);
    assert_eq!(calls[2].path, "/v1.0/deviceManagement/deviceConfigurations/u/assign");
    let target = &calls[2].json()["assignments"][0]["target"];
    assert_eq!(target["@odata.type"], "#microsoft.graph.groupAssignmentTarget");
    assert_eq!(target["groupId"], group.to_string());
}

#[test]
fn builds_compare_as_numbers() {
    let build = |text: &str| text.parse::<Build>();
    assert!(build("10.0.26100.999").unwrap() < build("10.0.26100.7171").unwrap());
    assert_eq!(build(" 10.0.1.2 ").unwrap().to_string(), "10.0.1.2");
    for odd in ["", "10.0.1", "10.0.1.2.3", "10.0.1.x", "-1.0.0.0"] {
        assert!(build(odd).is_err(), "{odd}");
    }
}
