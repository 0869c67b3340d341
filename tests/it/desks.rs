//! Support requests handed on over the whole system: ticket systems that fail before, after and in the making of a ticket,
//! and servers that are killed in between. Each request comes to one ticket, and each note arrives.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api_types as api;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use simulator::{DEFAULT_CLIENT_SECRET, Scenario};
use tokio::net::TcpListener;

use crate::kills::free_port;
use crate::process::Process;
use crate::stack::{Api, Stack, Wish};

/// How the ticket systems behave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Mood {
    #[default]
    Well,
    /// They answer 500, and do nothing.
    Broken,
    /// They do what is asked, and the answer is lost; questions they answer.
    Forgetful,
}

#[derive(Debug, Clone)]
struct Ticket {
    correlation: String,
    fields: Value,
    notes: Vec<String>,
}

#[derive(Debug, Default)]
struct Heard {
    mood: Mood,
    incidents: Vec<Ticket>,
    issues: Vec<Ticket>,
    /// `webhook-id` and body.
    messages: Vec<(String, Value)>,
    /// What was sent as `Authorization`.
    logins: Vec<String>,
}

type Shared = Arc<Mutex<Heard>>;

/// A `ServiceNow`, a Jira and a receiver of webhooks at one address.
#[derive(Clone)]
struct Systems {
    address: SocketAddr,
    heard: Shared,
}

