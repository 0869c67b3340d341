//! A server that plays the API: one tenant, two rollouts, and whatever a test makes of them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const TENANT: &str = "0195d000-0000-7000-8000-000000000001";
pub(crate) const ROLLOUT: &str = "0195d111-1111-7000-8000-000000000001";
pub(crate) const OTHER: &str = "0195d111-2222-7000-8000-000000000002";

/// What the server says and what it was told.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) tenants: Vec<Value>,
    pub(crate) rollouts: Vec<Value>,
    /// The bodies of the connections for events, one after the other; each is cut after it.
    pub(crate) streams: VecDeque<String>,
    /// `Last-Event-ID` of each connection for events.
    pub(crate) resumed_from: Vec<Option<String>>,
    /// Path and body of every action.
    pub(crate) actions: Vec<(String, Value)>,
    /// What is said to `GET /tenants/..`, one after the other; the last one again and again.
    pub(crate) answers: HashMap<String, VecDeque<(u16, Value)>>,
    /// Everything that was asked for and is not played by a handler of its own, with its body.
    pub(crate) requests: Vec<(String, Value)>,
    /// Instead of everything else.
    pub(crate) problem: Option<(u16, Value)>,
}

pub(crate) type Shared = Arc<Mutex<World>>;

#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) url: String,
    pub(crate) world: Shared,
}

impl Api {
    pub(crate) async fn start() -> Self {
        let world = World {
            tenants: vec![tenant(TENANT, "Contoso")],
            rollouts: vec![
                rollout(
                    ROLLOUT,
                    "2026-11 B",
                    &json!({ "name": "soaking", "ring": 1,
                    "since": "2026-11-12T09:00:00Z" }),
                ),
                rollout(
                    OTHER,
                    "2026-10 B",
                    &json!({ "name": "completed", "ring": 1,
                    "since": "2026-10-30T09:00:00Z" }),
                ),
            ],
            ..World::default()
        };
        let world: Shared = Arc::new(Mutex::new(world));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = router(Arc::clone(&world));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, world }
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut World)) {
        change(&mut self.world.lock().expect("no test panics here"));
    }

    /// From now on this is said to `method_and_path`, below the tenant; the last one stays.
    pub(crate) fn answer(&self, method_and_path: &str, answers: &[Value]) {
        let answers = answers.iter().map(|body| (200, body.clone())).collect();
        self.change(|world| {
            world.answers.insert(method_and_path.to_owned(), answers);
        });
    }

    pub(crate) fn refuse(&self, method_and_path: &str, status: u16, title: &str, detail: &str) {
        let answer = (status, problem_body(status, title, detail));
        self.change(|world| {
            world.answers.insert(method_and_path.to_owned(), VecDeque::from([answer]));
        });
    }

    /// What was asked for that changes something, with its body.
    pub(crate) fn orders(&self) -> Vec<(String, Value)> {
        let world = self.world.lock().expect("no test panics here");
        let is_order = |(line, _): &&(String, Value)| !line.starts_with("GET");
        world.requests.iter().filter(is_order).cloned().collect()
    }

    pub(crate) fn phase(&self, phase: &Value) {
        set_phase(&self.world, phase);
    }
}

pub(crate) fn set_phase(world: &Shared, phase: &Value) {
    let mut world = world.lock().expect("no test panics here");
    world.rollouts[0]["phase"] = phase.clone();
}

