//! `/$batch`: up to twenty requests in one, in order of appearance.

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::graph::reply::Reply;
use crate::graph::request::{Request, Version};
use crate::world::World;

const MOST: usize = 20;

pub(crate) fn run(world: &mut World, request: &Request) -> Reply {
    let Some(parts) = request.body().get("requests").and_then(Value::as_array) else {
        return Reply::bad_request("Invalid batch payload format.");
    };
    if parts.len() > MOST {
        return Reply::bad_request(&format!("Number of batch request steps exceeds {MOST}."));
    }
    let id_of = |part: &Value| part.get("id")?.as_str().map(str::to_ascii_lowercase);
    let mut seen: Vec<String> = Vec::new();
    for part in parts {
        let Some(id) = id_of(part) else {
            return Reply::bad_request("Every request of a batch needs an id.");
        };
        if seen.contains(&id) {
            return Reply::bad_request(&format!("Request Id : {id} has to be unique in a batch."));
        }
        if let Some(unknown) = depends_on(part).find(|needed| !seen.contains(needed)) {
            return Reply::bad_request(&format!("Request '{unknown}' is not before '{id}'."));
        }
        seen.push(id);
    }
    let mut statuses: HashMap<String, u16> = HashMap::new();
    let mut responses = Vec::new();
    for (part, id) in parts.iter().zip(seen) {
        let failed = depends_on(part)
            .any(|needed| statuses.get(&needed).is_none_or(|status| *status >= 400));
        let mut reply = if failed {
            Reply::error(424, "FailedDependency", "A request this one depends on failed.")
        } else {
            answer(world, request, part)
        };
        reply.name_exchange(&Uuid::new_v4().to_string(), &Uuid::new_v4().to_string());
        statuses.insert(id, reply.status);
        responses.push(shown(part, reply));
    }
    Reply::ok(json!({ "responses": responses }))
}

fn depends_on(part: &Value) -> impl Iterator<Item = String> {
    let needed = part.get("dependsOn").and_then(Value::as_array);
    needed.into_iter().flatten().filter_map(Value::as_str).map(str::to_ascii_lowercase)
}

fn answer(world: &mut World, request: &Request, part: &Value) -> Reply {
    let method = part.get("method").and_then(Value::as_str).unwrap_or("GET");
    let url = part.get("url").and_then(Value::as_str).unwrap_or_default();
    let body = part.get("body").filter(|body| !body.is_null()).cloned();
    match Request::parse(method, &target(url, request.version), body, &request.base) {
        Some(inner) if inner.is_batch() => Reply::bad_request("Batches cannot be nested."),
        Some(inner) => world.answer(&inner.with_roles(request.roles), true),
        None => Reply::bad_request(&format!("Invalid url '{url}'.")),
    }
}

/// The target on this service of a part's url, be it absolute or relative to the version.
fn target(url: &str, version: Version) -> String {
    let absolute = url.starts_with("http://") || url.starts_with("https://");
    let rooted = match url.split_once("://").filter(|_| absolute) {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => url.trim_start_matches('/'),
    };
    let first = rooted.split('/').next().unwrap_or_default();
    match Version::parse(first) {
        Some(_) => format!("/{rooted}"),
        None => format!("/{}/{rooted}", version.name()),
    }
}

fn shown(part: &Value, reply: Reply) -> Value {
    let mut headers = Map::new();
    headers.insert("Cache-Control".to_owned(), Value::from("no-cache"));
    for (name, value) in reply.headers {
        headers.insert(name.to_owned(), Value::from(value));
    }
    let mut shown = Map::new();
    shown.insert("id".to_owned(), part.get("id").cloned().unwrap_or_default());
    shown.insert("status".to_owned(), Value::from(reply.status));
    if let Some(body) = reply.body {
        headers.insert("Content-Type".to_owned(), Value::from("application/json"));
        shown.insert("body".to_owned(), body.into_value());
    }
    shown.insert("headers".to_owned(), Value::Object(headers));
    Value::Object(shown)
}
