//! Signals: made, read without their secret, refused by the field, and tested without effect.

use std::future::Future;
use std::pin::Pin;

use axum::http::Method;
use chrono::{DateTime, Utc};
use domain::signal::{Context, Outcome, Reading};
use serde_json::{Value, json};
use store::signals::SignalRow;

use crate::world::{World, id, text};

/// A source that always passes, and says what it was asked about.
pub(crate) struct Passing;

impl api::SignalReader for Passing {
    fn read<'a>(
        &'a self,
        _: &'a SignalRow,
        context: &'a Context,
        now: DateTime<Utc>,
    ) -> Pin<Box<dyn Future<Output = Reading> + Send + 'a>> {
        Box::pin(async move { Reading::new(now, Outcome::Pass, &context.ring_name) })
    }
}

fn body() -> Value {
    json!({
        "name": "VPN logins",
        "source": { "kind": "prometheus", "url": "https://prometheus.example",
            "measure": { "kind": "value", "query": "vpn_failures{ring=\"${ring}\"}", "most": 5.5 } },
        "secret": "correct horse",
        "owner": "net-ops",
        "runbook": "https://wiki.example/vpn",
    })
}

fn with(pointer: &str, value: Value) -> Value {
    let mut body = body();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[key] = value;
    body
}

#[tokio::test]
async fn a_signal_is_read_as_it_was_made_and_keeps_its_secret_to_itself() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let path = format!("/api/v1/tenants/{tenant}/signals");
    let made = world.post(&path, body()).await.expect(201);
    let one = format!("{path}/{}", id(&made));
    assert_eq!((&made["has_secret"], &made["interval_minutes"]), (&json!(true), &json!(5)));
    assert_eq!((&made["max_age_minutes"], &made["no_data"]), (&json!(30), &json!("hold")));
    assert_eq!(made["source"]["measure"]["most"], json!(5.5));
    assert_eq!(world.get(&one).await.expect(200), made);
    assert_eq!(world.get(&path).await.expect(200)["items"], json!([made]));
    assert!(!made.to_string().contains("correct horse"));
    let taken = world.post(&path, body()).await.problem();
    assert_eq!(taken, r#"409 conflict: there is a signal named "VPN logins" already"#);

    let put =
        async |body: Value| world.call(Method::PUT, &one, Some(&world.admin), Some(&body)).await;
    // The secret stays with its address, and goes to no other.
    let mut again = body();
    again.as_object_mut().unwrap().remove("secret");
    assert_eq!(put(again.clone()).await.expect(200)["has_secret"], json!(true));
    again["source"]["url"] = json!("https://evil.example");
    assert!(put(again.clone()).await.problem().contains("\n  /secret: "));
    again["forget_secret"] = json!(true);
    assert_eq!(put(again).await.expect(200)["has_secret"], json!(false));

    let delete = async |query: &str| {
        let path = format!("{one}{query}");
        world.call(Method::DELETE, &path, Some(&world.admin), None).await
    };
    assert_eq!(delete("").await.status, 400, "it needs a reason");
    assert_eq!(delete("?reason=gone").await.status, 204);
    assert_eq!(world.get(&one).await.status, 404);
}

#[tokio::test]
async fn what_is_wrong_with_a_signal_is_named() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let path = format!("/api/v1/tenants/{tenant}/signals");
    let nobody = "00000000-0000-0000-0000-000000000001";
    let counts = |limit| {
        json!({ "kind": "counts", "failures_query": "a", "devices_query": "b",
            "limit_percent": limit })
    };
    for (body, pointer) in [
        (with("/name", json!(" ")), "/name"),
        (with("/owner", json!("")), "/owner"),
        (with("/colour", json!("red")), "/colour"),
        (with("/interval_minutes", json!(0)), "/interval_minutes"),
        (with("/max_age_minutes", json!(9)), "/max_age_minutes"),
        (with("/passes_in_a_row", json!(0)), "/passes_in_a_row"),
        (with("/no_data", json!("shrug")), "/no_data"),
        (with("/secret", json!("")), "/secret"),
        (with("/runbook", json!("javascript:1")), "/runbook"),
        (with("/ring_set_id", json!(nobody)), "/ring_set_id"),
        (with("/source/url", json!("ftp://x")), "/source/url"),
        (with("/source/measure/most", Value::Null), "/source/measure"),
        (with("/source/measure/query", json!("x{r=${ring}}")), "/source/measure/query"),
        (with("/source/measure", counts(0)), "/source/measure/limit_percent"),
        (with("/source", json!({ "kind": "carrier_pigeon" })), "/source"),
        (
            with(
                "/source",
                json!({ "kind": "kql", "workspace_id": nobody,
                "measure": counts(2) }),
            ),
            "/source/client_id",
        ),
    ] {
        let answer = world.post(&path, body.clone()).await;
        let problem = answer.problem();
        assert_eq!(answer.status, 422, "{problem}");
        assert!(problem.contains(&format!("\n  {pointer}")), "{pointer}: {problem}");
    }
    assert_eq!(world.get(&path).await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn a_test_has_no_effect_and_says_what_a_gate_would() {
    let world = World::new().await;
    let tenant = world.tenant("Ours").await;
    let path = format!("/api/v1/tenants/{tenant}/signals");
    let made = world.post(&path, with("/passes_in_a_row", json!(2))).await.expect(201);
    let test = format!("{path}/{}/test", id(&made));
    let without = world.post(&test, json!({})).await.expect(200);
    assert_eq!(
        (&without["rollout_id"], text(&without["reading"]["reason"])),
        (&Value::Null, "test")
    );
    let rollout = world.rollout(tenant).await;
    let tested = world.post(&test, json!({})).await.expect(200);
    assert_eq!(tested["rollout_id"], json!(rollout));
    assert_eq!(tested["answer"]["verdict"], json!("wait"));
    assert_eq!(text(&tested["answer"]["why"]), "It passed 1 of 2 times in a row");
    let seen = format!("/api/v1/tenants/{tenant}/rollouts/{rollout}/signals");
    let seen = world.get(&seen).await.expect(200);
    assert_eq!(seen["signals"][0]["last"], Value::Null, "nothing was kept");
    assert!(["unknown", "wait"].contains(&text(&seen["verdict"])));
    let nowhere = json!({ "rollout_id": "00000000-0000-0000-0000-000000000001" });
    assert!(world.post(&test, nowhere).await.problem().contains("/rollout_id"));
}
