//! Files that say how things shall be.

use serde_json::{Value, json};

use crate::api::{Api, TENANT};
use crate::devices::{DEVICE, device, explanation, hold};
use crate::program::{Run, TempFile, command, finish, run};
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
    api.answer(&format!("GET /ring-sets/{SET}"), &[ring_set()]);
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
    assert_eq!(table.code, 6, "{}", table.err);
    insta::assert_snapshot!("apply_plan_new", table.out);
    full(&api);
    let changed = file
        .replace("percent: 1\n", "percent: 2\n")
        .replace("manual", "automatic")
        .replace("in repair", "gone")
        .replace("ring: 0", "ring: Broad");
    let table = apply(&api, &changed, &["--plan", "-o", "table"]).await;
    assert_eq!(table.code, 6, "{}", table.err);
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
    assert_eq!(plan.code, 6, "{}", plan.err);
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

#[tokio::test]
async fn a_difference_has_its_exit_code_when_that_is_asked_for() {
    let api = Api::start().await;
    empty(&api);
    full(&api);
    let file = TempFile::new(&format!("{FILE}{REST}"));
    let diff = async |file: &TempFile, more: &[&str]| {
        run(&api.url, &[&["diff", "-f", file.path()], more].concat()).await
    };
    let same = diff(&file, &["--detailed-exitcode"]).await;
    assert_eq!(same.code, 0, "{}{}", same.out, same.err);
    let changed = TempFile::new(&format!("{FILE}{REST}").replace("percent: 1\n", "percent: 2\n"));
    let plain = diff(&changed, &[]).await;
    assert_eq!(plain.code, 0, "{}", plain.err);
    assert!(plain.out.contains("rings[0].percent\t1\t2"), "{}", plain.out);
    assert_eq!(diff(&changed, &["--detailed-exitcode"]).await.code, 6);
    let dry = run(&api.url, &["apply", "-f", changed.path(), "--dry-run"]).await;
    assert_eq!((dry.code, &dry.out), (6, &plain.out), "{}", dry.err);
    let orders = api.orders();
    assert!(orders.iter().all(|(line, _)| line.ends_with("/preview")), "{orders:?}");
}

/// Held against what was seen, and not against the page of the list it was found in.
#[tokio::test]
async fn what_is_there_is_changed_at_the_version_that_was_seen() {
    let api = Api::start().await;
    empty(&api);
    let signal = json!({ "id": SET, "name": "VPN", "owner": "net", "interval_minutes": 5,
        "initial_delay_minutes": 0, "no_data": "hold", "failure_limit": 0, "passes_in_a_row": 1,
        "consecutive_error_limit": 3, "has_secret": false, "source": { "kind": "prometheus",
            "url": "https://prometheus.example",
            "measure": { "kind": "value", "query": "vpn", "most": 5.5 } } });
    api.answer("GET /signals", &[json!({ "items": [signal] })]);
    api.answer(&format!("GET /signals/{SET}"), std::slice::from_ref(&signal));
    api.answer(&format!("PUT /signals/{SET}"), std::slice::from_ref(&signal));
    api.answer("GET /budget", &[json!({ "devices": 500, "in_flight": 0, "waiting_rollouts": 0 })]);
    api.answer("PUT /budget", &[json!({ "devices": 600, "in_flight": 0, "waiting_rollouts": 0 })]);
    let file = "kind: Signal\nname: VPN\nowner: net\nsource: { kind: prometheus, url: 'https://prometheus.example', \
        measure: { kind: value, query: vpn, most: 6.5 } }\n---\nkind: Budget\ndevices: 600\n";
    let applied = apply(&api, file, &["--yes"]).await;
    assert_eq!(applied.code, 0, "{}", applied.err);
    let orders = api.orders();
    let lines: Vec<&str> = orders.iter().map(|(line, _)| line.as_str()).collect();
    assert_eq!(lines, [format!("PUT /signals/{SET}").as_str(), "PUT /budget"]);
    assert_eq!(orders[0].1["source"]["measure"]["most"], 6.5);
}

const TENANT_FILE: &str = "\
kind: Tenant
name: Fabrikam
entra_tenant_id: 0195d000-0000-7000-8000-0000000000aa
client_id: 0195d000-0000-7000-8000-0000000000bb
secret_env: CONCENTRIC_TEST_SECRET
---
kind: Budget
devices: 600
---
kind: Strategies
driver: deployment_service
";

/// With the secret of the file in the environment.
async fn with_secret(api: &Api, text: &str, more: &[&str]) -> Run {
    let file = TempFile::new(text);
    let mut command = command(&api.url, &[&["apply", "-f", file.path()], more].concat());
    command.env("CONCENTRIC_TEST_SECRET", "s3cret-of-graph");
    finish(command).await
}

