//! Prometheus, webhooks and Log Analytics, played on loopback.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{Form, Path, Query};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, TimeDelta, Utc};
use domain::evidence::Levels;
use domain::ids::{RolloutId, TenantId};
use domain::ring::RingIndex;
use domain::signal::{
    Context, CountRule, Counts, Definition, Measure, NoData, Number, Outcome, Reading, Signal,
    Source, Threshold,
};
use outbound::{Client, Login, Readers, Secret, sign};
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

use crate::play::{limits, serve};

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn context() -> Context {
    Context {
        tenant: TenantId(Uuid::from_u128(1)),
        tenant_name: "Contoso".to_owned(),
        rollout: RolloutId(Uuid::from_u128(2)),
        release_name: "2026-11 B".to_owned(),
        phase: "soaking".to_owned(),
        ring: RingIndex(1),
        ring_name: r#"Early "birds""#.to_owned(),
    }
}

fn signal(source: Source) -> Signal {
    Signal::new(Definition {
        name: "VPN logins".to_owned(),
        source,
        interval: TimeDelta::minutes(5),
        initial_delay: TimeDelta::zero(),
        max_age: TimeDelta::hours(1),
        no_data: NoData::Hold,
        failure_limit: 0,
        passes_in_a_row: 1,
        consecutive_error_limit: 3,
        owner: "net-ops".to_owned(),
        runbook: None,
        ring_set: None,
    })
    .unwrap()
}

fn value(query: &str) -> Measure {
    let threshold = Threshold { least: None, most: Number::new(5.0) };
    Measure::Value { query: query.to_owned(), threshold }
}

fn counts() -> Measure {
    let rule = CountRule { limit_bp: 200, levels: Levels::default() };
    Measure::Counts { failures: "failures".to_owned(), devices: "devices".to_owned(), rule }
}

fn readers(log_analytics: &str) -> Readers {
    Readers::new(Client::new(limits("127.0.0.1")), log_analytics.to_owned())
}

async fn read(source: Source, secret: Secret) -> Reading {
    readers("http://127.0.0.1:1").read(&signal(source), &context(), &secret, now()).await
}

type Heard = Arc<Mutex<Vec<(HeaderMap, String)>>>;