fn router(world: Shared) -> Router {
    let rollouts = "/api/v1/tenants/{tenant}/rollouts";
    Router::new()
        .route("/api/v1/tenants", get(tenants).post(scripted))
        .route(rollouts, get(list))
        .route(&format!("{rollouts}/{{id}}"), get(read))
        .route(&format!("{rollouts}/{{id}}/explain"), get(explain))
        .route(&format!("{rollouts}/{{id}}/replay"), post(scripted))
        .route(&format!("{rollouts}/{{id}}/plans"), get(scripted))
        .route(&format!("{rollouts}/{{id}}/plan"), patch(scripted))
        .route(&format!("{rollouts}/{{id}}/failures"), get(scripted))
        .route(&format!("{rollouts}/{{id}}/forecast"), get(scripted))
        .route(&format!("{rollouts}/{{id}}/events"), get(events))
        .route(&format!("{rollouts}/{{id}}/approvals"), get(scripted).post(scripted))
        .route(&format!("{rollouts}/{{id}}/in-flight"), get(scripted))
        .route(&format!("{rollouts}/{{id}}/rollback-preview"), get(scripted))
        .route(&format!("{rollouts}/{{id}}/{{action}}"), post(act))
        .fallback(scripted)
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&world), guard))
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(async || "ready"))
        .with_state(world)
}

/// Problems that a test asked for, and tokens.
async fn guard(
    State(world): State<Shared>,
    request: Request,
    next: axum::middleware::Next,
) -> Response {
    let problem = world.lock().expect("no test panics here").problem.clone();
    if let Some((status, body)) = problem {
        return refuse(status, &body);
    }
    let token = request.headers().get(header::AUTHORIZATION);
    if token.is_none_or(|token| token != "Bearer good") {
        let detail = "This token is not known.";
        return refuse(401, &problem_body(401, "Not authenticated", detail));
    }
    if !fits(&request) {
        return refuse(
            412,
            &problem_body(412, "It is not as it was when you looked", "Look again."),
        );
    }
    let reads = request.method() == axum::http::Method::GET;
    let response = next.run(request).await;
    if reads { tagged(response).await } else { response }
}

/// Whether what replaces or removes something names a version of it, or any.
fn fits(request: &Request) -> bool {
    let given = request.headers().get(header::IF_MATCH).and_then(|given| given.to_str().ok());
    given.is_none_or(|tag| {
        let version = tag.trim_matches('"').split_once('-').map(|(version, _)| version);
        tag == "*" || version.is_some_and(|version| version.parse::<i64>().is_ok())
    })
}

/// With the tag that the service gives: a thing has a version in front, a page of a list has none.
async fn tagged(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let is_json =
        parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if !is_json {
        return Response::from_parts(parts, body);
    }
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a small body");
    let value: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let tag = if value.get("items").is_some() { "\"x-Zm9v\"" } else { "\"7-Zm9v\"" };
    parts.headers.insert(header::ETAG, tag.parse().expect("a tag"));
    Response::from_parts(parts, Body::from(body))
}

async fn scripted(State(world): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a small body");
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let Some(path) = parts.uri.path().strip_prefix("/api/v1") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let path = path.replace(&format!("/tenants/{TENANT}"), "");
    let line = format!("{} {path}", parts.method);
    let mut world = world.lock().expect("no test panics here");
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    world.requests.push((format!("{line}{query}"), body));
    let answer = match world.answers.get_mut(&line) {
        Some(answers) if answers.len() > 1 => answers.pop_front(),
        Some(answers) => answers.front().cloned(),
        None => None,
    };
    match answer {
        Some((200, body)) => Json(body).into_response(),
        Some((204, _)) => StatusCode::NO_CONTENT.into_response(),
        Some((status, problem)) => refuse(status, &problem),
        None => refuse(404, &problem_body(404, "Not found", "There is nothing here.")),
    }
}

pub(crate) fn problem_body(status: u16, title: &str, detail: &str) -> Value {
    json!({ "type": "/problems/some", "title": title, "status": status, "detail": detail,
        "code": "some" })
}

fn refuse(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, kind, body.to_string()).into_response()
}

async fn tenants(State(world): State<Shared>) -> Json<Value> {
    Json(json!({ "items": world.lock().expect("no test panics here").tenants }))
}

/// One item per page, so that every list is read over pages.
async fn list(State(world): State<Shared>, request: Request) -> Json<Value> {
    let query = request.uri().query().unwrap_or_default();
    let token = query.split('&').find_map(|part| part.strip_prefix("page_token="));
    let at: usize = token.map_or(0, |token| token.parse().expect("our own token"));
    let rollouts = &world.lock().expect("no test panics here").rollouts;
    let more = at + 1 < rollouts.len();
    let mut page = json!({ "items": [rollouts[at]] });
    if more {
        page["next_page_token"] = json!((at + 1).to_string());
    }
    Json(page)
}

