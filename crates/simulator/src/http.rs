//! The HTTP surface: tokens, Graph requests, finished reports, and the simulator's own pages.

mod broken;
mod control;
mod elsewhere;
mod token;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Query, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{delete, get, post};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::config::Faults;
use crate::graph::reply::{Body as Answer, Reply};
use crate::graph::request::Request;
pub(crate) use crate::http::token::Authority;
use crate::ledger::Ledger;
use crate::permission::Roles;
use crate::tenant::documents::Kind;
use crate::tenant::policies::Status;
use crate::world::World;

const LARGEST_BODY: usize = 4 << 20;

#[derive(Debug)]
pub(crate) struct App {
    pub(crate) world: Mutex<World>,
    pub(crate) authority: Authority,
}

impl App {
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/{tenant}/oauth2/v2.0/token", post(token::issue))
        .route("/{tenant}/v2.0/.well-known/openid-configuration", get(token::discovery))
        .route("/_blob/{file}", get(blob))
        .route("/_simulator/ledger", get(ledger))
        .route("/_simulator/summary", get(summary))
        .route("/_simulator/objects", get(objects))
        .route("/_simulator/faults", post(faults))
        .route("/_simulator/state", get(state))
        .route("/_simulator/defects", get(control::defects).post(control::strike))
        .route("/_simulator/safeguard", post(control::safeguard))
        .route("/_simulator/permissions", get(control::permissions).post(control::grant))
        .route("/_simulator/devices", post(control::devices))
        .route("/_simulator/groups", post(control::new_group))
        .route("/_simulator/groups/{id}", delete(control::delete_group))
        .route("/_simulator/groups/{id}/members", post(control::members))
        .route("/_simulator/policies/{kind}", post(elsewhere::create))
        .route(
            "/_simulator/policies/{kind}/{*rest}",
            post(elsewhere::change).delete(elsewhere::delete),
        )
        .fallback(graph)
        .with_state(app)
}

/// Scheme and host as the client wrote them.
fn base(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    format!("http://{}", host.unwrap_or("localhost"))
}

async fn graph(State(app): State<Arc<App>>, request: axum::extract::Request) -> Response {
    let (head, body) = request.into_parts();
    let latency: Duration = app.world().faults.latency;
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let reply = match app.authority.admits(&head.headers) {
        Err(message) => Reply::error(401, "InvalidAuthenticationToken", message),
        Ok(roles) => match to_bytes(body, LARGEST_BODY).await {
            Err(_) => Reply::error(413, "RequestEntityTooLarge", "The request is too large."),
            Ok(bytes) => read_and_answer(&app, &head, &bytes, roles),
        },
    };
    send(reply, &head.headers)
}

fn read_and_answer(
    app: &App,
    head: &axum::http::request::Parts,
    bytes: &[u8],
    roles: Roles,
) -> Reply {
    let body = match bytes {
        [] => None,
        bytes => match serde_json::from_slice::<Value>(bytes) {
            Ok(body) => Some(body),
            Err(_) => return Reply::bad_request("Unable to read JSON request payload."),
        },
    };
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    match Request::parse(head.method.as_str(), target, body, &base(&head.headers)) {
        Some(request) => app.world().answer(&request.with_roles(roles), false),
        None => Reply::bad_request("Invalid version."),
    }
}

