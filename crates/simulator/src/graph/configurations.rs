//! `/deviceManagement/deviceConfigurations`: update rings of Windows Update for Business.

use serde_json::{Value, json};

use crate::graph::list::{self, INTUNE, Small};
use crate::graph::reply::Reply;
use crate::graph::request::Request;
use crate::tenant::configurations::{Assignment, Configuration};
use crate::world::World;

const KIND: &str = "microsoft.graph.windowsUpdateForBusinessConfiguration";

pub(crate) fn route(world: &mut World, request: &Request, rest: &[&str]) -> Reply {
    let now = world.now();
    let all = &mut world.tenant.configurations;
    let [id, rest @ ..] = rest else {
        return match request.method.as_str() {
            "GET" => {
                let shown = all.iter().map(|one| Value::Object(one.json())).collect();
                let context = "deviceManagement/deviceConfigurations";
                list::page(&Small(shown), request, context, INTUNE)
            }
            "POST" => refusal(request.body()).unwrap_or_else(|| {
                let new = Configuration::new(request.body(), now);
                let shown = new.json();
                world.tenant.configurations.push(new);
                world.tenant.changed();
                Reply::created(shown)
            }),
            _ => Reply::wrong_method(),
        };
    };
    let place =
        id.parse::<uuid::Uuid>().ok().and_then(|id| all.iter().position(|one| one.object.id == id));
    let Some(place) = place else { return Reply::not_found() };
    let one = &mut all[place];
    let reply = match (request.method.as_str(), rest) {
        ("GET", []) => return Reply::ok(one.json()),
        ("GET", ["assignments"]) => {
            let shown = one.assignments.iter().map(Assignment::json).collect();
            return list::page(&Small(shown), request, "assignments", INTUNE);
        }
        ("PATCH", []) => {
            if let Some(refusal) = refusal(request.body()) {
                return refusal;
            }
            one.merge(request.body(), now);
            Reply::ok(one.json())
        }
        ("DELETE", []) => {
            all.remove(place);
            Reply::empty()
        }
        ("POST", ["assign"]) => {
            let Some(sent) = request.body().get("assignments").and_then(Value::as_array) else {
                return Reply::bad_request("The property 'assignments' is required.");
            };
            one.assign(sent.iter().filter_map(|one| one.get("target").cloned()).collect(), now);
            let shown: Vec<Value> = one.assignments.iter().map(Assignment::json).collect();
            Reply::ok(json!({ "value": shown }))
        }
        (_, [] | ["assign" | "assignments"]) => return Reply::wrong_method(),
        (_, [segment, ..]) => return Reply::no_segment(segment),
    };
    world.tenant.changed();
    reply
}

/// Writes have to name a type, and this tenant knows one.
fn refusal(sent: &Value) -> Option<Reply> {
    let kind = sent.get("@odata.type").and_then(Value::as_str);
    match kind.map(|kind| kind.trim_start_matches('#')) {
        Some(KIND) => None,
        Some(other) => Some(Reply::bad_request(&format!("Cannot create an entity of '{other}'."))),
        None => Some(Reply::bad_request("The annotation '@odata.type' is missing.")),
    }
}