fn find(world: &Shared, id: &str) -> Option<Value> {
    let world = world.lock().expect("no test panics here");
    world.rollouts.iter().find(|rollout| rollout["id"] == id).cloned()
}

async fn read(State(world): State<Shared>, Path((_, id)): Path<(String, String)>) -> Response {
    match find(&world, &id) {
        Some(rollout) => Json(rollout).into_response(),
        None => refuse(404, &problem_body(404, "Not found", "There is no such rollout.")),
    }
}

async fn explain(State(world): State<Shared>, request: Request) -> Json<Value> {
    let query = request.uri().query().map(str::to_owned).unwrap_or_default();
    let mut world = world.lock().expect("no test panics here");
    world.requests.push((format!("GET explain?{query}"), Value::Null));
    Json(explanation())
}

async fn act(
    State(world): State<Shared>,
    Path((_, id, action)): Path<(String, String, String)>,
    Json(body): Json<Value>,
) -> Response {
    world.lock().expect("no test panics here").actions.push((format!("{id}/{action}"), body));
    Json(find(&world, &id)).into_response()
}

async fn events(State(world): State<Shared>, headers: HeaderMap) -> Response {
    if headers.get(header::ACCEPT).is_none_or(|accept| accept != "text/event-stream") {
        let items = [event(1, "ring_opened"), event(2, "wave_offered")];
        return Json(json!({ "items": items })).into_response();
    }
    let stream = {
        let mut world = world.lock().expect("no test panics here");
        let from = headers.get("last-event-id");
        let from = from.map(|id| id.to_str().expect("text").to_owned());
        world.resumed_from.push(from);
        world.streams.pop_front()
    };
    let kind = [(header::CONTENT_TYPE, "text/event-stream")];
    let body = match stream {
        Some(text) => Body::from(text),
        // Nothing more to tell; the connection stays.
        None => Body::from_stream(tokio_stream::pending::<Result<Bytes, std::io::Error>>()),
    };
    (kind, body).into_response()
}

pub(crate) fn event(seq: i64, kind: &str) -> Value {
    json!({ "seq": seq, "rollout_id": ROLLOUT, "at": "2026-11-12T09:00:00Z",
        "actor": "concentric", "kind": kind, "text": format!("{kind} happened."), "body": {} })
}

/// Events as they go over a stream.
pub(crate) fn stream(events: &[Value]) -> String {
    let messages = events.iter().map(|event| format!("id: {}\ndata: {event}\n\n", event["seq"]));
    format!(": hello\n\n{}", messages.collect::<String>())
}

pub(crate) fn tenant(id: &str, name: &str) -> Value {
    json!({ "id": id, "name": name, "entra_tenant_id": id, "client_id": id,
        "graph_url": "https://graph.microsoft.com",
        "login_url": "https://login.microsoftonline.com", "credential": "secret",
        "connection": { "state": "connected", "since": "2026-11-01T00:00:00Z" },
        "synced_at": "2026-11-10T18:00:00Z", "observed_to": null,
        "created_at": "2026-11-01T00:00:00Z" })
}

