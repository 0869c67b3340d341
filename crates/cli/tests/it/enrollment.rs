//! Enrolling, taking it back, and drift.

use serde_json::{Value, json};

use crate::api::Api;
use crate::program::run;
use crate::ring_sets::{SET, ring_set};

const ASKED: &str = "2026-11-12T17:00:00Z";
const APPLIED: &str = "2026-11-12T17:05:00Z";

fn settings() -> Value {
    json!({ "ring_set_id": SET, "restore_drift": true, "exclude_from_foreign_rings": false })
}

fn steps() -> Value {
    json!([
        { "key": "group/0", "change": "adopt", "summary": "Takes over the group Test.",
          "permissions": ["Group.ReadWrite.All"], "from": { "displayName": "Test" },
          "to": { "displayName": "Test" } },
        { "key": "update-ring/0", "change": "create", "summary": "Makes the update ring of Test.",
          "permissions": ["DeviceManagementConfiguration.ReadWrite.All"], "from": null,
          "to": { "deadline": 2 } },
        { "key": "update-ring/1", "change": "update", "summary": "Changes the update ring of First.",
          "permissions": ["DeviceManagementConfiguration.ReadWrite.All"], "from": { "deadline": 2 },
          "to": { "deadline": 3 } },
        { "key": "settings-policy/9", "change": "delete", "summary": "Deletes a policy of ours.",
          "permissions": ["DeviceManagementConfiguration.ReadWrite.All"], "from": { "a": 1 },
          "to": null }])
}

fn enrollment(state: &str, asked_at: &str, planned: bool, steps: &Value) -> Value {
    let done = 4 - steps.as_array().map_or(0, Vec::len);
    json!({ "state": state, "settings": settings(), "error": null, "checked_at": ASKED,
        "members_pending": 12, "objects": [],
        "plan": { "asked_at": asked_at, "asked_by": "ana", "action": "enroll",
            "apply": asked_at == APPLIED, "planned_at": planned.then_some(asked_at),
            "steps": steps, "done": done,
            "skipped": [], "stays": ["The group Pilot stays; it was there before."] } })
}

fn enrolling(api: &Api) {
    api.answer("GET /ring-sets", &[json!({ "items": [ring_set()] })]);
    let none = json!([]);
    api.answer(
        "PUT /enrollment",
        &[
            enrollment("not_enrolled", ASKED, false, &none),
            enrollment("enrolling", APPLIED, false, &none),
        ],
    );
    let mut left = steps();
    left.as_array_mut().expect("steps").remove(0);
    api.answer(
        "GET /enrollment",
        &[
            enrollment("not_enrolled", "2026-11-01T00:00:00Z", false, &none),
            enrollment("not_enrolled", ASKED, false, &none),
            enrollment("not_enrolled", ASKED, true, &steps()),
            enrollment("enrolling", APPLIED, true, &left),
            enrollment("enrolled", APPLIED, true, &none),
        ],
    );
}

#[tokio::test]
async fn a_plan_is_shown_and_nothing_done() {
    let api = Api::start().await;
    enrolling(&api);
    let arguments = ["tenant", "enroll", "--ring-set", "Standard", "--plan-only"];
    let plan = run(&api.url, &[&arguments[..], &["-o", "table"]].concat()).await;
    assert_eq!(plan.code, 0, "{}", plan.err);
    insta::assert_snapshot!("enroll_plan_table", plan.out);
    let orders = api.orders();
    assert_eq!(orders.len(), 1);
    assert_eq!(orders[0].1["apply"], false);
    enrolling(&api);
    insta::assert_snapshot!("enroll_plan_plain", run(&api.url, &arguments).await.out);
}

