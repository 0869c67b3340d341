//! `/policies`, `/identity`, `/users` and `/directoryRoles`: what a service looks at before it
//! enrols a tenant. All of it is read only.

use serde_json::{Value, json};

use crate::clock::stamp;
use crate::defect::Defect;
use crate::graph::list::{self, DIRECTORY, Small};
use crate::graph::reply::Reply;
use crate::graph::request::Request;
use crate::tenant::organisation::{DIRECTORY_ROLES, Organisation, Thing};
use crate::world::World;

const DEFAULTS: &str = "identitySecurityDefaultsEnforcementPolicy";

pub(crate) fn security_defaults(world: &World, request: &Request, rest: &[&str]) -> Reply {
    match (request.method.as_str(), rest) {
        ("GET", [DEFAULTS]) => {
            let one = Small(vec![json!({
                "id": "00000000-0000-0000-0000-000000000005",
                "displayName": "Security Defaults",
                "description": "Security defaults is a set of basic identity security mechanisms.",
                "isEnabled": world.organisation.has(Defect::SecurityDefaultsOn),
            })]);
            Reply::ok(list::show(&one, request, 0))
        }
        (_, [DEFAULTS]) => Reply::wrong_method(),
        (_, [segment, ..]) => Reply::no_segment(segment),
        (_, []) => Reply::no_segment("policies"),
    }
}

pub(crate) fn conditional_access(world: &World, request: &Request, rest: &[&str]) -> Reply {
    let ["conditionalAccess", "policies", rest @ ..] = rest else {
        return Reply::no_segment("identity");
    };
    let all = access_policies(&world.organisation);
    read_only(all, request, rest, "identity/conditionalAccess/policies")
}

/// The policies in force, and one that is only tried out.
pub(crate) fn access_policies(organisation: &Organisation) -> Vec<Value> {
    let everybody = json!({ "includeUsers": ["All"] });
    let mut policies = vec![policy(
        organisation,
        (0, "Require compliant devices (trial)", "enabledForReportingButNotEnforced"),
        (everybody.clone(), Value::Null),
        "compliantDevice",
    )];
    if organisation.has(Defect::ConditionalAccessBlocksService) {
        let nobody = json!({ "includeUsers": ["None"] });
        let services = json!({
            "includeServicePrincipals": ["ServicePrincipalsInMyTenant"],
            "excludeServicePrincipals": [],
        });
        let head = (1, "Block workload identities", "enabled");
        policies.push(policy(organisation, head, (nobody, services), "block"));
    }
    if organisation.has(Defect::ConditionalAccessMfaForAll) {
        let head = (2, "Multifactor authentication for everybody", "enabled");
        policies.push(policy(organisation, head, (everybody, Value::Null), "mfa"));
    }
    policies
}

fn policy(
    organisation: &Organisation,
    (place, name, state): (u8, &str, &str),
    (mut users, services): (Value, Value),
    control: &str,
) -> Value {
    for list in ["excludeUsers", "includeGroups", "excludeGroups", "includeRoles", "excludeRoles"] {
        users[list] = json!([]);
    }
    json!({
        "id": organisation.id_of(Thing::ConditionalAccess(place)),
        "displayName": name,
        "createdDateTime": stamp(organisation.start),
        "modifiedDateTime": null,
        "state": state,
        "sessionControls": null,
        "conditions": {
            "clientAppTypes": ["all"],
            "signInRiskLevels": [],
            "userRiskLevels": [],
            "servicePrincipalRiskLevels": [],
            "platforms": null,
            "locations": null,
            "devices": null,
            "applications": {
                "includeApplications": ["All"], "excludeApplications": [], "includeUserActions": [],
            },
            "users": users,
            "clientApplications": services,
        },
        "grantControls": {
            "operator": "OR", "builtInControls": [control],
            "customAuthenticationFactors": [], "termsOfUse": [],
        },
    })
}

pub(crate) fn users(world: &World, request: &Request, rest: &[&str]) -> Reply {
    let organisation = &world.organisation;
    let people = organisation.people().map(|(place, name)| {
        let address = format!("{name}@contoso.example");
        json!({
            "id": organisation.id_of(Thing::User(place)),
            "businessPhones": [],
            "displayName": shown_name(name),
            "givenName": null,
            "jobTitle": null,
            "mail": address,
            "mobilePhone": null,
            "officeLocation": null,
            "preferredLanguage": null,
            "surname": null,
            "userPrincipalName": address,
        })
    });
    read_only(people.collect(), request, rest, "users")
}

/// `adele.vance` as `Adele Vance`.
fn shown_name(name: &str) -> String {
    let parts = name.split('.').map(|part| {
        let (first, rest) = part.split_at(part.ceil_char_boundary(1));
        first.to_uppercase() + rest
    });
    parts.collect::<Vec<_>>().join(" ")
}

pub(crate) fn directory_roles(world: &World, request: &Request, rest: &[&str]) -> Reply {
    let roles = (0..).zip(DIRECTORY_ROLES).map(|(place, (name, template))| {
        json!({
            "id": world.organisation.id_of(Thing::DirectoryRole(place)),
            "deletedDateTime": null,
            "description": format!("Members are {name}s."),
            "displayName": name,
            "roleTemplateId": template,
        })
    });
    read_only(roles.collect(), request, rest, "directoryRoles")
}

/// A small collection of the directory, and its members one by one.
pub(crate) fn read_only(all: Vec<Value>, request: &Request, rest: &[&str], of: &str) -> Reply {
    let wanted = |one: &Value, id: &str| {
        ["id", "userPrincipalName"].iter().any(|key| one.get(key).is_some_and(|value| value == id))
    };
    match (request.method.as_str(), rest) {
        ("GET", []) => list::page(&Small(all), request, of, DIRECTORY),
        ("GET", [id]) => match all.into_iter().find(|one| wanted(one, id)) {
            Some(one) => Reply::ok(list::show(&Small(vec![one]), request, 0)),
            None => Reply::no_object(id),
        },
        (_, [] | [_]) => Reply::wrong_method(),
        (_, [_, segment, ..]) => Reply::no_segment(segment),
    }
}
