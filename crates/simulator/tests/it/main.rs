//! The simulator over its own HTTP surface: tokens, lists, batches, and a rollout at speed.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::{Value, json};
use simulator::{
    Config, DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, DEFAULT_TENANT, Scenario, Simulator,
};

struct Tenant {
    simulator: Simulator,
    http: Client,
    token: String,
}

impl Tenant {
    async fn start(speed: f64) -> Self {
        Self::play(speed, Scenario::Healthy).await
    }

    async fn play(speed: f64, scenario: Scenario) -> Self {
        let record = std::env::var_os("SIMULATOR_RECORD").map(Into::into);
        let config = Config { devices: 250, speed, scenario, record, ..Config::default() };
        let simulator = Simulator::start(config).await.unwrap();
        let http = Client::new();
        let answer = token(&simulator, &http, DEFAULT_CLIENT_SECRET).await;
        let body: Value = answer.json().await.unwrap();
        let token = body["access_token"].as_str().unwrap().to_owned();
        Self { simulator, http, token }
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.simulator.base_url())
        };
        let request = self.http.request(method.parse().unwrap(), url).bearer_auth(&self.token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn ids(&self, path: &str, property: &str) -> Vec<String> {
        let (mut ids, mut next) = (Vec::new(), path.to_owned());
        loop {
            let (status, body) = self.call("GET", &next, None).await;
            assert_eq!(status, 200, "{body}");
            let values = body["value"].as_array().unwrap();
            ids.extend(values.iter().map(|one| one[property].as_str().unwrap().to_owned()));
            match body["@odata.nextLink"].as_str() {
                Some(link) => link.clone_into(&mut next),
                None => return ids,
            }
        }
    }

    async fn made(&self, path: &str, body: Value) -> String {
        let (status, body) = self.call("POST", path, Some(body)).await;
        assert_eq!(status, 201, "{body}");
        body["id"].as_str().unwrap().to_owned()
    }

    async fn group(&self, members: &[String]) -> String {
        let body = json!({ "displayName": "Ring", "mailNickname": "ring", "mailEnabled": false,
            "securityEnabled": true });
        let group = self.made("/v1.0/groups", body).await;
        for chunk in members.chunks(20) {
            let links: Vec<String> = chunk.iter().map(|id| link(id)).collect();
            let body = json!({ "members@odata.bind": links });
            let path = format!("/v1.0/groups/{group}");
            assert_eq!(self.call("PATCH", &path, Some(body)).await.0, 204);
        }
        group
    }

    /// Enrols all devices and approves this month's update for them; the approval's path.
    async fn roll_out(&self) -> String {
        let objects = self.ids("/v1.0/devices?$select=id&$top=100", "id").await;
        let devices = self.ids("/v1.0/devices?$select=deviceId", "deviceId").await;
        let enrol = json!({ "updateCategory": "quality", "ids": devices,
            "memberEntityType": "#microsoft.graph.windowsUpdates.azureADDevice" });
        let path = "/beta/admin/windows/updates/updatableAssets/enrollAssetsById";
        assert_eq!(self.call("POST", path, Some(enrol)).await.0, 202);
        let group = self.group(&objects).await;
        let root = "/beta/admin/windows/updates/policies";
        let policy = json!({ "displayName": "Quality", "approvalRules": [],
            "@odata.type": "#microsoft.graph.windowsUpdates.qualityUpdatePolicy" });
        let policy = format!("{root}/{}", self.made(root, policy).await);
        let ring = json!({ "displayName": "All", "deferralInDays": 0, "isPaused": false,
            "@odata.type": "#microsoft.graph.windowsUpdates.qualityUpdateRing",
            "includedGroupAssignment": { "assignments": [{ "groupId": group }] } });
        self.made(&format!("{policy}/rings"), ring).await;
        let entries = self
            .ids(
                "/beta/admin/windows/updates/catalog/entries?$filter=isof('microsoft.graph.\
                 windowsUpdates.qualityUpdateCatalogEntry')&$expand=microsoft.graph.\
                 windowsUpdates.qualityUpdateCatalogEntry/productRevisions",
                "id",
            )
            .await;
        let approval = json!({ "catalogEntryId": entries[0], "status": "approved" });
        let id = self.made(&format!("{policy}/approvals"), approval).await;
        format!("{policy}/approvals/{id}")
    }

    /// Waits until `events` have happened `least` times between them; half a minute at most.
    async fn until(&self, events: &[&str], least: u64) {
        let count = || events.iter().map(|event| self.count(event)).sum::<u64>();
        for _ in 0..1_500 {
            if count() >= least {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{events:?}: {} of {least}", count());
    }

    fn count(&self, event: &str) -> u64 {
        self.simulator.ledger().summary.events.get(event).copied().unwrap_or(0)
    }
}

fn link(id: &str) -> String {
    format!("https://graph.microsoft.com/v1.0/directoryObjects/{id}")
}

async fn token(simulator: &Simulator, http: &Client, secret: &str) -> Response {
    let url = format!("{}/{DEFAULT_TENANT}/oauth2/v2.0/token", simulator.base_url());
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &DEFAULT_CLIENT_ID.to_string()),
        ("client_secret", secret),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    http.post(url).form(&form).send().await.unwrap()
}

#[tokio::test]
async fn a_token_is_needed_and_the_secret_must_be_right() {
    let mut tenant = Tenant::start(1.0).await;
    let answer = token(&tenant.simulator, &tenant.http, "wrong").await;
    assert_eq!(answer.status(), 401);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["error_codes"], json!([7_000_215]));
    assert_eq!(tenant.call("GET", "/v1.0/devices", None).await.0, 200);
    "nonsense".clone_into(&mut tenant.token);
    let (status, body) = tenant.call("GET", "/v1.0/devices", None).await;
    assert_eq!((status, &body["error"]["code"]), (401, &json!("InvalidAuthenticationToken")));
}

