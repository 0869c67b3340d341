//! What a service asks of an organisation before it enrols it: licences, authority, policies,
//! people, consent.

use serde_json::{Value, json};
use simulator::{Config, DEFAULT_CLIENT_ID, Defect};

use crate::tenant::Tenant;

async fn with(defects: &[Defect]) -> Tenant {
    Tenant::of(Config { devices: 10, defects: defects.to_vec(), ..Config::default() }).await
}

fn texts(list: &Value, name: &str) -> Vec<String> {
    let all = list.as_array().unwrap().iter();
    all.map(|one| one[name].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_licence_can_be_missing_and_the_subscription_suspended() {
    let plans = ["WIN10_PRO_ENT_SUB", "INTUNE_A", "AAD_PREMIUM", "OFFICESUBSCRIPTION"];
    for (defect, lacking) in [
        (None, None),
        (Some(Defect::NoWindowsLicence), Some(plans[0])),
        (Some(Defect::NoIntuneLicence), Some(plans[1])),
        (Some(Defect::NoEntraP1), Some(plans[2])),
    ] {
        let tenant = with(defect.as_slice()).await;
        let skus = tenant.get("/v1.0/subscribedSkus").await;
        let found = texts(&skus["value"][0]["servicePlans"], "servicePlanName");
        let expected: Vec<&str> = plans.into_iter().filter(|plan| Some(*plan) != lacking).collect();
        assert_eq!(found, expected, "{defect:?}");
        assert_eq!(skus["value"][0]["capabilityStatus"], "Enabled");
    }
    let tenant = with(&[Defect::LicenceSuspended]).await;
    let skus = tenant.get("/v1.0/subscribedSkus").await;
    assert_eq!(skus["value"][0]["capabilityStatus"], "Suspended");
    assert_eq!(skus["value"][0]["prepaidUnits"]["enabled"], 0);
}

#[tokio::test]
async fn intune_and_the_directory_tell_how_they_stand() {
    let path = "/v1.0/organization?$select=mobileDeviceManagementAuthority,onPremisesSyncEnabled,\
                onPremisesLastSyncDateTime";
    for (defect, authority, state) in [
        (None, "intune", "active"),
        (Some(Defect::MdmAuthorityUnset), "unknown", "active"),
        (Some(Defect::MdmAuthorityOther), "sccm", "active"),
        (Some(Defect::IntuneInactive), "intune", "lockedOut"),
    ] {
        let tenant = with(defect.as_slice()).await;
        let organisation = tenant.get(path).await["value"][0].clone();
        assert_eq!(organisation["mobileDeviceManagementAuthority"], authority);
        assert_eq!(organisation["onPremisesSyncEnabled"], Value::Null);
        let account = tenant.get("/v1.0/deviceManagement").await;
        assert_eq!(account["subscriptionState"], state);
        assert!(account["intuneAccountId"].is_string());
        assert!(account.get("unlicensedAdminstratorsEnabled").is_none());
        let account = tenant.get("/beta/deviceManagement").await;
        assert_eq!(account["unlicensedAdminstratorsEnabled"], true);
    }
    let tenant = with(&[Defect::DirectorySyncStale, Defect::UnlicensedAdminsOff]).await;
    let organisation = tenant.get(path).await["value"][0].clone();
    assert_eq!(organisation["onPremisesSyncEnabled"], true);
    assert_eq!(organisation["onPremisesLastSyncDateTime"], "2026-11-05T18:00:00Z");
    let account = tenant.get("/beta/deviceManagement").await;
    assert_eq!(account["unlicensedAdminstratorsEnabled"], false);
}

#[tokio::test]
async fn policies_of_identity_concern_people_or_the_service() {
    let defaults = "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy";
    let policies = "/v1.0/identity/conditionalAccess/policies";
    let tenant = with(&[]).await;
    assert_eq!(tenant.get(defaults).await["isEnabled"], false);
    let all = tenant.get(policies).await;
    assert_eq!(texts(&all["value"], "state"), ["enabledForReportingButNotEnforced"]);
    let defects = [
        "conditional-access-blocks-service",
        "conditional-access-mfa-for-all",
        "security-defaults-on",
    ];
    tenant.control("defects", json!({ "defects": defects })).await;
    assert_eq!(tenant.get(defaults).await["isEnabled"], true);
    let all = tenant.get(policies).await;
    let [_, blocks, asks] = all["value"].as_array().unwrap().as_slice() else { panic!("{all}") };
    assert_eq!(
        blocks["conditions"]["clientApplications"]["includeServicePrincipals"],
        json!(["ServicePrincipalsInMyTenant"])
    );
    assert_eq!(blocks["grantControls"]["builtInControls"], json!(["block"]));
    assert_eq!(asks["conditions"]["users"]["includeUsers"], json!(["All"]));
    assert_eq!(asks["conditions"]["clientApplications"], Value::Null);
    let path = format!("{policies}/{}", asks["id"].as_str().unwrap());
    assert_eq!(tenant.get(&path).await["displayName"], asks["displayName"]);
}

#[tokio::test]
async fn people_are_found_by_the_beginning_of_their_names() {
    let defects = [Defect::UserMsadmin, Defect::UserMsadminint, Defect::UserMstest];
    let path = "/v1.0/users?$select=userPrincipalName&$filter=\
                startsWith(userPrincipalName,'MsAdmin@') or \
                startsWith(userPrincipalName,'msadminint@') or \
                startsWith(userPrincipalName,'mstest@')";
    let tenant = with(&[]).await;
    assert_eq!(tenant.get("/v1.0/users").await["value"].as_array().unwrap().len(), 12);
    assert_eq!(tenant.get(path).await["value"], json!([]));
    for defect in defects {
        tenant.control("defects", json!({ "defects": [defect] })).await;
        let name = defect.name().trim_start_matches("user-");
        let found = texts(&tenant.get(path).await["value"], "userPrincipalName");
        assert_eq!(found, [format!("{name}@contoso.example")]);
    }
    let roles = tenant.get("/v1.0/directoryRoles").await;
    assert!(texts(&roles["value"], "displayName").contains(&"Intune Administrator".to_owned()));
}

#[tokio::test]
async fn the_principal_of_the_client_shows_what_was_granted() {
    let tenant = with(&[]).await;
    let find = |id: String| format!("/v1.0/servicePrincipals?$filter=appId eq '{id}'");
    let graph = tenant.get(&find("00000003-0000-0000-c000-000000000000".to_owned())).await;
    let roles = graph["value"][0]["appRoles"].as_array().unwrap().clone();
    let ours = tenant.get(&find(DEFAULT_CLIENT_ID.to_string())).await["value"][0].clone();
    assert_eq!(ours["accountEnabled"], true);
    let path =
        format!("/v1.0/servicePrincipals/{}/appRoleAssignments", ours["id"].as_str().unwrap());
    let granted = async || {
        let assigned = texts(&tenant.get(&path).await["value"], "appRoleId");
        let named = assigned.iter().map(|id| roles.iter().find(|role| role["id"] == **id).unwrap());
        named.map(|role| role["value"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let before = granted().await;
    assert!(before.contains(&"WindowsUpdates.ReadWrite.All".to_owned()), "{before:?}");
    let defects = ["principal-disabled", "consent-missing", "policy-read-denied"];
    tenant.control("defects", json!({ "defects": defects })).await;
    let after = granted().await;
    let lost: Vec<&String> = before.iter().filter(|name| !after.contains(name)).collect();
    assert_eq!(lost, ["WindowsUpdates.ReadWrite.All", "Policy.Read.All"]);
    let path = format!("/v1.0/servicePrincipals/{}", ours["id"].as_str().unwrap());
    assert_eq!(tenant.get(&path).await["accountEnabled"], false);
    let path = format!("/v1.0/servicePrincipals(appId='{DEFAULT_CLIENT_ID}')");
    assert_eq!(tenant.get(&path).await["id"], ours["id"]);
}
