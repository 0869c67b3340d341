//! What a tenant says about itself: organisation, licences, policies, consent, users, Intune.
//!
//! The bodies are those of the published examples, shortened, with some oddities added.

use chrono::{TimeZone as _, Utc};
use msgraph::{
    AppRole, AppRoleAssignment, GraphError, IntuneSettings, MdmAuthority, PolicyState, ServicePlan,
    ServicePrincipal, SkuStatus, SubscribedSku, SubscriptionState,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fake::{Fake, refusal, reply};

async fn list(items: Value) -> Fake {
    Fake::start(move |_| reply(200, &json!({"value": items}))).await
}

#[tokio::test]
async fn the_organization_is_read() {
    let id = Uuid::from_u128(7);
    let fake = list(json!([{"id": id, "displayName": "Contoso",
        "mobileDeviceManagementAuthority": "intune", "onPremisesSyncEnabled": true,
        "onPremisesLastSyncDateTime": "2026-08-01T10:00:00Z", "verifiedDomains": [
            {"name": "contoso.com", "isInitial": false, "isDefault": true},
            {"name": "Contoso.onmicrosoft.com", "isInitial": true}]}]))
    .await;
    let found = fake.client().organization().await.unwrap();
    assert_eq!((found.id, found.display_name.as_str()), (id, "Contoso"));
    assert_eq!(found.mdm_authority, MdmAuthority::Intune);
    assert_eq!(found.on_premises_sync, Some(true));
    assert_eq!(found.on_premises_last_sync, Utc.with_ymd_and_hms(2026, 8, 1, 10, 0, 0).single());
    assert_eq!(found.initial_domain.as_deref(), Some("Contoso.onmicrosoft.com"));
    assert!(fake.calls()[0].query.contains("mobileDeviceManagementAuthority"));
}

#[tokio::test]
async fn an_organization_may_be_silent_or_odd() {
    let fake = list(json!([{"id": Uuid::nil(), "displayName": null, "verifiedDomains": null,
        "onPremisesSyncEnabled": null, "onPremisesLastSyncDateTime": null}]))
    .await;
    let found = fake.client().organization().await.unwrap();
    assert_eq!((found.mdm_authority, found.on_premises_sync), (MdmAuthority::Unknown, None));
    let fake = list(json!([{"id": Uuid::nil(), "mobileDeviceManagementAuthority": "new"}])).await;
    let found = fake.client().organization().await.unwrap();
    assert_eq!(found.mdm_authority, MdmAuthority::Other("new".to_owned()));
    let nobody = list(json!([])).await.client().organization().await;
    assert!(matches!(nobody, Err(GraphError::Decode { .. })));
}

#[tokio::test]
async fn subscriptions_are_read() {
    let plan = |name: &str, status: Value| {
        json!({"servicePlanId": Uuid::nil(), "servicePlanName": name,
            "provisioningStatus": status, "appliesTo": "User"})
    };
    let fake = list(json!([
        {"capabilityStatus": "Enabled", "consumedUnits": 14, "skuPartNumber": "SPE_E3",
            "prepaidUnits": {"enabled": 25, "suspended": 0, "warning": 0}, "servicePlans": [
                plan("INTUNE_A", json!("Success")), plan("B", json!("PendingActivation")),
                plan("C", Value::Null)]},
        {"capabilityStatus": "Frozen", "consumedUnits": -1, "skuPartNumber": "X",
            "prepaidUnits": null, "servicePlans": null}]))
    .await;
    let skus = fake.client().subscribed_skus().await.unwrap();
    assert_eq!((skus[0].enabled_units, skus[0].consumed_units), (25, 14));
    assert_eq!((skus[0].part_number.as_str(), &skus[0].status), ("SPE_E3", &SkuStatus::Enabled));
    assert_eq!(skus[0].plans[0], ServicePlan { name: "INTUNE_A".to_owned(), provisioned: true });
    assert!(!skus[0].plans[1].provisioned && !skus[0].plans[2].provisioned);
    let odd = SubscribedSku {
        part_number: "X".to_owned(),
        status: SkuStatus::Other("Frozen".to_owned()),
        enabled_units: 0,
        consumed_units: 0,
        plans: Vec::new(),
    };
    assert_eq!(skus[1], odd);
}

#[tokio::test]
async fn security_defaults_are_on_or_off() {
    let fake = Fake::start(|_| reply(200, &json!({"id": "x", "isEnabled": true}))).await;
    assert!(fake.client().security_defaults().await.unwrap());
    let path = "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy";
    assert_eq!(fake.calls()[0].path, path);
}

#[tokio::test]
async fn conditional_access_is_read() {
    let fake = list(json!([
        {"id": "a", "displayName": "Everybody", "state": "enabled", "conditions": {
            "clientApplications": null, "platforms": null,
            "applications": {"includeApplications": ["All"], "excludeApplications": []},
            "users": {"includeUsers": ["All"], "excludeUsers": ["u"], "excludeGroups": ["g", "h"]}},
            "grantControls": {"operator": "OR", "builtInControls": ["mfa", "block"]}},
        {"id": "b", "displayName": "Workloads", "state": "enabledForReportingButNotEnforced",
            "conditions": {"clientApplications": {
                "includeServicePrincipals": ["ServicePrincipalsInMyTenant"],
                "excludeServicePrincipals": ["s"]},
                "users": {"includeUsers": ["None"]}}, "grantControls": null},
        {"id": "c", "displayName": null, "state": "dreaming", "conditions": null}]))
    .await;
    let policies = fake.client().conditional_access_policies().await.unwrap();
    let all = &policies[0];
    assert_eq!((all.name.as_str(), &all.state), ("Everybody", &PolicyState::Enabled));
    assert!(all.includes_all_users && all.included_service_principals.is_empty());
    assert_eq!((all.excluded_users, all.excluded_groups), (1, 2));
    assert_eq!((&all.applications[..], &all.grants[..]), (&["All".to_owned()][..], &grants()[..]));
    let workloads = &policies[1];
    assert_eq!((workloads.includes_all_users, &workloads.state), (false, &PolicyState::ReportOnly));
    assert_eq!(workloads.included_service_principals, ["ServicePrincipalsInMyTenant"]);
    assert_eq!(workloads.excluded_service_principals, ["s"]);
    assert_eq!(policies[2].state, PolicyState::Other("dreaming".to_owned()));
}

fn grants() -> Vec<String> {
    vec!["mfa".to_owned(), "block".to_owned()]
}

#[tokio::test]
async fn consent_is_read() {
    let (app, object, graph, role) =
        (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3), Uuid::from_u128(4));
    let fake = Fake::start(move |seen| match seen.path.as_str() {
        "/v1.0/servicePrincipals" => {
            let other = json!({"id": Uuid::nil(), "appId": Uuid::nil()});
            let ours = json!({"id": object, "appId": app, "displayName": "Concentric",
                "accountEnabled": false});
            reply(200, &json!({"value": [other, ours]}))
        }
        path if path.ends_with("/appRoleAssignments") => {
            let assignment = json!({"id": "x", "appRoleId": role, "resourceId": graph});
            reply(200, &json!({"value": [assignment]}))
        }
        path if path.ends_with(&graph.to_string()) => reply(
            200,
            &json!({"appRoles": [{"id": role, "value": "Device.Read.All"},
                {"id": Uuid::nil(), "value": null}]}),
        ),
        _ => refusal(404, "Request_ResourceNotFound", "none"),
    })
    .await;
    let client = fake.client();
    let found = client.service_principal(app).await.unwrap();
    let display_name = "Concentric".to_owned();
    let expected = ServicePrincipal { id: object, app_id: app, display_name, enabled: false };
    assert_eq!(found, Some(expected));
    assert_eq!(client.service_principal(role).await.unwrap(), None);
    let assigned = client.app_role_assignments(object).await.unwrap();
    assert_eq!(assigned, [AppRoleAssignment { role, resource: graph }]);
    let roles = client.app_roles(graph).await.unwrap();
    assert_eq!(roles, [AppRole { id: role, value: "Device.Read.All".to_owned() }]);
    let query = &fake.calls()[0].query;
    assert!(query.starts_with(&format!("$filter=appId%20eq%20%27{app}%27&")), "{query}");
}