/// A Prometheus that answers each query with what is said of it.
async fn prometheus(answers: &[(&'static str, Value)], heard: &Heard) -> String {
    let answers: HashMap<&'static str, Value> = answers.iter().cloned().collect();
    let heard = heard.clone();
    let query = move |headers: HeaderMap, Query(asked): Query<HashMap<String, String>>| async move {
        heard.lock().unwrap().push((headers, asked["query"].clone()));
        let data = answers.get(asked["query"].as_str()).cloned();
        let data = data.unwrap_or(json!({ "resultType": "vector", "result": [] }));
        Json(json!({ "status": "success", "data": data }))
    };
    format!("http://{}", serve(Router::new().route("/base/api/v1/query", get(query))).await)
}

fn vector(values: &[&str]) -> Value {
    let series = values.iter().map(|v| json!({ "metric": {}, "value": [1.5, v] }));
    json!({ "resultType": "vector", "result": series.collect::<Vec<_>>() })
}

#[tokio::test]
async fn prometheus_gives_a_number_or_says_why_not() {
    let heard = Heard::default();
    let url = prometheus(
        &[
            ("low", vector(&["4.5"])),
            ("high", vector(&["5.5"])),
            ("scalar", json!({ "resultType": "scalar", "result": [1.5, "3"] })),
            ("nan", vector(&["NaN"])),
            ("inf", vector(&["+Inf"])),
            ("many", vector(&["1", "2"])),
            ("range", json!({ "resultType": "matrix", "result": [] })),
            ("text", json!({ "resultType": "string", "result": [1.5, "x"] })),
            ("histogram", json!({ "resultType": "vector", "result": [{ "histogram": [1, {}] }] })),
        ],
        &heard,
    )
    .await;
    let source = |query| Source::Prometheus { url: format!("{url}/base/"), measure: value(query) };
    for (query, outcome, said) in [
        ("low", Outcome::Pass, "4.5; 5 or less passes"),
        ("high", Outcome::Fail, "5.5; 5 or less passes"),
        ("scalar", Outcome::Pass, "3;"),
        ("nan", Outcome::NoData, "gives nothing"),
        ("nothing", Outcome::NoData, "gives nothing"),
        ("inf", Outcome::Error, "infinite"),
        ("many", Outcome::Error, "2 series"),
        ("range", Outcome::Error, "range"),
        ("text", Outcome::Error, "text"),
        ("histogram", Outcome::Error, "not the JSON"),
    ] {
        let reading = read(source(query), Secret::None).await;
        assert_eq!(reading.outcome, outcome, "{query}: {reading:?}");
        assert!(reading.reason.contains(said), "{query}: {reading:?}");
    }
    let filled =
        read(source(r#"x{ring="${ring}",r="${rollout}"}"#), Secret::Given("t".into())).await;
    assert_eq!(filled.outcome, Outcome::NoData);
    let (headers, query) = heard.lock().unwrap().pop().unwrap();
    assert_eq!(headers["authorization"], "Bearer t");
    let rollout = context().rollout;
    assert_eq!(query, format!(r#"x{{ring="Early \"birds\"",r="{rollout}"}}"#));
}

#[tokio::test]
async fn prometheus_counts_devices() {
    let of = async |failures: &[&str], devices: &[&str]| {
        let answers = [("failures", vector(failures)), ("devices", vector(devices))];
        let url = prometheus(&answers, &Heard::default()).await;
        read(Source::Prometheus { url: format!("{url}/base"), measure: counts() }, Secret::None)
            .await
    };
    let calm = of(&["1"], &["100"]).await;
    assert_eq!(calm.counts, Some(Counts { failures: 1, devices: 100 }));
    assert_eq!(calm.outcome, Outcome::Pass);
    assert_eq!(of(&["6"], &["51"]).await.outcome, Outcome::Fail);
    assert_eq!(of(&[], &["51"]).await.outcome, Outcome::NoData);
    for (failures, devices) in [("1.5", "9"), ("-1", "9"), ("9", "1"), ("1", "1e300")] {
        let reading = of(&[failures], &[devices]).await;
        assert_eq!(reading.outcome, Outcome::Error, "{failures} of {devices}: {reading:?}");
    }
}

#[test]
fn signatures_are_those_of_standard_webhooks() {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    let signature = sign(secret, id, 1_614_265_330, r#"{"test": 2432232314}"#).unwrap();
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert!(sign("no prefix", id, 1, "").is_err());
}

async fn webhook(answer: Value, secret: Secret) -> (Reading, HeaderMap, String) {
    let heard = Heard::default();
    let hearing = heard.clone();
    let verdict = move |headers: HeaderMap, body: Bytes| async move {
        let body = String::from_utf8(body.to_vec()).unwrap();
        hearing.lock().unwrap().push((headers, body));
        Json(answer)
    };
    let address = serve(Router::new().route("/gate", post(verdict))).await;
    let reading = read(Source::Webhook { url: format!("http://{address}/gate") }, secret).await;
    let (headers, body) = heard.lock().unwrap().pop().unwrap();
    (reading, headers, body)
}

#[tokio::test]
async fn a_webhook_is_told_where_the_rollout_stands_and_gives_a_verdict() {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let until = now() + TimeDelta::minutes(3);
    let answer = json!({ "verdict": "fail", "reason": "42 tickets\u{1b}[2J", "more": true,
        "evidence_url": "https://tickets.example/q", "valid_until": until });
    let (reading, headers, body) = webhook(answer, Secret::Given(secret.into())).await;
    assert_eq!(reading.outcome, Outcome::Fail);
    assert_eq!(reading.reason, "42 tickets [2J");
    assert_eq!(reading.evidence_url.as_deref(), Some("https://tickets.example/q"));
    assert_eq!(reading.valid_until, Some(until));
    let (id, seconds) = (headers["webhook-id"].to_str().unwrap(), now().timestamp());
    assert_eq!(headers["webhook-timestamp"], seconds.to_string());
    assert_eq!(headers["webhook-signature"], sign(secret, id, seconds, &body).unwrap());
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["data"]["ring"], json!({ "index": 1, "name": "Early \"birds\"" }));
    assert_eq!(body["data"]["rollout"]["phase"], "soaking");

    for (answer, outcome) in [
        (json!({ "verdict": "pass" }), Outcome::Pass),
        (json!({ "verdict": "hold" }), Outcome::Hold),
        (json!({ "verdict": "great" }), Outcome::Error),
        (json!({ "verdict": "PASS" }), Outcome::Error),
        (json!({ "verdict": "pass", "valid_until": "tomorrow" }), Outcome::Error),
        (json!({}), Outcome::Error),
        (json!("pass"), Outcome::Error),
    ] {
        let (reading, headers, _) = webhook(answer.clone(), Secret::None).await;
        assert_eq!(reading.outcome, outcome, "{answer}: {reading:?}");
        assert!(!reading.reason.contains("great"), "{reading:?}");
        assert!(!headers.contains_key("webhook-signature"));
    }
    let script = json!({ "verdict": "fail", "evidence_url": "javascript:alert(1)" });
    let (reading, ..) = webhook(script, Secret::None).await;
    assert_eq!((reading.outcome, reading.evidence_url), (Outcome::Fail, None));
}

#[tokio::test]
async fn a_workspace_is_asked_with_a_token_of_its_own() {
    let workspace = Uuid::from_u128(7);
    let login = async |Path(tenant): Path<Uuid>, Form(form): Form<HashMap<String, String>>| {
        assert_eq!(tenant, Uuid::from_u128(8));
        assert_eq!(form["scope"], "https://api.loganalytics.azure.com/.default");
        match form["client_secret"].as_str() {
            "right" => Ok(Json(json!({ "access_token": "tok", "expires_in": 3600 }))),
            _ => Err((axum::http::StatusCode::UNAUTHORIZED, "AADSTS7000215")),
        }
    };
    let query = async |headers: HeaderMap, Json(body): Json<Value>| {
        assert_eq!(headers["authorization"], "Bearer tok");
        let rows = match body["query"].as_str().unwrap() {
            "none" => json!([]),
            "null" => json!([[null]]),
            "two" => json!([[1], [2]]),
            "word" => json!([["x"]]),
            "decimal" => json!([["4.25"]]),
            "partial" => {
                return Json(json!({ "tables": [], "error": { "code": "PartialError" } }));
            }
            _ => json!([[4, "more"]]),
        };
        Json(json!({ "tables": [{ "name": "PrimaryResult", "columns": [], "rows": rows }] }))
    };
    let router = Router::new()
        .route("/{tenant}/oauth2/v2.0/token", post(login))
        .route(&format!("/v1/workspaces/{workspace}/query"), post(query));
    let base = format!("http://{}", serve(router).await);
    let read = async |query: &str, secret: &str| {
        let login = Login {
            url: base.clone(),
            entra_tenant: Uuid::from_u128(8),
            client_id: Uuid::from_u128(9),
            secret: secret.into(),
        };
        let source = Source::Kql { workspace, client: None, measure: value(query) };
        let secret = Secret::Login(login);
        readers(&base).read(&signal(source), &context(), &secret, now()).await
    };
    for (query, outcome) in [
        ("one", Outcome::Pass),
        ("decimal", Outcome::Pass),
        ("none", Outcome::NoData),
        ("null", Outcome::NoData),
        ("two", Outcome::Error),
        ("word", Outcome::Error),
        ("partial", Outcome::Error),
    ] {
        let reading = read(query, "right").await;
        assert_eq!(reading.outcome, outcome, "{query}: {reading:?}");
    }
    let refused = read("one", "wrong word").await;
    assert_eq!(refused.outcome, Outcome::Error);
    assert!(refused.reason.contains("401"), "{refused:?}");
    assert!(!refused.reason.contains("wrong word") && !refused.reason.contains("AADSTS"));
}
