//! Plans: from a file, started as saved, changed under way; the budget, and failures by code.

use serde_json::{Value, json};

use crate::api::{Api, ROLLOUT, forecast, rollout};
use crate::program::{TempFile, run};
use crate::ring_sets::{SET, ring_set};

const UPDATE: &str = "0195d333-0000-7000-8000-000000000001";
const PLAN: &str = "0195d444-0000-7000-8000-000000000001";

const FILE: &str = "\
update: kb5031234
ring_set: Standard
on_gate_failure: roll_back
evidence: { healthy_failed_percent: 1.5 }
rings:
  Broad: { gate: { bake_hours: 48 }, approvals: { needed: 2 } }
";

fn update(id: &str, kb: &str) -> Value {
    json!({ "id": id, "kind": "quality", "version": null, "channel": null, "title": "2026-12 Security",
        "short_name": "2026.12 B", "classification": "security", "cadence": "monthly", "kb": null,
        "released_at": "2026-12-08T18:00:00Z", "deployable_until": null, "is_expeditable": true,
        "builds": [{ "product": "Windows 11", "version": "24H2", "build": "10.0.26100.1", "kb": kb }],
        "catalog_entry_id": "entry" })
}

fn plan(changes: &[&str]) -> Value {
    let set = ring_set();
    let proof = json!({ "ring": 1, "name": "Broad", "devices": 960, "pooled": 970,
        "smallest_percent": 4.5, "success_by": "wilson", "can_certify": true, "refused": false,
        "notes": ["never certified"] });
    json!({ "id": PLAN, "hash": "0123456789abcdef".repeat(4), "update_id": UPDATE,
        "release_name": "2026.12 B", "delivery": { "kind": "quality" }, "ring_set_id": SET,
        "starts_at": "2026-12-08T18:00:00Z", "on_gate_failure": "roll_back",
        "inactive_after_days": 28, "healthy_failed_percent": 1.5,
        "rings": [
            { "settings": set["rings"][0], "opens_at": "2026-12-08T18:00:00Z", "devices": 10,
              "excluded": [] },
            { "settings": set["rings"][1], "opens_at": "2026-12-10T18:00:00Z", "devices": 990,
              "excluded": [{ "reason": "inactive", "devices": 29 }, { "reason": "held", "devices": 1 }],
              "proof": proof },
        ],
        "membership_changes": changes, "created_by": "ana", "created_at": "2026-12-01T09:00:00Z",
        "rollout_id": null, "started_by": null, "started_at": null })
}

async fn catalogue() -> Api {
    let api = Api::start().await;
    let other = "0195d333-0000-7000-8000-000000000002";
    let updates = json!({ "items": [update(other, "KB503123"), update(UPDATE, "KB5031234")] });
    api.answer("GET /updates", &[updates]);
    api.answer("GET /ring-sets", &[json!({ "items": [ring_set()] })]);
    api.answer("GET /plans", &[json!({ "items": [plan(&[])] })]);
    api.answer("POST /plans", &[plan(&[])]);
    api
}

#[tokio::test]
async fn a_plan_of_a_file_is_shown_and_saved() {
    let api = catalogue().await;
    let file = TempFile::new(FILE);
    let create = ["plan", "create", "--file", file.path()];
    let table = run(&api.url, &[&create[..], &["-o", "table"]].concat()).await;
    assert_eq!(table.code, 0, "{}", table.err);
    insta::assert_snapshot!("plan_create_table", table.out);
    assert!(table.err.contains("nothing is offered"), "{}", table.err);
    let (line, body) = api.orders().pop().expect("an order");
    assert_eq!((line.as_str(), &body["update_id"]), ("POST /plans", &json!(UPDATE)));
    assert_eq!(body["rings"]["Broad"]["gate"]["bake_hours"], 48);
    assert_eq!(
        (&body["release_name"], &body["validate_only"]),
        (&json!("2026.12 B"), &json!(false))
    );
    let check = run(&api.url, &[&create[..], &["--check", "--release", "Other"]].concat()).await;
    assert_eq!(check.code, 0, "{}", check.err);
    let (_, body) = api.orders().pop().expect("an order");
    assert_eq!((&body["release_name"], &body["validate_only"]), (&json!("Other"), &json!(true)));
    let words =
        ["release", "create", "December", "--update", "KB5031234", "--ring-set", "Standard"];
    let release = run(&api.url, &[&words[..], &["--plan", file.path()]].concat()).await;
    assert_eq!(release.code, 0, "{}", release.err);
    let (line, body) = api.orders().pop().expect("an order");
    assert_eq!((line.as_str(), &body["release_name"]), ("POST /plans", &json!("December")));
    let unknown = TempFile::new("update: KB5031234\ncolour: red\n");
    let refused = run(&api.url, &["plan", "create", "--file", unknown.path()]).await;
    assert_eq!((refused.code, refused.err.contains(":2:")), (2, true), "{}", refused.err);
    let none = run(&api.url, &[&create[..], &["--update", "KB1"]].concat()).await;
    assert_eq!(none.code, 3, "{}", none.err);
}

