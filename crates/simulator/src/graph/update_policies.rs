//! `/admin/windows/updates/updatePolicies`, and what applies to an audience.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::choice::Purpose;
use crate::graph::list::{self, INTUNE, Limits, Small};
use crate::graph::reply::Reply;
use crate::graph::request::Request;
use crate::ledger::Event;
use crate::tenant::deployments::Audience;
use crate::tenant::drivers::{ContentApproval, DRIVERS, Driver, UpdatePolicy};
use crate::tenant::enrolment::Category;
use crate::world::{Noted, World};

/// Pages of drivers, and of the devices that need one.
const HUNDRED: Limits = Limits { default: 100, most: 100 };

pub(crate) fn route(world: &mut World, request: &Request, rest: &[&str]) -> Reply {
    let [id, rest @ ..] = rest else {
        return match request.method.as_str() {
            "GET" => {
                let shown = world.tenant.update_policies.iter().map(|one| json(one, request));
                list::page(&Small(shown.collect()), request, "updatePolicies", INTUNE)
            }
            "POST" => create(world, request),
            _ => Reply::wrong_method(),
        };
    };
    let all = &mut world.tenant.update_policies;
    let place =
        id.parse::<Uuid>().ok().and_then(|id| all.iter().position(|one| one.object.id == id));
    let Some(place) = place else { return Reply::not_found() };
    match (request.method.as_str(), rest) {
        ("GET", []) => Reply::ok(json(&all[place], request)),
        ("DELETE", []) => {
            let policy = all.remove(place);
            world.tenant.changed();
            for approval in policy.approvals.iter().filter(|one| !one.is_revoked()) {
                note(world, Event::ApprovalRevoked, policy.object.id, approval.level);
            }
            Reply::empty()
        }
        (_, ["complianceChanges", rest @ ..]) => approvals(world, request, place, rest),
        (_, []) => Reply::wrong_method(),
        (_, [segment, ..]) => Reply::no_segment(segment),
    }
}

fn json(one: &UpdatePolicy, request: &Request) -> Value {
    let mut shown = Value::Object(one.json());
    if request.expands("audience") {
        shown["audience"] = json!({ "id": one.audience.to_string() });
    }
    shown
}

fn create(world: &mut World, request: &Request) -> Reply {
    let sent = request.body();
    let given = sent.get("audience").and_then(|audience| audience.get("id")?.as_str());
    let audience = given.and_then(|id| id.parse::<Uuid>().ok());
    let known = |id: &Uuid| world.tenant.audiences.iter().any(|one| one.id == *id);
    let Some(audience) = audience.filter(known) else {
        return Reply::bad_request("The audience does not exist.");
    };
    let policy = UpdatePolicy::new(sent, audience, world.now());
    let shown = Value::Object(policy.json());
    world.tenant.update_policies.push(policy);
    Reply::created(shown)
}

fn approvals(world: &mut World, request: &Request, place: usize, rest: &[&str]) -> Reply {
    let (now, start) = (world.now(), world.fleet.start());
    let policy = &mut world.tenant.update_policies[place];
    let id = policy.object.id;
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let shown = policy.approvals.iter().map(|one| one.json(start)).collect();
            list::page(&Small(shown), request, "complianceChanges", INTUNE)
        }
        ("POST", []) => {
            let content = request.body().get("content").and_then(|one| one.get("catalogEntry"));
            let entry = content.and_then(|entry| entry.get("id")?.as_str()).unwrap_or_default();
            let Some(driver) = Driver::of_entry(entry) else {
                return Reply::bad_request("The catalog entry does not exist.");
            };
            let approval = ContentApproval::new(request.body(), driver.level, now);
            let shown = approval.json(start);
            policy.approvals.push(approval);
            world.tenant.changed();
            note(world, Event::ApprovalApproved, id, driver.level);
            Reply::created(shown)
        }
        (method @ ("GET" | "PATCH"), [change]) => {
            let change = change.parse::<Uuid>().ok();
            let found = policy.approvals.iter_mut().find(|one| Some(one.object.id) == change);
            let Some(approval) = found else { return Reply::not_found() };
            let level = approval.level;
            let revokes = method == "PATCH"
                && request.body().get("isRevoked") == Some(&Value::Bool(true))
                && approval.revoke(now);
            let shown = approval.json(start);
            if revokes {
                world.tenant.changed();
                note(world, Event::ApprovalRevoked, id, level);
            }
            Reply::ok(shown)
        }
        (_, [] | [_]) => Reply::wrong_method(),
        (_, [_, segment, ..]) => Reply::no_segment(segment),
    }
}

fn note(world: &mut World, event: Event, policy: Uuid, level: u8) {
    let policy = policy.to_string();
    world.note(event, Noted { policy: Some(&policy), level: Some(level), ..Noted::default() });
}

/// What the devices of an audience need: those that have scanned since they were enrolled and put into it.
pub(crate) fn applicable(
    world: &World,
    request: &Request,
    audience: &Audience,
    rest: &[&str],
) -> Reply {
    let needing = |driver: &'static Driver| {
        audience.devices(false).filter(move |device| {
            let scanned = world.fleet.device(*device).last_sync.seconds();
            world.fleet.in_entra(*device)
                && audience.reaches(*device, scanned)
                && world.tenant.enrolments.has(*device, Category::Driver, scanned)
                && world.fleet.needs(*device, driver)
        })
    };
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let start = world.fleet.start();
            let needed = DRIVERS.iter().filter(|driver| needing(driver).next().is_some());
            let shown = needed.map(|driver| {
                let mut one = json!({ "catalogEntryId": driver.entry() });
                if request.expands("catalogEntry") {
                    one["catalogEntry"] = driver.json(start);
                }
                one
            });
            list::page(&Small(shown.collect()), request, "applicableContent", HUNDRED)
        }
        ("GET", [entry, "matchedDevices"]) => {
            let Some(driver) = Driver::of_entry(entry) else { return Reply::not_found() };
            let shown = needing(driver).map(|device| {
                json!({
                    "deviceId": world.choices.id(device, Purpose::DeviceId),
                    "recommendedBy": driver.vendors(),
                })
            });
            list::page(&Small(shown.collect()), request, "matchedDevices", HUNDRED)
        }
        (_, [] | [_, "matchedDevices"]) => Reply::wrong_method(),
        (_, [.., segment]) => Reply::no_segment(segment),
    }
}