#[tokio::test]
async fn it_is_planned_first_and_followed_to_the_end() {
    let api = Api::start().await;
    enrolling(&api);
    let done = run(
        &api.url,
        &[
            "tenant",
            "enroll",
            "--ring-set",
            "Standard",
            "--restore-drift",
            "--drivers",
            "manual",
            "--edge-beta-rings",
            "1",
            "--office-channel",
            "monthly-enterprise",
            "--office-deadline-days",
            "3",
            "--feature-version",
            "Windows 11, version 24H2",
            "--yes",
        ],
    )
    .await;
    assert_eq!(done.code, 0, "{}", done.err);
    let orders = api.orders();
    assert_eq!([&orders[0].1["apply"], &orders[1].1["apply"]], [false, true]);
    assert_eq!(
        orders[1].1["settings"],
        json!({ "ring_set_id": SET, "restore_drift": true,
        "exclude_from_foreign_rings": false, "feature": { "version": "Windows 11, version 24H2" },
        "drivers": { "approval": "manual" }, "edge": { "beta_rings": 1 },
        "office": { "channel": "monthly_enterprise", "deadline_days": 3 } })
    );
    assert!(
        done.err.contains("1 of 4 steps taken; next: Makes the update ring of Test."),
        "{}",
        done.err
    );
    assert!(done.out.contains("state\tenrolled"), "{}", done.out);
}

#[tokio::test]
async fn without_a_terminal_it_needs_yes_and_asks_nothing_before() {
    let api = Api::start().await;
    enrolling(&api);
    for command in
        [&["enroll", "--ring-set", "Standard"][..], &["unenroll"], &["drift", "--restore"]]
    {
        let run = run(&api.url, &[&["tenant"], command].concat()).await;
        assert_eq!(run.code, 2, "{}", run.err);
        assert!(run.err.contains("--yes"), "{}", run.err);
    }
    assert_eq!(api.orders(), []);
}

#[tokio::test]
async fn json_is_one_document_in_the_end() {
    let api = Api::start().await;
    enrolling(&api);
    let done =
        run(&api.url, &["tenant", "enroll", "--ring-set", "Standard", "--yes", "-o", "json"]).await;
    let whole: Value = serde_json::from_str(&done.out).expect("JSON");
    assert_eq!(whole["state"], "enrolled", "with everything the API said");
    assert!(done.err.contains("+ create"), "the plan is talk: {}", done.err);
}

#[tokio::test]
async fn an_error_is_told_while_it_is_waited_for() {
    let api = Api::start().await;
    enrolling(&api);
    let mut stuck = enrollment("not_enrolled", ASKED, false, &json!([]));
    stuck["error"] = json!("Group.ReadWrite.All is not granted");
    api.answer("GET /enrollment", &[stuck]);
    let run =
        run(&api.url, &["tenant", "enroll", "--ring-set", "Standard", "--yes", "--timeout", "1s"])
            .await;
    assert_eq!(run.code, 12);
    assert!(run.err.contains("does not go on: Group.ReadWrite.All is not granted"), "{}", run.err);
    assert!(run.err.contains("`concentric tenant enrollment` shows"), "{}", run.err);
}

#[tokio::test]
async fn somebody_elses_plan_is_not_taken_for_ours() {
    let api = Api::start().await;
    enrolling(&api);
    let theirs = enrollment("enrolling", "2026-11-12T17:09:00Z", true, &steps());
    api.answer("GET /enrollment", &[theirs]);
    let run = run(&api.url, &["tenant", "enroll", "--ring-set", "Standard", "--yes"]).await;
    assert_eq!(run.code, 5, "{}", run.err);
    assert!(run.err.contains("ana asked for something else meanwhile"), "{}", run.err);
    assert_eq!(api.orders().len(), 1, "nothing was applied");
}

#[tokio::test]
async fn unenrolling_says_what_stays() {
    let api = Api::start().await;
    let mut plan = enrollment("enrolled", ASKED, true, &json!([]));
    plan["plan"]["action"] = "unenroll".into();
    plan["plan"]["steps"] = json!([steps()[3]]);
    let mut gone = enrollment("not_enrolled", APPLIED, true, &json!([]));
    gone["plan"]["action"] = "unenroll".into();
    api.answer("POST /enrollment/unenroll", &[plan.clone(), gone.clone()]);
    api.answer("GET /enrollment", &[plan.clone(), plan, gone]);
    let done = run(&api.url, &["tenant", "unenroll", "--yes", "-o", "table"]).await;
    assert_eq!(done.code, 0, "{}", done.err);
    insta::assert_snapshot!("unenroll_table", done.out);
    let applied: Vec<Value> = api.orders().iter().map(|(_, body)| body["apply"].clone()).collect();
    assert_eq!(applied, [false, true]);
}

