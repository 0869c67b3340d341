//! Another administrator at work on policies: the same Graph operations as the client's, with every
//! permission and without faults. Nothing here knows what a policy is.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use serde_json::{Value, json};

use crate::graph::reply::{Body, Reply};
use crate::graph::request::Request;
use crate::http::App;
use crate::permission::Roles;
use crate::world::World;

pub(super) async fn create(
    State(app): State<Arc<App>>,
    Path(kind): Path<String>,
    Json(sent): Json<Value>,
) -> Response {
    let mut world = app.world();
    let made = act(&mut world, "POST", &kind, "", Some(sent.clone()));
    let id = shown(&made).get("id").and_then(Value::as_str).map(str::to_owned);
    match id.filter(|_| made.status == 201) {
        Some(id) => send(assign(&mut world, &kind, &id, &sent).unwrap_or(made)),
        None => send(made),
    }
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    Path((kind, rest)): Path<(String, String)>,
    Json(mut sent): Json<Value>,
) -> Response {
    let mut world = app.world();
    let before = act(&mut world, "GET", &kind, &rest, None);
    if before.status != 200 {
        return send(before);
    }
    // The type stays what it is.
    if let (Some(properties), Some(kept)) =
        (sent.as_object_mut(), shown(&before).get("@odata.type"))
    {
        properties.entry("@odata.type").or_insert_with(|| kept.clone());
    }
    let changed = act(&mut world, "PATCH", &kind, &rest, Some(sent.clone()));
    if changed.status != 200 {
        return send(changed);
    }
    send(assign(&mut world, &kind, &rest, &sent).unwrap_or(changed))
}

pub(super) async fn delete(
    State(app): State<Arc<App>>,
    Path((kind, rest)): Path<(String, String)>,
) -> Response {
    send(act(&mut app.world(), "DELETE", &kind, &rest, None))
}

/// Assigns anew where the body has assignments; the refusal, where there is one.
fn assign(world: &mut World, kind: &str, id: &str, sent: &Value) -> Option<Reply> {
    let assignments = sent.get("assignments")?;
    let body = json!({ "assignments": assignments });
    let reply = act(world, "POST", kind, &format!("{id}/assign"), Some(body));
    (reply.status >= 400).then_some(reply)
}

fn act(world: &mut World, method: &str, kind: &str, rest: &str, body: Option<Value>) -> Reply {
    let root = match kind {
        "policies" => "admin/windows/updates",
        _ => "deviceManagement",
    };
    let target = format!("/beta/{root}/{kind}/{rest}");
    world.advance();
    match Request::parse(method, &target, body, "http://localhost") {
        Some(request) => crate::graph::dispatch(world, &request.with_roles(Roles::EVERYTHING)),
        None => Reply::no_segment(kind),
    }
}

fn shown(reply: &Reply) -> Value {
    reply.body.clone().map(Body::into_value).unwrap_or_default()
}

fn send(reply: Reply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match reply.body {
        Some(body) => (status, Json(body.into_value())).into_response(),
        None => status.into_response(),
    }
}
