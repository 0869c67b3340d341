//! Pauses of a tenant, a release, a rollout or a ring: what is sent, what asks, and what is shown.

use serde_json::{Value, json};

use crate::api::{Api, OTHER, ROLLOUT, TENANT, tenant};
use crate::program::run;

fn release() -> Value {
    json!({ "items": [{ "id": TENANT, "name": "November", "update_id": TENANT,
        "delivery": { "kind": "quality" }, "created_by": "ana",
        "created_at": "2026-11-10T17:00:00Z" }] })
}

fn changed() -> Value {
    json!({ "changed": true, "rollouts": 3 })
}

#[tokio::test]
async fn each_scope_has_its_path_and_pausing_never_asks() {
    let api = Api::start().await;
    api.answer("GET ", &[tenant(TENANT, "Contoso")]);
    let ring = format!("rollouts/{ROLLOUT}/rings/1/pause");
    let of_release = format!("releases/{TENANT}/pause");
    api.answer("GET /releases", &[release()]);
    for path in ["pause", of_release.as_str(), ring.as_str()] {
        api.answer(&format!("POST /{path}"), &[changed()]);
    }
    let told = [
        (&["--all"][..], "pause", json!({})),
        (&["--release", "November", "--reason", "fire"], &of_release, json!({ "reason": "fire" })),
        (
            &["--rollout", "2026-11 B", "--ring", "First", "--take-back"],
            &ring,
            json!({ "take_back": true }),
        ),
    ];
    for (arguments, path, body) in told {
        let run = run(&api.url, &[&["pause"], arguments].concat()).await;
        assert_eq!(run.code, 0, "{}", run.err);
        assert!(run.err.contains("paused (3 rollouts); no new offer"), "{}", run.err);
        let last = api.orders().pop().expect("an order");
        assert_eq!(last, (format!("POST /{path}"), body));
    }
}

#[tokio::test]
async fn a_rollout_alone_is_paused_as_ever() {
    let api = Api::start().await;
    let run = run(&api.url, &["pause", "--rollout", "2026-11 B", "--take-back"]).await;
    assert_eq!(run.code, 0, "{}", run.err);
    let actions = api.world.lock().expect("unpoisoned").actions.clone();
    assert_eq!(actions, [(format!("{ROLLOUT}/pause"), json!({ "take_back": true }))]);
}

#[tokio::test]
async fn what_to_pause_has_to_be_said_and_said_once() {
    for arguments in [
        &["pause"][..],
        &["pause", "--all", "--release", "November"],
        &["pause", "--ring", "1"],
        &["resume", "--all"],
    ] {
        let run = run("http://127.0.0.1:1", arguments).await;
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.err);
    }
}

#[tokio::test]
async fn resuming_wants_yes_where_nobody_can_be_asked() {
    let api = Api::start().await;
    api.answer("GET ", &[tenant(TENANT, "Contoso")]);
    api.answer("POST /resume", &[changed()]);
    let refused = run(&api.url, &["resume", "--all"]).await;
    assert_eq!((refused.code, api.orders()), (2, vec![]));
    assert!(refused.err.contains("--yes"), "{}", refused.err);
    let done = run(&api.url, &["resume", "--all", "--yes", "--reason", "fixed"]).await;
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(api.orders(), [("POST /resume".to_owned(), json!({ "reason": "fixed" }))]);
}

#[tokio::test]
async fn a_ring_that_is_not_there_is_said_with_those_that_are() {
    let api = Api::start().await;
    let run = run(&api.url, &["pause", "--rollout", "2026-11 B", "--ring", "Last"]).await;
    assert_eq!(run.code, 3);
    assert!(run.err.contains("  1  First"), "{}", run.err);
}

#[tokio::test]
async fn the_pauses_that_stand_are_listed() {
    let api = Api::start().await;
    let pause = json!({ "id": TENANT, "scope": "ring", "rollout_id": ROLLOUT, "ring": 1,
        "take_back": true, "by": "ana", "at": "2026-11-12T09:00:00Z", "reason": "fire" });
    api.answer("GET /pauses", &[json!({ "items": [pause] })]);
    let run = run(&api.url, &["pauses"]).await;
    assert_eq!(run.code, 0, "{}", run.err);
    let line = format!("ring 1\tana\t2026-11-12 09:00:00Z\tyes\tfire\t{ROLLOUT}");
    assert!(run.out.contains(&line), "{}", run.out);
}

