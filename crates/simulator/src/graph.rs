//! The Graph surface: one dispatch for requests that arrive alone and for parts of a batch.

mod batch;
mod configurations;
mod datum;
mod delta;
mod devices;
mod exports;
mod filter;
mod groups;
mod list;
mod managed;
mod members;
mod organization;
mod policies;
pub(crate) mod reply;
pub(crate) mod report;
pub(crate) mod request;
mod updates;

use crate::graph::reply::Reply;
use crate::graph::request::{Request, Version};
use crate::world::World;

pub(crate) fn dispatch(world: &mut World, request: &Request) -> Reply {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    let method = request.method.as_str();
    match segments.as_slice() {
        ["$batch"] if method == "POST" => batch::run(world, request),
        ["devices", "delta"] if method == "GET" => delta::devices(world, request),
        ["groups", "delta"] if method == "GET" => delta::groups(world, request),
        ["organization", rest @ ..] => organization::route(world, request, rest),
        ["subscribedSkus", rest @ ..] => organization::licences(world, request, rest),
        ["devices", rest @ ..] => devices::route(world, request, rest),
        ["devices(deviceId)", id] => devices::by_device_id(world, request, id),
        ["groups", rest @ ..] => groups::route(world, request, rest),
        ["deviceManagement", "managedDevices", rest @ ..] => managed::route(world, request, rest),
        ["deviceManagement", "deviceConfigurations", rest @ ..] => {
            configurations::route(world, request, rest)
        }
        ["deviceManagement", "reports", "exportJobs", rest @ ..] => {
            exports::route(world, request, rest)
        }
        ["admin", "windows", "updates", rest @ ..] => match (request.version, rest) {
            (Version::V1, _) => Reply::no_segment("windows"),
            (Version::Beta, ["policies", rest @ ..]) => policies::route(world, request, rest),
            (Version::Beta, rest) => updates::route(world, request, rest),
        },
        segments => Reply::no_segment(segments.first().copied().unwrap_or_default()),
    }
}