#[tokio::test]
async fn a_forgotten_token_is_fetched_anew() {
    let fake = list(json!([])).await;
    let client = fake.client();
    client.subscribed_skus().await.unwrap();
    client.subscribed_skus().await.unwrap();
    assert_eq!(fake.tokens().len(), 1);
    client.forget_token().await;
    client.subscribed_skus().await.unwrap();
    assert_eq!(fake.tokens().len(), 2);
    let auth = |nth: usize| fake.calls()[nth].auth.clone().unwrap();
    assert_eq!((auth(1), auth(2)), ("Bearer token-0".to_owned(), "Bearer token-1".to_owned()));
}

#[tokio::test]
async fn users_are_found_by_the_beginning_of_their_names() {
    let fake = list(json!([
        {"id": Uuid::from_u128(2), "userPrincipalName": "o'b@contoso.com"},
        {"id": Uuid::from_u128(1), "userPrincipalName": "a@contoso.com"}]))
    .await;
    let client = fake.client();
    assert_eq!(client.users_named(&[]).await.unwrap(), []);
    assert!(fake.calls().is_empty());
    let users = client.users_named(&["a@", "o'b@"]).await.unwrap();
    let names: Vec<&str> = users.iter().map(|user| user.user_principal_name.as_str()).collect();
    assert_eq!(names, ["a@contoso.com", "o'b@contoso.com"]);
    let query = &fake.calls()[0].query;
    let expected = "$filter=startsWith(userPrincipalName,%27a%40%27)%20or%20\
        startsWith(userPrincipalName,%27o%27%27b%40%27)&";
    assert!(query.starts_with(expected), "{query}");
    // Two filters, which name the same users.
    assert_eq!(client.users_named(&["a"; 16]).await.unwrap().len(), 2);
    assert_eq!(fake.calls().len(), 3);
}

#[tokio::test]
async fn intune_is_paid_for_or_not() {
    let fake = Fake::start(|seen| match seen.nth {
        0 => reply(
            200,
            &json!({"subscriptionState": "active",
            "unlicensedAdminstratorsEnabled": true}),
        ),
        1 => reply(200, &json!({"subscriptionState": "asleep"})),
        _ => reply(200, &json!({"id": "x"})),
    })
    .await;
    let client = fake.client();
    let settings = |subscription_state, unlicensed_admins| IntuneSettings {
        subscription_state,
        unlicensed_admins,
    };
    let active = settings(SubscriptionState::Active, Some(true));
    assert_eq!(client.intune_settings().await.unwrap(), active);
    let odd = settings(SubscriptionState::Other("asleep".to_owned()), None);
    assert_eq!(client.intune_settings().await.unwrap(), odd);
    let silent = settings(SubscriptionState::Unknown, None);
    assert_eq!(client.intune_settings().await.unwrap(), silent);
    assert_eq!(fake.count("GET", "/beta/deviceManagement"), 3);
}