fn send(mut reply: Reply, asked: &HeaderMap) -> Response {
    if reply.broken {
        return Response::new(Body::new(broken::Broken));
    }
    let request_id = Uuid::new_v4().to_string();
    let theirs = asked.get("client-request-id").and_then(|id| id.to_str().ok());
    let client_id = theirs.unwrap_or(&request_id).to_owned();
    reply.name_exchange(&request_id, &client_id);
    let mut response = Response::builder()
        .status(reply.status)
        .header("request-id", request_id)
        .header("client-request-id", client_id);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    let mut body = reply.body.map_or_else(String::new, Answer::into_text);
    if !body.is_empty() {
        response = response.header(header::CONTENT_TYPE, "application/json");
    }
    if reply.truncated {
        body.truncate(body.floor_char_boundary(body.len() / 2));
    }
    response
        .body(Body::from(body))
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

async fn blob(
    State(app): State<Arc<App>>,
    Path(file): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let found = app.world().blob(&format!("{file}?{}", query.unwrap_or_default()));
    let Some(report) = found else { return StatusCode::FORBIDDEN.into_response() };
    match tokio::task::spawn_blocking(move || report.zip()).await {
        Ok(Some(bytes)) => ([(header::CONTENT_TYPE, "application/zip")], bytes).into_response(),
        Ok(None) | Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Which part of the ledger is wanted.
#[derive(Debug, Deserialize)]
struct Span {
    #[serde(default)]
    after: usize,
    limit: Option<usize>,
}

async fn ledger(State(app): State<Arc<App>>, Query(span): Query<Span>) -> Response {
    let ledger = {
        let mut world = app.world();
        world.advance();
        let entries = world.entries(span.after, span.limit.unwrap_or(usize::MAX));
        Ledger { entries, summary: world.summary() }
    };
    Json(ledger).into_response()
}

async fn summary(State(app): State<Arc<App>>) -> Response {
    let mut world = app.world();
    world.advance();
    Json(world.summary()).into_response()
}

async fn faults(State(app): State<Arc<App>>, Json(faults): Json<Faults>) -> StatusCode {
    app.world().faults = faults;
    StatusCode::NO_CONTENT
}

/// Whether ids of made objects are wanted.
#[derive(Debug, Deserialize)]
struct Detail {
    #[serde(default)]
    ids: bool,
}

async fn state(State(app): State<Arc<App>>, Query(detail): Query<Detail>) -> Response {
    Json(crate::state::of(&app.world(), detail.ids)).into_response()
}

/// All live objects with their names, so that a test can look for duplicates.
async fn objects(State(app): State<Arc<App>>) -> Response {
    let world = app.world();
    let tenant = &world.tenant;
    let groups = tenant.groups.iter().map(|(slot, group)| {
        json!({
            "id": tenant.groups.id(slot),
            "displayName": group.properties.get("displayName"),
            "mailNickname": group.properties.get("mailNickname"),
            "members": group.devices_from(0).count(),
        })
    });
    let policies = tenant.policies.iter().map(|policy| {
        json!({ "id": policy.object.id, "displayName": policy.object.text("displayName") })
    });
    let rings = tenant.policies.iter().flat_map(|policy| {
        policy.rings.iter().map(|ring| {
            json!({
                "id": ring.object.id, "policy": policy.object.id,
                "displayName": ring.object.text("displayName"),
                "isPaused": ring.object.flag("isPaused"),
            })
        })
    });
    let approvals = tenant.policies.iter().flat_map(|policy| {
        policy.approvals.iter().map(|approval| {
            json!({
                "id": approval.object.id, "policy": policy.object.id,
                "catalogEntryId": approval.entry, "status": approval.written().map(Status::name),
            })
        })
    });
    let configurations = tenant.configurations.iter().map(|one| {
        json!({
            "id": one.object.id, "displayName": one.object.text("displayName"),
            "featureUpdatesPaused": one.object.flag("featureUpdatesPaused"),
            "qualityUpdatesPaused": one.object.flag("qualityUpdatesPaused"),
            "assignments": one.assignments.len(),
        })
    });
    let deployments = tenant.deployments.iter().map(|one| {
        json!({
            "id": one.object.id, "audience": one.audience, "catalogEntryId": one.entry,
            "requestedValue": one.requested.written().name(),
        })
    });
    let audiences = tenant
        .audiences
        .iter()
        .map(|one| json!({ "id": one.id, "members": one.devices(false).count() }));
    let profiles = tenant.documents.iter().filter(|one| one.kind == Kind::FeatureProfile);
    let profiles = profiles.map(|one| {
        json!({
            "id": one.object.id, "displayName": one.object.text("displayName"),
            "assignments": one.assignments.len(),
        })
    });
    let settings = tenant.documents.iter().filter(|one| one.kind == Kind::SettingsPolicy);
    let settings = settings.map(|one| {
        json!({
            "id": one.object.id, "name": one.object.text("name"),
            "assignments": one.assignments.len(), "settings": one.written().collect::<Vec<_>>(),
        })
    });
    let drivers = tenant.update_policies.iter().map(|one| {
        let standing = one.approvals.iter().filter(|approval| !approval.is_revoked()).count();
        json!({
            "id": one.object.id, "audience": one.audience, "approvals": one.approvals.len(),
            "standing": standing,
        })
    });
    Json(json!({
        "updatePolicies": drivers.collect::<Vec<_>>(),
        "deployments": deployments.collect::<Vec<_>>(),
        "deploymentAudiences": audiences.collect::<Vec<_>>(),
        "windowsFeatureUpdateProfiles": profiles.collect::<Vec<_>>(),
        "configurationPolicies": settings.collect::<Vec<_>>(),
        "groups": groups.collect::<Vec<_>>(),
        "policies": policies.collect::<Vec<_>>(),
        "rings": rings.collect::<Vec<_>>(),
        "approvals": approvals.collect::<Vec<_>>(),
        "deviceConfigurations": configurations.collect::<Vec<_>>(),
    }))
    .into_response()
}
