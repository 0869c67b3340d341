//! How the fleet stands, reports and alerts, as people and programs see them.

use serde_json::{Value, json};

use crate::api::Api;
use crate::program::run;
use crate::ring_sets::SET;

const ALERT: &str = "0195d555-0000-7000-8000-000000000001";

fn objective(eligible: u32, met: u32, target: u32) -> Value {
    let percent = f64::from(met * 1000 / eligible) / 10.0;
    json!({ "eligible": eligible, "met": met, "percent": percent, "target_percent": target,
        "holds": met * 100 >= eligible * target })
}

fn counts(devices: u32, late: u32) -> Value {
    json!({ "devices": devices, "up_to_date": devices - late - 3, "in_progress": 1, "paused": 1,
        "not_up_to_date": late, "not_ready": 1, "not_registered": 0, "latest_percent": 91.5,
        "quality": objective(devices - 1, devices - 1 - late, 95),
        "feature": objective(devices - 1, devices - 1, 99),
        "excluded": [{ "reason": "inactive", "title": "No contact with Intune for 28 days", "devices": 1 }] })
}

fn with(mut counts: Value, more: &Value) -> Value {
    let fields = counts.as_object_mut().expect("an object");
    fields.extend(more.as_object().expect("an object").clone());
    counts
}

fn health() -> Value {
    let ring = |index: u8, name: &str, paused: Option<&str>, counts: Value| {
        with(counts, &json!({ "ring": index, "name": name, "paused_since": paused }))
    };
    let rings = [
        ring(0, "First", None, counts(200, 4)),
        ring(1, "Broad", Some("2026-11-12T09:00:00Z"), counts(1_800, 180)),
    ];
    let set = with(
        counts(2_000, 184),
        &json!({ "ring_set_id": SET, "name": "Standard", "rings": rings }),
    );
    with(
        counts(2_000, 184),
        &json!({
            "at": "2026-11-29T00:00:00Z",
            "unplaced": { "devices": 0, "up_to_date": 0, "in_progress": 0, "paused": 0,
                "not_up_to_date": 0, "not_ready": 0, "not_registered": 0, "latest_percent": null,
                "quality": { "eligible": 0, "met": 0, "percent": null, "target_percent": 95, "holds": true },
                "feature": { "eligible": 0, "met": 0, "percent": null, "target_percent": 99, "holds": true },
                "excluded": [] },
            "microsoft_365_apps": { "eligible": 0, "met": 0, "percent": null, "target_percent": 90,
                "holds": true },
            "ring_sets": [set],
            "sources": [
                { "name": "sync", "read_at": "2026-11-28T22:00:00Z", "may_be_minutes": 1440,
                    "is_stale": false },
                { "name": "check_ins", "read_at": "2026-11-28T20:00:00Z", "may_be_minutes": 60,
                    "is_stale": true }],
            "open_alerts": { "critical": 1, "warning": 2, "information": 0 },
        }),
    )
}

#[tokio::test]
async fn the_status_of_a_fleet_fits_on_a_screen() {
    let api = Api::start().await;
    api.answer("GET /health", &[health()]);
    let table = run(&api.url, &["status", "-o", "table"]).await;
    assert_eq!(table.code, 0, "{}", table.err);
    insta::assert_snapshot!("status_table", table.out);
    let plain = run(&api.url, &["status"]).await;
    insta::assert_snapshot!("status_plain", plain.out);
    let data = run(&api.url, &["status", "-o", "json"]).await;
    let read: Value = serde_json::from_str(&data.out).expect("JSON");
    assert_eq!(read, health(), "what the API said, whole");
}

fn reports() -> Value {
    json!({ "items": [{ "name": "compliance", "title": "Objectives", "of_devices": false,
        "columns": [{ "name": "objective", "meaning": "which" }, { "name": "percent", "meaning": "how much" }] }] })
}

