//! Files that say how things shall be.

use serde_json::{Value, json};

use crate::api::Api;
use crate::devices::{DEVICE, device, explanation, hold};
use crate::program::{Run, TempFile, run};
use crate::ring_sets::{FILE, SET, preview, ring_set};

const REST: &str = "\
---
kind: Enrollment
ring_set: Standard
restore_drift: true
drivers: { approval: manual }
---
kind: DeviceControl
device: LAPTOP-1
control: hold
reason: in repair
expires_at: 2999-01-01T00:00:00Z
---
kind: DeviceControl
device: LAPTOP-1
control: pin
ring_set: Standard
ring: 0
";

fn pinned() -> Value {
    json!([hold()[0], { "control": "pin", "ring_set_id": SET, "ring": 0, "reason": "x",
        "owner": "ana", "since": "2026-11-10T09:00:00Z", "expires_at": null }])
}

fn enrollment(state: &str, asked_at: &str, apply: bool, settings: &Value) -> Value {
    json!({ "state": state, "settings": settings, "error": null, "checked_at": null,
        "members_pending": 0, "objects": [],
        "plan": { "asked_at": asked_at, "asked_by": "ana", "action": "enroll", "apply": apply,
            "planned_at": asked_at, "steps": [], "done": 0, "skipped": [], "stays": [] } })
}

fn settings() -> Value {
    json!({ "ring_set_id": SET, "restore_drift": true, "exclude_from_foreign_rings": false,
        "drivers": { "approval": "manual" } })
}

/// Nothing is there yet but the device.
fn empty(api: &Api) {
    api.answer("GET /ring-sets", &[json!({ "items": [] })]);
    api.answer("POST /ring-sets/preview", &[preview()]);
    api.answer("POST /ring-sets", &[ring_set()]);
    api.answer("GET /devices", &[json!({ "items": [device(DEVICE, "LAPTOP-1")] })]);
    api.answer(&format!("GET /devices/{DEVICE}/explain"), &[explanation(&json!([]))]);
    api.answer(
        "POST /device-actions",
        &[json!({ "preview": false, "matched": 1, "changed": 1, "examples": [] })],
    );
    api.answer(
        "GET /enrollment",
        &[enrollment("not_enrolled", "2026-11-01T00:00:00Z", false, &Value::Null)],
    );
}

/// As the file wants it.
fn full(api: &Api) {
    api.answer("GET /ring-sets", &[json!({ "items": [ring_set()] })]);
    api.answer(&format!("POST /ring-sets/{SET}/preview"), &[preview()]);
    api.answer(&format!("GET /devices/{DEVICE}/explain"), &[explanation(&pinned())]);
    api.answer(
        "GET /enrollment",
        &[enrollment("enrolled", "2026-11-02T00:00:00Z", true, &settings())],
    );
}

async fn apply(api: &Api, text: &str, more: &[&str]) -> Run {
    let file = TempFile::new(text);
    let mut run = run(&api.url, &[&["apply", "-f", file.path()], more].concat()).await;
    run.err = run.err.replace(file.path(), "tenant.yaml");
    run
}

#[tokio::test]
async fn a_plan_says_what_differs_and_changes_nothing() {
    let api = Api::start().await;
    empty(&api);
    let file = format!("{FILE}{REST}");
    let table = apply(&api, &file, &["--plan", "-o", "table"]).await;
    assert_eq!(table.code, 16, "{}", table.err);
    insta::assert_snapshot!("apply_plan_new", table.out);
    full(&api);
    let changed = file
        .replace("percent: 1\n", "percent: 2\n")
        .replace("manual", "automatic")
        .replace("in repair", "gone")
        .replace("ring: 0", "ring: Broad");
    let table = apply(&api, &changed, &["--plan", "-o", "table"]).await;
    assert_eq!(table.code, 16, "{}", table.err);
    insta::assert_snapshot!("apply_plan_changes", table.out);
    let plain = apply(&api, &changed, &["--plan"]).await;
    insta::assert_snapshot!("apply_plan_plain", plain.out);
    let whole = apply(&api, &changed, &["--plan", "-o", "json"]).await;
    let whole: Value = serde_json::from_str(&whole.out).expect("JSON");
    assert_eq!(whole["applied"], false);
    assert_eq!(
        whole["changes"][0]["fields"][0],
        json!({ "path": "rings[0].percent", "from": 1, "to": 2 })
    );
    let orders = api.orders();
    assert!(orders.iter().all(|(line, _)| line.ends_with("/preview")), "{orders:?}");
}

#[tokio::test]
async fn the_second_time_there_is_nothing_to_do() {
    let api = Api::start().await;
    empty(&api);
    full(&api);
    for more in [&["--plan"][..], &["--yes"]] {
        let same = apply(&api, &format!("{FILE}{REST}"), more).await;
        assert_eq!(same.code, 0, "{}{}", same.out, same.err);
        assert!(same.err.contains("Everything is so already"), "{}", same.err);
    }
    assert_eq!(api.orders(), []);
}

