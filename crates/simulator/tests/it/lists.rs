//! Lists, selections, batches, groups and their members, the organisation.

use serde_json::{Value, json};

use crate::tenant::{Tenant, link};

#[tokio::test]
async fn pages_hold_every_device_once_and_only_what_is_selected() {
    let tenant = Tenant::start(1.0).await;
    let path = "/v1.0/deviceManagement/managedDevices?$select=model,id,model&$top=60";
    let mut ids = tenant.ids(path, "id").await;
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 250);
    let (_, body) = tenant.call("GET", path, None).await;
    assert_eq!(body["value"][0].as_object().unwrap().len(), 2);
    assert_eq!(body["value"].as_array().unwrap().len(), 60);
}

#[tokio::test]
async fn a_filter_finds_what_a_client_would_find_itself() {
    let tenant = Tenant::start(1.0).await;
    let managed =
        "/v1.0/deviceManagement/managedDevices?$select=lastSyncDateTime,model&$count=true";
    let (_, all) = tenant.call("GET", managed, None).await;
    let all = all["value"].as_array().unwrap();
    let mut times: Vec<&str> =
        all.iter().map(|one| one["lastSyncDateTime"].as_str().unwrap()).collect();
    times.sort_unstable();
    let (middle, model) = (times[125], all[0]["model"].as_str().unwrap());
    let recent = |one: &&Value| one["lastSyncDateTime"].as_str().unwrap() >= middle;
    for (filter, expected) in [
        (format!("lastSyncDateTime ge {middle}"), all.iter().filter(recent).count()),
        (
            format!("startswith(model,'{}') and not lastSyncDateTime lt {middle}", &model[..8]),
            all.iter()
                .filter(recent)
                .filter(|one| one["model"].as_str().unwrap().starts_with(&model[..8]))
                .count(),
        ),
    ] {
        let (_, found) = tenant.call("GET", &format!("{managed}&$filter={filter}"), None).await;
        assert_eq!(found["value"].as_array().unwrap().len(), expected, "{filter}");
        assert_eq!(found["@odata.count"], json!(expected));
        assert!((1..250).contains(&expected), "{filter} tells nothing: {expected}");
    }
    let (status, _) = tenant.call("GET", &format!("{managed}&$filter=model is good"), None).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_batch_stops_dependents_and_refuses_double_ids() {
    let tenant = Tenant::start(1.0).await;
    let batch = json!({ "requests": [
        { "id": "1", "method": "GET", "url": "/groups/00000000-0000-4000-8000-000000000000" },
        { "id": "2", "method": "GET", "url": "/devices?$top=1", "dependsOn": ["1"] },
        { "id": "3", "method": "GET", "url": "devices?$top=1" },
    ]});
    let (status, body) = tenant.call("POST", "/v1.0/$batch", Some(batch)).await;
    let parts: Vec<_> =
        body["responses"].as_array().unwrap().iter().map(|part| part["status"].clone()).collect();
    assert_eq!((status, parts), (200, vec![json!(404), json!(424), json!(200)]));
    assert!(body["responses"][2]["body"]["value"][0]["id"].is_string());
    let batch = json!({ "requests": [
        { "id": "a", "method": "GET", "url": "/devices" },
        { "id": "A", "method": "GET", "url": "/devices" },
    ]});
    assert_eq!(tenant.call("POST", "/beta/$batch", Some(batch)).await.0, 400);
}

#[tokio::test]
async fn adding_a_member_twice_adds_nobody() {
    let tenant = Tenant::start(1.0).await;
    let devices = tenant.ids("/v1.0/devices?$select=id&$top=5", "id").await;
    let group = tenant.group(&devices[..1]).await;
    assert_eq!(tenant.add_members(&group, &[devices[1].clone(), devices[0].clone()]).await, 400);
    let members = format!("/v1.0/groups/{group}/members/graph.device?$select=id");
    assert_eq!(tenant.ids(&members, "id").await, devices[..1]);
}

#[tokio::test]
async fn groups_in_groups_lend_their_members_to_the_transitive_list_alone() {
    let tenant = Tenant::start(1.0).await;
    let devices = tenant.ids("/v1.0/devices?$select=id&$top=6", "id").await;
    let (inner, middle) = (tenant.group(&devices[..4]).await, tenant.group(&devices[2..5]).await);
    let outer = tenant.group(&devices[5..6]).await;
    for (parent, child) in [(&outer, &middle), (&middle, &inner), (&inner, &outer)] {
        let path = format!("/v1.0/groups/{parent}/members/$ref");
        let body = json!({ "@odata.id": link(child) });
        assert_eq!(tenant.call("POST", &path, Some(body)).await.0, 204);
    }
    let path = format!("/v1.0/groups/{outer}/members?$select=displayName");
    let (_, direct) = tenant.call("GET", &path, None).await;
    let kinds: Vec<&Value> =
        direct["value"].as_array().unwrap().iter().map(|one| &one["@odata.type"]).collect();
    assert_eq!(kinds, ["#microsoft.graph.device", "#microsoft.graph.group"]);
    let transitive = format!("/v1.0/groups/{outer}/transitiveMembers");
    let cast = format!("{transitive}/microsoft.graph.device?$select=id&$top=4");
    let mut found = tenant.ids(&cast, "id").await;
    found.sort_unstable();
    let mut expected = devices[..6].to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(tenant.ids(&transitive, "id").await.len(), 6 + 3);
    let path = format!("/v1.0/groups/{middle}/members/{inner}/$ref");
    assert_eq!(tenant.call("DELETE", &path, None).await.0, 204);
    assert_eq!(tenant.ids(&cast, "id").await.len(), 4);
}

#[tokio::test]
async fn the_organisation_tells_its_authority_only_when_asked() {
    let tenant = Tenant::start(1.0).await;
    let (_, body) = tenant.call("GET", "/v1.0/organization", None).await;
    assert!(body["value"][0].get("mobileDeviceManagementAuthority").is_none());
    let path = "/v1.0/organization?$select=mobileDeviceManagementAuthority";
    let (_, body) = tenant.call("GET", path, None).await;
    assert_eq!(body["value"][0]["mobileDeviceManagementAuthority"], json!("intune"));
    let (_, body) = tenant.call("GET", "/v1.0/subscribedSkus", None).await;
    let plans = body["value"][0]["servicePlans"].as_array().unwrap();
    assert!(plans.iter().any(|plan| plan["servicePlanName"] == "WIN10_PRO_ENT_SUB"));
}

#[tokio::test]
async fn one_seed_makes_one_fleet() {
    let (one, other) = (Tenant::start(1.0).await, Tenant::start(1.0).await);
    let path = "/v1.0/deviceManagement/managedDevices?$select=azureADDeviceId,model,osVersion";
    let (_, first) = one.call("GET", path, None).await;
    let (_, second) = other.call("GET", path, None).await;
    assert_eq!(first["value"], second["value"]);
    one.simulator.shutdown().await;
}
