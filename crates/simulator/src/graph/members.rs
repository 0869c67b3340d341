//! `/groups/{id}/members`: all members of these groups are devices.

use serde_json::Value;
use uuid::Uuid;

use crate::choice::Purpose;
use crate::graph::devices::Directory;
use crate::graph::list::{self, DIRECTORY};
use crate::graph::reply::Reply;
use crate::graph::request::Request;
use crate::ledger::Event;
use crate::world::{Noted, World};

/// Members one PATCH may add.
const MOST: usize = 20;

pub(crate) fn route(world: &mut World, request: &Request, group: Uuid, rest: &[&str]) -> Reply {
    let direct = request.segments.iter().any(|segment| segment == "members");
    match (request.method.as_str(), rest) {
        ("GET", [] | ["device"]) => page(world, request, group, rest.is_empty()),
        ("POST", ["$ref"]) if direct => add_one(world, request.body(), group),
        ("DELETE", [id, "$ref"]) if direct => remove(world, id, group),
        // Without `/$ref` this would delete the device itself, which the application may not do.
        ("DELETE", [_]) if direct => {
            let message = "Insufficient privileges to complete the operation.";
            Reply::error(403, "Authorization_RequestDenied", message)
        }
        (_, [] | ["device" | "$ref"] | [_, "$ref"]) => Reply::wrong_method(),
        (_, [segment, ..]) => Reply::no_segment(segment),
    }
}

fn page(world: &World, request: &Request, group: Uuid, typed: bool) -> Reply {
    let members = Directory { fleet: &world.fleet, group: world.tenant.groups.get(group), typed };
    let context = if typed { "directoryObjects" } else { "devices" };
    list::page(&members, request, context, DIRECTORY)
}

/// The devices that references name, or why they cannot be added.
pub(crate) fn resolve(world: &World, references: &Value) -> Result<Vec<u32>, Reply> {
    let Some(references) = references.as_array() else {
        return Err(Reply::error(400, "Request_BadRequest", "An array of references is expected."));
    };
    if references.len() > MOST {
        let message = format!("The number of references exceeds the limit of '{MOST}'.");
        return Err(Reply::error(400, "Request_BadRequest", &message));
    }
    let mut devices = Vec::new();
    for reference in references {
        let device = resolve_one(world, reference.as_str().unwrap_or_default())?;
        if devices.contains(&device) {
            return Err(already_there());
        }
        devices.push(device);
    }
    Ok(devices)
}

fn resolve_one(world: &World, reference: &str) -> Result<u32, Reply> {
    let (collection, id) = reference.trim_end_matches('/').rsplit_once('/').unwrap_or_default();
    let collection = collection.rsplit('/').next().unwrap_or_default();
    if !matches!(collection, "directoryObjects" | "devices") {
        let message = format!("Invalid reference '{reference}'.");
        return Err(Reply::error(400, "Request_BadRequest", &message));
    }
    world.fleet.find(id, Purpose::ObjectId).ok_or_else(|| Reply::no_object(id))
}

pub(crate) fn already_there() -> Reply {
    let message = "One or more added object references already exist for the following modified \
                   properties: 'members'.";
    Reply::error(400, "Request_BadRequest", message)
}

/// Adds devices that are known not to be members.
pub(crate) fn add(world: &mut World, group: Uuid, devices: &[u32]) {
    let now = world.now();
    let name = group.to_string();
    for device in devices {
        if let Some(group) = world.tenant.groups.get_mut(group) {
            group.add(*device, now);
        }
        let noted = Noted { device: Some(*device), group: Some(&name), ..Noted::default() };
        world.note(Event::GroupMemberAdded, noted);
    }
}

fn add_one(world: &mut World, sent: &Value, group: Uuid) -> Reply {
    let reference = sent.get("@odata.id").and_then(Value::as_str).unwrap_or_default();
    let device = match resolve_one(world, reference) {
        Ok(device) => device,
        Err(reply) => return reply,
    };
    if world.tenant.groups.get(group).is_some_and(|group| group.has(device)) {
        return already_there();
    }
    add(world, group, &[device]);
    Reply::empty()
}

fn remove(world: &mut World, id: &str, group: Uuid) -> Reply {
    let device = world.fleet.find(id, Purpose::ObjectId);
    let removed = device.is_some_and(|device| {
        world.tenant.groups.get_mut(group).is_some_and(|group| group.remove(device))
    });
    if removed { Reply::empty() } else { Reply::no_object(id) }
}