#[tokio::test]
async fn a_rollback_can_be_looked_at_without_doing_anything() {
    let api = Api::start().await;
    let path = format!("GET /rollouts/{ROLLOUT}/rollback-preview");
    api.answer(
        &path,
        &[json!({ "rollout_id": ROLLOUT, "at": "2026-11-12T16:00:00Z", "way": "go_back",
            "text": "Windows goes back.", "removable": 12, "first_closes_at": "2026-11-20T09:00:00Z",
            "installing": 1, "not_installed": 80, "removing": 0, "removed": 0, "could_not": 0,
            "reinstalled": 0, "impossible": [
                { "why": "newer", "devices": 7, "text": "they have a newer update" }] })],
    );
    let seen = run(&api.url, &["rollout", "rollback", "2026-11 B", "--preview"]).await;
    assert_eq!(seen.code, 0, "{}", seen.err);
    assert!(seen.out.contains("can give it back\t12"), "{}", seen.out);
    assert!(seen.out.contains("7 devices: they have a newer update"), "{}", seen.out);
    let device = json!({ "device_id": TENANT, "name": "PC-1", "ring": 0, "state": "confirmed",
        "prospect": "impossible", "why": "newer" });
    api.answer(&format!("{path}/devices"), &[json!({ "items": [device] })]);
    let arguments = ["rollout", "rollback", "2026-11 B", "--preview", "--devices"];
    let seen = run(&api.url, &arguments).await;
    assert!(
        seen.out.contains("PC-1\t0\tconfirmed\tkeeps it\t-\thas a newer update"),
        "{}",
        seen.out
    );
    assert_eq!(api.orders(), []);
}

#[tokio::test]
async fn a_cohort_is_held_and_released() {
    let api = Api::start().await;
    let filter = "model == \"Book 1\"";
    let hold = json!({ "id": OTHER, "filter": filter, "reason": "fire", "owner": "ana",
        "since": "2026-11-12T09:00:00Z", "expires_at": null, "devices": 1200, "complete": true });
    api.answer("POST /holds", std::slice::from_ref(&hold));
    let made = run(&api.url, &["hold", "create", filter, "--reason", "fire"]).await;
    assert_eq!(made.code, 0, "{}", made.err);
    assert!(made.out.contains("devices\t1,200"), "{}", made.out);
    api.answer("GET /holds", &[json!({ "items": [hold] })]);
    api.answer(&format!("POST /holds/{OTHER}/end"), &[Value::Null]);
    let ended = run(&api.url, &["hold", "end", "0195d111-2", "--reason", "over"]).await;
    assert_eq!(ended.code, 0, "{}", ended.err);
    let orders = api.orders();
    assert_eq!(orders[0].1, json!({ "filter": filter, "reason": "fire" }));
    assert_eq!(orders[1].1, json!({ "reason": "over" }));
    let nothing = run(&api.url, &["hold", "end", "nothing", "--reason", "over"]).await;
    assert_eq!(nothing.code, 3);
}

#[tokio::test]
async fn devices_in_flight_and_the_countdown_are_shown() {
    let api = Api::start().await;
    let device = json!({ "device_id": TENANT, "name": "PC-1", "ring": 0, "state": "offered",
        "since": "2026-11-12T09:00:00Z", "last_check_in": null, "can_be_taken_back": true });
    api.answer(&format!("GET /rollouts/{ROLLOUT}/in-flight"), &[json!({ "items": [device] })]);
    let seen = run(&api.url, &["rollout", "in-flight", "2026-11 B"]).await;
    assert!(seen.out.contains("PC-1\t0\toffered\t2026-11-12 09:00:00Z\t-\tyes"), "{}", seen.out);
    api.answer("GET /releases", &[release()]);
    api.answer(
        &format!("GET /releases/{TENANT}/rollback-readiness"),
        &[json!({ "release_id": TENANT, "at": "2026-11-12T16:00:00Z", "way": "go_back",
            "text": "Windows goes back.", "removable": 12, "impossible": 3,
            "first_closes_at": "2026-11-20T09:00:00Z",
            "closing": [{ "day": "2026-11-20", "devices": 5 }] })],
    );
    let seen = run(&api.url, &["release", "rollback-readiness", "November"]).await;
    assert_eq!(seen.code, 0, "{}", seen.err);
    assert!(seen.out.contains("no longer can\t2026-11-20: 5 devices"), "{}", seen.out);
}
