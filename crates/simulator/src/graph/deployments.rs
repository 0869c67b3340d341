//! `/admin/windows/updates/deployments` and `deploymentAudiences`.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::choice::Purpose;
use crate::graph::list::{self, INTUNE, Small};
use crate::graph::reply::Reply;
use crate::graph::request::Request;
use crate::graph::update_policies;
use crate::ledger::Event;
use crate::tenant::deployments::{Audience, Deployment, Requested};
use crate::world::{Noted, World};

const DEVICE: &str = "#microsoft.graph.windowsUpdates.azureADDevice";

pub(crate) fn route(world: &mut World, request: &Request, rest: &[&str]) -> Reply {
    let now = world.now();
    let [id, rest @ ..] = rest else {
        return match request.method.as_str() {
            "GET" => {
                let shown = world.tenant.deployments.iter().map(|one| json(one, request, now));
                list::page(&Small(shown.collect()), request, "deployments", INTUNE)
            }
            "POST" => create(world, request),
            _ => Reply::wrong_method(),
        };
    };
    let all = &mut world.tenant.deployments;
    let place =
        id.parse::<Uuid>().ok().and_then(|id| all.iter().position(|one| one.object.id == id));
    let Some(place) = place else { return Reply::not_found() };
    let one = &mut all[place];
    match (request.method.as_str(), rest) {
        ("GET", []) => Reply::ok(json(one, request, now)),
        ("PATCH", []) => {
            let asked = one.merge(request.body(), now);
            let shown = Value::Object(one.json(now));
            let (policy, level) = (one.object.id.to_string(), Some(one.level));
            world.tenant.changed();
            if let Some(asked) = asked {
                let noted = Noted { policy: Some(&policy), level, ..Noted::default() };
                world.note(event_of(asked), noted);
            }
            Reply { status: 202, ..Reply::ok(shown) }
        }
        ("DELETE", []) => {
            let Deployment { object, level, .. } = all.remove(place);
            world.tenant.changed();
            let policy = object.id.to_string();
            let noted = Noted { policy: Some(&policy), level: Some(level), ..Noted::default() };
            world.note(Event::DeploymentDeleted, noted);
            Reply::accepted()
        }
        (_, []) => Reply::wrong_method(),
        (_, ["audience", rest @ ..]) => {
            let audience = one.audience;
            of_audience(world, request, audience, rest)
        }
        (_, [segment, ..]) => Reply::no_segment(segment),
    }
}

pub(crate) fn audiences(world: &mut World, request: &Request, rest: &[&str]) -> Reply {
    let [id, rest @ ..] = rest else {
        return match request.method.as_str() {
            "GET" => {
                let shown = world.tenant.audiences.iter().map(Audience::json).collect();
                list::page(&Small(shown), request, "deploymentAudiences", INTUNE)
            }
            "POST" => {
                let audience = Audience::new();
                let shown = audience.json();
                world.tenant.audiences.push(audience);
                Reply::created(shown)
            }
            _ => Reply::wrong_method(),
        };
    };
    match id.parse::<Uuid>() {
        Ok(id) => of_audience(world, request, id, rest),
        Err(_) => Reply::not_found(),
    }
}

fn of_audience(world: &mut World, request: &Request, id: Uuid, rest: &[&str]) -> Reply {
    let all = &mut world.tenant.audiences;
    let Some(place) = all.iter().position(|one| one.id == id) else { return Reply::not_found() };
    match (request.method.as_str(), rest) {
        ("GET", []) => Reply::ok(all[place].json()),
        ("DELETE", []) => {
            all.remove(place);
            world.tenant.changed();
            Reply::empty()
        }
        ("GET", [what @ ("members" | "exclusions")]) => {
            let choices = world.choices;
            let devices = all[place].devices(*what == "exclusions");
            let shown = devices.map(|device| {
                json!({ "@odata.type": DEVICE, "id": choices.id(device, Purpose::DeviceId) })
            });
            list::page(&Small(shown.collect()), request, what, INTUNE)
        }
        ("POST", ["updateAudience" | "updateAudienceById"]) => update(world, request, place),
        (_, ["applicableContent", rest @ ..]) => {
            let audience = &world.tenant.audiences[place];
            update_policies::applicable(world, request, audience, rest)
        }
        (_, []) => Reply::wrong_method(),
        (_, [segment, ..]) => Reply::no_segment(segment),
    }
}

/// Devices that are not there are taken like the others; nothing comes of them.
fn update(world: &mut World, request: &Request, place: usize) -> Reply {
    let now = world.now();
    let named = |what: &str| -> Vec<u32> {
        let items = request.body().get(what).and_then(Value::as_array).into_iter().flatten();
        let id =
            |item: &Value| item.as_str().or_else(|| item.get("id")?.as_str()).map(str::to_owned);
        items.filter_map(id).filter_map(|id| world.fleet.find(&id, Purpose::DeviceId)).collect()
    };
    let [add, remove] = ["addMembers", "removeMembers"].map(named);
    let [exclude, include] = ["addExclusions", "removeExclusions"].map(named);
    let audience = &mut world.tenant.audiences[place];
    audience.add(true, &exclude, now);
    audience.remove(true, &include);
    let gone = audience.remove(false, &remove);
    let come = audience.add(false, &add, now);
    let id = audience.id.to_string();
    world.tenant.changed();
    for (event, devices) in
        [(Event::AudienceMemberRemoved, gone), (Event::AudienceMemberAdded, come)]
    {
        for device in devices {
            let noted = Noted { device: Some(device), group: Some(&id), ..Noted::default() };
            world.note(event, noted);
        }
    }
    Reply::accepted()
}

fn create(world: &mut World, request: &Request) -> Reply {
    let now = world.now();
    let sent = request.body();
    let entry = sent.get("content").and_then(|content| content.get("catalogEntry"));
    let id = entry.and_then(|entry| entry.get("id")?.as_str()).unwrap_or_default();
    let Some(level) = world.tenant.catalog.level_of(id, now) else {
        return Reply::bad_request("The catalog entry does not exist.");
    };
    let given = sent.get("audience").and_then(|audience| audience.get("id"));
    let audience = match given.and_then(Value::as_str) {
        None => {
            let new = Audience::new();
            let id = new.id;
            world.tenant.audiences.push(new);
            id
        }
        Some(id) => {
            let id = id.parse::<Uuid>().unwrap_or_default();
            if !world.tenant.audiences.iter().any(|one| one.id == id) {
                return Reply::bad_request("The audience does not exist.");
            }
            id
        }
    };
    let deployment = Deployment::new(sent, audience, (id, level), now);
    let (shown, id) = (deployment.json(now), deployment.object.id.to_string());
    world.tenant.deployments.push(deployment);
    world.tenant.changed();
    let noted = Noted { policy: Some(&id), level: Some(level), ..Noted::default() };
    world.note(Event::DeploymentOffering, noted);
    Reply::created(shown)
}

fn json(one: &Deployment, request: &Request, now: crate::clock::Seconds) -> Value {
    let mut shown = Value::Object(one.json(now));
    if request.expands("audience") {
        shown["audience"] = json!({ "id": one.audience.to_string() });
    }
    shown
}

const fn event_of(asked: Requested) -> Event {
    match asked {
        Requested::Nothing => Event::DeploymentOffering,
        Requested::Paused => Event::DeploymentPaused,
        Requested::Archived => Event::DeploymentArchived,
    }
}
