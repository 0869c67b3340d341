//! `/devices`: the directory's view of the fleet.

use serde_json::{Value, json};

use crate::choice::Purpose;
use crate::clock::{DAY, stamp};
use crate::fleet::Fleet;
use crate::graph::list::{self, DIRECTORY, Source};
use crate::graph::reply::Reply;
use crate::graph::request::Request;
use crate::tenant::groups::Group;
use crate::world::World;

/// All devices, or the members of a group.
pub(crate) struct Directory<'world> {
    pub(crate) fleet: &'world Fleet,
    pub(crate) group: Option<&'world Group>,
    /// Whether the list mixes types and so names them.
    pub(crate) typed: bool,
}

const SHOWN: [&str; 14] = [
    "id",
    "accountEnabled",
    "approximateLastSignInDateTime",
    "deviceId",
    "deviceOwnership",
    "displayName",
    "isCompliant",
    "isManaged",
    "managementType",
    "manufacturer",
    "model",
    "operatingSystem",
    "operatingSystemVersion",
    "trustType",
];

impl Source for Directory<'_> {
    fn numbers(&self, first: u32) -> Box<dyn Iterator<Item = u32> + '_> {
        match self.group {
            Some(group) => Box::new(group.members_from(first)),
            None => Box::new(first..self.fleet.count()),
        }
    }

    fn property(&self, number: u32, name: &str) -> Option<Value> {
        let fleet = self.fleet;
        Some(match name {
            "id" => json!(fleet.choices.id(number, Purpose::ObjectId)),
            "deviceId" => json!(fleet.choices.id(number, Purpose::DeviceId)),
            "displayName" => json!(fleet.name(number)),
            "operatingSystem" => json!("Windows"),
            "operatingSystemVersion" => json!(fleet.os_version(number)),
            "trustType" => json!("AzureAd"),
            "isManaged" | "isCompliant" | "accountEnabled" => json!(true),
            "managementType" => json!("MDM"),
            "deviceOwnership" => json!("Company"),
            "manufacturer" => json!(fleet.model(number).manufacturer),
            "model" => json!(fleet.model(number).name),
            // The directory notes sign-ins by the day, not by the minute.
            "approximateLastSignInDateTime" => {
                json!(stamp(fleet.device(number).last_sync.div_euclid(DAY) * DAY))
            }
            _ => return None,
        })
    }

    fn all(&self, _number: u32) -> Vec<String> {
        SHOWN.map(str::to_owned).to_vec()
    }

    fn kind(&self, _number: u32) -> Option<Value> {
        self.typed.then(|| Value::from("#microsoft.graph.device"))
    }
}

pub(crate) fn route(world: &World, request: &Request, rest: &[&str]) -> Reply {
    let everybody = Directory { fleet: &world.fleet, group: None, typed: false };
    match (request.method.as_str(), rest) {
        ("GET", []) => list::page(&everybody, request, "devices", DIRECTORY),
        ("GET", [id]) => one(world, request, id, Purpose::ObjectId),
        (_, [] | [_]) => Reply::wrong_method(),
        (_, [_, segment, ..]) => Reply::no_segment(segment),
    }
}

pub(crate) fn by_device_id(world: &World, request: &Request, id: &str) -> Reply {
    match request.method.as_str() {
        "GET" => one(world, request, id, Purpose::DeviceId),
        _ => Reply::wrong_method(),
    }
}

fn one(world: &World, request: &Request, id: &str, purpose: Purpose) -> Reply {
    let everybody = Directory { fleet: &world.fleet, group: None, typed: false };
    match world.fleet.find(id, purpose) {
        None => Reply::no_object(id),
        Some(index) => Reply::ok(list::show(&everybody, request, index)),
    }
}