#[tokio::test]
async fn a_plan_is_started_by_the_hash_that_was_shown() {
    let api = catalogue().await;
    let changed = ["ring 1 (Broad): 980 -> 990 devices"];
    api.answer(&format!("GET /plans/{PLAN}"), &[plan(&changed)]);
    let phase = json!({ "name": "scheduled", "ring": null, "since": null });
    let started = format!("POST /plans/{PLAN}/start");
    api.answer(&started, &[rollout(ROLLOUT, "2026.12 B", &phase)]);
    let start = ["plan", "start", "2026.12 B"];
    let alone = run(&api.url, &start).await;
    assert_eq!((alone.code, api.orders()), (2, Vec::new()), "{}", alone.err);
    let words = [&start[..], &["--yes", "--accept-changes"]].concat();
    let done = run(&api.url, &words).await;
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.err.contains(changed[0]) && done.err.contains("0123456789ab"), "{}", done.err);
    let hash = "0123456789abcdef".repeat(4);
    assert_eq!(api.orders(), [(started, json!({ "hash": hash, "accept_changes": true }))]);
    let show = run(&api.url, &["plan", "show", "2026.12 B"]).await;
    insta::assert_snapshot!("plan_show_plain", show.out);
    let difference = json!({ "changes": [{ "ring": 1, "field": "waves.most", "before": 500,
        "after": 40, "text": "ring 1 (Broad): waves.most 500 -> 40" }],
        "membership_changes": changed });
    api.answer(&format!("GET /plans/{PLAN}/difference"), &[difference]);
    let diff = run(&api.url, &["plan", "diff", "2026.12 B"]).await;
    insta::assert_snapshot!(diff.out, @"
    ring 1 (Broad): waves.most 500 -> 40
    members of ring 1 (Broad): 980 -> 990 devices
    ");
}

#[tokio::test]
async fn a_plan_is_simulated_for_each_rate() {
    let api = catalogue().await;
    let ring = |at: u8, name: &str, stopped: f64| json!({ "ring": at, "name": name, "devices": 10, "stopped_percent": stopped });
    let rate = |percent: f64, stopped: f64, exposed: f64| {
        json!({ "failed_percent": percent, "times_healthy": percent / 1.5,
            "rings": [ring(0, "Test", 0.0), ring(1, "Broad", stopped)], "exposed": exposed })
    };
    let found = json!({ "forecast": forecast(), "rates": [rate(1.5, 0.21, 998.7), rate(15.0, 99.96, 71.2)] });
    api.answer(&format!("POST /plans/{PLAN}/simulate"), &[found]);
    let words =
        ["plan", "simulate", "2026.12 B", "--failed-percent", "1.5", "--failed-percent", "15"];
    let table = run(&api.url, &[&words[..], &["-o", "table"]].concat()).await;
    assert_eq!(table.code, 0, "{}", table.err);
    insta::assert_snapshot!("plan_simulate_table", table.out);
    assert_eq!(api.orders()[0].1, json!({ "failed_percent": [1.5, 15.0] }));
}

