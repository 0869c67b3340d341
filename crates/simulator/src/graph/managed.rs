//! `/deviceManagement/managedDevices`: Intune's view of the fleet.

use std::borrow::Cow;

use crate::choice::Purpose;
use crate::clock::{DAY, Seconds};
use crate::fleet::{Fleet, hours};
use crate::graph::datum::Datum;
use crate::graph::list::{self, INTUNE, Source};
use crate::graph::reply::Reply;
use crate::graph::request::Request;
use crate::world::World;

/// The earliest enrolment; nothing about it depends on the start.
const FIRST_ENROLMENT: Seconds = 1_672_531_200;

const SHOWN: [&str; 17] = [
    "id",
    "azureADDeviceId",
    "azureADRegistered",
    "complianceState",
    "deviceEnrollmentType",
    "deviceName",
    "deviceRegistrationState",
    "enrolledDateTime",
    "lastSyncDateTime",
    "managedDeviceOwnerType",
    "managementAgent",
    "manufacturer",
    "model",
    "operatingSystem",
    "osVersion",
    "serialNumber",
    "userPrincipalName",
];

struct Managed<'world>(&'world Fleet);

impl Source for Managed<'_> {
    fn numbers(&self, first: u32) -> Box<dyn Iterator<Item = u32> + '_> {
        Box::new(first..self.0.count())
    }

    fn property(&self, number: u32, name: &str) -> Option<Datum<'_>> {
        let (fleet, choices) = (self.0, self.0.choices);
        let text = |text: String| Datum::Text(text.into());
        Some(match name {
            "id" => Datum::Id(choices.id(number, Purpose::ManagedId)),
            "azureADDeviceId" => Datum::Id(choices.id(number, Purpose::DeviceId)),
            "azureADRegistered" | "isEncrypted" => Datum::Flag(true),
            "complianceState" => Datum::Plain("compliant"),
            "deviceEnrollmentType" => Datum::Plain("windowsAzureADJoin"),
            "deviceName" | "managedDeviceName" => text(fleet.name(number)),
            "deviceRegistrationState" => Datum::Plain("registered"),
            "enrolledDateTime" => {
                let days = choices.below(number, Purpose::Enrolled, 0, 1000);
                Datum::Time(FIRST_ENROLMENT + Seconds::from(days) * DAY)
            }
            "lastSyncDateTime" => Datum::Time(fleet.device(number).last_sync.seconds()),
            "managedDeviceOwnerType" => Datum::Plain("company"),
            "managementAgent" => Datum::Plain("mdm"),
            "manufacturer" => Datum::Plain(fleet.model(number).manufacturer),
            "model" => Datum::Plain(fleet.model(number).name),
            "operatingSystem" => Datum::Plain("Windows"),
            "osVersion" => text(fleet.os_version(number)),
            "serialNumber" => {
                text(format!("{:012X}", choices.hash(number, Purpose::Serial, 0) >> 16))
            }
            "userDisplayName" => {
                text(format!("User {number:06} ({})", hours::site(choices, number).0))
            }
            "userPrincipalName" => text(format!("user{number:06}@contoso.example")),
            _ => return None,
        })
    }

    fn all(&self, _number: u32) -> Cow<'_, [&str]> {
        Cow::Borrowed(&SHOWN)
    }
}

pub(crate) fn route(world: &mut World, request: &Request, rest: &[&str]) -> Reply {
    let context = "deviceManagement/managedDevices";
    if let ("GET", []) = (request.method.as_str(), rest) {
        return list::page(&Managed(&world.fleet), request, context, INTUNE);
    }
    let known = rest.first().and_then(|id| world.fleet.find(id, Purpose::ManagedId));
    match (request.method.as_str(), rest, known) {
        ("GET", [_], Some(index)) => Reply::ok(list::show(&Managed(&world.fleet), request, index)),
        ("POST", [_, "syncDevice"], Some(index)) => {
            let now = world.now();
            world.fleet.ask_to_sync(index, now);
            Reply::empty()
        }
        (_, [], _) | (_, [_] | [_, "syncDevice"], Some(_)) => Reply::wrong_method(),
        (_, _, None) => Reply::not_found(),
        (_, [.., segment], _) => Reply::no_segment(segment),
    }
}
