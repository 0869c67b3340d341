//! Actions: which ask, and what is sent.

use serde_json::json;

use crate::api::{Api, ROLLOUT};
use crate::program::run;

#[tokio::test]
async fn without_a_terminal_what_is_hard_to_take_back_needs_yes() {
    let api = Api::start().await;
    for action in [
        &["resume", "2026-11 B"][..],
        &["rollback", "2026-11 B"],
        &["cancel", "2026-11 B"],
        &["promote", "2026-11 B", "--reason", "looked at it"],
        &["approve", "2026-11 B", "--ring", "First", "--comment", "looked at it"],
    ] {
        let run = run(&api.url, &[&["rollout"], action].concat()).await;
        assert_eq!(run.code, 2, "{action:?}");
        assert!(run.err.contains("--yes"), "{}", run.err);
    }
    assert_eq!(api.world.lock().expect("unpoisoned").actions, [], "nothing was sent");
}

#[tokio::test]
async fn with_yes_they_are_sent_with_their_reason() {
    let api = Api::start().await;
    let told = [
        ("resume", &["--reason", "fixed"][..], json!({ "reason": "fixed" })),
        ("rollback", &[], json!({})),
        ("cancel", &["--reason", "superseded"], json!({ "reason": "superseded" })),
        ("promote", &["--reason", "seen", "--ring", "1"], json!({ "ring": 1, "reason": "seen" })),
    ];
    for (action, more, body) in told {
        let arguments = [&["rollout", action, "2026-11 B", "--yes"], more].concat();
        let run = run(&api.url, &arguments).await;
        assert_eq!(run.code, 0, "{}", run.err);
        let last = api.world.lock().expect("unpoisoned").actions.pop();
        assert_eq!(last, Some((format!("{ROLLOUT}/{action}"), body)));
    }
}

#[tokio::test]
async fn pause_never_asks() {
    let api = Api::start().await;
    let run = run(&api.url, &["rollout", "pause", "0195d111-1"]).await;
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("no new offer is decided"), "{}", run.err);
    let actions = api.world.lock().expect("unpoisoned").actions.clone();
    assert_eq!(actions, [(format!("{ROLLOUT}/pause"), json!({}))]);
}

#[tokio::test]
async fn promoting_wants_a_reason() {
    let run = run("http://127.0.0.1:1", &["rollout", "promote", "2026-11 B", "--yes"]).await;
    assert_eq!(run.code, 2);
    assert!(run.err.contains("--reason"), "{}", run.err);
}