#[tokio::test]
async fn pages_hold_every_device_once_and_only_what_is_selected() {
    let tenant = Tenant::start(1.0).await;
    let path = "/v1.0/deviceManagement/managedDevices?$select=model&$top=60";
    let mut ids = tenant.ids(path, "id").await;
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 250);
    let (_, body) = tenant.call("GET", path, None).await;
    assert_eq!(body["value"][0].as_object().unwrap().len(), 2);
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
    let body = json!({ "members@odata.bind": [link(&devices[1]), link(&devices[0])] });
    let path = format!("/v1.0/groups/{group}");
    assert_eq!(tenant.call("PATCH", &path, Some(body)).await.0, 400);
    let members = format!("/v1.0/groups/{group}/members/graph.device?$select=id");
    assert_eq!(tenant.ids(&members, "id").await, devices[..1]);
}

#[tokio::test]
async fn an_approved_update_is_installed() {
    let tenant = Tenant::start(100_000.0).await;
    tenant.roll_out().await;
    tenant.until(&["installed"], 201).await;
    // A healthy fleet of 250 has a failure or two, not more.
    assert!(tenant.count("install_failed") + tenant.count("went_dark") <= 3);
}

/// Plays a scenario until nearly every device knows its outcome.
async fn outcomes(scenario: Scenario) -> Tenant {
    let tenant = Tenant::play(100_000.0, scenario).await;
    tenant.roll_out().await;
    tenant.until(&["installed", "install_failed"], 235).await;
    tenant
}

#[tokio::test]
async fn a_bad_update_fails_on_a_fifth_of_the_devices() {
    let tenant = outcomes(Scenario::BadUpdate).await;
    let failed = tenant.count("install_failed");
    assert!((30..=75).contains(&failed), "{failed}");
}

#[tokio::test]
async fn a_bad_model_fails_and_the_others_do_not() {
    let tenant = outcomes(Scenario::BadModel).await;
    let path = "/v1.0/deviceManagement/managedDevices?$select=azureADDeviceId&$top=999\
                &$filter=model eq 'Fabrikam ElitePad 840'";
    let bad = tenant.ids(path, "azureADDeviceId").await;
    let ledger = tenant.simulator.ledger();
    let failed: Vec<bool> = ledger
        .entries
        .iter()
        .filter(|entry| entry.event == "install_failed")
        .map(|entry| bad.contains(&entry.device.to_string()))
        .collect();
    let of_the_model = failed.iter().filter(|one| **one).count();
    assert!(of_the_model * 2 > bad.len() && of_the_model < bad.len(), "{of_the_model}");
    assert!(failed.len() - of_the_model <= 3, "{} others", failed.len() - of_the_model);
}

