//! `concentric support`.

use serde_json::{Value, json};

use crate::api::{Api, ROLLOUT};
use crate::program::run;

const REQUEST: &str = "0195d777-0000-7000-8000-000000000001";

fn request() -> Value {
    json!({ "id": REQUEST, "about": { "kind": "rollout", "id": ROLLOUT, "name": "2026-11 B" },
        "title": "Printing fails", "description": "since the last wave", "severity": "critical",
        "category": "updates", "status": "in_progress", "status_at": "2026-11-12T10:00:00Z",
        "requester": "ana", "assignee": "ben", "follows": null,
        "answer_by": "2026-11-12T10:00:00Z", "answered_at": null, "is_late": true,
        "reopen_until": null, "created_at": "2026-11-12T09:00:00Z",
        "changed_at": "2026-11-12T10:00:00Z", "bundle_bytes": 20_480, "bundle_sha256": "ab12" })
}

#[tokio::test]
async fn a_request_is_filed_from_a_rollout() {
    let api = Api::start().await;
    api.answer("POST /support-requests", &[request()]);
    let create = [
        "support",
        "create",
        "Printing fails",
        "--description",
        "since the last wave",
        "--severity",
        "critical",
        "--category",
        "updates",
        "--rollout",
        "2026-11 B",
    ];
    let made = run(&api.url, &create).await;
    assert_eq!(made.code, 0, "{}", made.err);
    assert!(made.out.contains("20,480 bytes, SHA-256 ab12"), "{}", made.out);
    assert_eq!(
        api.orders(),
        [(
            "POST /support-requests".to_owned(),
            json!({
        "about": { "kind": "rollout", "id": ROLLOUT }, "title": "Printing fails",
        "description": "since the last wave", "severity": "critical", "category": "updates" })
        )]
    );
    let dry = run(&api.url, &[&create[..], &["--dry-run"]].concat()).await;
    assert_eq!((dry.code, api.orders().len()), (0, 1), "{}", dry.out);
    let both = run(&api.url, &[&create[..], &["--device", "PC-1"]].concat()).await;
    assert_eq!(both.code, 2, "about one thing: {}", both.err);
}

