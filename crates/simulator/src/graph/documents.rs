//! Beta collections of `/deviceManagement` that differ in their properties only: profiles for
//! feature updates and for drivers, and policies of the settings catalogue.

use serde_json::{Value, json};

use crate::graph::configurations::assignments;
use crate::graph::list::{self, INTUNE, Small};
use crate::graph::reply::Reply;
use crate::graph::request::Request;
use crate::tenant::documents::{Document, Kind};
use crate::world::World;

pub(crate) fn route(world: &mut World, request: &Request, kind: Kind, rest: &[&str]) -> Reply {
    let reply = answer(world, request, kind, rest);
    if request.method != "GET" && kind != Kind::DriverProfile {
        world.tenant.changed();
    }
    reply
}

fn answer(world: &mut World, request: &Request, kind: Kind, rest: &[&str]) -> Reply {
    let now = world.now();
    let all = &mut world.tenant.documents;
    let [id, rest @ ..] = rest else {
        return match request.method.as_str() {
            "GET" => {
                let shown = all.iter().filter(|one| one.kind == kind);
                let shown = shown.map(|one| json(one, request)).collect();
                let context = format!("deviceManagement/{}", kind.collection());
                list::page(&Small(shown), request, &context, INTUNE)
            }
            "POST" => incomplete(kind, request.body())
                .or_else(|| refusal(kind, request.body()))
                .unwrap_or_else(|| {
                    let new = Document::new(kind, request.body(), now);
                    let shown = new.json();
                    all.push(new);
                    Reply::created(shown)
                }),
            _ => Reply::wrong_method(),
        };
    };
    let place = id
        .parse::<uuid::Uuid>()
        .ok()
        .and_then(|id| all.iter().position(|one| one.object.id == id && one.kind == kind));
    let Some(place) = place else { return Reply::not_found() };
    let one = &mut all[place];
    match (request.method.as_str(), rest) {
        ("GET", []) => Reply::ok(list::show(&Small(vec![json(one, request)]), request, 0)),
        ("GET", ["assignments"]) => {
            list::page(&Small(one.assigned()), request, "assignments", INTUNE)
        }
        ("GET", ["settings"]) if kind == Kind::SettingsPolicy => {
            list::page(&Small(one.settings()), request, "settings", INTUNE)
        }
        ("PATCH", []) => refusal(kind, request.body()).unwrap_or_else(|| {
            one.merge(request.body(), now);
            Reply::ok(one.json())
        }),
        ("DELETE", []) => {
            all.remove(place);
            Reply::empty()
        }
        ("POST", ["assign"]) => match assignments(one.object.id, request.body()) {
            Err(reply) => reply,
            Ok(assignments) => {
                one.assignments = assignments;
                one.object.modified = now;
                match kind {
                    Kind::SettingsPolicy => Reply::ok(json!({ "value": one.assigned() })),
                    Kind::FeatureProfile | Kind::DriverProfile => Reply::empty(),
                }
            }
        },
        (_, [] | ["assign" | "assignments"]) => Reply::wrong_method(),
        (_, [segment, ..]) => Reply::no_segment(segment),
    }
}

/// An item with what the request expands.
fn json(one: &Document, request: &Request) -> Value {
    let mut shown = Value::Object(one.json());
    if request.expands("assignments") {
        shown["assignments"] = Value::from(one.assigned());
    }
    if one.kind == Kind::SettingsPolicy && request.expands("settings") {
        shown["settings"] = Value::from(one.settings());
    }
    shown
}

fn incomplete(kind: Kind, sent: &Value) -> Option<Reply> {
    let there = |name: &str| sent.get(name).and_then(Value::as_str).is_some_and(|s| !s.is_empty());
    let lacking = kind.required().iter().find(|name| !there(name))?;
    Some(Reply::bad_request(&format!("The property '{lacking}' is required.")))
}

/// What no new or changed object of the kind may say.
fn refusal(kind: Kind, sent: &Value) -> Option<Reply> {
    match kind {
        Kind::FeatureProfile => None,
        Kind::DriverProfile => {
            let type_of_approval = sent.get("approvalType")?.as_str();
            (!matches!(type_of_approval, Some("manual" | "automatic")))
                .then(|| Reply::bad_request("Invalid value for 'approvalType'."))
        }
        Kind::SettingsPolicy => {
            let settings = sent.get("settings")?.as_array();
            let untyped = |setting: &Value| match setting.get("settingInstance") {
                Some(instance) => lacks_type(instance),
                None => true,
            };
            settings.is_none_or(|settings| settings.iter().any(untyped)).then(|| {
                Reply::bad_request("The annotation '@odata.type' of a setting is missing.")
            })
        }
    }
}

/// Whether a node of a setting does not say what it is. Values and children are polymorphic; only
/// references to templates are of one type.
fn lacks_type(node: &Value) -> bool {
    match node {
        Value::Object(properties) => {
            let below = |(name, node): (&String, &Value)| {
                !name.ends_with("TemplateReference") && lacks_type(node)
            };
            !properties.get("@odata.type").is_some_and(Value::is_string)
                || properties.iter().any(below)
        }
        Value::Array(nodes) => nodes.iter().any(lacks_type),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
