//! A simulator under test with a client that has its token.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::{Value, json};
use simulator::{
    Config, DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, DEFAULT_TENANT, LedgerEntry, Scenario,
    Simulator,
};
use uuid::Uuid;

pub(crate) struct Tenant {
    pub(crate) simulator: Simulator,
    pub(crate) http: Client,
    pub(crate) token: String,
}

impl Tenant {
    pub(crate) async fn start(speed: f64) -> Self {
        Self::play(speed, Scenario::Healthy).await
    }

    pub(crate) async fn play(speed: f64, scenario: Scenario) -> Self {
        Self::of(Config { devices: 250, speed, scenario, ..Config::default() }).await
    }

    pub(crate) async fn of(config: Config) -> Self {
        let record = std::env::var_os("SIMULATOR_RECORD").map(Into::into);
        Self::unrecorded(Config { record, ..config }).await
    }

    /// A tenant for requests that are wrong on purpose: no checker should find them.
    pub(crate) async fn unrecorded(config: Config) -> Self {
        let simulator = Simulator::start(config).await.unwrap();
        let http = Client::new();
        let answer = token(&simulator, &http, DEFAULT_CLIENT_SECRET).await;
        let body: Value = answer.json().await.unwrap();
        let token = body["access_token"].as_str().unwrap().to_owned();
        Self { simulator, http, token }
    }

    /// Gets a new token, with what is granted by now.
    pub(crate) async fn renew(&mut self) {
        let answer = token(&self.simulator, &self.http, DEFAULT_CLIENT_SECRET).await;
        let body: Value = answer.json().await.unwrap();
        body["access_token"].as_str().unwrap().clone_into(&mut self.token);
    }

