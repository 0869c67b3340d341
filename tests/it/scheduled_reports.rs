//! Scheduled reports over the whole system: two servers at once, one of them killed again and again. Each moment is sent once,
//! with what the report held.

use std::collections::BTreeMap;
use std::time::Duration;

use api_types as api;
use serde_json::{Value, json};
use simulator::{DEFAULT_CLIENT_SECRET, Scenario};
use sqlx::Connection as _;

use crate::kills::free_port;
use crate::process::Process;
use crate::stack::{Api, Stack, Wish};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_moment_is_sent_once_whoever_dies() {
    // A day in four seconds.
    let wish = Wish { devices: 10, speed: 20_000.0, scenario: Scenario::Healthy };
    let stack = Stack::new(wish).await;
    let steady = stack.serve_impatient("127.0.0.1:1").await;
    let api = Api::new(steady.address(), steady.first_token().expect("a first token"));
    let tenant = api.create_tenant(&stack.simulator, DEFAULT_CLIENT_SECRET).await;
    let at = format!("/tenants/{}", tenant.id);
    let view = json!({ "name": "Tenants", "report": "compliance", "is_shared": true });
    let view: api::ReportView = api.post(&format!("{at}/report-views"), &view).await;
    let schedule = json!({ "name": "Daily", "view_id": view.id, "rule": "FREQ=DAILY", "start": "06:00",
        "time_zone": "Europe/Zurich", "to": ["a@example.com", "b@example.com"] });
    let schedule: api::ReportSchedule =
        api.post(&format!("{at}/report-schedules"), &schedule).await;
    let listen = free_port();
    let sent = async || -> Vec<Value> {
        let path = format!("{at}/audit?kind=report_sent&page_size=500");
        let trail: api::List<api::Event> = api.get(&path).await;
        trail.items.into_iter().map(|entry| entry.body).collect()
    };
    let mut rounds = 0;
    while sent().await.len() < 4 {
        assert!(
            rounds < 60,
            "it is not sent: {:?}",
            api.get::<Value>(&format!("{at}/report-schedules")).await
        );
        rounds += 1;
        let server = Process::start_allowing(&stack, listen, "127.0.0.1:1").await;
        tokio::time::sleep(Duration::from_millis(fastrand::u64(500..1_500))).await;
        server.kill().await;
    }
    let (path, off) = (
        format!("{at}/report-schedules/{}", schedule.id),
        json!({ "name": "Daily", "view_id": view.id,
        "rule": "FREQ=DAILY", "start": "06:00", "time_zone": "Europe/Zurich", "to": ["a@example.com"], "enabled": false }),
    );
    let (status, body) = api.call("PUT", &path, Some(off)).await.expect("an answer");
    assert_eq!(status, 200, "{body}");
    let mut moments: BTreeMap<String, u32> = BTreeMap::new();
    let entries = sent().await;
    for entry in &entries {
        *moments.entry(entry["for"].to_string()).or_default() += 1;
        assert_eq!(entry["letters"], 2, "one to each address: {entry}");
    }
    assert!(moments.values().all(|count| *count == 1), "{moments:#?}");
    let mut raw = sqlx::PgConnection::connect(&stack.database.url).await.expect("a connection");
    let files = "select distinct convert_from(a.bytes, 'UTF8') from letter_attachment a";
    let files: Vec<String> = sqlx::query_scalar(files).fetch_all(&mut raw).await.expect("files");
    assert!(!files.is_empty() && files.iter().all(|file| file.contains("ring_set")), "{files:?}");
    let letters: i64 = sqlx::query_scalar("select count(*) from letter where kind = 'report'")
        .fetch_one(&mut raw)
        .await
        .expect("a count");
    assert_eq!(
        letters,
        2 * i64::try_from(entries.len()).expect("few"),
        "what was written is what was told of"
    );
    steady.shutdown().await;
    stack.end().await;
}