#[tokio::test]
async fn reports_are_listed_and_run() {
    let api = Api::start().await;
    api.answer("GET /reports", &[reports()]);
    let rows = json!({ "items": [{ "objective": "quality", "percent": 97.1 },
        { "objective": "feature", "percent": null }] });
    api.answer("GET /reports/compliance", &[rows]);
    let listed = run(&api.url, &["report", "list"]).await;
    assert_eq!(listed.out, "compliance\tObjectives\n", "{}", listed.err);
    let columns = run(&api.url, &["report", "list", "compliance"]).await;
    assert_eq!(columns.out, "objective\twhich\npercent\thow much\n", "{}", columns.err);
    let shown = run(
        &api.url,
        &[
            "report",
            "run",
            "compliance",
            "--columns",
            "percent,objective",
            "--filter",
            "percent>1",
            "--order-by",
            "percent desc",
        ],
    )
    .await;
    assert_eq!(shown.out, "97.1\tquality\n-\tfeature\n", "{}", shown.err);
    let asked = api.world.lock().expect("unpoisoned").requests.pop().expect("a request").0;
    assert!(
        asked.contains("filter=percent%3E1") && asked.contains("order_by=percent+desc"),
        "{asked}"
    );
    let unknown = run(&api.url, &["report", "run", "compliance", "--columns", "colour"]).await;
    assert_eq!(unknown.code, 2, "{}", unknown.err);
    assert!(unknown.err.contains("objective, percent"), "{}", unknown.err);
    let missing = run(&api.url, &["report", "run", "nonsense"]).await;
    assert_eq!(missing.code, 2, "{}", missing.err);
}

#[tokio::test]
async fn an_export_is_a_file_when_it_is_whole() {
    let api = Api::start().await;
    api.answer("GET /reports/compliance/export", &[json!({ "items": [] })]);
    let directory = std::env::temp_dir().join(format!("concentric-report-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    let file = directory.join("out.json");
    let path = file.to_str().expect("a path");
    let made =
        run(&api.url, &["report", "export", "compliance", "--format", "json", "--file", path])
            .await;
    assert_eq!(made.code, 0, "{}", made.err);
    let text = std::fs::read_to_string(&file).expect("a file");
    assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), json!({ "items": [] }));
    let nowhere = directory.join("nowhere").join("out.csv");
    let path = nowhere.to_str().expect("a path");
    let failed = run(&api.url, &["report", "export", "compliance", "--file", path]).await;
    assert_ne!(failed.code, 0);
    assert!(failed.err.contains("nowhere"), "{}", failed.err);
    std::fs::remove_dir_all(&directory).expect("removed");
}

fn alert(acknowledged: bool) -> Value {
    json!({ "id": ALERT, "kind": "policy_drift", "subject": "", "severity": "warning",
        "text": "Others changed what enrollment made: 2 differences.", "fix": "Restore it.",
        "opened_at": "2026-11-12T09:00:00Z",
        "acknowledged_at": acknowledged.then_some("2026-11-12T10:00:00Z"),
        "acknowledged_by": acknowledged.then_some("ana"), "note": acknowledged.then_some("mine"),
        "muted_until": null, "muted_by": null, "escalated_at": null, "escalated_by": null,
        "resolved_at": null })
}

#[tokio::test]
async fn alerts_are_listed_acknowledged_muted_and_escalated() {
    let api = Api::start().await;
    api.answer("GET /alerts", &[json!({ "items": [alert(false)] })]);
    for act in ["acknowledge", "mute", "escalate"] {
        api.answer(&format!("POST /alerts/{ALERT}/{act}"), &[alert(true)]);
    }
    let listed = run(&api.url, &["alert", "list", "-o", "table"]).await;
    insta::assert_snapshot!("alert_list_table", listed.out);
    let short = &ALERT[..8];
    let acts = [
        (&["ack", short, "--note", "mine"][..], "acknowledge", json!({ "note": "mine" })),
        (
            &["mute", short, "--until", "2999-01-01T00:00:00Z"],
            "mute",
            json!({ "until": "2999-01-01T00:00:00Z" }),
        ),
        (&["mute", short, "--end"], "mute", json!({ "until": null })),
        (&["escalate", short, "--reason", "loud"], "escalate", json!({ "reason": "loud" })),
    ];
    for (arguments, act, body) in acts {
        let done = run(&api.url, &[&["alert"], arguments].concat()).await;
        assert_eq!(done.code, 0, "{arguments:?}: {}", done.err);
        assert_eq!(api.orders().pop(), Some((format!("POST /alerts/{ALERT}/{act}"), body)));
    }
    let nothing = run(&api.url, &["alert", "mute", short]).await;
    assert_eq!(nothing.code, 2, "until when, or the end of it: {}", nothing.err);
}

const VIEW: &str = "0195d666-0000-7000-8000-000000000001";
const SCHEDULE: &str = "0195d666-0000-7000-8000-000000000002";

fn view(name: &str, is_shared: bool) -> Value {
    json!({ "id": VIEW, "name": name, "report": "holds", "filter": "kind=hold", "order_by": null,
        "columns": ["subject", "owner"], "owner": "ana", "is_shared": is_shared,
        "created_at": "2026-11-12T09:00:00Z", "changed_at": "2026-11-12T09:00:00Z" })
}

