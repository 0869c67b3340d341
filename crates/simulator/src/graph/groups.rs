//! `/groups`: groups themselves. Their members are in `members.rs`.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::graph::list::{self, DIRECTORY, Small};
use crate::graph::members;
use crate::graph::reply::{Body, Reply};
use crate::graph::request::Request;
use crate::tenant::groups::{Group, GroupSlot, Member, security_group};
use crate::world::World;

const BIND: &str = "members@odata.bind";

fn json(id: Uuid, group: &Group) -> Value {
    let mut shown = Map::new();
    shown.insert("id".to_owned(), Value::from(id.to_string()));
    shown.extend(group.properties.clone());
    Value::Object(shown)
}

pub(crate) fn route(world: &mut World, request: &Request, rest: &[&str]) -> Reply {
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let all = &world.tenant.groups;
            let groups = Small(all.iter().map(|(slot, group)| json(all.id(slot), group)).collect());
            list::page(&groups, request, "groups", DIRECTORY)
        }
        ("POST", []) => create(world, request),
        (_, []) => Reply::wrong_method(),
        (_, [id, rest @ ..]) => {
            let known = id.parse().ok().and_then(|id| world.tenant.groups.slot(id));
            match (known, rest) {
                (None, _) => Reply::no_object(id),
                (Some(group), []) => one(world, request, group),
                (Some(group), ["members", more @ ..]) => {
                    members::route(world, request, group, more)
                }
                (Some(group), ["transitiveMembers", more @ ..]) => {
                    members::transitive(world, request, group, more)
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
        Ok(members) => members,
        Err(reply) => return reply,
    };
    let slot = world.tenant.groups.insert(security_group(sent, world.now()));
    world.tenant.changed();
    members::add(world, slot, &bound);
    match shown(world, request, slot) {
        Some(body) => Reply::created(body),
        None => Reply::not_found(),
    }
}

fn shown(world: &World, request: &Request, slot: GroupSlot) -> Option<Body> {
    let groups = &world.tenant.groups;
    Some(list::show(&Small(vec![json(groups.id(slot), groups.get(slot)?)]), request, 0))
}

fn bound(world: &World, sent: &Value) -> Result<Vec<Member>, Reply> {
    sent.get(BIND).map_or(Ok(Vec::new()), |bound| members::resolve(world, bound))
}

fn one(world: &mut World, request: &Request, slot: GroupSlot) -> Reply {
    match request.method.as_str() {
        "GET" => shown(world, request, slot).map_or_else(Reply::not_found, Reply::ok),
        "PATCH" => patch(world, request.body(), slot),
        "DELETE" => {
            world.tenant.groups.delete(slot);
            world.tenant.changed();
            Reply::empty()
        }
        _ => Reply::wrong_method(),
    }
}

fn patch(world: &mut World, sent: &Value, slot: GroupSlot) -> Reply {
    let bound = match bound(world, sent) {
        Ok(members) => members,
        Err(reply) => return reply,
    };
    let Some(group) = world.tenant.groups.get(slot) else { return Reply::not_found() };
    if bound.iter().any(|member| group.has(*member)) {
        return members::already_there();
    }
    for name in ["displayName", "description", "mailNickname", "visibility"] {
        if let Some(value) = sent.get(name) {
            world.tenant.groups.set(slot, name, value.clone());
        }
    }
    members::add(world, slot, &bound);
    Reply::empty()
}
