//! Custom signals over the whole system: read for a rollout, kept, and tested without effect.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api_types as api;
use serde_json::{Value, json};
use simulator::Scenario;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::stack::{Api, Stack, Wish};

/// A service that gives one verdict to everybody, and counts who asks.
async fn webhook(verdict: Value) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/gate", listener.local_addr().expect("an address"));
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(answer(stream, verdict.to_string()));
        }
    });
    (url, asked)
}

async fn answer(mut stream: TcpStream, body: String) {
    let mut heard = Vec::new();
    // Our client sends its small body with its head, or right after it.
    while !heard.ends_with(b"}") {
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(read @ 1..) => heard.extend_from_slice(&chunk[..read]),
            Ok(0) | Err(_) => return,
        }
    }
    let length = body.len();
    let status =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}");
    let _ =
        stream.write_all(format!("{status}\r\nconnection: close\r\n\r\n{body}").as_bytes()).await;
}

fn signal(name: &str, source: &Value) -> Value {
    json!({ "name": name, "source": source, "owner": "net-ops", "interval_minutes": 1440,
        "max_age_minutes": 43200, "failure_limit": 3, "consecutive_error_limit": 0 })
}

/// Waits until every signal of the rollout was read.
async fn read(api: &Api, rollout: &str) -> api::SeenSignals {
    let mut last = None;
    for _ in 0..1_600 {
        let seen: api::SeenSignals = api.get(&format!("{rollout}/signals")).await;
        if !seen.signals.is_empty() && seen.signals.iter().all(|one| one.last.is_some()) {
            return seen;
        }
        last = Some(seen);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("they are never read: {last:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signals_are_read_for_a_rollout_and_tested_without_effect() {
    let wish = Wish { devices: 60, speed: 1_000.0, scenario: Scenario::Healthy };
    let stack = Stack::new(wish).await;
    let said = json!({ "verdict": "fail", "reason": "42 tickets about printers",
        "evidence_url": "https://tickets.example/q" });
    let (url, asked) = webhook(said).await;
    let port = url.rsplit_once(':').and_then(|(_, rest)| rest.split('/').next()).expect("a port");
    let server = stack.serve_allowing(&format!("127.0.0.1:{port}")).await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let started = api.start_rollout(&stack.simulator, "pause").await;
    let at = started.path.split_once("/rollouts").expect("a tenant").0.to_owned();

    let hook = signal("Tickets", &json!({ "kind": "webhook", "url": url }));
    let hook: api::Signal = api.post(&format!("{at}/signals"), &hook).await;
    // The server itself, which no tenant's administrator may reach through it.
    let inside = json!({ "kind": "prometheus", "url": format!("http://{}", server.address()),
        "measure": { "kind": "value", "query": "up", "least": 1 } });
    let _: api::Signal = api.post(&format!("{at}/signals"), &signal("Inside", &inside)).await;

    let seen = read(&api, &started.path).await;
    let [inside, tickets] = seen.signals.as_slice() else { panic!("{seen:#?}") };
    let last = inside.last.as_ref().expect("a reading");
    assert_eq!(
        (last.outcome, inside.answer.verdict),
        (api::SignalOutcome::Error, api::SignalVerdict::Unknown)
    );
    assert!(last.reason.contains("forbidden") && last.reason.contains("loopback"), "{last:?}");
    let last = tickets.last.as_ref().expect("a reading");
    assert_eq!(last.outcome, api::SignalOutcome::Fail);
    assert_eq!(last.reason, "42 tickets about printers");
    assert_eq!((tickets.failures, tickets.answer.verdict), (1, api::SignalVerdict::Wait));
    assert_eq!(seen.verdict, api::SignalVerdict::Unknown);

    let before = asked.load(Ordering::SeqCst);
    let readings = "select count(*) from signal_reading";
    let mut rows = stack.database.connect().await;
    let kept: i64 = sqlx::query_scalar(readings).fetch_one(&mut rows).await.expect("a count");
    let test = format!("{at}/signals/{}/test", hook.id);
    let tested: api::SignalTest = api.post(&test, &json!({})).await;
    assert_eq!(asked.load(Ordering::SeqCst), before + 1, "its source was asked");
    assert_eq!(tested.reading.outcome, api::SignalOutcome::Fail);
    assert_eq!(tested.rollout_id, Some(started.rollout));
    let after: i64 = sqlx::query_scalar(readings).fetch_one(&mut rows).await.expect("a count");
    assert_eq!(after, kept, "nothing was kept");
    let again: api::SeenSignals = api.get(&format!("{}/signals", started.path)).await;
    assert_eq!(again.signals[1].failures, 1);

    // An end is the end of asking.
    let cancel = json!({ "reason": "seen enough" });
    let _: Value = api.post(&format!("{}/cancel", started.path), &cancel).await;
    api.until(&started, &[api::PhaseName::Cancelled]).await;
    server.shutdown().await;
    stack.end().await;
}
