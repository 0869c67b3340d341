//! `/deviceManagement/managedDevices`: Intune's view of the fleet.

use std::borrow::Cow;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::choice::Purpose;
use crate::fleet::{Fleet, hours};
use crate::graph::datum::Datum;
use crate::graph::list::{self, INTUNE, Source};
use crate::graph::reply::Reply;
use crate::graph::request::{Request, Version};
use crate::world::World;

/// What both versions show.
const SHOWN: [&str; 18] = [
    "id",
    "azureADDeviceId",
    "azureADRegistered",
    "complianceState",
    "configurationManagerClientEnabledFeatures",
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

/// What only the beta has.
const BETA: [&str; 7] = [
    "autopilotEnrolled",
    "chassisType",
    "deviceType",
    "joinType",
    "processorArchitecture",
    "skuFamily",
    "skuNumber",
];

struct Managed<'world> {
    fleet: &'world Fleet,
    version: Version,
}

impl Source for Managed<'_> {
    fn numbers(&self, first: u32) -> Box<dyn Iterator<Item = u32> + '_> {
        Box::new((first..self.fleet.count()).filter(|index| self.fleet.in_intune(*index)))
    }

    fn property(&self, number: u32, name: &str) -> Option<Datum<'_>> {
        let fleet = self.fleet;
        let choices = fleet.choices;
        let text = |text: String| Datum::Text(text.into());
        Some(match name {
            "id" => Datum::Id(choices.id(number, Purpose::ManagedId)),
            "azureADDeviceId" if fleet.in_entra(number) => {
                Datum::Id(choices.id(number, Purpose::DeviceId))
            }
            "azureADDeviceId" => Datum::Id(Uuid::nil()),
            "azureADRegistered" => Datum::Flag(fleet.in_entra(number)),
            "isEncrypted" => Datum::Flag(true),
            "complianceState" => Datum::Plain("compliant"),
            "configurationManagerClientEnabledFeatures" => self.features(number),
            "deviceEnrollmentType" => Datum::Plain(enrolment(fleet, number)),
            "deviceName" | "managedDeviceName" => text(fleet.name(number)),
            "deviceRegistrationState" if fleet.in_entra(number) => Datum::Plain("registered"),
            "deviceRegistrationState" => Datum::Plain("notRegistered"),
            "enrolledDateTime" => Datum::Time(fleet.enrolled(number)),
            "lastSyncDateTime" => Datum::Time(fleet.last_sync(number)),
            "managedDeviceOwnerType" if fleet.is_personal(number) => Datum::Plain("personal"),
            "managedDeviceOwnerType" => Datum::Plain("company"),
            "managementAgent" => Datum::Plain(fleet.agent(number)),
            "manufacturer" => Datum::Plain(fleet.make(number).0),
            "model" => Datum::Plain(fleet.make(number).1),
            "operatingSystem" => Datum::Plain(fleet.operating_system(number)),
            "osVersion" => text(fleet.os_version(number)),
            "serialNumber" => text(fleet.serial(number)),
            "userDisplayName" => {
                text(format!("User {number:06} ({})", hours::site(choices, number).0))
            }
            "userPrincipalName" => text(format!("user{number:06}@contoso.example")),
            _ if self.version == Version::Beta => return beta(fleet, number, name),
            _ => return None,
        })
    }

    fn all(&self, _number: u32) -> Cow<'_, [&str]> {
        match self.version {
            Version::V1 => Cow::Borrowed(&SHOWN),
            Version::Beta => SHOWN.iter().chain(&BETA).copied().collect(),
        }
    }
}

fn beta(fleet: &Fleet, number: u32, name: &str) -> Option<Datum<'static>> {
    Some(match name {
        "autopilotEnrolled" => Datum::Flag(fleet.came_by_autopilot(number)),
        "chassisType" => Datum::Plain(fleet.chassis(number)),
        "deviceType" => Datum::Plain(fleet.device_type(number)),
        "joinType" if !fleet.in_entra(number) => Datum::Plain("unknown"),
        "joinType" if fleet.is_workplace_joined(number) => Datum::Plain("azureADRegistered"),
        "joinType" => Datum::Plain("azureADJoined"),
        "processorArchitecture" => Datum::Plain(fleet.architecture(number)),
        "skuFamily" => match fleet.edition(number) {
            Some(edition) => Datum::Plain(edition.family),
            None => Datum::NULL,
        },
        "skuNumber" => {
            let number = fleet.edition(number).map_or(0, |edition| edition.number);
            Datum::Json(Cow::Owned(Value::from(number)))
        }
        _ => return None,
    })
}

fn enrolment(fleet: &Fleet, number: u32) -> &'static str {
    if fleet.workloads(number).is_some() {
        "windowsCoManagement"
    } else if fleet.is_workplace_joined(number) {
        "userEnrollment"
    } else {
        "windowsAzureADJoin"
    }
}

impl Managed<'_> {
    /// The workloads Intune has of a co-managed device.
    fn features(&self, number: u32) -> Datum<'static> {
        let Some(workloads) = self.fleet.workloads(number) else { return Datum::NULL };
        let mut features = json!({
            "compliancePolicy": true,
            "deviceConfiguration": workloads.configuration,
            "inventory": true,
            "modernApps": true,
            "resourceAccess": true,
            "windowsUpdateForBusiness": workloads.updates,
        });
        if self.version == Version::Beta {
            features["endpointProtection"] = json!(true);
            features["officeApps"] = json!(workloads.office);
        }
        Datum::Json(Cow::Owned(features))
    }
}

fn managed<'world>(world: &'world World, request: &Request) -> Managed<'world> {
    Managed { fleet: &world.fleet, version: request.version }
}

pub(crate) fn route(world: &mut World, request: &Request, rest: &[&str]) -> Reply {
    let context = "deviceManagement/managedDevices";
    if let ("GET", []) = (request.method.as_str(), rest) {
        return list::page(&managed(world, request), request, context, INTUNE);
    }
    let known = rest.first().and_then(|id| world.fleet.find(id, Purpose::ManagedId));
    match (request.method.as_str(), rest, known) {
        ("GET", [_], Some(index)) => {
            Reply::ok(list::show(&managed(world, request), request, index))
        }
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