#[tokio::test]
async fn silent_devices_install_and_are_not_heard_of_again() {
    let tenant = outcomes(Scenario::Silent).await;
    let dark = tenant.count("went_dark");
    assert!((20..=60).contains(&dark), "{dark}");
    assert!(tenant.count("install_failed") <= 3);
    let silent: Vec<String> = tenant
        .simulator
        .ledger()
        .entries
        .iter()
        .filter(|entry| entry.event == "went_dark")
        .map(|entry| entry.device.to_string())
        .collect();
    let path = "/v1.0/deviceManagement/managedDevices?$select=azureADDeviceId,osVersion&$top=999";
    let (_, body) = tenant.call("GET", path, None).await;
    let versions = |of_silent: bool| {
        let devices = body["value"].as_array().unwrap().iter();
        let is_silent =
            |device: &&Value| silent.iter().any(|id| device["azureADDeviceId"] == id.as_str());
        let mut found: Vec<String> = devices
            .filter(|device| is_silent(device) == of_silent)
            .map(|device| device["osVersion"].to_string())
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    };
    // They never say that they run the new build: two Windows versions, each at its old revision.
    assert_eq!(versions(true).len(), 2, "{:?}", versions(true));
    assert!(versions(false).len() > 2, "{:?}", versions(false));
}

#[tokio::test]
async fn a_suspended_approval_offers_nothing_more() {
    let tenant = Tenant::start(3_000.0).await;
    let approval = tenant.roll_out().await;
    tenant.until(&["offered"], 10).await;
    let body = json!({ "status": "suspended" });
    assert_eq!(tenant.call("PATCH", &approval, Some(body)).await.0, 200);
    // The change takes effect within minutes of simulated time.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let offered = tenant.count("offered");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(tenant.count("offered"), offered);
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

#[tokio::test]
async fn a_rollback_brings_devices_back_and_the_report_says_so() {
    let tenant = Tenant::start(60_000.0).await;
    let approval = tenant.roll_out().await;
    tenant.until(&["installed"], 100).await;
    let kind = "#microsoft.graph.windowsUpdateForBusinessConfiguration";
    let root = "/v1.0/deviceManagement/deviceConfigurations";
    let body = json!({ "@odata.type": kind, "displayName": "Back",
        "qualityUpdatesWillBeRolledBack": true });
    let configuration = format!("{root}/{}", tenant.made(root, body).await);
    let groups = "/v1.0/groups?$filter=mailNickname eq 'ring'&$select=id";
    let group = tenant.ids(groups, "id").await.remove(0);
    let body = json!({ "assignments": [{ "target": { "groupId": group,
        "@odata.type": "#microsoft.graph.groupAssignmentTarget" } }] });
    let path = format!("{configuration}/assign");
    assert_eq!(tenant.call("POST", &path, Some(body)).await.0, 200);
    tenant.until(&["uninstalled"], 50).await;
    let policy = approval.split('/').nth(6).unwrap();
    let jobs = "/v1.0/deviceManagement/reports/exportJobs";
    let job = json!({ "reportName": "QualityUpdateDeviceStatusByPolicy", "format": "csv",
        "filter": format!("PolicyId eq '{policy}'"),
        "select": ["AADDeviceId", "CurrentDeviceUpdateSubstate"] });
    let job = format!("{jobs}('{}')", tenant.made(jobs, job).await);
    let mut url = None;
    for _ in 0..500 {
        let (_, body) = tenant.call("GET", &job, None).await;
        if body["status"] == "completed" {
            url = body["url"].as_str().map(ToOwned::to_owned);
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let url = url.expect("the report is finished within five seconds");
    let bytes = reqwest::get(url).await.unwrap().bytes().await.unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let table = std::io::read_to_string(archive.by_index(0).unwrap()).unwrap();
    assert_eq!(table.lines().next(), Some("AADDeviceId,CurrentDeviceUpdateSubstate"));
    assert_eq!(table.lines().count(), 251);
    assert!(table.contains(",Uninstalled"));
}

#[tokio::test]
async fn throttling_strikes_every_nth_request() {
    let tenant = Tenant::start(1.0).await;
    let url = format!("{}/_simulator/faults", tenant.simulator.base_url());
    let faults = json!({ "throttle_every": 2 });
    assert_eq!(tenant.http.post(url).json(&faults).send().await.unwrap().status(), 204);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(tenant.call("GET", "/v1.0/groups", None).await.0);
    }
    assert_eq!(statuses, [200, 429, 200, 429]);
}
