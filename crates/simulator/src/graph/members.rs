//! `/groups/{id}/members` and `transitiveMembers`: devices, and groups nested in groups.

use serde_json::Value;

use crate::choice::Purpose;
use crate::graph::devices::{Directory, Members};
use crate::graph::list::{self, DIRECTORY};
use crate::graph::reply::Reply;
use crate::graph::request::Request;
use crate::ledger::Event;
use crate::tenant::groups::{GroupSlot, Member};
use crate::world::{Noted, World};

/// Members one PATCH may add.
const MOST: usize = 20;

pub(crate) fn route(
    world: &mut World,
    request: &Request,
    group: GroupSlot,
    rest: &[&str],
) -> Reply {
    match (request.method.as_str(), rest) {
        ("GET", [] | ["device"]) => page(world, request, vec![group], rest.is_empty()),
        ("POST", ["$ref"]) => add_one(world, request.body(), group),
        ("DELETE", [id, "$ref"]) => remove(world, id, group),
        // Without `/$ref` this would delete the member itself, which the application may not do.
        ("DELETE", [_]) => {
            let message = "Insufficient privileges to complete the operation.";
            Reply::error(403, "Authorization_RequestDenied", message)
        }
        (_, [] | ["device" | "$ref"] | [_, "$ref"]) => Reply::wrong_method(),
        (_, [segment, ..]) => Reply::no_segment(segment),
    }
}

pub(crate) fn transitive(
    world: &World,
    request: &Request,
    group: GroupSlot,
    rest: &[&str],
) -> Reply {
    match (request.method.as_str(), rest) {
        ("GET", [] | ["device"]) => {
            let groups = &world.tenant.groups;
            page(world, request, groups.reach(groups.id(group)), rest.is_empty())
        }
        (_, [] | ["device"]) => Reply::wrong_method(),
        (_, [segment, ..]) => Reply::no_segment(segment),
    }
}

fn page(world: &World, request: &Request, of: Vec<GroupSlot>, typed: bool) -> Reply {
    let members = Some(Members { all: &world.tenant.groups, of });
    let context = if typed { "directoryObjects" } else { "devices" };
    list::page(&Directory { fleet: &world.fleet, members, typed }, request, context, DIRECTORY)
}

/// The members that references name, or why they cannot be added.
pub(crate) fn resolve(world: &World, references: &Value) -> Result<Vec<Member>, Reply> {
    let Some(references) = references.as_array() else {
        return Err(Reply::error(400, "Request_BadRequest", "An array of references is expected."));
    };
    if references.len() > MOST {
        let message = format!("The number of references exceeds the limit of '{MOST}'.");
        return Err(Reply::error(400, "Request_BadRequest", &message));
    }
    let mut members = Vec::new();
    for reference in references {
        let member = resolve_one(world, reference.as_str().unwrap_or_default())?;
        if members.contains(&member) {
            return Err(already_there());
        }
        members.push(member);
    }
    Ok(members)
}

fn resolve_one(world: &World, reference: &str) -> Result<Member, Reply> {
    let (collection, id) = reference.trim_end_matches('/').rsplit_once('/').unwrap_or_default();
    let collection = collection.rsplit('/').next().unwrap_or_default();
    if !matches!(collection, "directoryObjects" | "devices" | "groups") {
        let message = format!("Invalid reference '{reference}'.");
        return Err(Reply::error(400, "Request_BadRequest", &message));
    }
    member(world, id).ok_or_else(|| Reply::no_object(id))
}

/// The device or group with this object id.
fn member(world: &World, id: &str) -> Option<Member> {
    let device = world.fleet.find(id, Purpose::ObjectId).map(Member::Device);
    device.or_else(|| Some(Member::Group(world.tenant.groups.slot(id.parse().ok()?)?)))
}

pub(crate) fn already_there() -> Reply {
    let message = "One or more added object references already exist for the following modified \
                   properties: 'members'.";
    Reply::error(400, "Request_BadRequest", message)
}

/// Adds what is known not to be a member.
pub(crate) fn add(world: &mut World, group: GroupSlot, members: &[Member]) {
    let now = world.now();
    for member in members {
        world.tenant.groups.add(group, *member, now);
        note(world, Event::GroupMemberAdded, group, *member);
    }
}

/// Takes out what is known to be a member.
pub(crate) fn take_out(world: &mut World, group: GroupSlot, members: &[Member]) {
    for member in members {
        if world.tenant.groups.remove(group, *member) {
            note(world, Event::GroupMemberRemoved, group, *member);
        }
    }
}

fn note(world: &mut World, event: Event, group: GroupSlot, member: Member) {
    let name = world.tenant.groups.id(group).to_string();
    match member {
        Member::Device(device) => {
            let device = Some(device);
            world.note(event, Noted { device, group: Some(&name), ..Noted::default() });
        }
        // What is offered to whom is worked out anew.
        Member::Group(_) => world.tenant.changed(),
    }
}

fn add_one(world: &mut World, sent: &Value, group: GroupSlot) -> Reply {
    let reference = sent.get("@odata.id").and_then(Value::as_str).unwrap_or_default();
    let member = match resolve_one(world, reference) {
        Ok(member) => member,
        Err(reply) => return reply,
    };
    if world.tenant.groups.get(group).is_some_and(|group| group.has(member)) {
        return already_there();
    }
    add(world, group, &[member]);
    Reply::empty()
}

fn remove(world: &mut World, id: &str, group: GroupSlot) -> Reply {
    match member(world, id).filter(|member| world.tenant.groups.remove(group, *member)) {
        None => Reply::no_object(id),
        Some(member) => {
            note(world, Event::GroupMemberRemoved, group, member);
            Reply::empty()
        }
    }
}
