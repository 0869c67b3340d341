//! `doctor`: says what is wrong, and only that, with its exit code.

use serde_json::{Value, json};

use crate::api::Api;
use crate::program::{Run, command, finish, run};

/// A server and a tenant with which all is well, as seen at the time of the test.
async fn well() -> Api {
    let api = Api::start().await;
    let grant = json!({ "roles": ["viewer"], "tenant_id": null, "ring_set_ids": null });
    api.answer("GET /whoami", &[json!({ "name": "ana", "grants": [grant] })]);
    api.answer("GET /openapi.json", &[json!({ "info": { "version": env!("CARGO_PKG_VERSION") } })]);
    api.answer("GET /pauses", &[json!({ "items": [] })]);
    api.answer("GET /enrollment", &[enrollment(&Value::Null)]);
    api.change(|world| {
        world.tenants[0]["synced_at"] = json!(chrono::Utc::now());
        for rollout in &mut world.rollouts {
            rollout["next_look"] = Value::Null;
        }
    });
    api
}

fn enrollment(error: &Value) -> Value {
    json!({ "state": "enrolled", "settings": null, "plan": null, "error": error,
        "checked_at": null, "objects": [], "members_pending": 0 })
}

async fn states(api: &Api) -> (i32, Vec<(String, String)>) {
    let run = run(&api.url, &["doctor", "-o", "jsonl"]).await;
    let all = run.out.lines().map(|line| {
        let finding: Value = serde_json::from_str(line).expect("JSON");
        let text = |name: &str| finding[name].as_str().expect("text").to_owned();
        if text("state") != "good" {
            assert!(finding["why"].is_string() && finding["remedy"].is_string(), "{finding}");
        }
        (text("name"), text("state"))
    });
    (run.code, all.collect())
}

fn wrong(all: &[(String, String)]) -> Vec<&str> {
    all.iter().filter(|(_, state)| state == "wrong").map(|(name, _)| name.as_str()).collect()
}

#[tokio::test]
async fn a_healthy_deployment_has_nothing_wrong() {
    let (code, all) = states(&well().await).await;
    assert_eq!((code, wrong(&all)), (0, vec![]), "{all:?}");
    for name in ["server", "database", "clock", "token", "version", "work for Contoso"] {
        assert!(all.contains(&(name.to_owned(), "good".to_owned())), "{name}: {all:?}");
    }
}

#[tokio::test]
async fn each_thing_that_is_wrong_is_told() {
    let api = well().await;
    api.answer("GET /enrollment", &[enrollment(&json!("Graph refuses the group"))]);
    api.change(|world| {
        let tenant = &mut world.tenants[0];
        tenant["connection"] =
            json!({ "state": "refused", "error": "AADSTS7000222", "since": null });
        tenant["synced_at"] = json!("2026-01-01T00:00:00Z");
        tenant["observed_to"] = json!("2026-01-01T00:00:00Z");
        tenant["missing_devices"] = json!(300);
        world.rollouts[0]["next_look"] = json!("2026-01-01T00:00:00Z");
    });
    let (code, all) = states(&api).await;
    let expected = [
        "connection of Contoso",
        "sync of Contoso",
        "reports of Contoso",
        "devices of Contoso",
        "enrollment of Contoso",
        "work for Contoso",
    ];
    assert_eq!((code, wrong(&all)), (1, expected.to_vec()), "{all:?}");
}

#[tokio::test]
async fn people_read_why_and_what_to_do() {
    let api = well().await;
    api.answer("GET /enrollment", &[enrollment(&json!("Graph refuses the group"))]);
    let run = run(&api.url, &["doctor", "-o", "table"]).await;
    let found: Vec<&str> =
        run.out.lines().skip_while(|line| !line.contains("enrollment")).collect();
    insta::assert_snapshot!("doctor_wrong", found.join("\n"));
}

#[tokio::test]
async fn a_server_that_is_not_there_and_a_token_that_is_not_known_are_findings() {
    let gone = run("http://127.0.0.1:1", &["doctor", "-o", "jsonl"]).await;
    assert_eq!(gone.code, 1);
    assert!(gone.out.contains(r#""name":"server""#), "{}", gone.out);
    let api = well().await;
    let mut unknown = command(&api.url, &["doctor", "-o", "jsonl"]);
    unknown.env("CONCENTRIC_TOKEN", "bad");
    let Run { code, out, .. } = finish(unknown).await;
    assert_eq!(code, 1);
    let last: Value = serde_json::from_str(out.lines().last().expect("findings")).expect("JSON");
    assert_eq!((&last["name"], &last["state"]), (&json!("token"), &json!("wrong")));
}

#[tokio::test]
async fn what_is_not_concentric_gets_no_token() {
    let api = well().await;
    let elsewhere = format!("{}/elsewhere", api.url);
    let run = run(&elsewhere, &["doctor"]).await;
    assert_eq!(run.code, 1);
    assert!(run.out.contains("is not Concentric"), "{}", run.out);
    api.change(|world| assert_eq!(world.requests, []));
}
