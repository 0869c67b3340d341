//! What the organisation's own administrators do, at addresses Graph does not have: consent, make
//! and break things, change groups and policies behind the client's back. Clients under test never
//! come here, and nothing of it is recorded as Graph traffic.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::choice::Purpose;
use crate::defect::Defect;
use crate::graph::members;
use crate::http::App;
use crate::permission::Roles;
use crate::tenant::Safeguard;
use crate::tenant::groups::{GroupSlot, Member, security_group};
use crate::world::World;

/// How a device is named on every surface.
fn device(world: &World, index: u32) -> Value {
    json!({
        "index": index,
        "managedDeviceId": world.choices.id(index, Purpose::ManagedId),
        "deviceId": world.choices.id(index, Purpose::DeviceId),
        "objectId": world.choices.id(index, Purpose::ObjectId),
        "name": world.fleet.name(index),
    })
}

fn unknown(what: &str) -> Response {
    (StatusCode::NOT_FOUND, Json(json!({ "error": format!("unknown {what}") }))).into_response()
}

pub(super) async fn defects(State(app): State<Arc<App>>) -> Response {
    let world = app.world();
    let all = Defect::ALL.iter().map(|defect| {
        let devices: Vec<Value> =
            world.fleet.struck_by(*defect).map(|index| device(&world, index)).collect();
        let present = world.organisation.has(*defect);
        json!({ "name": defect, "present": present, "devices": devices })
    });
    Json(json!({ "defects": all.collect::<Vec<_>>() })).into_response()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Defective {
    defects: Vec<Defect>,
}

/// Replaces the whole set.
pub(super) async fn strike(
    State(app): State<Arc<App>>,
    Json(wanted): Json<Defective>,
) -> StatusCode {
    let mut world = app.world();
    world.advance();
    world.strike(wanted.defects.into_iter().collect());
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Held {
    id: u32,
    model: String,
}

/// Microsoft holds a model back from the Windows version, or (null) none any more.
pub(super) async fn safeguard(
    State(app): State<Arc<App>>,
    Json(wanted): Json<Option<Held>>,
) -> StatusCode {
    let mut world = app.world();
    world.advance();
    world.tenant.safeguard = wanted.map(|Held { id, model }| Safeguard { id, model });
    world.tenant.changed();
    StatusCode::NO_CONTENT
}

pub(super) async fn permissions(State(app): State<Arc<App>>) -> Response {
    Json(json!({ "granted": app.world().organisation.granted() })).into_response()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Granted {
    granted: Vec<String>,
}

/// Replaces what is granted; tokens that were issued before keep what they have.
pub(super) async fn grant(State(app): State<Arc<App>>, Json(wanted): Json<Granted>) -> Response {
    match Roles::named(&wanted.granted) {
        Ok(roles) => {
            app.world().organisation.permissions = roles;
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => {
            let body = json!({ "error": error.to_string() });
            (StatusCode::BAD_REQUEST, Json(body)).into_response()
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct NewGroup {
    display_name: String,
    /// Device numbers.
    members: Vec<u32>,
    /// Ids of groups.
    nested: Vec<Uuid>,
}

pub(super) async fn new_group(State(app): State<Arc<App>>, Json(new): Json<NewGroup>) -> Response {
    let mut world = app.world();
    let now = world.advance();
    let nested: Option<Vec<GroupSlot>> =
        new.nested.iter().map(|id| world.tenant.groups.slot(*id)).collect();
    let Some(nested) = nested else { return unknown("group") };
    let Some(devices) = existing(&world, &new.members) else { return unknown("device") };
    let nickname: String = new.display_name.chars().filter(char::is_ascii_alphanumeric).collect();
    let sent = json!({ "displayName": new.display_name, "mailNickname": nickname,
        "description": "Kept by the organisation" });
    let id = Uuid::new_v4();
    let slot = world.tenant.groups.insert_for_others(id, security_group(&sent, now));
    world.tenant.changed();
    let members: Vec<Member> =
        devices.into_iter().chain(nested.into_iter().map(Member::Group)).collect();
    members::add(&mut world, slot, &members);
    (StatusCode::CREATED, Json(json!({ "id": id }))).into_response()
}

/// The devices of these numbers as members, each once; `None` where one does not exist.
fn existing(world: &World, numbers: &[u32]) -> Option<Vec<Member>> {
    let mut numbers = numbers.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    let there = |index: u32| index < world.fleet.count() && !world.fleet.is_gone(index);
    numbers.into_iter().map(|index| there(index).then_some(Member::Device(index))).collect()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Changed {
    add: Vec<u32>,
    remove: Vec<u32>,
}

/// Changes the devices of a group; what is so already stays so.
pub(super) async fn members(
    State(app): State<Arc<App>>,
    Path(id): Path<Uuid>,
    Json(wanted): Json<Changed>,
) -> Response {
    let mut world = app.world();
    world.advance();
    let Some(slot) = world.tenant.groups.slot(id) else { return unknown("group") };
    let (Some(mut added), Some(mut removed)) =
        (existing(&world, &wanted.add), existing(&world, &wanted.remove))
    else {
        return unknown("device");
    };
    let has = |member: &Member| world.tenant.groups.get(slot).is_some_and(|all| all.has(*member));
    added.retain(|member| !has(member));
    removed.retain(has);
    members::add(&mut world, slot, &added);
    members::take_out(&mut world, slot, &removed);
    StatusCode::NO_CONTENT.into_response()
}

pub(super) async fn delete_group(State(app): State<Arc<App>>, Path(id): Path<Uuid>) -> Response {
    let mut world = app.world();
    world.advance();
    let Some(slot) = world.tenant.groups.slot(id) else { return unknown("group") };
    world.tenant.groups.delete(slot);
    world.tenant.changed();
    StatusCode::NO_CONTENT.into_response()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Turnover {
    /// How many new devices.
    add: u32,
    /// Numbers of devices to retire.
    remove: Vec<u32>,
}

pub(super) async fn devices(
    State(app): State<Arc<App>>,
    Json(wanted): Json<Turnover>,
) -> Json<Value> {
    let mut world = app.world();
    let now = world.advance();
    let removed: Vec<u32> =
        wanted.remove.into_iter().filter(|index| world.retire(*index)).collect();
    let first = world.fleet.enrol(wanted.add, now);
    let added = (first..world.fleet.count()).map(|index| device(&world, index));
    let added: Vec<Value> = added.collect();
    Json(json!({ "added": added, "removed": removed }))
}
