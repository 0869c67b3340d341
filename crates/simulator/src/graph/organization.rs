//! `/organization` and `/subscribedSkus`: what a service asks before it may manage updates.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::graph::list::{self, DIRECTORY, Small};
use crate::graph::reply::Reply;
use crate::graph::request::Request;
use crate::world::World;

/// Windows Enterprise E3 as sold, and the service plans in it that matter here.
const E3: (&str, &str) = ("SPE_E3", "05e9a617-0261-4cee-bb44-138d3ef5d965");
const PLANS: [(&str, &str); 3] = [
    ("WIN10_PRO_ENT_SUB", "21b439ba-a0ca-424f-a6cc-52f954a5b111"),
    ("INTUNE_A", "c1ec4a95-1f05-45b3-a911-aa3fa01094f5"),
    ("AAD_PREMIUM", "41781fb2-bc02-4b7c-bd55-b576c07bb09d"),
];

pub(crate) fn route(world: &World, request: &Request, rest: &[&str]) -> Reply {
    let one = || {
        Small(vec![json!({
            "id": world.organization.to_string(),
            "displayName": "Contoso",
            "countryLetterCode": "GB",
            "createdDateTime": "2019-03-04T09:00:00Z",
            "tenantType": "AAD",
            "mobileDeviceManagementAuthority": "intune",
            "verifiedDomains": [{
                "capabilities": "Email, OfficeCommunicationsOnline", "isDefault": true,
                "isInitial": true, "name": "contoso.example", "type": "Managed",
            }],
        })])
    };
    match (request.method.as_str(), rest) {
        // Graph leaves this property out unless it is asked for by name.
        ("GET", []) if request.selected().is_none() => {
            let mut organization = one();
            organization.without("mobileDeviceManagementAuthority");
            list::page(&organization, request, "organization", DIRECTORY)
        }
        ("GET", []) => list::page(&one(), request, "organization", DIRECTORY),
        ("GET", [id]) if id.parse() == Ok(world.organization) => {
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
            let sku = Small(vec![sku(world.organization, world.fleet.count())]);
            list::page(&sku, request, "subscribedSkus", DIRECTORY)
        }
        (_, []) => Reply::wrong_method(),
        (_, [segment, ..]) => Reply::no_segment(segment),
    }
}

fn sku(organization: Uuid, devices: u32) -> Value {
    let plans = PLANS.map(|(name, id)| {
        json!({
            "servicePlanId": id, "servicePlanName": name,
            "provisioningStatus": "Success", "appliesTo": "User",
        })
    });
    json!({
        "id": format!("{organization}_{}", E3.1),
        "accountName": "Contoso",
        "appliesTo": "User",
        "capabilityStatus": "Enabled",
        "consumedUnits": devices,
        "prepaidUnits": {
            "enabled": devices, "lockedOut": 0, "suspended": 0, "warning": 0,
        },
        "servicePlans": plans,
        "skuId": E3.1,
        "skuPartNumber": E3.0,
        "subscriptionIds": [],
    })
}
