//! The Graph surface: one dispatch for requests that arrive alone and for parts of a batch.

mod access;
mod batch;
mod configurations;
mod datum;
mod delta;
mod deployments;
mod devices;
mod documents;
mod exports;
mod feature_report;
mod filter;
mod groups;
pub(crate) mod identity;
mod inventory;
mod list;
mod managed;
pub(crate) mod members;
mod organization;
mod policies;
mod principals;
pub(crate) mod reply;
pub(crate) mod report;
pub(crate) mod request;
mod update_policies;
mod updates;

use crate::graph::reply::Reply;
use crate::graph::request::{Request, Version};
use crate::tenant::documents::Kind;
use crate::world::World;

pub(crate) fn dispatch(world: &mut World, request: &Request) -> Reply {
    if let Some(refusal) = access::refusal(world, request) {
        return refusal;
    }
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    let method = request.method.as_str();
    match segments.as_slice() {
        ["$batch"] if method == "POST" => batch::run(world, request),
        ["devices", "delta"] if method == "GET" => delta::devices(world, request),
        ["groups", "delta"] if method == "GET" => delta::groups(world, request),
        ["organization", rest @ ..] => organization::route(world, request, rest),
        ["subscribedSkus", rest @ ..] => organization::licences(world, request, rest),
        ["policies", rest @ ..] => identity::security_defaults(world, request, rest),
        ["identity", rest @ ..] => identity::conditional_access(world, request, rest),
        ["users", rest @ ..] => identity::users(world, request, rest),
        ["directoryRoles", rest @ ..] => identity::directory_roles(world, request, rest),
        ["servicePrincipals", rest @ ..] => principals::route(world, request, rest),
        ["servicePrincipals(appId)", id, rest @ ..] => {
            principals::by_app_id(world, request, id, rest)
        }
        ["devices", rest @ ..] => devices::route(world, request, rest),
        ["devices(deviceId)", id] => devices::by_device_id(world, request, id),
        ["groups", rest @ ..] => groups::route(world, request, rest),
        ["deviceManagement"] => organization::intune(world, request),
        ["deviceManagement", "managedDevices", rest @ ..] => managed::route(world, request, rest),
        ["deviceManagement", "deviceConfigurations", rest @ ..] => {
            configurations::route(world, request, rest)
        }
        ["deviceManagement", "reports", "exportJobs", rest @ ..] => {
            exports::route(world, request, rest)
        }
        ["deviceManagement", collection, rest @ ..] if request.version == Version::Beta => {
            match Kind::of_collection(collection) {
                Some(kind) => documents::route(world, request, kind, rest),
                None => Reply::no_segment(collection),
            }
        }
        ["admin", "windows", "updates", rest @ ..] => match (request.version, rest) {
            (Version::V1, _) => Reply::no_segment("windows"),
            (Version::Beta, ["policies", rest @ ..]) => policies::route(world, request, rest),
            (Version::Beta, ["deployments", rest @ ..]) => deployments::route(world, request, rest),
            (Version::Beta, ["updatePolicies", rest @ ..]) => {
                update_policies::route(world, request, rest)
            }
            (Version::Beta, ["deploymentAudiences", rest @ ..]) => {
                deployments::audiences(world, request, rest)
            }
            (Version::Beta, rest) => updates::route(world, request, rest),
        },
        segments => Reply::no_segment(segments.first().copied().unwrap_or_default()),
    }
}
