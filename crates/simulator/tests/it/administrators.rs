//! What other administrators do to groups, devices and policies, and the state that tells of it.

use serde_json::{Value, json};
use simulator::Config;

use crate::deltas::{drain, members};
use crate::tenant::Tenant;

async fn small() -> Tenant {
    Tenant::of(Config { devices: 30, ..Config::default() }).await
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[tokio::test]
async fn groups_of_the_organisation_change_behind_the_back_of_the_client() {
    let tenant = small().await;
    let inner = json!({ "displayName": "Inner", "members": [1, 2, 3] });
    let inner = tenant.control("groups", inner).await;
    let outer = json!({ "displayName": "Outer", "members": [3, 4], "nested": [inner["id"]] });
    let outer = tenant.control("groups", outer).await;
    let cast = "transitiveMembers/microsoft.graph.device?$select=id";
    let path = format!("/v1.0/groups/{}/{cast}", text(&outer["id"]));
    assert_eq!(tenant.ids(&path, "id").await.len(), 4);
    let delta =
        format!("/v1.0/groups/delta?$select=members&$filter=id eq '{}'", text(&inner["id"]));
    let (items, _, link) = drain(&tenant, &delta).await;
    assert_eq!(members(&items, text(&inner["id"])).0.len(), 3);
    let change = json!({ "add": [9, 1], "remove": [2, 20] });
    tenant.control(&format!("groups/{}/members", text(&inner["id"])), change).await;
    let (items, _, link) = drain(&tenant, &link).await;
    let (there, gone) = members(&items, text(&inner["id"]));
    assert_eq!((there.len(), gone.len()), (1, 1));
    let path = format!("/_simulator/groups/{}", text(&inner["id"]));
    assert_eq!(tenant.call("DELETE", &path, None).await.0, 204);
    let (items, _, _) = drain(&tenant, &link).await;
    assert_eq!(items[0]["@removed"]["reason"], "deleted");
    let missing = json!({ "displayName": "Nobody", "members": [30] });
    assert_eq!(tenant.call("POST", "/_simulator/groups", Some(missing)).await.0, 404);
}

#[tokio::test]
async fn devices_come_and_go() {
    let tenant = small().await;
    let group = tenant.control("groups", json!({ "displayName": "All", "members": [4, 5] })).await;
    let (_, _, link) = drain(&tenant, "/v1.0/devices/delta?$select=displayName").await;
    let (_, _, of_groups) = drain(&tenant, "/v1.0/groups/delta?$select=members").await;
    let turnover = tenant.control("devices", json!({ "add": 2, "remove": [5, 5, 99] })).await;
    assert_eq!(turnover["removed"], json!([5]));
    let [first, second] = turnover["added"].as_array().unwrap().as_slice() else {
        panic!("{turnover}")
    };
    assert_eq!((&first["index"], &second["index"]), (&json!(30), &json!(31)));
    let managed = "/v1.0/deviceManagement/managedDevices?$select=id";
    let ids = tenant.ids(managed, "id").await;
    assert!(ids.len() == 31 && ids.iter().any(|id| *id == first["managedDeviceId"]));
    let (items, _, _) = drain(&tenant, &link).await;
    let removed = items.iter().filter(|item| item.get("@removed").is_some()).count();
    assert_eq!((items.len(), removed), (3, 1));
    let (items, _, _) = drain(&tenant, &of_groups).await;
    assert_eq!(members(&items, text(&group["id"])).1.len(), 1);
    let path = format!("/v1.0/groups/{}/members", text(&group["id"]));
    assert_eq!(tenant.ids(&path, "id").await.len(), 1);
}

/// The same work in two tenants, in one order or the other.
async fn work(tenant: &Tenant, backwards: bool) {
    let group = tenant.control("groups", json!({ "displayName": "Pilots", "members": [7] })).await;
    let mut names = ["One", "Two"];
    if backwards {
        names.reverse();
    }
    for name in names {
        let ring = json!({ "displayName": name, "assignments": [{ "target": {
            "@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group["id"] } }],
            "@odata.type": "#microsoft.graph.windowsUpdateForBusinessConfiguration" });
        tenant.control("policies/deviceConfigurations", ring).await;
    }
    tenant.roll_out().await;
}

#[tokio::test]
async fn two_tenants_in_which_the_same_was_done_are_equal() {
    let (one, other) = (small().await, small().await);
    work(&one, false).await;
    work(&other, true).await;
    let state = one.http.get(format!("{}/_simulator/state", one.simulator.base_url()));
    let same = other.http.get(format!("{}/_simulator/state", other.simulator.base_url()));
    let (state, same) = (state.send().await.unwrap(), same.send().await.unwrap());
    let state = state.text().await.unwrap();
    assert_eq!(state, same.text().await.unwrap());
    let state: Value = serde_json::from_str(&state).unwrap();
    let target = &state["deviceConfigurations"][0]["assignments"][0];
    assert_eq!(target["groupId"], "Pilots");
    assert_eq!(state["enrolments"]["quality"], json!(["0-29"]));
    assert_eq!(state["updatePolicies"][0]["rings"][0]["includedGroupAssignment"], json!(["Ring"]));
}

#[tokio::test]
async fn drift_shows_in_the_state_until_it_is_undone() {
    let tenant = small().await;
    let profile = json!({ "displayName": "Feature",
        "featureUpdateVersion": "Windows 11, version 24H2" });
    let kind = "windowsFeatureUpdateProfiles";
    let profile = tenant.made(&format!("/beta/deviceManagement/{kind}"), profile).await;
    let ring = json!({ "displayName": "Ring", "qualityUpdatesDeferralPeriodInDays": 3,
        "@odata.type": "#microsoft.graph.windowsUpdateForBusinessConfiguration" });
    let ring = tenant.made("/v1.0/deviceManagement/deviceConfigurations", ring).await;
    let before = tenant.get("/_simulator/state?ids=true").await;
    let profile = format!("policies/{kind}/{profile}");
    let ring = format!("policies/deviceConfigurations/{ring}");
    for (path, drift, back) in [
        (
            &profile,
            json!({ "featureUpdateVersion": "Windows 11, version 25H2" }),
            json!({ "featureUpdateVersion": "Windows 11, version 24H2" }),
        ),
        (
            &ring,
            json!({ "qualityUpdatesDeferralPeriodInDays": 9, "assignments": [{ "target": {
                "@odata.type": "#microsoft.graph.allDevicesAssignmentTarget" } }] }),
            json!({ "qualityUpdatesDeferralPeriodInDays": 3, "assignments": [] }),
        ),
    ] {
        tenant.control(path, drift).await;
        assert_ne!(tenant.get("/_simulator/state?ids=true").await, before, "{path}");
        tenant.control(path, back).await;
        assert_eq!(tenant.get("/_simulator/state?ids=true").await, before, "{path}");
    }
    assert_eq!(tenant.call("DELETE", &format!("/_simulator/{ring}"), None).await.0, 204);
    let state = tenant.get("/_simulator/state").await;
    assert_eq!(state["deviceConfigurations"], json!([]));
    assert_eq!(tenant.call("DELETE", &format!("/_simulator/{ring}"), None).await.0, 404);
}

#[tokio::test]
async fn rings_and_approvals_of_an_update_policy_are_changed_elsewhere_too() {
    let tenant = small().await;
    let rollout = tenant.roll_out().await;
    let ring = rollout.ring.replace("/beta/admin/windows/updates/", "");
    tenant.control(&format!("policies/{ring}"), json!({ "deferralInDays": 4 })).await;
    assert_eq!(tenant.get(&rollout.ring).await["deferralInDays"], 4);
    let approval = rollout.approval.replace("/beta/admin/windows/updates/", "");
    tenant.control(&format!("policies/{approval}"), json!({ "status": "suspended" })).await;
    let state = tenant.get("/_simulator/state").await;
    assert_eq!(state["updatePolicies"][0]["approvals"][0]["status"], "suspended");
}
