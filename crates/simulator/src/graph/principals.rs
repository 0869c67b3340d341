//! `/servicePrincipals`: Microsoft Graph itself with its app roles, and the client with those that
//! were granted to it. Nothing is granted here.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::stamp;
use crate::defect::Defect;
use crate::graph::identity::read_only;
use crate::graph::list::{self, DIRECTORY, Small};
use crate::graph::reply::Reply;
use crate::graph::request::Request;
use crate::permission::Permission;
use crate::tenant::organisation::{Organisation, Thing};
use crate::world::World;

/// Microsoft Graph has this application id in every tenant.
const GRAPH: Uuid = Uuid::from_u128(0x0000_0003_0000_0000_c000_0000_0000_0000);
/// The tenant Microsoft's own applications live in.
const MICROSOFT: &str = "f8cdef31-a31e-4b4a-93e4-5f571e91255a";

pub(crate) fn route(world: &World, request: &Request, rest: &[&str]) -> Reply {
    let organisation = &world.organisation;
    match (request.method.as_str(), rest) {
        ("GET", [id, "appRoleAssignments"]) => {
            let known = id.parse().ok();
            if known == Some(organisation.id_of(Thing::ClientPrincipal)) {
                let all = Small(assignments(organisation));
                return list::page(&all, request, "appRoleAssignments", DIRECTORY);
            }
            if known == Some(organisation.id_of(Thing::GraphPrincipal)) {
                return list::page(&Small(Vec::new()), request, "appRoleAssignments", DIRECTORY);
            }
            Reply::no_object(id)
        }
        (_, [_, "appRoleAssignments"]) => Reply::wrong_method(),
        (_, rest) => read_only(all(organisation), request, rest, "servicePrincipals"),
    }
}

pub(crate) fn by_app_id(world: &World, request: &Request, id: &str, rest: &[&str]) -> Reply {
    let organisation = &world.organisation;
    let thing = match id.parse().ok() {
        Some(GRAPH) => Thing::GraphPrincipal,
        Some(id) if id == organisation.client => Thing::ClientPrincipal,
        Some(_) | None => return Reply::no_object(id),
    };
    let id = organisation.id_of(thing).to_string();
    let segments: Vec<&str> = [id.as_str()].into_iter().chain(rest.iter().copied()).collect();
    route(world, request, &segments)
}

fn all(organisation: &Organisation) -> Vec<Value> {
    let graph = json!({
        "id": organisation.id_of(Thing::GraphPrincipal),
        "accountEnabled": true,
        "appDisplayName": "Microsoft Graph",
        "appId": GRAPH,
        "appOwnerOrganizationId": MICROSOFT,
        "appRoleAssignmentRequired": false,
        "appRoles": Permission::ALL.iter().copied().map(role).collect::<Vec<_>>(),
        "displayName": "Microsoft Graph",
        "servicePrincipalType": "Application",
        "signInAudience": "AzureADMultipleOrgs",
    });
    let client = json!({
        "id": organisation.id_of(Thing::ClientPrincipal),
        "accountEnabled": !organisation.has(Defect::PrincipalDisabled),
        "appDisplayName": "Concentric",
        "appId": organisation.client,
        "appOwnerOrganizationId": organisation.id,
        "appRoleAssignmentRequired": false,
        "appRoles": [],
        "displayName": "Concentric",
        "servicePrincipalType": "Application",
        "signInAudience": "AzureADMyOrg",
    });
    vec![graph, client]
}

fn role(permission: Permission) -> Value {
    json!({
        "id": permission.role(),
        "allowedMemberTypes": ["Application"],
        "description": permission.name(),
        "displayName": permission.name(),
        "isEnabled": true,
        "origin": "Application",
        "value": permission.name(),
    })
}

fn assignments(organisation: &Organisation) -> Vec<Value> {
    let granted = organisation.granted().iter().map(|permission| {
        json!({
            "id": organisation.id_of(Thing::Grant(permission)),
            "appRoleId": permission.role(),
            "createdDateTime": stamp(organisation.start),
            "deletedDateTime": null,
            "principalDisplayName": "Concentric",
            "principalId": organisation.id_of(Thing::ClientPrincipal),
            "principalType": "ServicePrincipal",
            "resourceDisplayName": "Microsoft Graph",
            "resourceId": organisation.id_of(Thing::GraphPrincipal),
        })
    });
    granted.collect()
}
