//! Permissions: what a token may, and when a change of consent is felt.

use serde_json::{Value, json};
use simulator::{Config, Simulator};

use crate::tenant::Tenant;

const REFUSED: &str = "Authorization_RequestDenied";

async fn granted(permissions: &[&str]) -> Tenant {
    let permissions = Some(permissions.iter().map(|name| (*name).to_owned()).collect());
    Tenant::of(Config { devices: 10, permissions, ..Config::default() }).await
}

/// Calls with one permission after the other, each with the answer it deserves.
#[tokio::test]
async fn a_path_opens_with_each_permission_that_reads_it_and_with_no_other() {
    let mut tenant = granted(&[]).await;
    let updates = "/beta/admin/windows/updates/policies";
    for (path, opens, shut, code) in [
        ("/v1.0/organization", "DeviceManagementServiceConfig.Read.All", "User.Read.All", REFUSED),
        ("/v1.0/organization", "Organization.Read.All", "Policy.Read.All", REFUSED),
        ("/v1.0/subscribedSkus", "LicenseAssignment.Read.All", "Device.Read.All", REFUSED),
        ("/v1.0/users", "User.ReadBasic.All", "Group.Read.All", REFUSED),
        ("/v1.0/users", "Directory.Read.All", "Device.Read.All", REFUSED),
        ("/v1.0/devices", "Device.Read.All", "User.Read.All", REFUSED),
        ("/v1.0/devices/delta", "Directory.Read.All", "User.Read.All", REFUSED),
        ("/v1.0/groups", "Group.ReadWrite.All", "Group.Create", REFUSED),
        ("/v1.0/directoryRoles", "RoleManagement.Read.Directory", "User.Read.All", REFUSED),
        ("/v1.0/servicePrincipals", "Application.Read.All", "User.Read.All", REFUSED),
        (
            "/v1.0/identity/conditionalAccess/policies",
            "Policy.Read.All",
            "Directory.Read.All",
            REFUSED,
        ),
        (
            "/v1.0/deviceManagement/managedDevices",
            "DeviceManagementManagedDevices.ReadWrite.All",
            "DeviceManagementConfiguration.Read.All",
            "Forbidden",
        ),
        (
            "/beta/deviceManagement/configurationPolicies",
            "DeviceManagementConfiguration.Read.All",
            "DeviceManagementManagedDevices.Read.All",
            "Forbidden",
        ),
        (updates, "WindowsUpdates.Read.All", "Directory.Read.All", "Forbidden"),
    ] {
        tenant.control("permissions", json!({ "granted": [shut] })).await;
        tenant.renew().await;
        let (status, body) = tenant.call("GET", path, None).await;
        assert_eq!((status, &body["error"]["code"]), (403, &json!(code)), "{path} with {shut}");
        tenant.control("permissions", json!({ "granted": [opens] })).await;
        tenant.renew().await;
        assert_eq!(tenant.call("GET", path, None).await.0, 200, "{path} with {opens}");
    }
    // The last of them reads, and does not write.
    let (status, body) = tenant.call("POST", updates, Some(json!({}))).await;
    assert_eq!(status, 403);
    assert_eq!(
        body["error"]["message"],
        "Application is not authorized to perform this operation. Application must have one of \
         the following scopes: WindowsUpdates.ReadWrite.All"
    );
}

#[tokio::test]
async fn a_token_keeps_what_was_granted_when_it_was_issued() {
    let mut tenant = granted(&["Device.Read.All"]).await;
    let (devices, users) = ("/v1.0/devices?$top=1", "/v1.0/users?$top=1");
    tenant.control("permissions", json!({ "granted": ["User.ReadBasic.All"] })).await;
    assert_eq!(tenant.call("GET", devices, None).await.0, 200);
    assert_eq!(tenant.call("GET", users, None).await.0, 403);
    let batch = json!({ "requests": [{ "id": "1", "method": "GET", "url": "/users" }] });
    let (status, body) = tenant.call("POST", "/v1.0/$batch", Some(batch)).await;
    assert_eq!((status, &body["responses"][0]["status"]), (200, &json!(403)));
    tenant.renew().await;
    assert_eq!(tenant.call("GET", devices, None).await.0, 403);
    assert_eq!(tenant.call("GET", users, None).await.0, 200);
    let granted = tenant.get("/_simulator/permissions").await;
    assert_eq!(granted["granted"], json!(["User.ReadBasic.All"]));
}

#[tokio::test]
async fn who_creates_groups_keeps_them_but_leaves_those_of_others_alone() {
    let tenant = granted(&["Group.Create", "Device.Read.All"]).await;
    let devices = tenant.ids("/v1.0/devices?$select=id", "id").await;
    let ours = format!("/v1.0/groups/{}", tenant.group(&devices[..2]).await);
    let theirs = tenant.control("groups", json!({ "displayName": "Theirs" })).await;
    let theirs = format!("/v1.0/groups/{}", theirs["id"].as_str().unwrap());
    let renamed = || Some(json!({ "displayName": "Renamed" }));
    let member = Some(json!({ "@odata.id": crate::tenant::link(&devices[5]) }));
    for (path, good) in [(&ours, [200, 204, 204, 204]), (&theirs, [403; 4])] {
        let members = format!("{path}/members");
        let statuses = [
            tenant.call("GET", &members, None).await.0,
            tenant.call("POST", &format!("{members}/$ref"), member.clone()).await.0,
            tenant.call("PATCH", path, renamed()).await.0,
            tenant.call("DELETE", path, None).await.0,
        ];
        assert_eq!(statuses, good, "{path}");
    }
}

#[tokio::test]
async fn memberships_are_written_without_the_right_to_the_groups_themselves() {
    let tenant = granted(&["GroupMember.ReadWrite.All", "Device.Read.All"]).await;
    let devices = tenant.ids("/v1.0/devices?$select=id", "id").await;
    let group = tenant.control("groups", json!({ "displayName": "Theirs" })).await;
    let group = group["id"].as_str().unwrap();
    assert_eq!(tenant.add_members(group, &devices[..3]).await, 204);
    let path = format!("/v1.0/groups/{group}");
    let renamed = Some(json!({ "displayName": "Renamed" }));
    assert_eq!(tenant.call("PATCH", &path, renamed).await.0, 403);
    assert_eq!(tenant.call("DELETE", &path, None).await.0, 403);
}

#[tokio::test]
async fn a_permission_without_that_name_is_refused() {
    let permissions = Some(vec!["Everything.All".to_owned()]);
    let error = Simulator::start(Config { permissions, ..Config::default() }).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    let tenant = granted(&[]).await;
    let body = Some(json!({ "granted": ["Everything.All"] }));
    let (status, _): (u16, Value) = tenant.call("POST", "/_simulator/permissions", body).await;
    assert_eq!(status, 400);
}
