//! Devices: lists by expression, explanations, and what is done to them.

use serde_json::{Value, json};

use crate::api::{Api, ROLLOUT};
use crate::program::run;
use crate::ring_sets::{SET, ring_set};

pub(crate) const DEVICE: &str = "0195d444-0000-7000-8000-000000000001";

pub(crate) fn device(id: &str, name: &str) -> Value {
    json!({ "id": id, "name": name, "manufacturer": "Dell", "model": "Latitude 7440",
        "serial": "S1", "build": "10.0.26100.7171", "last_sync": "2026-11-12T09:00:00Z",
        "intune_id": null, "entra_device_id": null, "object_id": null, "standing": "not_ready",
        "reasons": ["not_in_intune", "inactive"], "sort": "physical", "quality_only": false,
        "edition": "Enterprise", "architecture": "x64", "owner": "company", "agent": "intune",
        "join": "hybrid", "category": "Berlin" })
}

pub(crate) fn explanation(controls: &Value) -> Value {
    json!({ "id": DEVICE, "name": "LAPTOP-1", "standing": "not_ready",
        "judged_at": "2026-11-12T09:00:00Z", "summary": "Two things stand against it.",
        "status": "not_registered", "primary_reason": because(),
        "reasons": [{ "reason": "not_in_intune", "title": "Intune does not know it",
            "turn": "administrator", "remedy": "Enroll it in Intune." }],
        "rings": [{ "ring_set_id": SET, "ring_set": "Standard", "ring": 1, "ring_name": "Broad",
            "why": "percentage", "summary": "The percentages put it there." },
            { "ring_set_id": SET, "ring_set": "Servers", "ring": null, "ring_name": null,
              "why": null, "summary": "None of the source groups has it." }],
        "controls": controls })
}

fn because() -> Value {
    json!({ "reason": "not_in_intune", "title": "Not in Intune", "owner": "administrator",
        "fix": "Enroll it in Intune.", "evidence": "found in Entra alone",
        "since": "2026-11-12T09:00:00Z", "age_days": 3, "rollout_id": null,
        "alerts": ["DeviceRegistrationIssue"] })
}

pub(crate) fn hold() -> Value {
    json!([{ "control": "hold", "ring_set_id": null, "ring": null, "reason": "in repair",
        "owner": "ana", "since": "2026-11-10T09:00:00Z", "expires_at": "2999-01-01T00:00:00Z" }])
}

fn served(api: &Api) {
    let devices = json!({ "items": [device(DEVICE, "LAPTOP-1"),
        device("0195d444-0000-7000-8000-000000000002", "LAPTOP-12")] });
    api.answer("GET /devices", &[devices]);
    api.answer("GET /ring-sets", &[json!({ "items": [ring_set()] })]);
    api.answer("POST /device-actions", &[result(true, 42), result(false, 42)]);
}

fn result(preview: bool, matched: u32) -> Value {
    json!({ "preview": preview, "matched": matched, "changed": 40,
        "examples": [{ "id": DEVICE, "name": "LAPTOP-1" }] })
}