impl Systems {
    async fn new() -> Self {
        let heard = Shared::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new()
            .route("/api/now/table/incident", get(find_incident).post(make_incident))
            .route("/api/now/table/incident/{id}", patch(note_incident))
            .route("/rest/api/3/search/jql", post(find_issue))
            .route("/rest/api/3/issue", post(make_issue))
            .route("/rest/api/3/issue/{key}/comment", post(note_issue))
            .route("/hook", post(hear))
            .with_state(heard.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, heard }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn turn(&self, mood: Mood) {
        self.heard.lock().expect("not poisoned").mood = mood;
    }

    /// Waits until `what` is so; a minute and a half at most.
    async fn until(&self, what: impl Fn(&Heard) -> bool) {
        for _ in 0..1_800 {
            if what(&self.heard.lock().expect("not poisoned")) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it never comes to that: {:#?}", self.heard.lock().expect("not poisoned"));
    }
}

/// What the mood makes of an answer; `done` is done in two of them.
fn answer(heard: &Shared, headers: &HeaderMap, done: impl FnOnce(&mut Heard) -> Value) -> Response {
    let mut heard = heard.lock().expect("not poisoned");
    if let Some(login) = headers.get("authorization") {
        heard.logins.push(login.to_str().expect("text").to_owned());
    }
    let broken = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    match heard.mood {
        Mood::Broken => broken,
        Mood::Forgetful => {
            done(&mut heard);
            broken
        }
        Mood::Well => (StatusCode::CREATED, Json(done(&mut heard))).into_response(),
    }
}

/// Of a question nothing is done, so its answer is not what a forgetful system loses.
fn found(heard: &Shared, headers: &HeaderMap, look: impl FnOnce(&mut Heard) -> Value) -> Response {
    let is_forgetful = heard.lock().expect("not poisoned").mood == Mood::Forgetful;
    if is_forgetful {
        return Json(look(&mut heard.lock().expect("not poisoned"))).into_response();
    }
    answer(heard, headers, look)
}

#[derive(serde::Deserialize)]
struct Asked {
    sysparm_query: String,
}

fn record(number: usize) -> Value {
    json!({ "sys_id": format!("{number:032x}"), "number": format!("INC{number:07}") })
}

async fn find_incident(
    State(heard): State<Shared>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    self::found(&heard, &headers, |heard| {
        let wanted =
            asked.sysparm_query.strip_prefix("correlation_id=").expect("the right question");
        let found = heard.incidents.iter().position(|one| one.correlation == wanted);
        json!({ "result": found.map(record).into_iter().collect::<Vec<_>>() })
    })
}

async fn make_incident(
    State(heard): State<Shared>,
    headers: HeaderMap,
    Json(fields): Json<Value>,
) -> Response {
    answer(&heard, &headers, |heard| {
        let correlation = fields["correlation_id"].as_str().expect("a correlation").to_owned();
        heard.incidents.push(Ticket { correlation, fields, notes: Vec::new() });
        json!({ "result": record(heard.incidents.len() - 1) })
    })
}

async fn note_incident(
    State(heard): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(fields): Json<Value>,
) -> Response {
    answer(&heard, &headers, |heard| {
        let number = usize::from_str_radix(&id, 16).expect("an id of ours");
        heard.incidents[number]
            .notes
            .push(fields["comments"].as_str().expect("a comment").to_owned());
        json!({ "result": record(number) })
    })
}

async fn find_issue(
    State(heard): State<Shared>,
    headers: HeaderMap,
    Json(asked): Json<Value>,
) -> Response {
    self::found(&heard, &headers, |heard| {
        let jql = asked["jql"].as_str().expect("a question");
        let found =
            heard.issues.iter().position(|one| jql.contains(&format!("\"{}\"", one.correlation)));
        let issue = |at: usize| json!({ "id": "1", "key": format!("UPD-{at}") });
        json!({ "issues": found.map(issue).into_iter().collect::<Vec<_>>() })
    })
}

async fn make_issue(
    State(heard): State<Shared>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    answer(&heard, &headers, |heard| {
        let fields = body["fields"].clone();
        let correlation = fields["labels"][1].as_str().expect("a label").to_owned();
        heard.issues.push(Ticket { correlation, fields, notes: Vec::new() });
        json!({ "id": "1", "key": format!("UPD-{}", heard.issues.len() - 1), "self": "https://jira" })
    })
}

async fn note_issue(
    State(heard): State<Shared>,
    Path(key): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    answer(&heard, &headers, |heard| {
        let number: usize =
            key.strip_prefix("UPD-").expect("a key of ours").parse().expect("a number");
        heard.issues[number].notes.push(body["body"].to_string());
        json!({ "id": "1" })
    })
}

async fn hear(State(heard): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    answer(&heard, &headers, |heard| {
        let id = headers["webhook-id"].to_str().expect("text").to_owned();
        heard.messages.push((id, serde_json::from_slice(&body).expect("JSON")));
        json!({})
    })
}

fn desks(systems: &Systems) -> [Value; 3] {
    let url = systems.url();
    [
        json!({ "name": "Tickets", "url": url, "secret": "hush-hush-of-servicenow",
            "way": { "kind": "service_now", "caller": "concentric", "login": { "kind": "basic", "user": "concentric" } } }),
        json!({ "name": "Board", "url": url, "secret": "hush-hush-of-jira",
            "way": { "kind": "jira", "project": "UPD", "login": { "kind": "bearer" } } }),
        json!({ "name": "Chat", "url": format!("{url}/hook"), "way": { "kind": "webhook" } }),
    ]
}

fn request(title: &str) -> Value {
    json!({ "about": { "kind": "tenant" }, "title": title, "description": "since Monday", "severity": "critical" })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_comes_to_one_ticket_whatever_fails() {
    let wish = Wish { devices: 10, speed: 1_000.0, scenario: Scenario::Healthy };
    let stack = Stack::new(wish).await;
    let systems = Systems::new().await;
    let server = stack.serve_impatient(&format!("127.0.0.1:{}", systems.address.port())).await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = api.create_tenant(&stack.simulator, DEFAULT_CLIENT_SECRET).await;
    let at = format!("/tenants/{}", tenant.id);
    for desk in desks(&systems) {
        let made: Value = api.post(&format!("{at}/support-desks"), &desk).await;
        assert!(!made.to_string().contains("hush"), "{made}");
    }
    systems.turn(Mood::Broken);
    let filed: api::SupportRequest =
        api.post(&format!("{at}/support-requests"), &request("Printing fails")).await;
    let path = format!("{at}/support-requests/{}", filed.id);
    systems.until(|heard| heard.logins.len() >= 2).await;
    // From now on tickets are made, and nobody hears of it.
    systems.turn(Mood::Forgetful);
    systems.until(|heard| !heard.incidents.is_empty() && !heard.issues.is_empty()).await;
    let comment = json!({ "text": "it is the driver" });
    let _: Value = api.post(&format!("{path}/comments"), &comment).await;
    systems.turn(Mood::Well);
    let moved = json!({ "status": "in_progress", "assignee": "ben" });
    let _: Value = api.post(&format!("{path}/move"), &moved).await;
    systems
        .until(|heard| {
            let told = |tickets: &[Ticket]| {
                tickets
                    .iter()
                    .any(|one| one.notes.iter().any(|note| note.contains("assigned to ben")))
            };
            let noted =
                heard.messages.iter().any(|(_, body)| body["data"]["note"]["assignee"] == "ben");
            told(&heard.incidents) && told(&heard.issues) && noted
        })
        .await;
    {
        let heard = systems.heard.lock().expect("not poisoned");
        assert_eq!((heard.incidents.len(), heard.issues.len()), (1, 1), "{heard:#?}");
        let (incident, issue) = (&heard.incidents[0], &heard.issues[0]);
        let correlation = format!("concentric-{}", filed.id.simple());
        assert_eq!((&incident.correlation, &issue.correlation), (&correlation, &correlation));
        assert_eq!(
            (&incident.fields["urgency"], &incident.fields["caller_id"]),
            (&json!("1"), &json!("concentric"))
        );
        assert_eq!(issue.fields["description"]["type"], "doc");
        for ticket in [incident, issue] {
            // In order: what was said first came first, and each of it came.
            let first = ticket.notes.iter().position(|note| note.contains("it is the driver"));
            let second = ticket.notes.iter().position(|note| note.contains("assigned to ben"));
            assert!(first.is_some() && first < second, "{ticket:#?}");
        }
        let basic = format!("Basic {}", base64_of("concentric:hush-hush-of-servicenow"));
        let allowed = [basic.as_str(), "Bearer hush-hush-of-jira"];
        assert!(
            heard.logins.iter().all(|login| allowed.contains(&login.as_str())),
            "{:?}",
            heard.logins
        );
    }
    let mut shown: api::SupportRequestDetail = api.get(&path).await;
    for _ in 0..800 {
        if shown.references.len() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        shown = api.get(&path).await;
    }
    let names: Vec<&str> = shown.references.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["UPD-0", "INC0000000"], "by name of the desk");
    server.shutdown().await;
    stack.end().await;
}

fn base64_of(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// A server that dies at any moment between filing and handing on loses no request, and makes no ticket twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_lost_or_doubled_with_a_server() {
    let wish = Wish { devices: 10, speed: 1_000.0, scenario: Scenario::Healthy };
    let stack = Stack::new(wish).await;
    let systems = Systems::new().await;
    let allow = format!("127.0.0.1:{}", systems.address.port());
    let listen = free_port();
    let mut server = Process::start_allowing(&stack, listen, &allow).await;
    let api = Api::new(server.address, server.token.as_deref().expect("a first token"));
    let tenant = api.create_tenant(&stack.simulator, DEFAULT_CLIENT_SECRET).await;
    let at = format!("/tenants/{}", tenant.id);
    for desk in desks(&systems) {
        let _: Value = api.post(&format!("{at}/support-desks"), &desk).await;
    }
    for round in 0..4 {
        systems.turn(if round % 2 == 0 { Mood::Forgetful } else { Mood::Well });
        let title = format!("Printing fails {round}");
        let _: Value = api.post(&format!("{at}/support-requests"), &request(&title)).await;
        tokio::time::sleep(Duration::from_millis(fastrand::u64(0..60))).await;
        server.kill().await;
        systems.turn(Mood::Well);
        server = Process::start_allowing(&stack, listen, &allow).await;
    }
    systems
        .until(|heard| {
            let all = |tickets: &[Ticket]| tickets.len() >= 4;
            let mut told: Vec<&str> = heard.messages.iter().map(|(id, _)| id.as_str()).collect();
            told.sort_unstable();
            told.dedup();
            all(&heard.incidents) && all(&heard.issues) && told.len() >= 4
        })
        .await;
    // Nothing waits any more.
    for _ in 0..1_800 {
        let desks: api::List<api::SupportDesk> = api.get(&format!("{at}/support-desks")).await;
        if desks.items.iter().all(|desk| desk.pending == 0) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    {
        let heard = systems.heard.lock().expect("not poisoned");
        for tickets in [&heard.incidents, &heard.issues] {
            let mut known: Vec<&str> = tickets.iter().map(|one| one.correlation.as_str()).collect();
            known.sort_unstable();
            known.dedup();
            assert_eq!((tickets.len(), known.len()), (4, 4), "one ticket each: {heard:#?}");
        }
    }
    server.kill().await;
    stack.end().await;
}
