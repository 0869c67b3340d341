//! What the simulator costs: processor time while a fleet updates itself, time per read, memory.
//!
//! `cargo run -p concentric-simulator --example load [devices] [speed]`; it needs Linux for the
//! processor time and the memory, plays for ten seconds at most, and prints one line per figure.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot be made ends here")]

use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};
use simulator::{
    Config, DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, DEFAULT_TENANT, Scenario, Simulator,
};

const MANAGED: &str = "/v1.0/deviceManagement/managedDevices?$select=id,azureADDeviceId,deviceName,\
     model,manufacturer,osVersion,operatingSystem,lastSyncDateTime,serialNumber";
const UPDATES: &str = "/beta/admin/windows/updates";
const PLAY: Duration = Duration::from_secs(6);

struct Tenant {
    simulator: Simulator,
    http: Client,
    token: String,
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let devices = arguments.next().map_or(10_000, |text| text.parse().unwrap());
    let speed = arguments.next().map_or(100_000.0, |text| text.parse().unwrap());
    let config = Config { devices, speed, scenario: Scenario::Healthy, ..Config::default() };
    let begun = Instant::now();
    let simulator = Simulator::start(config).await.unwrap();
    say("start", begun.elapsed());
    println!("memory after start: {} MB", memory());
    let tenant = Tenant::new(simulator).await;
    tenant.time_reads().await;
    let policy = tenant.roll_out().await;
    let before = processor();
    let begun = Instant::now();
    tokio::time::sleep(PLAY).await;
    let share = processor().saturating_sub(before).as_secs_f64() / begun.elapsed().as_secs_f64();
    println!("processor while playing: {:.1} % of one core", share * 100.0);
    println!("{}", json!(tenant.simulator.summary().events));
    tenant.time_reads().await;
    let begun = Instant::now();
    tenant.export(&policy).await;
    say("export", begun.elapsed());
    println!("memory at the end: {} MB", memory());
}

