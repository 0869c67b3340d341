//! `/groups`: groups themselves. Their members are in `members.rs`.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::graph::list::{self, DIRECTORY, Small};
use crate::graph::members;
use crate::graph::reply::Reply;
use crate::graph::request::Request;
use crate::tenant::groups::{Group, security_group};
use crate::world::World;

const BIND: &str = "members@odata.bind";

fn json(group: &Group) -> Value {
    let mut shown = Map::new();
    shown.insert("id".to_owned(), Value::from(group.id.to_string()));
    shown.extend(group.properties.clone());
    Value::Object(shown)
}

pub(crate) fn route(world: &mut World, request: &Request, rest: &[&str]) -> Reply {
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let groups = Small(world.tenant.groups.iter().map(json).collect());
            list::page(&groups, request, "groups", DIRECTORY)
        }
        ("POST", []) => create(world, request),
        (_, []) => Reply::wrong_method(),
        (_, [id, rest @ ..]) => {
            let known = id.parse().ok().filter(|id| world.tenant.groups.get(*id).is_some());
            match (known, rest) {
                (None, _) => Reply::no_object(id),
                (Some(group), []) => one(world, request, group),
                (Some(group), ["members" | "transitiveMembers", more @ ..]) => {
                    members::route(world, request, group, more)
                }
                (Some(_), [segment, ..]) => Reply::no_segment(segment),
            }
        }
    }
}

fn create(world: &mut World, request: &Request) -> Reply {
    let sent = request.body();
    let texts = ["displayName", "mailNickname"];
    let flags = ["mailEnabled", "securityEnabled"];
    let lacking = texts
        .into_iter()
        .find(|name| sent.get(*name).and_then(Value::as_str).is_none_or(str::is_empty))
        .or_else(|| flags.into_iter().find(|name| !sent.get(*name).is_some_and(Value::is_boolean)));
    if let Some(name) = lacking {
        let message = format!("A value is required for property '{name}' of resource 'Group'.");
        return Reply::error(400, "Request_BadRequest", &message);
    }
    let bound = match bound(world, sent) {
        Ok(devices) => devices,
        Err(reply) => return reply,
    };
    let now = world.now();
    let id = world.tenant.groups.insert(security_group(sent, now));
    world.tenant.changed();
    members::add(world, id, &bound);
    match world.tenant.groups.get(id) {
        Some(group) => Reply::created(list::show(&Small(vec![json(group)]), request, 0)),
        None => Reply::not_found(),
    }
}

fn bound(world: &World, sent: &Value) -> Result<Vec<u32>, Reply> {
    sent.get(BIND).map_or(Ok(Vec::new()), |bound| members::resolve(world, bound))
}

fn one(world: &mut World, request: &Request, id: Uuid) -> Reply {
    match request.method.as_str() {
        "GET" => match world.tenant.groups.get(id) {
            None => Reply::no_object(&id.to_string()),
            Some(group) => Reply::ok(list::show(&Small(vec![json(group)]), request, 0)),
        },
        "PATCH" => patch(world, request.body(), id),
        "DELETE" => {
            world.tenant.groups.delete(id);
            world.tenant.changed();
            Reply::empty()
        }
        _ => Reply::wrong_method(),
    }
}

fn patch(world: &mut World, sent: &Value, id: Uuid) -> Reply {
    let bound = match bound(world, sent) {
        Ok(devices) => devices,
        Err(reply) => return reply,
    };
    let Some(group) = world.tenant.groups.get_mut(id) else {
        return Reply::no_object(&id.to_string());
    };
    if bound.iter().any(|device| group.has(*device)) {
        return members::already_there();
    }
    for name in ["displayName", "description", "mailNickname", "visibility"] {
        if let Some(value) = sent.get(name) {
            group.properties.insert(name.to_owned(), value.clone());
        }
    }
    members::add(world, id, &bound);
    Reply::empty()
}