fn drifted(checked_at: &str, is_drifted: bool) -> Value {
    let mut now = enrollment("enrolled", APPLIED, true, &json!([]));
    now["checked_at"] = json!(checked_at);
    let drift = json!([{ "field": "qualityUpdatesDeferralPeriodInDays", "expected": 0, "found": 5,
        "summary": "set to 5 days" }, { "field": null, "expected": {}, "found": null,
        "summary": "the object is gone" }]);
    let object = |key: &str, drift: Value| {
        json!({ "key": key, "kind": "update_ring", "id": "1",
        "name": format!("Concentric {key}"), "drift": drift })
    };
    now["objects"] = json!([
        object("update-ring/0", json!([])),
        object("update-ring/1", if is_drifted { drift } else { json!([]) })
    ]);
    now
}

#[tokio::test]
async fn drift_is_shown_field_by_field_and_has_its_exit_code() {
    let api = Api::start().await;
    api.answer("GET /enrollment", &[drifted(ASKED, true)]);
    let table = run(&api.url, &["tenant", "drift", "-o", "table"]).await;
    assert_eq!(table.code, 15, "{}", table.err);
    insta::assert_snapshot!("drift_table", table.out);
    insta::assert_snapshot!("drift_plain", run(&api.url, &["tenant", "drift"]).await.out);
    let status = run(&api.url, &["tenant", "enrollment", "-o", "table"]).await;
    insta::assert_snapshot!("enrollment_table", status.out);
    api.answer("GET /enrollment", &[drifted(ASKED, false)]);
    assert_eq!(run(&api.url, &["tenant", "drift"]).await.code, 0);
}

#[tokio::test]
async fn a_comparison_is_asked_for_and_waited_for() {
    let api = Api::start().await;
    api.answer("POST /enrollment/check", &[json!({ "at": APPLIED })]);
    api.answer("GET /enrollment", &[drifted(ASKED, true), drifted(APPLIED, false)]);
    let run = run(&api.url, &["tenant", "drift", "--check"]).await;
    assert_eq!(run.code, 0, "the newer one counts: {}", run.err);
}

#[tokio::test]
async fn what_differs_is_restored() {
    let api = Api::start().await;
    api.answer("GET /enrollment", &[drifted(ASKED, true), drifted(ASKED, false)]);
    api.answer("POST /enrollment/restore", &[drifted(ASKED, true)]);
    let all = run(&api.url, &["tenant", "drift", "--restore", "--yes"]).await;
    assert_eq!(all.code, 0, "{}", all.err);
    assert_eq!(api.orders()[0].1, json!({ "keys": null }));
    api.answer("GET /enrollment", &[drifted(ASKED, true), drifted(ASKED, false)]);
    let one = run(&api.url, &["tenant", "drift", "--restore", "update-ring/1", "--yes"]).await;
    assert_eq!(one.code, 0, "{}", one.err);
    assert_eq!(api.orders()[1].1, json!({ "keys": ["update-ring/1"] }));
    let wrong = run(&api.url, &["tenant", "drift", "--restore", "ring/1", "--yes"]).await;
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("update-ring/0"), "it says what there is: {}", wrong.err);
}

#[tokio::test]
async fn what_is_so_already_is_not_applied_again() {
    let api = Api::start().await;
    enrolling(&api);
    let planned = enrollment("enrolled", ASKED, true, &json!([]));
    api.answer("PUT /enrollment", std::slice::from_ref(&planned));
    let before = enrollment("enrolled", "2026-11-01T00:00:00Z", true, &json!([]));
    api.answer("GET /enrollment", &[before, planned]);
    let arguments = ["tenant", "enroll", "--ring-set", "Standard", "--restore-drift", "--yes"];
    let again = run(&api.url, &arguments).await;
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(again.err.contains("Nothing to do."), "{}", again.err);
    assert_eq!(api.orders().len(), 1, "the plan alone");
}

#[tokio::test]
async fn an_error_that_stays_ends_it() {
    let api = Api::start().await;
    enrolling(&api);
    let mut stuck = enrollment("enrolling", ASKED, false, &json!([]));
    stuck["error"] = json!("403 Forbidden");
    api.answer("GET /enrollment", &[stuck]);
    let run = run(&api.url, &["tenant", "enroll", "--ring-set", "Standard", "--yes"]).await;
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.err.contains("it does not go on: 403 Forbidden"), "{}", run.err);
}