#[tokio::test]
async fn standings_become_part_of_the_expression() {
    let api = Api::start().await;
    served(&api);
    let expressions = [
        (&["--standing", "not-ready"][..], r#"standing == "not_ready""#),
        (
            &["--standing", "excluded,group-conflict", "--filter", "a || b"],
            r#"(a || b) && (standing == "excluded" || standing == "group_conflict")"#,
        ),
        (
            &["--filter", "build < 26100", "--name-prefix", "L\"", "--model", "X"],
            r#"(build < 26100) && (name.startsWith("L\"")) && (model == "X")"#,
        ),
    ];
    for (arguments, expression) in expressions {
        let run = run(&api.url, &[&["device", "list"], arguments].concat()).await;
        assert_eq!(run.code, 0, "{}", run.err);
        let asked = api.world.lock().expect("unpoisoned").requests.pop().expect("a request").0;
        let query = asked.split_once('?').expect("a query").1;
        let query: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        assert_eq!(
            query,
            [
                ("filter".to_owned(), expression.to_owned()),
                ("page_size".to_owned(), "100".to_owned())
            ]
        );
    }
}

#[tokio::test]
async fn devices_are_shown_with_their_standing() {
    let api = Api::start().await;
    served(&api);
    let table = run(&api.url, &["device", "list", "-o", "table"]).await;
    insta::assert_snapshot!("device_list_table", table.out);
    let mut detail = device(DEVICE, "LAPTOP-1");
    detail["rings"] = json!([{ "ring_set_id": SET, "ring": 1 }]);
    detail["attempts"] = json!([]);
    detail["status"] = json!("not_registered");
    detail["primary_reason"] = because();
    api.answer(&format!("GET /devices/{DEVICE}"), &[detail]);
    let one = run(&api.url, &["device", "get", "LAPTOP-1", "-o", "table"]).await;
    insta::assert_snapshot!("device_get_table", one.out);
}

#[tokio::test]
async fn an_explanation_says_whose_turn_it_is() {
    let api = Api::start().await;
    served(&api);
    api.answer(&format!("GET /devices/{DEVICE}/explain"), &[explanation(&hold())]);
    let table = run(&api.url, &["device", "explain", "LAPTOP-1", "-o", "table"]).await;
    assert_eq!(table.code, 0, "{}", table.err);
    insta::assert_snapshot!("device_explain_table", table.out);
    let plain = run(&api.url, &["device", "explain", "LAPTOP-1"]).await;
    insta::assert_snapshot!("device_explain_plain", plain.out);
}

#[tokio::test]
async fn named_devices_are_acted_upon_at_once() {
    let api = Api::start().await;
    served(&api);
    let told = [
        (
            &["hold", "LAPTOP-1", DEVICE, "--reason", "repair", "--until", "2999-01-01T00:00:00Z"]
                [..],
            json!({ "action": "hold", "reason": "repair", "expires_at": "2999-01-01T00:00:00Z" }),
        ),
        (&["release", DEVICE], json!({ "action": "release" })),
        (
            &["exclude", DEVICE, "--reason", "kiosk"],
            json!({ "action": "exclude", "reason": "kiosk", "expires_at": null }),
        ),
        (&["restore", DEVICE], json!({ "action": "restore" })),
        (
            &["move", DEVICE, "--ring-set", "Standard", "--ring", "Broad"],
            json!({ "action": "move", "ring_set_id": SET, "ring": 1, "reason": null }),
        ),
        (
            &["unpin", DEVICE, "--ring-set", "Standard"],
            json!({ "action": "unpin", "ring_set_id": SET }),
        ),
        (
            &["expedite", DEVICE, "--rollout", "2026-11 B"],
            json!({ "action": "expedite", "rollout_id": ROLLOUT }),
        ),
        (
            &["retry", DEVICE, "--rollout", "2026-11 B"],
            json!({ "action": "retry", "rollout_id": ROLLOUT }),
        ),
        (&["sync", DEVICE], json!({ "action": "sync" })),
    ];
    for (arguments, what) in told {
        let run = run(&api.url, &[&["device"], arguments].concat()).await;
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.err);
        let (line, body) = api.orders().pop().expect("an order");
        assert_eq!(line, "POST /device-actions");
        assert_eq!(
            body,
            json!({ "select": { "ids": [DEVICE] }, "do": what, "preview": false,
            "expect": null })
        );
    }
    let moved = ["device", "move", DEVICE, "--ring-set", "Standard", "--ring", "2"];
    let run = run(&api.url, &moved).await;
    assert_eq!(run.code, 3);
    assert!(run.err.contains("1  Broad"), "it says which rings there are: {}", run.err);
}

#[tokio::test]
async fn many_are_counted_first_and_that_count_is_sent_along() {
    let api = Api::start().await;
    served(&api);
    let arguments = ["device", "hold", "--filter", "build < 22000", "--reason", "old"];
    let unasked = run(&api.url, &arguments).await;
    assert_eq!(unasked.code, 2, "{}", unasked.err);
    assert_eq!(api.orders(), []);
    let done = run(&api.url, &[&arguments[..], &["--yes", "-o", "table"]].concat()).await;
    assert_eq!(done.code, 0, "{}", done.err);
    insta::assert_snapshot!("device_hold_table", done.out);
    insta::assert_snapshot!("device_hold_talk", done.err);
    let asked: Vec<Value> = api
        .orders()
        .iter()
        .map(|(_, body)| json!([body["preview"], body["expect"], body["select"]]))
        .collect();
    let select = json!({ "filter": "build < 22000" });
    assert_eq!(asked, [json!([true, null, select]), json!([false, 42, select])]);
}

#[tokio::test]
async fn a_count_that_changed_is_a_conflict() {
    let api = Api::start().await;
    served(&api);
    api.refuse("POST /device-actions", 409, "Another number", "It would be 43 devices, not 42.");
    let sync = ["device", "sync", "--filter", "true", "--yes"];
    let refused = run(&api.url, &sync).await;
    assert_eq!(refused.code, 5, "{}", refused.err);
    assert!(refused.err.contains("43 devices"), "{}", refused.err);
    api.answer("POST /device-actions", &[result(true, 0)]);
    assert_eq!(run(&api.url, &sync).await.code, 3, "nothing is selected");
}

#[tokio::test]
async fn what_is_missing_is_said_before_anything_is_asked() {
    let nowhere = "http://127.0.0.1:1";
    let wrong = [
        (&["hold", "A"][..], "--reason"),
        (&["sync"], "<DEVICE>"),
        (&["sync", "--yes"], "<DEVICE>"),
        (&["sync", "A", "--filter", "true"], "--filter"),
        (&["hold", "A", "--reason", "x", "--until", "yesterday"], "3d or 12h"),
        (&["hold", "A", "--reason", "x", "--until", "2020-01-01T00:00:00Z"], "past"),
    ];
    for (arguments, says) in wrong {
        let run = run(nowhere, &[&["device"], arguments].concat()).await;
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.err);
        assert!(run.err.contains(says), "{arguments:?}: {}", run.err);
    }
}

#[tokio::test]
async fn a_beginning_that_fits_several_names_lists_them() {
    let api = Api::start().await;
    served(&api);
    let several = run(&api.url, &["device", "release", "LAP"]).await;
    assert_eq!(several.code, 2);
    assert!(several.err.contains("LAPTOP-12"), "{}", several.err);
    assert_eq!(api.orders(), []);
}