#[tokio::test]
async fn it_is_applied_in_the_order_that_works() {
    let api = Api::start().await;
    empty(&api);
    let none = json!({ "items": [] });
    api.answer("GET /ring-sets", &[none, json!({ "items": [ring_set()] })]);
    let at = ["2026-11-02T00:00:00Z", "2026-11-03T00:00:00Z"];
    let planned = enrollment("not_enrolled", at[0], false, &Value::Null);
    let done = enrollment("enrolled", at[1], true, &settings());
    api.answer("PUT /enrollment", &[planned.clone(), done.clone()]);
    let before = enrollment("not_enrolled", "2026-11-01T00:00:00Z", false, &Value::Null);
    api.answer("GET /enrollment", &[before.clone(), before, planned, done]);
    // The enrollment stands first in the file, and comes last all the same.
    let file = format!("{REST}---\n{FILE}");
    let unasked = apply(&api, &file, &[]).await;
    assert_eq!(unasked.code, 2, "{}", unasked.err);
    assert_eq!(api.orders(), []);
    let applied = apply(&api, &file, &["--yes", "-o", "json"]).await;
    assert_eq!(applied.code, 0, "{}", applied.err);
    let orders = api.orders();
    let lines: Vec<&str> = orders.iter().map(|(line, _)| line.as_str()).collect();
    assert_eq!(
        lines,
        [
            "POST /ring-sets/preview",
            "POST /ring-sets",
            "POST /device-actions",
            "POST /device-actions",
            "PUT /enrollment",
            "PUT /enrollment"
        ]
    );
    assert_eq!(
        orders[3].1["do"],
        json!({ "action": "move", "ring_set_id": SET, "ring": 0, "reason": null }),
        "the id that the new set was given"
    );
    assert_eq!(orders[5].1, json!({ "settings": settings(), "apply": true }));
    let whole: Value = serde_json::from_str(&applied.out).expect("one document");
    assert_eq!(whole["applied"], true);
    assert!(applied.err.contains("✓ made RingSet Standard"), "{}", applied.err);
}

#[tokio::test]
async fn a_change_of_the_ring_set_is_carried_to_graph() {
    let api = Api::start().await;
    empty(&api);
    full(&api);
    let file = format!("{FILE}{REST}").replace("percent: 1\n", "percent: 2\n");
    let plan = apply(&api, &file, &["--plan"]).await;
    assert_eq!(plan.code, 16, "{}", plan.err);
    assert!(plan.out.contains("update\tEnrollment\tof the tenant\t-"), "{}", plan.out);
}

#[tokio::test]
async fn what_fails_is_named_with_how_far_it_came() {
    let api = Api::start().await;
    empty(&api);
    api.answer("GET /ring-sets", &[json!({ "items": [] }), json!({ "items": [ring_set()] })]);
    api.refuse("POST /device-actions", 403, "Forbidden", "This takes an operator.");
    let file = format!("{FILE}{REST}");
    let stopped = apply(&api, &file, &["--yes"]).await;
    assert_eq!(stopped.code, 4, "{}", stopped.err);
    assert!(
        stopped.err.contains(
            "tenant.yaml:20: DeviceControl hold of LAPTOP-1 is not done; 1 of 4 changes are."
        ),
        "{}",
        stopped.err
    );
}

#[tokio::test]
async fn decisions_are_ended_with_none() {
    let api = Api::start().await;
    empty(&api);
    full(&api);
    let file = "{ \"kind\": \"DeviceControl\", \"device\": \"LAPTOP-1\", \"control\": \"none\" }";
    let ended = apply(&api, file, &["--yes"]).await;
    assert_eq!(ended.code, 0, "{}", ended.err);
    let done: Vec<Value> = api.orders().iter().map(|(_, body)| body["do"].clone()).collect();
    assert_eq!(
        done,
        [json!({ "action": "release" }), json!({ "action": "unpin", "ring_set_id": SET })]
    );
    api.answer(&format!("GET /devices/{DEVICE}/explain"), &[explanation(&json!([]))]);
    assert_eq!(apply(&api, file, &["--plan"]).await.code, 0);
}

#[tokio::test]
async fn what_is_wrong_in_a_file_is_named_by_line_with_what_would_be_right() {
    let api = Api::start().await;
    empty(&api);
    let file = format!("{FILE}{REST}");
    let mut told = String::new();
    for (right, wrong) in [
        ("percent: 1\n", "percnt: 1\n"),
        ("percent: 1\n", "percent: 500\n"),
        ("kind: Enrollment", "kind: Enrolment"),
        ("kind: Enrollment\n", ""),
        ("approval: manual", "approval: sometimes"),
        ("reason: in repair\n", ""),
        ("control: hold", "control: hold\nring_set: Standard"),
        ("name: Standard\n", "name: Standard\nname: Other\n"),
        ("ring_set: Standard\nrestore", "ring_set: Standart\nrestore"),
        ("ring: 0", "ring: Pilot"),
        ("control: pin\nring_set: Standard\nring: 0", "control: hold\nreason: again"),
        ("0195d222-0000-7000-8000-00000000000a", "pilots"),
    ] {
        assert!(file.contains(right), "{right}");
        let run = apply(&api, &file.replacen(right, wrong, 1), &["--plan"]).await;
        assert_eq!(run.code, 2, "{wrong}: {}{}", run.out, run.err);
        told.push_str(&run.err);
    }
    let nothing = apply(&api, "# nothing\n---\n", &["--plan"]).await;
    assert_eq!(nothing.code, 2);
    told.push_str(&nothing.err);
    insta::assert_snapshot!("apply_errors", told);
    assert_eq!(api.orders().iter().filter(|(line, _)| !line.ends_with("preview")).count(), 0);
}
