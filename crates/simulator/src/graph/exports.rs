//! `/deviceManagement/reports/exportJobs`.

use serde_json::Value;
use uuid::Uuid;

use crate::clock::HOUR;
use crate::graph::feature_report;
use crate::graph::filter::Filter;
use crate::graph::inventory;
use crate::graph::list::{self, INTUNE, Small};
use crate::graph::reply::Reply;
use crate::graph::report;
use crate::graph::request::Request;
use crate::tenant::jobs::{Job, State};
use crate::world::World;

const REPORTS: [&str; 3] =
    ["QualityUpdateDeviceStatusByPolicy", feature_report::STATE, feature_report::FAILURES];

pub(crate) fn route(world: &mut World, request: &Request, rest: &[&str]) -> Reply {
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let jobs = Small(world.tenant.jobs.iter().map(Job::json).collect());
            list::page(&jobs, request, "deviceManagement/reports/exportJobs", INTUNE)
        }
        ("POST", []) => create(world, request),
        ("GET", [id]) => poll(world, request, id),
        (_, [] | [_]) => Reply::wrong_method(),
        (_, [_, segment, ..]) => Reply::no_segment(segment),
    }
}

fn create(world: &mut World, request: &Request) -> Reply {
    let sent = request.body();
    let name = sent.get("reportName").and_then(Value::as_str).unwrap_or_default();
    if name == inventory::REPORT {
        if let Some(refusal) = inventory::refusal(sent) {
            return refusal;
        }
        let job = Job::new(name, sent, world.now());
        let shown = job.json();
        world.tenant.jobs.push(job);
        return Reply::created(shown);
    }
    if !REPORTS.contains(&name) {
        return Reply::bad_request(&format!("Report '{name}' is not available for export."));
    }
    let filter = sent.get("filter").and_then(Value::as_str).and_then(Filter::parse);
    if filter.as_ref().and_then(|filter| filter.required("PolicyId")).is_none() {
        return Reply::bad_request(&format!("Report '{name}' needs a filter on PolicyId."));
    }
    let job = Job::new(name, sent, world.now());
    let shown = job.json();
    world.tenant.jobs.push(job);
    Reply::created(shown)
}

fn poll(world: &mut World, request: &Request, id: &str) -> Reply {
    let now = world.now();
    let plain: Option<Uuid> = id.rsplit('_').next().and_then(|id| id.parse().ok());
    let place = world.tenant.jobs.iter().position(|job| Some(job.id) == plain);
    let Some(place) = place else { return Reply::not_found() };
    if world.tenant.jobs[place].is_due(now) {
        let job = &world.tenant.jobs[place];
        let made = match job.report.as_str() {
            inventory::REPORT => inventory::make(world, job),
            feature_report::STATE | feature_report::FAILURES => feature_report::make(world, job),
            _ => report::make(world, job),
        };
        let state = match made {
            Some(report) => {
                let file = format!("{}.zip", world.tenant.jobs[place].id);
                let address = format!("{file}?sig={}", Uuid::new_v4().simple());
                let url = format!("{}/_blob/{address}", request.base);
                world.put_blob(address, report);
                State::Completed { url, expires: now + 6 * HOUR }
            }
            None => State::Failed,
        };
        world.tenant.jobs[place].state = state;
    }
    Reply::ok(world.tenant.jobs[place].json())
}
