//! `--dry-run`, `--no-input` and `--watch`: what does not happen.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::api::{Api, ROLLOUT, TENANT};
use crate::program::{command, run};

#[tokio::test]
async fn a_dry_run_shows_the_request_and_sends_none() {
    let api = Api::start().await;
    let pause = ["rollout", "pause", "2026-11 B", "--reason", "odd reboots", "--dry-run"];
    let plain = run(&api.url, &pause).await;
    assert_eq!(plain.code, 0, "{}", plain.err);
    let path = format!("/api/v1/tenants/{TENANT}/rollouts/{ROLLOUT}/pause");
    assert!(plain.out.starts_with(&format!("POST {path}\n{{")), "{}", plain.out);
    let whole = run(&api.url, &[&pause[..], &["-o", "json"]].concat()).await;
    let whole: Value = serde_json::from_str(&whole.out).expect("JSON");
    assert_eq!(
        (&whole["dry_run"], &whole["method"], &whole["path"]),
        (&json!(true), &json!("POST"), &json!(path))
    );
    assert_eq!(whole["body"]["reason"], "odd reboots");
    // What asks otherwise needs no answer: nothing happens.
    let rollback = run(&api.url, &["rollout", "rollback", "2026-11 B", "--dry-run"]).await;
    assert_eq!(rollback.code, 0, "{}", rollback.err);
    assert!(rollback.out.contains("/rollback"), "{}", rollback.out);
    assert!(rollback.err.contains("Takes the update back from 854 devices."), "{}", rollback.err);
    api.change(|world| assert!(world.actions.is_empty(), "{:?}", world.actions));
    assert_eq!(api.orders(), []);
}

#[tokio::test]
async fn a_dry_run_shows_no_secret() {
    let api = Api::start().await;
    let secret = crate::program::TempFile::new("hush-hush");
    let create = ["tenant", "create", "New", "--entra-tenant-id", TENANT, "--client-id", TENANT];
    let arguments = [&create[..], &["--secret-file", secret.path(), "--dry-run"]].concat();
    let run = run(&api.url, &arguments).await;
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("POST /api/v1/tenants"), "{}", run.out);
    assert!(!run.out.contains("hush"), "{}", run.out);
}

#[tokio::test]
async fn without_input_it_says_what_to_pass() {
    let api = Api::start().await;
    let cancel = run(&api.url, &["rollout", "cancel", "2026-11 B", "--no-input"]).await;
    assert_eq!(cancel.code, 2);
    assert!(cancel.err.contains("--no-input") && cancel.err.contains("--yes"), "{}", cancel.err);
    let meant = ["rollout", "cancel", "2026-11 B", "--no-input", "--yes", "--reason", "wrong KB"];
    assert_eq!(run(&api.url, &meant).await.code, 0);
    api.change(|world| assert_eq!(world.actions.len(), 1));
}

#[tokio::test]
async fn watching_writes_a_line_for_each_change() {
    let api = Api::start().await;
    let mut watching = command(&api.url, &["rollout", "list", "--watch"]);
    watching.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
    let mut child = watching.spawn().expect("it runs");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut next = async || {
        let line = tokio::time::timeout(Duration::from_secs(20), lines.next_line()).await;
        let line = line.expect("in time").expect("readable").expect("a line");
        serde_json::from_str::<Value>(&line).expect("a line of JSON")
    };
    assert_eq!(next().await["phase"]["name"], "soaking");
    assert_eq!(next().await["phase"]["name"], "completed");
    api.phase(&json!({ "name": "paused", "ring": 1, "since": "2026-11-12T10:00:00Z" }));
    assert_eq!(next().await["phase"]["name"], "paused");
    child.kill().await.expect("it ran until now");
}

#[tokio::test]
async fn only_looking_can_be_repeated() {
    let api = Api::start().await;
    let pause = run(&api.url, &["rollout", "pause", "2026-11 B", "--watch"]).await;
    assert_eq!(pause.code, 2);
    assert!(pause.err.contains("commands that look"), "{}", pause.err);
    api.change(|world| assert!(world.actions.is_empty()));
}

#[tokio::test]
async fn a_name_that_is_nearly_right_is_suggested() {
    let api = Api::start().await;
    let near = run(&api.url, &["rollout", "get", "2026-11B"]).await;
    assert_eq!(near.code, 3);
    assert!(near.err.contains("did you mean `2026-11 B`?"), "{}", near.err);
    let tenant = run(&api.url, &["tenant", "get", "contso"]).await;
    assert!(tenant.err.contains("did you mean `Contoso`?"), "{}", tenant.err);
    let far = run(&api.url, &["tenant", "get", "Fabrikam"]).await;
    assert!(!far.err.contains("did you mean"), "{}", far.err);
}