impl Tenant {
    async fn new(simulator: Simulator) -> Self {
        let http = Client::new();
        let url = format!("{}/{DEFAULT_TENANT}/oauth2/v2.0/token", simulator.base_url());
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &DEFAULT_CLIENT_ID.to_string()),
            ("client_secret", DEFAULT_CLIENT_SECRET),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        let answer = http.post(url).form(&form).send().await.unwrap();
        let token: Value = answer.json().await.unwrap();
        let token = token["access_token"].as_str().unwrap().to_owned();
        Self { simulator, http, token }
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let text = self.bytes(method, path, body).await;
        if text.is_empty() { Value::Null } else { serde_json::from_slice(&text).unwrap() }
    }

    async fn bytes(&self, method: &str, path: &str, body: Option<Value>) -> Vec<u8> {
        let base = if path.starts_with("http") { String::new() } else { self.simulator.base_url() };
        let request = self.http.request(method.parse().unwrap(), format!("{base}{path}"));
        let request = request.bearer_auth(&self.token);
        let request = if let Some(body) = body { request.json(&body) } else { request };
        let answer = request.send().await.unwrap().error_for_status().unwrap();
        answer.bytes().await.unwrap().to_vec()
    }

    /// All pages, read without being parsed, so that the client costs next to nothing.
    async fn drain(&self, path: &str) -> usize {
        let (mut bytes, mut next) = (0, path.to_owned());
        loop {
            let page = self.bytes("GET", &next, None).await;
            bytes += page.len();
            let text = std::str::from_utf8(&page).unwrap();
            let Some((_, link)) = text.split_once("\"@odata.nextLink\":\"") else { return bytes };
            link.split_once('"').unwrap().0.clone_into(&mut next);
        }
    }

    async fn time_reads(&self) {
        let recent = self.simulator.now() - chrono::TimeDelta::minutes(30);
        let filtered = format!("{MANAGED}&$filter=lastSyncDateTime ge {}", recent.format("%FT%TZ"));
        for (name, path) in [("all managed devices", MANAGED), ("recent ones", &filtered)] {
            let begun = Instant::now();
            let bytes = self.drain(path).await;
            say(&format!("{name} ({bytes} bytes)"), begun.elapsed());
        }
    }

    /// Enrols all devices, puts them into one group page by page, and approves the update for it.
    async fn roll_out(&self) -> String {
        let body = json!({ "displayName": "Ring", "mailNickname": "ring", "mailEnabled": false,
            "securityEnabled": true });
        let group = self.made("/v1.0/groups", body).await;
        let mut next = Some("/v1.0/devices?$select=id,deviceId&$top=999".to_owned());
        let (mut members, mut adding) = (0, Duration::ZERO);
        while let Some(path) = next {
            let page = self.call("GET", &path, None).await;
            next = page["@odata.nextLink"].as_str().map(str::to_owned);
            let devices = page["value"].as_array().unwrap();
            let ids: Vec<&str> =
                devices.iter().map(|one| one["deviceId"].as_str().unwrap()).collect();
            let body = json!({ "updateCategory": "quality", "ids": ids,
                "memberEntityType": "#microsoft.graph.windowsUpdates.azureADDevice" });
            let path = format!("{UPDATES}/updatableAssets/enrollAssetsById");
            self.call("POST", &path, Some(body)).await;
            let begun = Instant::now();
            for devices in devices.chunks(400) {
                self.call("POST", "/v1.0/$batch", Some(additions(&group, devices))).await;
            }
            adding += begun.elapsed();
            members += devices.len();
        }
        say(&format!("{members} members in batches of 400"), adding);
        let policy = format!("{UPDATES}/policies");
        let id = self.made(&policy, json!({ "displayName": "Quality", "approvalRules": [] })).await;
        let policy = format!("{policy}/{id}");
        let ring = json!({ "displayName": "All", "deferralInDays": 0, "isPaused": false,
            "includedGroupAssignment": { "assignments": [{ "groupId": group }] } });
        self.made(&format!("{policy}/rings"), ring).await;
        let entries = format!("{UPDATES}/catalog/entries");
        let entry = self.call("GET", &entries, None).await["value"][0]["id"].clone();
        let approval = json!({ "catalogEntryId": entry, "status": "approved" });
        self.made(&format!("{policy}/approvals"), approval).await;
        id
    }

    async fn made(&self, path: &str, body: Value) -> String {
        self.call("POST", path, Some(body)).await["id"].as_str().unwrap().to_owned()
    }

    async fn export(&self, policy: &str) {
        let jobs = "/v1.0/deviceManagement/reports/exportJobs";
        let body = json!({ "reportName": "QualityUpdateDeviceStatusByPolicy", "format": "csv",
            "filter": format!("PolicyId eq '{policy}'") });
        let job = format!("{jobs}('{}')", self.made(jobs, body).await);
        for _ in 0..1_000 {
            let job = self.call("GET", &job, None).await;
            if let Some(url) = job["url"].as_str() {
                let bytes = self.bytes("GET", url, None).await;
                println!("export of {} bytes, zipped", bytes.len());
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        println!("the export was never finished");
    }
}

/// A batch that adds devices to a group, twenty per part.
fn additions(group: &str, devices: &[Value]) -> Value {
    let parts = devices.chunks(20).zip(1..).map(|(devices, id)| {
        let links: Vec<String> = devices
            .iter()
            .map(|one| one["id"].as_str().unwrap())
            .map(|id| format!("https://graph.microsoft.com/v1.0/directoryObjects/{id}"))
            .collect();
        json!({ "id": id.to_string(), "method": "PATCH", "url": format!("/groups/{group}"),
            "headers": { "Content-Type": "application/json" },
            "body": { "members@odata.bind": links } })
    });
    json!({ "requests": parts.collect::<Vec<_>>() })
}

fn say(what: &str, took: Duration) {
    println!("{what}: {:.1} ms", took.as_secs_f64() * 1000.0);
}

/// Processor time of this process; the kernel counts it in hundredths of a second.
fn processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}