    /// What a GET finds.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// What an administrator does at an address of the simulator's own.
    pub(crate) async fn control(&self, path: &str, body: Value) -> Value {
        let (status, body) = self.call("POST", &format!("/_simulator/{path}"), Some(body)).await;
        assert!(status < 300, "{path}: {status} {body}");
        body
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
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

    pub(crate) async fn ids(&self, path: &str, property: &str) -> Vec<String> {
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

    pub(crate) async fn made(&self, path: &str, body: Value) -> String {
        let (status, body) = self.call("POST", path, Some(body)).await;
        assert_eq!(status, 201, "{body}");
        body["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn group(&self, members: &[String]) -> String {
        let body = json!({ "displayName": "Ring", "mailNickname": "ring", "mailEnabled": false,
            "securityEnabled": true });
        let group = self.made("/v1.0/groups", body).await;
        for chunk in members.chunks(20) {
            assert_eq!(self.add_members(&group, chunk).await, 204);
        }
        group
    }

    pub(crate) async fn add_members(&self, group: &str, members: &[String]) -> u16 {
        let links: Vec<String> = members.iter().map(|id| link(id)).collect();
        let body = json!({ "members@odata.bind": links });
        self.call("PATCH", &format!("/v1.0/groups/{group}"), Some(body)).await.0
    }

    pub(crate) async fn enrol(&self, action: &str) {
        let devices = self.ids("/v1.0/devices?$select=deviceId", "deviceId").await;
        let body = json!({ "updateCategory": "quality", "ids": devices,
            "memberEntityType": "#microsoft.graph.windowsUpdates.azureADDevice" });
        let path = format!("/beta/admin/windows/updates/updatableAssets/{action}");
        assert_eq!(self.call("POST", &path, Some(body)).await.0, 202);
    }

    /// Enrols all devices and approves this month's update for them.
    pub(crate) async fn roll_out(&self) -> Rollout {
        let objects = self.ids("/v1.0/devices?$select=id&$top=100", "id").await;
        let group = self.group(&objects).await;
        self.roll_out_to(&group, &[]).await
    }

    /// The same with a ring of one group without the members of others.
    pub(crate) async fn roll_out_to(&self, group: &str, excluded: &[&str]) -> Rollout {
        self.enrol("enrollAssetsById").await;
        let root = "/beta/admin/windows/updates/policies";
        let policy = json!({ "displayName": "Quality", "approvalRules": [],
            "@odata.type": "#microsoft.graph.windowsUpdates.qualityUpdatePolicy" });
        let policy = self.made(root, policy).await;
        let path = format!("{root}/{policy}");
        let excluded: Vec<Value> =
            excluded.iter().map(|group| json!({ "groupId": group })).collect();
        let ring = json!({ "displayName": "All", "deferralInDays": 0, "isPaused": false,
            "@odata.type": "#microsoft.graph.windowsUpdates.qualityUpdateRing",
            "includedGroupAssignment": { "assignments": [{ "groupId": group }] },
            "excludedGroupAssignment": { "assignments": excluded } });
        let ring = self.made(&format!("{path}/rings"), ring).await;
        let entries = self
            .ids(
                "/beta/admin/windows/updates/catalog/entries?$filter=isof('microsoft.graph.\
                 windowsUpdates.qualityUpdateCatalogEntry')&$expand=microsoft.graph.\
                 windowsUpdates.qualityUpdateCatalogEntry/productRevisions",
                "id",
            )
            .await;
        let approval = json!({ "catalogEntryId": entries[0], "status": "approved" });
        let id = self.made(&format!("{path}/approvals"), approval).await;
        Rollout {
            ring: format!("{path}/rings/{ring}"),
            approval: format!("{path}/approvals/{id}"),
            policy,
        }
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) {
        let (status, body) = self.call("PATCH", path, Some(body)).await;
        assert_eq!(status, 200, "{body}");
    }

    /// The report of a policy with these columns.
    pub(crate) async fn report(&self, policy: &str, select: &[&str]) -> String {
        let filter = format!("PolicyId eq '{policy}'");
        self.export("QualityUpdateDeviceStatusByPolicy", &filter, select).await
    }

    /// An exported report; made within five seconds.
    pub(crate) async fn export(&self, report: &str, filter: &str, select: &[&str]) -> String {
        let jobs = "/v1.0/deviceManagement/reports/exportJobs";
        let job = json!({ "reportName": report, "format": "csv", "filter": filter,
            "select": select });
        let job = format!("{jobs}('{}')", self.made(jobs, job).await);
        for _ in 0..500 {
            let (_, body) = self.call("GET", &job, None).await;
            if body["status"] == "completed" {
                // The address needs no token.
                let answer = reqwest::get(body["url"].as_str().unwrap()).await.unwrap();
                let bytes = answer.bytes().await.unwrap();
                let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
                return std::io::read_to_string(archive.by_index(0).unwrap()).unwrap();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the report was not finished");
    }

    /// What happened so far, without what administrators did to groups.
    pub(crate) fn story(&self) -> Vec<LedgerEntry> {
        let mut entries = self.simulator.ledger().entries;
        entries.retain(|entry| !entry.event.starts_with("group_"));
        entries
    }

    /// Waits until `events` have happened `least` times between them; half a minute at most.
    pub(crate) async fn until(&self, events: &[&str], least: u64) {
        let count = || events.iter().map(|event| self.count(event)).sum::<u64>();
        for _ in 0..1_500 {
            if count() >= least {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{events:?}: {} of {least}", count());
    }

    pub(crate) fn count(&self, event: &str) -> u64 {
        self.simulator.summary().events.get(event).copied().unwrap_or(0)
    }
}

/// Where the parts of a rollout are.
pub(crate) struct Rollout {
    pub(crate) policy: String,
    pub(crate) ring: String,
    pub(crate) approval: String,
}

/// The devices to which an event happened.
pub(crate) fn devices(story: &[LedgerEntry], event: &str) -> BTreeSet<Uuid> {
    story.iter().filter(|entry| entry.event == event).map(|entry| entry.device).collect()
}

pub(crate) fn link(id: &str) -> String {
    format!("https://graph.microsoft.com/v1.0/directoryObjects/{id}")
}

pub(crate) async fn token(simulator: &Simulator, http: &Client, secret: &str) -> Response {
    let url = format!("{}/{DEFAULT_TENANT}/oauth2/v2.0/token", simulator.base_url());
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &DEFAULT_CLIENT_ID.to_string()),
        ("client_secret", secret),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    http.post(url).form(&form).send().await.unwrap()
}