/// A tenant that is not there is made before all else, and one that is there is compared.
#[tokio::test]
async fn a_file_brings_its_tenant() {
    let api = Api::start().await;
    let tenant = |client: &str| {
        json!({ "id": TENANT, "name": "Fabrikam", "credential": "secret", "client_id": client,
            "entra_tenant_id": "0195d000-0000-7000-8000-0000000000aa",
            "graph_url": "https://graph.microsoft.com",
            "login_url": "https://login.microsoftonline.com",
            "connection": { "state": "unverified", "error": null, "since": null },
            "synced_at": null, "observed_to": null, "created_at": "2026-11-10T09:00:00Z" })
    };
    let client = "0195d000-0000-7000-8000-0000000000bb";
    api.answer("POST /tenants", &[tenant(client)]);
    api.answer("GET /ring-sets", &[json!({ "items": [] })]);
    api.answer("GET /budget", &[json!({ "devices": 500, "in_flight": 0, "waiting_rollouts": 0 })]);
    api.answer("PUT /budget", &[json!({ "devices": 600, "in_flight": 0, "waiting_rollouts": 0 })]);
    let strategies = |chosen: bool| {
        json!({ "items": [
            { "kind": "quality", "strategy": "deployment_service", "chosen": false },
            { "kind": "driver", "strategy": "deployment_service", "chosen": chosen } ] })
    };
    api.answer("GET /strategies", &[strategies(false)]);
    api.answer("PUT /strategies", &[strategies(true)]);

    let plan = with_secret(&api, TENANT_FILE, &["--plan", "-o", "table"]).await;
    assert_eq!(plan.code, 6, "{}", plan.err);
    assert!(plan.out.contains("+ create  Tenant Fabrikam"), "{}", plan.out);
    assert!(plan.out.contains("worked out once it is there"), "{}", plan.out);
    assert!(!plan.out.contains("Budget"), "nothing is known of it: {}", plan.out);
    assert_eq!(api.orders(), []);

    let made = with_secret(&api, TENANT_FILE, &["--yes", "-o", "json"]).await;
    assert_eq!(made.code, 0, "{}", made.err);
    let orders = api.orders();
    let lines: Vec<&str> = orders.iter().map(|(line, _)| line.as_str()).collect();
    assert_eq!(lines, ["POST /tenants", "PUT /budget", "PUT /strategies"]);
    assert_eq!(
        orders[0].1["connection"]["credential"],
        json!({ "kind": "secret", "secret": "s3cret-of-graph" })
    );
    assert_eq!(orders[2].1, json!({ "driver": "deployment_service" }));
    let whole: Value = serde_json::from_str(&made.out).expect("one document");
    let kinds: Vec<&Value> =
        whole["changes"].as_array().into_iter().flatten().map(|one| &one["kind"]).collect();
    assert_eq!(kinds, ["Tenant", "Budget", "Strategies"]);
    assert!(!format!("{}{}", made.out, made.err).contains("s3cret"), "{}", made.out);

    api.change(|world| world.tenants.push(tenant(client)));
    api.answer(&format!("GET /tenants/{TENANT}"), &[tenant(client)]);
    api.answer("GET ", &[tenant(client)]);
    api.answer("GET /strategies", &[strategies(true)]);
    api.answer("GET /budget", &[json!({ "devices": 600, "in_flight": 0, "waiting_rollouts": 0 })]);
    let same = with_secret(&api, TENANT_FILE, &["--plan"]).await;
    assert_eq!(same.code, 0, "{}{}", same.out, same.err);

    let other = TENANT_FILE.replace("00bb", "00cc");
    api.answer("PUT /connection", &[tenant("0195d000-0000-7000-8000-0000000000cc")]);
    let changed = with_secret(&api, &other, &["--yes"]).await;
    assert_eq!(changed.code, 0, "{}", changed.err);
    let (line, body) = api.orders().pop().expect("an order");
    assert_eq!(line, "PUT /connection");
    assert_eq!(body["client_id"], "0195d000-0000-7000-8000-0000000000cc");

    let foreign = with_secret(&api, TENANT_FILE, &["--plan", "--tenant", "Contoso"]).await;
    assert_eq!(foreign.code, 2, "{}", foreign.err);
    assert!(foreign.err.contains("the file is about `Fabrikam`"), "{}", foreign.err);
    let twice = format!("{TENANT_FILE}---\n{TENANT_FILE}");
    let twice = with_secret(&api, &twice, &["--plan"]).await;
    assert!(twice.err.contains("a file is about one tenant"), "{}", twice.err);
    let without = apply(&api, &other.replace("TEST_SECRET", "NO_SECRET"), &["--yes"]).await;
    assert!(without.err.contains("has no `CONCENTRIC_NO_SECRET`"), "{}", without.err);
}
