//! Microsoft Edge and Microsoft 365 Apps: what policies of the settings catalogue do to devices, and what the
//! inventory shows.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use simulator::Config;

use crate::tenant::{Tenant, devices};

const POLICIES: &str = "/beta/deviceManagement/configurationPolicies";
const EDGE: &str = "device_vendor_msft_policy_config_update~policy~cat_google~cat_googleupdate~cat_applications\
    ~cat_microsoftedge_pol_";
const NEW: &str = "131.0.2903.86";

fn choice(definition: &str, option: &str, children: &Value) -> Value {
    let kind = |what: &str| format!("#microsoft.graph.deviceManagementConfiguration{what}");
    json!({ "@odata.type": kind("ChoiceSettingInstance"), "settingDefinitionId": definition,
        "choiceSettingValue": { "@odata.type": kind("ChoiceSettingValue"),
            "value": format!("{definition}_{option}"), "children": children } })
}

fn target(version: &str) -> Value {
    let definition = format!("{EDGE}targetversionprefixmicrosoftedge");
    let kind = |what: &str| format!("#microsoft.graph.deviceManagementConfiguration{what}");
    let value = json!({ "@odata.type": kind("StringSettingValue"), "value": version });
    let child = json!({ "@odata.type": kind("SimpleSettingInstance"),
        "settingDefinitionId": format!("{definition}_part_targetversionprefix"),
        "simpleSettingValue": value });
    choice(&definition, "1", &json!([child]))
}

fn rolls_back() -> [Value; 2] {
    let updates = format!("{EDGE}updatepolicymicrosoftedge");
    let element = format!("{updates}_part_updatepolicy");
    [
        choice(&updates, "1", &json!([choice(&element, "1", &json!([]))])),
        choice(&format!("{EDGE}rollbacktotargetversionmicrosoftedge"), "1", &json!([])),
    ]
}

async fn policy(tenant: &Tenant, name: &str, instances: &[Value], groups: &[&str]) -> String {
    let kind = "#microsoft.graph.deviceManagementConfigurationSetting";
    let settings =
        instances.iter().map(|one| json!({ "@odata.type": kind, "settingInstance": one }));
    let body = json!({ "name": name, "platforms": "windows10", "technologies": "mdm",
        "settings": settings.collect::<Vec<_>>() });
    let id = tenant.made(POLICIES, body).await;
    let targets = groups.iter().map(|group| {
        json!({ "target": { "@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group } })
    });
    let body = json!({ "assignments": targets.collect::<Vec<_>>() });
    let (status, answer) =
        tenant.call("POST", &format!("{POLICIES}/{id}/assign"), Some(body)).await;
    assert_eq!(status, 200, "{answer}");
    id
}

/// The first of the fleet, in a group of their own.
async fn group(tenant: &Tenant, from: usize, to: usize) -> String {
    let all = tenant.ids("/v1.0/devices", "id").await;
    tenant.group(&all[from..to]).await
}

#[tokio::test]
async fn devices_take_a_version_and_give_it_back() {
    let tenant = Tenant::start(60_000.0).await;
    let group = group(&tenant, 0, 40).await;
    let forward = policy(&tenant, "Forward", &[target(NEW)], &[&group]).await;
    tenant.until(&["installed"], 25).await;
    let story = tenant.story();
    let (offered, installed) = (devices(&story, "offered"), devices(&story, "installed"));
    assert!(installed.is_subset(&offered) && offered.len() <= 40, "only who was told to");
    assert!(story.iter().filter(|line| line.event == "installed").all(|line| {
        line.catalog_entry == format!("edge/{NEW}") && line.policy.as_deref() == Some(&forward)
    }));
    // A version that is lower is not gone back to, unless that is said as well.
    let (status, _) = tenant.call("DELETE", &format!("{POLICIES}/{forward}"), None).await;
    assert_eq!(status, 204);
    let lower = policy(&tenant, "Lower", &[target("130.0.2849.80")], &[&group]).await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(tenant.count("uninstalled"), 0);
    tenant.call("DELETE", &format!("{POLICIES}/{lower}"), None).await;
    let back: Vec<Value> = [target("130.0.2849.80")].into_iter().chain(rolls_back()).collect();
    policy(&tenant, "Back", &back, &[&group]).await;
    tenant.until(&["uninstalled"], 20).await;
}

#[tokio::test]
async fn two_policies_that_differ_count_for_nothing() {
    let tenant = Tenant::start(60_000.0).await;
    let (one, other) = (group(&tenant, 0, 40).await, group(&tenant, 0, 20).await);
    policy(&tenant, "Other", &[target("132.0.2957.115")], &[&other]).await;
    policy(&tenant, "One", &[target(NEW)], &[&one]).await;
    tenant.until(&["installed"], 10).await;
    tenant.until(&["policy_conflict"], 10).await;
    let story = tenant.story();
    let confused: BTreeSet<_> = devices(&story, "policy_conflict");
    // Who had looked before the second policy was there may have taken the first.
    let after = story.iter().filter(|line| line.event == "install_started").filter(|line| {
        let mut conflicts = story.iter().filter(|one| one.event == "policy_conflict");
        conflicts.any(|one| one.device == line.device && one.at <= line.at)
    });
    assert_eq!(after.count(), 0);
    assert!(!confused.is_empty());
}

#[tokio::test]
async fn the_inventory_shows_versions_a_day_late() {
    let tenant = Tenant::start(60_000.0).await;
    let filter = "ApplicationName eq 'Microsoft Edge'";
    let select = ["DeviceId", "ApplicationName", "ApplicationVersion"];
    let before = tenant.export("AppInvRawData", filter, &select).await;
    assert!(before.lines().skip(1).all(|line| line.contains(",Microsoft Edge,")), "{before}");
    let has = |csv: &str| csv.lines().filter(|line| line.ends_with(NEW)).count();
    assert!(before.lines().count() > 240 && has(&before) < 30, "{}", has(&before));
    let group = group(&tenant, 0, 200).await;
    policy(&tenant, "Forward", &[target(NEW)], &[&group]).await;
    tenant.until(&["installed"], 120).await;
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    let after = tenant.export("AppInvRawData", filter, &select).await;
    assert!(has(&after) > has(&before) + 80, "{} after {}", has(&after), has(&before));
}

#[tokio::test]
async fn the_inventory_is_filtered_by_what_is_equal_alone() {
    let tenant = Tenant::unrecorded(Config { devices: 10, ..Config::default() }).await;
    for refused in ["startswith(ApplicationName,'Microsoft')", "Size eq '1'", "ApplicationName"] {
        let body = json!({ "reportName": "AppInvRawData", "filter": refused });
        let jobs = "/v1.0/deviceManagement/reports/exportJobs";
        assert_eq!(tenant.call("POST", jobs, Some(body)).await.0, 400, "{refused}");
    }
}