fn revision(number: u8, reason: &Value, changes: &Value) -> Value {
    let set = ring_set();
    json!({ "plan_id": PLAN, "revision": number, "created_by": "ana",
        "created_at": "2026-11-11T09:00:00Z", "reason": reason, "starts_at": "2026-11-10T18:00:00Z",
        "on_gate_failure": "pause", "rings": set["rings"], "changes": changes })
}

#[tokio::test]
async fn a_plan_is_edited_after_its_difference_was_shown() {
    let api = Api::start().await;
    let changes = json!([{ "ring": 1, "field": "gate.bake_hours", "before": 24, "after": 48,
        "text": "ring 1 (First): gate.bake_hours 24 -> 48" }]);
    let line = format!("PATCH /rollouts/{ROLLOUT}/plan");
    api.answer(&line, &[revision(2, &json!("quiet week"), &changes)]);
    let words = [
        "rollout",
        "edit",
        "2026-11 B",
        "--reason",
        "quiet week",
        "--set",
        "First.gate.bake_hours=48",
    ];
    let alone = run(&api.url, &words).await;
    assert_eq!((alone.code, api.orders()), (2, Vec::new()), "{}", alone.err);
    let done = run(&api.url, &[&words[..], &["--yes"]].concat()).await;
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.err.contains("gate.bake_hours 24 -> 48"), "{}", done.err);
    let body = |only: bool| {
        json!({ "revision": 1, "reason": "quiet week", "validate_only": only,
            "rings": { "First": { "gate": { "bake_hours": 48 } } } })
    };
    assert_eq!(api.orders(), [(line.clone(), body(true)), (line, body(false))]);
    let all = [revision(1, &Value::Null, &json!([])), revision(2, &json!("quiet week"), &changes)];
    api.answer(&format!("GET /rollouts/{ROLLOUT}/plans"), &[json!({ "items": all })]);
    let plans = run(&api.url, &["rollout", "plans", "2026-11 B", "-o", "table"]).await;
    insta::assert_snapshot!("rollout_plans_table", plans.out);
}

#[tokio::test]
async fn a_budget_is_shown_set_and_lifted() {
    let api = Api::start().await;
    let budget =
        |devices: Value| json!({ "devices": devices, "in_flight": 480, "waiting_rollouts": 3 });
    api.answer("GET /budget", &[budget(json!(500))]);
    api.answer("PUT /budget", &[budget(json!(null))]);
    let shown = run(&api.url, &["tenant", "budget", "-o", "table"]).await;
    insta::assert_snapshot!("tenant_budget_table", shown.out);
    for (word, sent) in [("none", json!(null)), ("0", json!(0)), ("1500", json!(1500))] {
        let set = run(&api.url, &["tenant", "budget", word]).await;
        assert_eq!(set.code, 0, "{}", set.err);
        let order = ("PUT /budget".to_owned(), json!({ "devices": sent }));
        assert_eq!(api.orders().pop(), Some(order));
    }
    assert_eq!(run(&api.url, &["tenant", "budget", "many"]).await.code, 2);
}

#[tokio::test]
async fn failures_are_listed_with_what_their_codes_mean() {
    let api = Api::start().await;
    let one = |code: Value, name: Value, text: Value, devices: u32| {
        json!({ "ring": 1, "ring_name": "First", "state": "failed", "code": code, "name": name,
            "text": text, "devices": devices })
    };
    let known = one(json!("0x80070070"), json!("ERROR_DISK_FULL"), json!("the disk is full"), 1200);
    let unknown = one(json!("0x12345678"), Value::Null, Value::Null, 3);
    let silent = one(Value::Null, Value::Null, Value::Null, 1);
    let items = json!({ "items": [known, unknown, silent] });
    api.answer(&format!("GET /rollouts/{ROLLOUT}/failures"), &[items]);
    let table = run(&api.url, &["rollout", "failures", "2026-11 B", "-o", "table"]).await;
    assert_eq!(table.code, 0, "{}", table.err);
    insta::assert_snapshot!("rollout_failures_table", table.out);
}
