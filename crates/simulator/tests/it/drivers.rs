//! Drivers: who needs them, approvals that are revoked for good, and reports of feature update profiles.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::tenant::Tenant;

const UPDATES: &str = "/beta/admin/windows/updates";

async fn pass(tenant: &Tenant, hours: i64) {
    let end = tenant.simulator.now() + TimeDelta::hours(hours);
    while tenant.simulator.now() < end {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn happened(tenant: &Tenant, event: &str) -> u64 {
    tenant.simulator.summary().events.get(event).copied().unwrap_or(0)
}

#[tokio::test]
async fn a_driver_is_offered_while_an_approval_stands() {
    let tenant = Tenant::start(100_000.0).await;
    let everybody = tenant.ids("/v1.0/devices?$select=deviceId", "deviceId").await;
    let audience = tenant.made(&format!("{UPDATES}/deploymentAudiences"), json!({})).await;
    let content = format!("{UPDATES}/deploymentAudiences/{audience}/applicableContent");
    let named = json!({ "addMembers": everybody,
        "memberEntityType": "#microsoft.graph.windowsUpdates.azureADDevice" });
    let path = format!("{UPDATES}/deploymentAudiences/{audience}/updateAudienceById");
    assert_eq!(tenant.call("POST", &path, Some(named)).await.0, 202);
    pass(&tenant, 48).await;
    assert_eq!(tenant.get(&content).await["value"], json!([]), "nobody is enrolled");
    let enrol = json!({ "updateCategory": "driver", "ids": everybody,
        "memberEntityType": "#microsoft.graph.windowsUpdates.azureADDevice" });
    let path = format!("{UPDATES}/updatableAssets/enrollAssetsById");
    assert_eq!(tenant.call("POST", &path, Some(enrol)).await.0, 202);
    pass(&tenant, 48).await;
    let all = tenant.get(&format!("{content}?$expand=catalogEntry")).await;
    let all = all["value"].as_array().unwrap().clone();
    assert_eq!(all.len(), 3, "{all:?}");
    let entry = all[0]["catalogEntryId"].as_str().unwrap();
    assert_eq!(all[0]["catalogEntry"]["id"], entry);
    let matched = tenant.get(&format!("{content}/{entry}/matchedDevices")).await;
    let before = matched["value"].as_array().unwrap().len();
    assert!(before > 15, "{matched}");

    let policies = format!("{UPDATES}/updatePolicies");
    let nowhere = json!({ "audience": { "id": "00000000-0000-0000-0000-000000000001" } });
    assert_eq!(tenant.call("POST", &policies, Some(nowhere)).await.0, 400);
    let policy = tenant.made(&policies, json!({ "audience": { "id": audience } })).await;
    let changes = format!("{policies}/{policy}/complianceChanges");
    let approval = |entry: &str| {
        json!({
            "@odata.type": "#microsoft.graph.windowsUpdates.contentApproval",
            "content": {
                "@odata.type": "#microsoft.graph.windowsUpdates.catalogContent",
                "catalogEntry": { "id": entry },
            },
        })
    };
    assert_eq!(tenant.call("POST", &changes, Some(approval("none"))).await.0, 400);
    assert_eq!(happened(&tenant, "offered"), 0);
    let change = tenant.made(&changes, approval(entry)).await;
    pass(&tenant, 10).await;
    assert!(happened(&tenant, "offered") > 5);
    let revoke = json!({ "isRevoked": true });
    let path = format!("{changes}/{change}");
    assert_eq!(tenant.call("PATCH", &path, Some(revoke)).await.0, 200);
    pass(&tenant, 1).await;
    let offered = happened(&tenant, "offered");
    pass(&tenant, 48).await;
    assert_eq!(happened(&tenant, "offered"), offered, "it is revoked");
    let again = json!({ "isRevoked": false });
    assert_eq!(tenant.call("PATCH", &path, Some(again)).await.1["isRevoked"], true, "for good");
    tenant.made(&changes, approval(entry)).await;
    pass(&tenant, 96).await;
    let installed = happened(&tenant, "installed");
    assert!(installed > 10);
    let matched = tenant.get(&format!("{content}/{entry}/matchedDevices")).await;
    let after = matched["value"].as_array().unwrap().len();
    assert_eq!(after as u64, before as u64 - installed, "who has it needs it no longer");
    assert_eq!(tenant.call("DELETE", &format!("{policies}/{policy}"), None).await.0, 204);
    let left: Value = tenant.get(&policies).await;
    assert_eq!(left["value"], json!([]));
}