pub(crate) fn rollout(id: &str, release: &str, phase: &Value) -> Value {
    let told = json!({ "wanted": "open", "wanted_at": "2026-11-10T18:00:00Z",
        "accepted": "open", "accepted_at": "2026-11-10T18:00:02Z", "pending_waves": 0 });
    let ring = |at: u8, name: &str, counts: [u32; 5]| {
        let [assigned, offered, confirmed, failed, lost] = counts;
        json!({ "ring": at, "name": name, "assigned": assigned, "eligible": assigned,
            "offered": offered, "in_flight": offered - confirmed - failed - lost,
            "confirmed": confirmed, "failed": failed, "lost": lost, "set_aside": 0,
            "states": { "confirmed": confirmed }, "waves": 3, "removal_waves": 0,
            "evidence": format!("{at}-{failed}-{lost}-ab"), "told": told })
    };
    let mut last = ring(2, "Broad", [9000, 0, 0, 0, 0]);
    last["waves"] = json!(0);
    last["told"] = json!({ "wanted": "closed", "wanted_at": null, "accepted": "closed",
        "accepted_at": null, "pending_waves": 0 });
    json!({ "id": id, "release_id": TENANT, "release_name": release, "ring_set_id": TENANT,
        "plan_id": TENANT, "plan_revision": 1, "phase": phase,
        "intent": { "wish": "run", "by": "ana", "at": "2026-11-10T17:00:00Z", "reason": null,
            "promoted": null },
        "waiting_on": "812 of 1,000 devices judged, 800 needed; bakes until Friday.",
        "waiting_for": "gate", "level": "calm", "held_segments": [], "pauses": [],
        "next_look": "2026-11-13T09:00:00Z",
        "rings": [ring(0, "Test", [50, 50, 49, 1, 0]), ring(1, "First", [1000, 900, 805, 4, 3]),
            last],
        "observed_at": null, "generation": 7, "created_at": "2026-11-10T17:00:00Z",
        "a_field_of_a_newer_server": true })
}

pub(crate) fn explanation() -> Value {
    let condition = |name: &str, verdict: &str, text: &str| json!({ "name": name, "verdict": verdict, "text": text });
    let mut bake = condition("bake", "wait", "watched 31 of 48 hours, until 2026-11-13 09:00 UTC");
    bake["until"] = json!("2026-11-13T09:00:00Z");
    json!({ "rollout_id": ROLLOUT, "at": "2026-11-12T16:00:00Z",
        "phase": { "name": "soaking", "ring": 1, "since": "2026-11-11T09:00:00Z" },
        "summary": "Waits for the bake of First.", "next_look": "2026-11-13T09:00:00Z",
        "pauses": [],
        "gates": [{ "ring": 1, "name": "First", "vouched": false, "conditions": [
            condition("exposure", "pass", "812 of 1,000 devices judged, 800 needed"), bake,
            condition("success", "fail", "61 of 812 failed, 50 allowed"),
            condition("data", "unknown", "nothing was read for 14 hours")] }],
        "forecast": forecast(),
        "actions": [
            { "action": "pause", "allowed": true, "text": "Stops every new offer." },
            { "action": "resume", "allowed": false, "text": "It is not paused." },
            { "action": "rollback", "allowed": true,
              "text": "Takes the update back from 854 devices." }] })
}

pub(crate) fn forecast() -> Value {
    let at = |at: &str, local: &str| json!({ "state": "at", "at": at, "local": local, "text": at });
    let done = json!({ "state": "past", "at": "2026-11-10T18:00:00Z", "text": "done" });
    let unknown = json!({ "state": "unknown", "reason": "it has ended",
        "text": "unknown: it has ended" });
    let after = json!({ "state": "after", "after_seconds": 90_000,
        "reason": "people approve of ring 1 (First)",
        "text": "1 day 1 hour after people approve of ring 1 (First)" });
    let early = at("2026-11-13T09:00:00Z", "2026-11-13T10:00:00+01:00");
    let late = at("2026-11-14T12:00:00Z", "2026-11-14T13:00:00+01:00");
    let both = |earliest: &Value, likely: &Value| json!({ "earliest": earliest, "likely": likely });
    json!({ "at": "2026-11-12T16:00:00Z", "compliant_percent": 95,
        "pace": { "basis": "earlier", "count": 3, "text": "from 3 earlier rollouts" },
        "rings": [{ "ring": 1, "name": "First", "time_zone": "Europe/Zurich",
            "opens": both(&done, &done), "last_offer": both(&early, &late),
            "gate_passes": both(&early, &after), "compliant": both(&early, &unknown) }],
        "finished": both(&early, &late), "compliant": both(&early, &unknown) })
}