#[tokio::test]
async fn a_saved_view_is_run_by_its_name() {
    let api = Api::start().await;
    api.answer("GET /report-views", &[json!({ "items": [view("Holds", true)] })]);
    let column = |name: &str| json!({ "name": name, "meaning": "x" });
    let columns: Vec<Value> = ["kind", "subject", "owner"].map(column).to_vec();
    let report =
        json!({ "name": "holds", "title": "Holds", "of_devices": false, "columns": columns });
    api.answer("GET /reports", &[json!({ "items": [report] })]);
    let row = json!({ "subject": "PC-1", "owner": "ben" });
    api.answer("GET /reports/holds", &[json!({ "items": [row] })]);
    let ran = run(&api.url, &["report", "run", "--view", "Holds", "--filter", "owner=ben"]).await;
    assert_eq!((ran.code, ran.out.as_str()), (0, "PC-1\tben\n"), "{}", ran.err);
    api.change(|world| {
        let (line, _) = world.requests.last().expect("a request");
        assert!(line.contains(&format!("view={VIEW}")) && line.contains("filter=owner"), "{line}");
    });
    let other = run(&api.url, &["report", "run", "trending", "--view", "Holds"]).await;
    assert_eq!(other.code, 2, "{}", other.err);
    let none = run(&api.url, &["report", "run"]).await;
    assert_eq!(none.code, 2, "{}", none.err);
    // The same name again is the same view.
    api.answer(&format!("GET /report-views/{VIEW}"), &[view("Holds", true)]);
    api.answer(&format!("PUT /report-views/{VIEW}"), &[view("Holds", true)]);
    api.answer("POST /report-views", &[view("Holds", false)]);
    let save =
        ["report", "view", "save", "Holds", "--report", "holds", "--columns", "subject,owner"];
    for more in [&["--share"][..], &[]] {
        let saved = run(&api.url, &[&save[..], more].concat()).await;
        assert_eq!(saved.code, 0, "{}", saved.err);
    }
    let lines: Vec<String> = api.orders().into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines, [format!("PUT /report-views/{VIEW}"), "POST /report-views".to_owned()]);
}

#[tokio::test]
async fn a_report_is_scheduled_by_weekday() {
    let api = Api::start().await;
    api.answer("GET /report-views", &[json!({ "items": [view("Holds", true)] })]);
    let schedule = json!({ "id": SCHEDULE, "name": "Monday", "view_id": VIEW, "view": "Holds",
        "rule": "FREQ=WEEKLY;BYDAY=MO,TH", "first_day": null, "start": "07:00",
        "time_zone": "Europe/Zurich", "format": "csv", "to": ["a@example.com"], "owner": "ana",
        "enabled": true, "next_at": "2026-11-16T06:00:00Z", "last_at": null, "error": null,
        "created_at": "2026-11-12T09:00:00Z", "changed_at": "2026-11-12T09:00:00Z" });
    api.answer("POST /report-schedules", std::slice::from_ref(&schedule));
    let create = [
        "report",
        "schedule",
        "create",
        "Monday",
        "--view",
        "Holds",
        "--days",
        "mon,thu",
        "--at",
        "07:00",
        "--zone",
        "Europe/Zurich",
        "--to",
        "a@example.com",
    ];
    let made = run(&api.url, &create).await;
    assert_eq!(made.code, 0, "{}", made.err);
    assert_eq!(
        api.orders(),
        [(
            "POST /report-schedules".to_owned(),
            json!({ "name": "Monday", "view_id": VIEW,
        "rule": "FREQ=WEEKLY;BYDAY=MO,TH", "start": "07:00", "time_zone": "Europe/Zurich",
        "format": "csv", "to": ["a@example.com"], "enabled": true })
        )]
    );
    let dry = run(&api.url, &[&create[..], &["--dry-run"]].concat()).await;
    assert_eq!((dry.code, api.orders().len()), (0, 1), "{}", dry.out);
    api.answer("GET /report-schedules", &[json!({ "items": [schedule] })]);
    let table = run(&api.url, &["report", "schedule", "list", "-o", "table"]).await;
    assert!(table.out.contains("FREQ=WEEKLY;BYDAY=MO,TH at 07:00 Europe/Zurich"), "{}", table.out);
    let both = run(&api.url, &[&create[..], &["--rule", "FREQ=DAILY"]].concat()).await;
    assert_eq!(both.code, 2, "{}", both.err);
}
