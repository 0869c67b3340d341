//! `/organization`, `/subscribedSkus` and `/deviceManagement`: what the organisation has bought and
//! who manages its devices. All of it is read only.

use serde_json::{Value, json};

use crate::clock::stamp;
use crate::defect::Defect;
use crate::graph::list::{self, DIRECTORY, Small};
use crate::graph::reply::Reply;
use crate::graph::request::{Request, Version};
use crate::tenant::organisation::{Organisation, Thing};
use crate::world::World;

/// Microsoft 365 E3 as sold.
const E3: (&str, &str) = ("SPE_E3", "05e9a617-0261-4cee-bb44-138d3ef5d965");

pub(crate) fn route(world: &World, request: &Request, rest: &[&str]) -> Reply {
    let organisation = &world.organisation;
    let one = || {
        let synchronised = organisation.last_directory_sync();
        Small(vec![json!({
            "id": organisation.id.to_string(),
            "displayName": "Contoso",
            "countryLetterCode": "GB",
            "createdDateTime": "2019-03-04T09:00:00Z",
            "tenantType": "AAD",
            "mobileDeviceManagementAuthority": organisation.authority(),
            "onPremisesLastSyncDateTime": synchronised.map(stamp),
            "onPremisesSyncEnabled": synchronised.map(|_| true),
            "verifiedDomains": [{
                "capabilities": "Email, OfficeCommunicationsOnline", "isDefault": true,
                "isInitial": true, "name": "contoso.example", "type": "Managed",
            }],
        })])
    };
    match (request.method.as_str(), rest) {
        // Graph leaves this property out unless it is asked for by name.
        ("GET", []) if request.selected().is_none() => {
            let mut untold = one();
            untold.without("mobileDeviceManagementAuthority");
            list::page(&untold, request, "organization", DIRECTORY)
        }
        ("GET", []) => list::page(&one(), request, "organization", DIRECTORY),
        ("GET", [id]) if id.parse() == Ok(organisation.id) => {
            Reply::ok(list::show(&one(), request, 0))
        }
        ("GET", [id]) => Reply::no_object(id),
        (_, [] | [_]) => Reply::wrong_method(),
        (_, [_, segment, ..]) => Reply::no_segment(segment),
    }
}

pub(crate) fn licences(world: &World, request: &Request, rest: &[&str]) -> Reply {
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let sku = Small(vec![sku(&world.organisation, world.fleet.count())]);
            list::page(&sku, request, "subscribedSkus", DIRECTORY)
        }
        (_, []) => Reply::wrong_method(),
        (_, [segment, ..]) => Reply::no_segment(segment),
    }
}

fn sku(organisation: &Organisation, devices: u32) -> Value {
    let plans = organisation.plans().map(|plan| {
        json!({
            "servicePlanId": plan.id(), "servicePlanName": plan.name(),
            "provisioningStatus": "Success", "appliesTo": "User",
        })
    });
    let suspended = organisation.has(Defect::LicenceSuspended);
    let (state, enabled) = if suspended { ("Suspended", 0) } else { ("Enabled", devices) };
    json!({
        "id": format!("{}_{}", organisation.id, E3.1),
        "accountName": "Contoso",
        "appliesTo": "User",
        "capabilityStatus": state,
        "consumedUnits": devices,
        "prepaidUnits": {
            "enabled": enabled, "lockedOut": 0, "suspended": devices - enabled, "warning": 0,
        },
        "servicePlans": plans.collect::<Vec<_>>(),
        "skuId": E3.1,
        "skuPartNumber": E3.0,
        "subscriptionIds": [],
    })
}

/// Intune's own standing.
pub(crate) fn intune(world: &World, request: &Request) -> Reply {
    if request.method != "GET" {
        return Reply::wrong_method();
    }
    let organisation = &world.organisation;
    let account = organisation.id_of(Thing::IntuneAccount);
    let mut one = json!({
        "id": account,
        "intuneAccountId": account,
        "subscriptionState": organisation.subscription_state(),
    });
    if request.version == Version::Beta {
        let on = !organisation.has(Defect::UnlicensedAdminsOff);
        // The misspelling is Microsoft's.
        one["unlicensedAdminstratorsEnabled"] = json!(on);
    }
    Reply::ok(list::show(&Small(vec![one]), request, 0))
}
