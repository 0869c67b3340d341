//! Two sides of one tenant: its own administrators, at the simulator's addresses that Graph does not
//! have, and Concentric's user, at the API. Every request is one that conforms.

use std::time::{Duration, Instant};

use api_types as api;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use simulator::{DEFAULT_CLIENT_SECRET, Defect, Scenario, Simulator};
use uuid::Uuid;

use crate::stack::{Api, Stack, Wish};

/// Nothing that is waited for takes longer.
const PATIENCE: Duration = Duration::from_secs(40);

/// Asks again until there is an answer.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "it never comes: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A healthy tenant at a pace at which little happens by itself.
pub(crate) fn wish(devices: u32, speed: f64) -> Wish {
    Wish { devices, speed, scenario: Scenario::Healthy }
}

/// The tenant's own administrators.
pub(crate) struct Organisation {
    base: String,
    http: reqwest::Client,
}

/// A device that a defect strikes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Struck {
    pub(crate) defect: Defect,
    pub(crate) intune: Uuid,
    pub(crate) entra: Uuid,
}

impl Organisation {
    pub(crate) fn of(simulator: &Simulator) -> Self {
        let base = format!("{}/_simulator", simulator.base_url());
        Self { base, http: reqwest::Client::new() }
    }

    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let url = format!("{}/{path}", self.base);
        let mut request = self.http.request(method.parse().expect("a method"), url);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("JSON") }
    }

    /// These defects and no others.
    pub(crate) async fn strike(&self, defects: &[Defect]) {
        self.call("POST", "defects", Some(&json!({ "defects": defects }))).await;
    }

    pub(crate) async fn struck(&self) -> Vec<Struck> {
        let all = self.call("GET", "defects", None).await;
        let mut struck = Vec::new();
        for one in all["defects"].as_array().expect("a list") {
            let defect: Defect = serde_json::from_value(one["name"].clone()).expect("a defect");
            for device in one["devices"].as_array().expect("a list") {
                struck.push(Struck {
                    defect,
                    intune: id(&device["managedDeviceId"]),
                    entra: id(&device["deviceId"]),
                });
            }
        }
        struck
    }

    /// All that anybody could have changed, without the ids of what was made.
    pub(crate) async fn state(&self) -> Value {
        self.call("GET", "state", None).await
    }

    pub(crate) async fn group(&self, name: &str, members: &[u32], nested: &[Uuid]) -> Uuid {
        let body = json!({ "displayName": name, "members": members, "nested": nested });
        id(&self.call("POST", "groups", Some(&body)).await["id"])
    }

    pub(crate) async fn members(&self, group: Uuid, add: &[u32], remove: &[u32]) {
        let body = json!({ "add": add, "remove": remove });
        self.call("POST", &format!("groups/{group}/members"), Some(&body)).await;
    }

    pub(crate) async fn delete_group(&self, group: &str) {
        self.call("DELETE", &format!("groups/{group}"), None).await;
    }

    /// The Entra device ids of new devices.
    pub(crate) async fn enrol(&self, count: u32) -> Vec<Uuid> {
        let made = self.call("POST", "devices", Some(&json!({ "add": count }))).await;
        made["added"].as_array().expect("a list").iter().map(|one| id(&one["deviceId"])).collect()
    }

    pub(crate) async fn retire(&self, numbers: &[u32]) {
        self.call("POST", "devices", Some(&json!({ "remove": numbers }))).await;
    }

    /// Makes a policy, and assigns it where the body says so; its id.
    pub(crate) async fn make(&self, kind: &str, body: &Value) -> String {
        let made = self.call("POST", &format!("policies/{kind}"), Some(body)).await;
        made["id"].as_str().expect("an id").to_owned()
    }

    pub(crate) async fn change(&self, kind: &str, id: &str, body: &Value) {
        self.call("POST", &format!("policies/{kind}/{id}"), Some(body)).await;
    }

    pub(crate) async fn delete(&self, kind: &str, id: &str) {
        self.call("DELETE", &format!("policies/{kind}/{id}"), None).await;
    }
}

fn id(value: &Value) -> Uuid {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no id: {value}"))
}

/// What differs between two states, list by list: short enough to read when a test fails.
pub(crate) fn difference(before: &Value, after: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    compare("", before, after, &mut lines);
    lines
}

fn compare(at: &str, before: &Value, after: &Value, lines: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(one), Value::Object(other)) => {
            let names: std::collections::BTreeSet<&String> =
                one.keys().chain(other.keys()).collect();
            for name in names {
                let (one, other) = (one.get(name), other.get(name));
                let null = Value::Null;
                let (one, other) = (one.unwrap_or(&null), other.unwrap_or(&null));
                compare(&format!("{at}/{name}"), one, other, lines);
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            let lost = one.iter().filter(|item| !other.contains(item));
            lines.extend(lost.map(|item| format!("{at} lost {item}")));
            let new = other.iter().filter(|item| !one.contains(item));
            lines.extend(new.map(|item| format!("{at} got {item}")));
            if one.len() != other.len() {
                lines.push(format!("{at}: {} and then {}", one.len(), other.len()));
            }
        }
        (one, other) if one == other => {}
        (one, other) => lines.push(format!("{at}: {one} and then {other}")),
    }
}

/// One tenant as Concentric's user sees it.
pub(crate) struct Tenant {
    pub(crate) api: Api,
    /// The path of the tenant.
    pub(crate) at: String,
}

