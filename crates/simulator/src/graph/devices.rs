//! `/devices`: the directory's view of the fleet, and of the members of groups.

use std::borrow::Cow;
use std::iter::Peekable;

use crate::choice::Purpose;
use crate::clock::DAY;
use crate::fleet::Fleet;
use crate::graph::datum::Datum;
use crate::graph::list::{self, DIRECTORY, Source};
use crate::graph::reply::Reply;
use crate::graph::request::Request;
use crate::tenant::groups::{Group, GroupSlot, Groups};
use crate::world::World;

/// Numbers from here on stand for groups, those below for devices.
const GROUPS: u32 = 1 << 31;

/// All devices, or the members of groups.
pub(crate) struct Directory<'world> {
    pub(crate) fleet: &'world Fleet,
    pub(crate) members: Option<Members<'world>>,
    /// Whether the list mixes types and so names them.
    pub(crate) typed: bool,
}

/// Members of some groups taken together, each once.
pub(crate) struct Members<'world> {
    pub(crate) all: &'world Groups,
    pub(crate) of: Vec<GroupSlot>,
}

const SHOWN: [&str; 16] = [
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
    "profileType",
    "registrationDateTime",
    "trustType",
];

impl<'world> Members<'world> {
    fn groups(&self) -> impl Iterator<Item = &'world Group> {
        self.of.iter().filter_map(|slot| self.all.get(*slot))
    }

    fn devices_from(&self, first: u32) -> Box<dyn Iterator<Item = u32> + 'world> {
        let mut sorted: Vec<Peekable<_>> =
            self.groups().map(|group| group.devices_from(first).peekable()).collect();
        if sorted.len() == 1 {
            return Box::new(sorted.remove(0));
        }
        Box::new(std::iter::from_fn(move || {
            let next = sorted.iter_mut().filter_map(|devices| devices.peek().copied()).min()?;
            for devices in &mut sorted {
                devices.next_if_eq(&next);
            }
            Some(next)
        }))
    }

    fn nested_from(&self, first: u32) -> impl Iterator<Item = u32> + use<> {
        let nested = self.groups().flat_map(Group::nested).map(|slot| GROUPS | slot.0);
        let mut nested: Vec<u32> = nested.filter(|number| *number >= first).collect();
        nested.sort_unstable();
        nested.dedup();
        nested.into_iter()
    }
}

impl Directory<'_> {
    fn group(&self, number: u32) -> Option<(GroupSlot, &Groups)> {
        let members = self.members.as_ref().filter(|_| number >= GROUPS)?;
        Some((GroupSlot(number ^ GROUPS), members.all))
    }
}

impl Source for Directory<'_> {
    fn numbers(&self, first: u32) -> Box<dyn Iterator<Item = u32> + '_> {
        let there = |index: &u32| self.fleet.in_entra(*index);
        match &self.members {
            None => Box::new((first..self.fleet.count()).filter(there)),
            Some(members) => {
                let devices = members.devices_from(first).filter(there);
                if self.typed {
                    Box::new(devices.chain(members.nested_from(first)))
                } else {
                    Box::new(devices)
                }
            }
        }
    }

    fn property(&self, number: u32, name: &str) -> Option<Datum<'_>> {
        if let Some((slot, groups)) = self.group(number) {
            return match name {
                "id" => Some(Datum::Id(groups.id(slot))),
                name => {
                    let value = groups.get(slot)?.properties.get(name)?;
                    Some(Datum::Json(Cow::Borrowed(value)))
                }
            };
        }
        let fleet = self.fleet;
        Some(match name {
            "id" => Datum::Id(fleet.choices.id(number, Purpose::ObjectId)),
            "deviceId" => Datum::Id(fleet.choices.id(number, Purpose::DeviceId)),
            "displayName" => Datum::Text(fleet.name(number).into()),
            "operatingSystem" => Datum::Plain(fleet.operating_system(number)),
            "operatingSystemVersion" => Datum::Text(fleet.os_version(number).into()),
            "trustType" if fleet.is_workplace_joined(number) => Datum::Plain("Workplace"),
            "trustType" => Datum::Plain("AzureAd"),
            "accountEnabled" => Datum::Flag(fleet.is_enabled(number)),
            "isManaged" | "isCompliant" => Datum::Flag(fleet.in_intune(number)),
            "managementType" if fleet.in_intune(number) => Datum::Plain("MDM"),
            "managementType" => Datum::NULL,
            "deviceOwnership" if fleet.is_personal(number) => Datum::Plain("Personal"),
            "deviceOwnership" => Datum::Plain("Company"),
            "manufacturer" => told(fleet.make(number).0),
            "model" => told(fleet.make(number).1),
            "profileType" => Datum::Plain("RegisteredDevice"),
            "registrationDateTime" => Datum::Time(fleet.enrolled(number)),
            // The directory notes sign-ins by the day, not by the minute.
            "approximateLastSignInDateTime" => {
                Datum::Time(fleet.last_sync(number).div_euclid(DAY) * DAY)
            }
            _ => return None,
        })
    }

    fn all(&self, number: u32) -> Cow<'_, [&str]> {
        match self.group(number).and_then(|(slot, groups)| groups.get(slot)) {
            Some(group) => {
                ["id"].into_iter().chain(group.properties.keys().map(String::as_str)).collect()
            }
            None => Cow::Borrowed(&SHOWN),
        }
    }

    fn kind(&self, number: u32) -> Option<&str> {
        let kind =
            if number >= GROUPS { "#microsoft.graph.group" } else { "#microsoft.graph.device" };
        self.typed.then_some(kind)
    }
}

/// The directory has nothing where the device tells nothing.
fn told(text: &'static str) -> Datum<'static> {
    if text.is_empty() { Datum::NULL } else { Datum::Plain(text) }
}

pub(crate) fn route(world: &World, request: &Request, rest: &[&str]) -> Reply {
    let everybody = Directory { fleet: &world.fleet, members: None, typed: false };
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
    let everybody = Directory { fleet: &world.fleet, members: None, typed: false };
    match world.fleet.find(id, purpose) {
        None => Reply::no_object(id),
        Some(index) => Reply::ok(list::show(&everybody, request, index)),
    }
}
