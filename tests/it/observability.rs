//! What the service tells of itself: traces that go through all of it, and metrics that are those of the
//! table.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api_types::PhaseName as P;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::routing::post;
use domain::metric::METRICS;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message as _;
use simulator::{DEFAULT_CLIENT_SECRET, Scenario};
use tokio::net::TcpListener;

use crate::kills::free_port;
use crate::process::Process;
use crate::stack::{Api, Stack, Wish};

/// A collector of traces, as OTLP over HTTP has it: protobuf, one kind of request.
#[derive(Clone, Default)]
struct Collector {
    batches: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
}

impl Collector {
    async fn start() -> (Self, String) {
        let collector = Self::default();
        let take = async |State(this): State<Self>, body: Bytes| {
            let batch = ExportTraceServiceRequest::decode(body).expect("OTLP");
            this.batches.lock().unwrap().push(batch);
            let answer = ExportTraceServiceResponse::default().encode_to_vec();
            ([(CONTENT_TYPE, "application/x-protobuf")], answer)
        };
        let router = Router::new().route("/v1/traces", post(take)).with_state(collector.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        (collector, url)
    }

    fn spans(&self) -> Vec<Span> {
        let batches = self.batches.lock().unwrap();
        let scopes = batches.iter().flat_map(|batch| &batch.resource_spans);
        scopes.flat_map(|of| &of.scope_spans).flat_map(|scope| scope.spans.clone()).collect()
    }

    /// Every text that a collector is told: names, attributes, states, of services too.
    fn texts(&self) -> Vec<String> {
        format!("{:?}", self.batches.lock().unwrap()).split('"').map(str::to_owned).collect()
    }

    /// Waits until a span is there; a minute at most.
    async fn until(&self, what: &str, is_it: impl Fn(&[Span], &Span) -> bool) -> Span {
        for _ in 0..1_800 {
            let spans = self.spans();
            if let Some(span) = spans.iter().find(|span| is_it(&spans, span)) {
                return span.clone();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let names: BTreeSet<String> = self.spans().into_iter().map(|span| span.name).collect();
        panic!("{what} never comes; there are {names:?}");
    }
}

fn children<'a>(all: &'a [Span], of: &'a Span, name: &'a str) -> impl Iterator<Item = &'a Span> {
    let is_child = |span: &&Span| span.trace_id == of.trace_id && descends(all, span, &of.span_id);
    all.iter().filter(is_child).filter(move |span| span.name == name)
}

/// Whether a span is below another one.
fn descends(all: &[Span], span: &Span, above: &[u8]) -> bool {
    let mut parent = span.parent_span_id.clone();
    loop {
        if parent == above {
            return true;
        }
        match all.iter().find(|one| one.span_id == parent) {
            Some(next) if !parent.is_empty() => parent.clone_from(&next.parent_span_id),
            _ => return false,
        }
    }
}

fn attribute(span: &Span, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|one| one.key == key)?;
    let value = found.value.as_ref()?.value.as_ref()?;
    if let Value::StringValue(text) = value {
        return Some(text.clone());
    }
    Some(if let Value::IntValue(number) = value {
        number.to_string()
    } else {
        format!("{value:?}")
    })
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traces_go_through_the_service_and_hold_no_secret() {
    let (collector, url) = Collector::start().await;
    let stack =
        Stack::new(Wish { devices: 30, speed: 20_000.0, scenario: Scenario::Healthy }).await;
    let settings =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()), ("OTEL_BSP_SCHEDULE_DELAY", "100")];
    let server = Process::start_with(&stack, free_port(), "", &settings).await;
    let token = server.token.clone().expect("a first token");
    let api = Api::new(server.address, &token);
    let started = api.start_rollout(&stack.simulator, "pause").await;
    api.until(&started, &[P::Completed, P::Paused]).await;

    // One request: the caller's trace, the API below it, the store below that.
    let ask = async |path: &str| {
        let request = api.http.get(format!("{}{path}", api.base)).bearer_auth(&token);
        let header = format!("00-{TRACE}-00f067aa0ba902b7-01");
        request.header("traceparent", header).send().await.expect("an answer")
    };
    let answer = ask(&started.path).await;
    assert_eq!(answer.headers()["x-request-id"], TRACE);
    let of_trace = |span: &Span| span.trace_id == hex(TRACE);
    let request = collector
        .until("the request", |_, span| {
            of_trace(span) && span.name.ends_with("/rollouts/{rollout}")
        })
        .await;
    assert_eq!(request.parent_span_id, hex("00f067aa0ba902b7"));
    assert_eq!(request.kind(), SpanKind::Server);
    assert_eq!(request.name, "GET /api/v1/tenants/{tenant}/rollouts/{rollout}");
    assert_eq!(attribute(&request, "http.response.status_code").as_deref(), Some("200"));
    let store = |all: &[Span], span: &Span| {
        span.span_id == request.span_id && children(all, span, "store").count() > 0
    };
    collector.until("the store below it", store).await;
    let spans = collector.spans();
    let below = children(&spans, &request, "store").next().expect("it came");
    let at = attribute(below, "code.file.path").expect("where it began");
    assert!(at.contains("store/src/"), "{at}");

    // A problem names the same trace.
    let problem = ask("/tenants/00000000-0000-0000-0000-000000000000").await;
    assert_eq!(problem.headers()["x-request-id"], TRACE);
    let body: serde_json::Value = problem.json().await.expect("a problem");
    assert_eq!(body["trace_id"], TRACE);
    let (_, own) = api.call("GET", "/nonsense", None).await.expect("an answer");
    let own = own["trace_id"].as_str().expect("an id").to_owned();
    assert!(own.len() == 32 && own != TRACE, "{own}");
    collector.until("a request of nobody's trace", |_, span| span.trace_id == hex(&own)).await;

    // One offer: the scheduler tells Graph, and what it tells is written down, in one trace.
    let offer = |all: &[Span], span: &Span| {
        let writes = |one: &&Span| attribute(one, "http.request.method").as_deref() != Some("GET");
        span.name == "enforce"
            && children(all, span, "graph").any(|one| writes(&one))
            && children(all, span, "store").count() > 0
    };
    let enforced = collector.until("an offer", offer).await;
    assert_eq!(attribute(&enforced, "subject"), Some(started.rollout.to_string()));
    let spans = collector.spans();
    for graph in children(&spans, &enforced, "graph") {
        assert_eq!(graph.kind(), SpanKind::Client);
        let path = attribute(graph, "url.path").expect("a path");
        assert!(path.starts_with("/v1.0/") || path.starts_with("/beta/"), "{path}");
    }

    // Nothing that opens anything.
    let password = url::Url::parse(&stack.database.url).expect("a url");
    let mut secrets =
        vec![token.as_str(), DEFAULT_CLIENT_SECRET, "Bearer", "bearer", "eyJ", "deltatoken"];
    secrets.extend(password.password());
    let texts = collector.texts();
    assert!(texts.len() > 1_000, "{}", texts.len());
    for text in &texts {
        let found = secrets.iter().find(|secret| text.contains(**secret));
        assert!(found.is_none(), "{found:?} in {text}");
    }
    server.kill().await;
    stack.end().await;
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_are_those_of_the_table() {
    let stack =
        Stack::new(Wish { devices: 30, speed: 20_000.0, scenario: Scenario::Healthy }).await;
    let server = Process::start(&stack, free_port()).await;
    let api = Api::new(server.address, server.token.as_deref().expect("a first token"));
    let _: api_types::List<api_types::Tenant> = api.get("/tenants").await;
    let started = api.start_rollout(&stack.simulator, "pause").await;
    api.until(&started, &[P::Completed, P::Paused]).await;
    let url = format!("http://{}/metrics", server.address);
    let text = api.http.get(&url).send().await.expect("an answer").text().await.expect("text");

    let types: BTreeMap<&str, &str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect();
    let wanted: BTreeMap<&str, &str> =
        METRICS.iter().map(|row| (row.name, row.kind.word())).collect();
    assert_eq!(types, wanted, "the table and /metrics");
    let value = |series: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(series));
        let line = line.unwrap_or_else(|| panic!("no {series} in {text}"));
        line.trim().parse::<f64>().expect("a number")
    };
    for row in &METRICS {
        let help = format!("# HELP {} {}\n", row.name, row.meaning);
        assert!(text.contains(&help), "{}", row.name);
        for label in row.labels {
            for known in label.values {
                let pair = format!("{}=\"{known}\"", label.name);
                let of_label = |line: &str| line.starts_with(row.name) && line.contains(&pair);
                assert!(text.lines().any(of_label), "{} has no {pair}", row.name);
            }
        }
    }
    // Every label of every line is in the table.
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (name, rest) = line.split_once(['{', ' ']).expect("a sample");
        let row = METRICS.iter().find(|row| {
            let end = name.strip_prefix(row.name);
            matches!(end, Some("" | "_bucket" | "_sum" | "_count"))
        });
        let row = row.unwrap_or_else(|| panic!("{line}"));
        for pair in rest.split("\",").filter(|pair| pair.contains("=\"")) {
            let (label, _) = pair.split_once("=\"").expect("a label");
            let is_known = label == "le" || row.labels.iter().any(|one| one.name == label);
            assert!(is_known, "{line}");
        }
    }
    assert!(value("concentric_decisions_total") > 0.0);
    assert!(value("concentric_devices_told_total") > 0.0);
    assert!(value("concentric_graph_requests_total{outcome=\"ok\"}") > 0.0);
    assert!(value("concentric_graph_request_seconds_count") > 0.0);
    assert!(value("concentric_database_connections_most") > 1.0);
    assert!(value("concentric_database_up") > 0.0);
    assert!(value("concentric_work_total{kind=\"decide\",outcome=\"done\"}") > 0.0);
    server.kill().await;
    stack.end().await;
}

/// `promtool` reads the rules, and plays each of them.
#[test]
fn alert_rules_load_and_fire() {
    let Some(promtool) = std::env::var_os("CONCENTRIC_PROMTOOL") else {
        // Said at the end of the run as well.
        println!("NOT RUN: there is no promtool; `cargo xtask test` fetches it where it can");
        return;
    };
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/prometheus");
    for arguments in [["check", "rules", "rules.yml"], ["test", "rules", "tests.yml"]] {
        let ran =
            std::process::Command::new(&promtool).args(arguments).current_dir(&folder).output();
        let ran = ran.expect("promtool runs");
        let said = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{arguments:?}: {said}");
    }
}