#[tokio::test]
async fn requests_are_found_by_title_and_moved() {
    let api = Api::start().await;
    let list = json!({ "items": [request()] });
    api.answer("GET /support-requests", &[list]);
    let table = run(&api.url, &["support", "list", "-o", "table"]).await;
    insta::assert_snapshot!(table.out, @r"
    SEVERITY  STATUS       TITLE           ABOUT              ASSIGNED TO  ANSWER                           ID
    critical  in progress  Printing fails  rollout 2026-11 B  ben          late since 2026-11-12 10:00:00Z  0195d777-0000-7000-8000-000000000001
    ");
    let path = format!("/support-requests/{REQUEST}");
    let mut detail = request();
    detail["conversation"] = json!([{ "id": REQUEST, "at": "2026-11-12T10:00:00Z", "author": "ben",
        "text": "on it", "status": "in_progress", "assignee": "ben" }]);
    api.answer(&format!("GET {path}"), &[detail]);
    for action in ["comments", "move", "reopen"] {
        api.answer(&format!("POST {path}/{action}"), &[request()]);
    }
    let got = run(&api.url, &["support", "get", "Printing fails"]).await;
    assert!(
        got.out.contains("said\t2026-11-12 10:00:00Z ben, now in progress, assigned to ben: on it"),
        "{}",
        got.out
    );
    for command in [
        &["support", "comment", "0195d777", "it is the driver"][..],
        &["support", "status", "Printing fails", "mitigated", "--comment", "rolled back"],
        &["support", "status", "Printing fails", "--severity", "minimal"],
        &["support", "reopen", "Printing fails", "--reason", "it is back"],
    ] {
        let done = run(&api.url, command).await;
        assert_eq!(done.code, 0, "{command:?}: {}", done.err);
    }
    let said: Vec<String> = api
        .orders()
        .iter()
        .map(|(line, body)| format!("{} {body}", line.rsplit('/').next().unwrap_or_default()))
        .collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    comments {"text":"it is the driver"}
    move {"comment":"rolled back","status":"mitigated"}
    move {"severity":"minimal"}
    reopen {"reason":"it is back"}
    "#);
    let none = run(&api.url, &["support", "status", "Printing fails"]).await;
    assert_eq!(none.code, 2, "{}", none.err);
    let missing = run(&api.url, &["support", "get", "Scanning fails"]).await;
    assert!(missing.err.contains("`concentric support list`"), "{}", missing.err);
}

#[tokio::test]
async fn evidence_is_written_whole_or_not_at_all() {
    let api = Api::start().await;
    api.answer("GET /support-requests", &[json!({ "items": [request()] })]);
    api.answer(&format!("GET /support-requests/{REQUEST}/bundle"), &[json!({ "format": "x" })]);
    let file = std::env::temp_dir().join(format!("concentric-{}.json", std::process::id()));
    let path = file.to_str().expect("a path");
    let saved = run(&api.url, &["support", "bundle", "Printing fails", "--file", path]).await;
    assert_eq!(saved.code, 0, "{}", saved.err);
    assert_eq!(std::fs::read_to_string(&file).expect("a file"), r#"{"format":"x"}"#);
    std::fs::remove_file(&file).expect("it is there");
    let refused = run(&api.url, &["support", "export", "Printing fails", "--file", path]).await;
    assert_eq!((refused.code, file.exists()), (3, false), "{}", refused.err);
}

#[tokio::test]
async fn a_desk_is_made_without_showing_its_secret() {
    let api = Api::start().await;
    let desk = json!({ "id": REQUEST, "name": "Board", "url": "https://example.atlassian.net",
        "way": { "kind": "jira", "project": "UPD", "issue_type": "Task",
            "login": { "kind": "basic", "user": "ana@example.com" } },
        "at_least": "moderate", "categories": ["updates"], "enabled": true, "failing_since": null,
        "pending": 0, "created_at": "2026-11-12T09:00:00Z", "changed_at": "2026-11-12T09:00:00Z" });
    api.answer("POST /support-desks", std::slice::from_ref(&desk));
    let secret = crate::program::TempFile::new("hush-hush\n");
    let create = [
        "support",
        "desk",
        "create",
        "jira",
        "Board",
        "--to",
        "https://example.atlassian.net",
        "--project",
        "UPD",
        "--user",
        "ana@example.com",
        "--secret-file",
        secret.path(),
        "--at-least",
        "moderate",
        "--categories",
        "updates",
    ];
    let made = run(&api.url, &create).await;
    assert_eq!(made.code, 0, "{}", made.err);
    assert!(!made.out.contains("hush") && made.out.contains("as ana@example.com"), "{}", made.out);
    assert_eq!(api.orders()[0].1["secret"], "hush-hush", "without the end of the line");
    let dry = run(&api.url, &[&create[..], &["--dry-run"]].concat()).await;
    assert_eq!((dry.code, api.orders().len()), (0, 1), "{}", dry.err);
    assert!(!dry.out.contains("hush"), "{}", dry.out);
    api.answer("GET /support-desks", &[json!({ "items": [desk.clone()] })]);
    api.answer(&format!("GET /support-desks/{REQUEST}"), std::slice::from_ref(&desk));
    api.answer(&format!("PUT /support-desks/{REQUEST}"), &[desk]);
    let off = run(&api.url, &["support", "desk", "disable", "Board", "--reason", "it moves"]).await;
    assert_eq!(off.code, 0, "{}", off.err);
    let (line, body) = api.orders().pop().expect("an order");
    assert!(line.starts_with("PUT"), "{line}");
    assert_eq!(
        (&body["enabled"], body.get("secret")),
        (&json!(false), None),
        "the secret stays: {body}"
    );
}
