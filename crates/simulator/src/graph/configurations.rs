//! `/deviceManagement/deviceConfigurations`: update rings of Windows Update for Business among
//! configurations of other kinds.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::graph::list::{self, INTUNE, Small};
use crate::graph::reply::Reply;
use crate::graph::request::Request;
use crate::tenant::assignments::Assignment;
use crate::tenant::configurations::Configuration;
use crate::world::World;

pub(crate) fn route(world: &mut World, request: &Request, rest: &[&str]) -> Reply {
    let now = world.now();
    let all = &mut world.tenant.configurations;
    let [id, rest @ ..] = rest else {
        return match request.method.as_str() {
            "GET" => {
                let shown = all.iter().map(|one| json(one, request)).collect();
                let context = "deviceManagement/deviceConfigurations";
                list::page(&Small(shown), request, context, INTUNE)
            }
            "POST" => match kind(request.body()) {
                Err(reply) => reply,
                Ok(kind) => {
                    let new = Configuration::new(kind, request.body(), now);
                    let shown = new.json(request.version);
                    world.tenant.configurations.push(new);
                    world.tenant.changed();
                    Reply::created(shown)
                }
            },
            _ => Reply::wrong_method(),
        };
    };
    let place =
        id.parse::<Uuid>().ok().and_then(|id| all.iter().position(|one| one.object.id == id));
    let Some(place) = place else { return Reply::not_found() };
    let one = &mut all[place];
    let reply = match (request.method.as_str(), rest) {
        ("GET", []) => {
            return Reply::ok(list::show(&Small(vec![json(one, request)]), request, 0));
        }
        ("GET", ["assignments"]) => {
            return list::page(&Small(one.assigned()), request, "assignments", INTUNE);
        }
        ("PATCH", []) => {
            match kind(request.body()) {
                Err(reply) => return reply,
                Ok(kind) if kind != one.kind => {
                    return Reply::bad_request("The type of an entity cannot change.");
                }
                Ok(_) => {}
            }
            one.merge(request.body(), now);
            Reply::ok(one.json(request.version))
        }
        ("DELETE", []) => {
            all.remove(place);
            Reply::empty()
        }
        ("POST", ["assign"]) => {
            match assignments(one.object.id, request.body()) {
                Err(reply) => return reply,
                Ok(assignments) => one.assignments = assignments,
            }
            one.object.modified = now;
            Reply::ok(json!({ "value": one.assigned() }))
        }
        (_, [] | ["assign" | "assignments"]) => return Reply::wrong_method(),
        (_, [segment, ..]) => return Reply::no_segment(segment),
    };
    world.tenant.changed();
    reply
}

/// An item with what the request expands.
fn json(one: &Configuration, request: &Request) -> Value {
    let mut shown = Value::Object(one.json(request.version));
    if request.expands("assignments") {
        shown["assignments"] = Value::from(one.assigned());
    }
    shown
}

/// The assignments in the body of an assign action, which replace all there were.
pub(crate) fn assignments(owner: Uuid, sent: &Value) -> Result<Vec<Assignment>, Reply> {
    let Some(sent) = sent.get("assignments").and_then(Value::as_array) else {
        return Err(Reply::bad_request("The property 'assignments' is required."));
    };
    Assignment::all(owner, sent)
        .map_err(|target| Reply::bad_request(&format!("Invalid assignment target: {target}.")))
}

/// Writes have to name a type.
fn kind(sent: &Value) -> Result<&str, Reply> {
    let Some(named) = sent.get("@odata.type").and_then(Value::as_str) else {
        return Err(Reply::bad_request("The annotation '@odata.type' is missing."));
    };
    let plain = named.trim_start_matches('#').strip_prefix("microsoft.graph.");
    plain
        .filter(|kind| kind.ends_with("Configuration"))
        .ok_or_else(|| Reply::bad_request(&format!("Cannot create an entity of '{named}'.")))
}