impl Tenant {
    /// Connected, and read once.
    pub(crate) async fn connect(stack: &Stack, api: Api) -> Self {
        let tenant = api.create_tenant(&stack.simulator, DEFAULT_CLIENT_SECRET).await;
        let connected = Self { at: format!("/tenants/{}", tenant.id), api };
        eventually("the first sync", async || {
            let tenant: api::Tenant = connected.get("").await;
            tenant.synced_at
        })
        .await;
        connected
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        self.api.get(&format!("{}{path}", self.at)).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> T {
        self.api.post(&format!("{}{path}", self.at), body).await
    }

    pub(crate) async fn put<T: DeserializeOwned>(&self, path: &str, body: &Value) -> T {
        let path = format!("{}{path}", self.at);
        let (status, body) = self.api.call("PUT", &path, Some(body.clone())).await.expect("answer");
        assert!((200..300).contains(&status), "PUT {path}: {status} {body}");
        serde_json::from_value(body).expect("the documented body")
    }

    /// Runs the readiness checks, and waits for what they find.
    pub(crate) async fn assess(&self) -> api::Assessment {
        let asked: api::Asked = self.post("/readiness", &json!({})).await;
        eventually("an assessment", async || {
            let path = format!("{}/readiness", self.at);
            let (status, body) = self.api.call("GET", &path, None).await.expect("an answer");
            let found = (status == 200).then_some(body)?;
            let found: api::Assessment = serde_json::from_value(found).expect("an assessment");
            (found.at > asked.at).then_some(found)
        })
        .await
    }

    /// Reads the tenant again, and waits until that is done and everybody is judged. Twice: the first
    /// read to end may be one that had begun before, and so knows nothing of what was changed since.
    pub(crate) async fn sync(&self) {
        for _ in 0..2 {
            let before: api::Tenant = self.get("").await;
            let path = format!("{}/sync", self.at);
            let (status, body) = self.api.call("POST", &path, None).await.expect("an answer");
            assert_eq!(status, 202, "{body}");
            eventually("a sync", async || {
                let tenant: api::Tenant = self.get("").await;
                (tenant.synced_at > before.synced_at).then_some(())
            })
            .await;
        }
        self.judged().await;
    }

    pub(crate) async fn judged(&self) {
        eventually("everybody is judged", async || {
            let summary: api::RegistrationSummary = self.get("/registration").await;
            (summary.due == 0).then_some(())
        })
        .await;
    }

    pub(crate) async fn devices(&self) -> Vec<api::Device> {
        self.devices_where("").await
    }

    /// With `query` behind the page size.
    pub(crate) async fn devices_where(&self, query: &str) -> Vec<api::Device> {
        let page: api::List<api::Device> =
            self.get(&format!("/devices?page_size=500{query}")).await;
        assert!(page.next_page_token.is_none(), "one page is enough for these tests");
        page.items
    }

    /// A ring set with its devices placed.
    pub(crate) async fn ring_set(&self, set: &api::CreateRingSet) -> api::RingSet {
        let set = serde_json::to_value(set).expect("JSON");
        let made: api::RingSet = self.post("/ring-sets", &set).await;
        self.placed(made.id).await
    }

    pub(crate) async fn placed(&self, id: Uuid) -> api::RingSet {
        let set = eventually("the set is placed", async || {
            let set: api::RingSet = self.get(&format!("/ring-sets/{id}")).await;
            let done = set.placed_at.is_some() && set.members.iter().sum::<u32>() > 0;
            done.then_some(set)
        });
        set.await
    }

    pub(crate) async fn enrollment(&self) -> api::Enrollment {
        self.get("/enrollment").await
    }

    /// Asks, and waits until it is planned, or done where it is to be applied.
    pub(crate) async fn enroll(&self, settings: &Value, apply: bool) -> api::Enrollment {
        let body = json!({ "settings": settings, "apply": apply });
        let asked: api::Enrollment = self.put("/enrollment", &body).await;
        self.carried_out(&asked, apply).await
    }

    pub(crate) async fn unenroll(&self, apply: bool) -> api::Enrollment {
        let asked = self.post("/enrollment/unenroll", &json!({ "apply": apply })).await;
        self.carried_out(&asked, apply).await
    }

    pub(crate) async fn restore(&self, keys: Option<&[&str]>) -> api::Enrollment {
        let asked = self.post("/enrollment/restore", &json!({ "keys": keys })).await;
        self.carried_out(&asked, true).await
    }

    async fn carried_out(&self, asked: &api::Enrollment, apply: bool) -> api::Enrollment {
        let wanted = asked.plan.as_ref().expect("a request").asked_at;
        eventually("the enrollment gets where it was asked to", async || {
            let now = self.enrollment().await;
            let plan = now.plan.as_ref().expect("a request");
            assert_eq!(plan.asked_at, wanted, "nobody else asks");
            let settled = match now.state {
                api::EnrollmentState::Enrolling | api::EnrollmentState::Unenrolling => false,
                api::EnrollmentState::Enrolled | api::EnrollmentState::NotEnrolled => true,
            };
            let done = !apply || (settled && plan.steps.is_empty() && now.members_pending == 0);
            (plan.planned_at.is_some() && done).then_some(now)
        })
        .await
    }

    /// Compares with Graph now.
    pub(crate) async fn check(&self) -> api::Enrollment {
        let asked: api::Asked = self.post("/enrollment/check", &json!({})).await;
        eventually("a comparison", async || {
            let now = self.enrollment().await;
            (now.checked_at > Some(asked.at)).then_some(now)
        })
        .await
    }

    pub(crate) async fn act(&self, select: &Value, what: &Value) -> api::DeviceActionResult {
        self.post("/device-actions", &json!({ "select": select, "do": what })).await
    }

    pub(crate) async fn explain(&self, device: Uuid) -> api::DeviceExplanation {
        self.get(&format!("/devices/{device}/explain")).await
    }
}
