//! The inventory of discovered applications, as the zipped CSV that Intune exports.

use std::borrow::Cow;

use serde_json::Value;

use crate::choice::Purpose;
use crate::graph::datum::Datum;
use crate::graph::filter::Filter;
use crate::graph::reply::Reply;
use crate::graph::report::Report;
use crate::tenant::jobs::Job;
use crate::tenant::programs::Program;
use crate::world::World;

pub(crate) const REPORT: &str = "AppInvRawData";

const COLUMNS: [&str; 13] = [
    "ApplicationKey",
    "ApplicationName",
    "ApplicationPublisher",
    "ApplicationShortVersion",
    "ApplicationVersion",
    "DeviceId",
    "DeviceName",
    "EmailAddress",
    "OSDescription",
    "OSVersion",
    "Platform",
    "UserId",
    "UserName",
];

/// What a filter may name. Only equality can be asked for.
const FILTERS: [&str; 12] = [
    "ApplicationName",
    "ApplicationPublisher",
    "ApplicationShortVersion",
    "ApplicationVersion",
    "DeviceId",
    "DeviceName",
    "OSDescription",
    "OSVersion",
    "Platform",
    "UserId",
    "EmailAddress",
    "UserName",
];

const PUBLISHER: &str = "Microsoft Corporation";

/// Why a job is not taken.
pub(crate) fn refusal(sent: &Value) -> Option<Reply> {
    let filter = sent.get("filter").and_then(Value::as_str).unwrap_or_default();
    if filter.is_empty() {
        return None;
    }
    let understood = Filter::parse(filter).is_some_and(|filter| filter.asks_only(&FILTERS));
    (!understood).then(|| Reply::bad_request("The filter of the report is not supported."))
}

/// One application on one device.
struct Row<'a> {
    world: &'a World,
    device: u32,
    name: &'a str,
    version: &'a str,
}

impl Row<'_> {
    fn cell(&self, column: &str) -> Cow<'static, str> {
        let fleet = &self.world.fleet;
        match column {
            "ApplicationName" => self.name.to_owned().into(),
            "ApplicationPublisher" => PUBLISHER.into(),
            "ApplicationVersion" | "ApplicationShortVersion" => self.version.to_owned().into(),
            "ApplicationKey" => format!("{}_{}_{PUBLISHER}", self.name, self.version).into(),
            "DeviceId" => fleet.choices.id(self.device, Purpose::ManagedId).to_string().into(),
            "DeviceName" => fleet.name(self.device).into(),
            "OSDescription" | "Platform" => "Windows".into(),
            "OSVersion" => fleet.os_version(self.device).into(),
            "EmailAddress" | "UserName" => format!("user{:06}@contoso.example", self.device).into(),
            _ => "".into(),
        }
    }
}

/// The finished report; `None` when its filter or the writing fails.
pub(crate) fn make(world: &World, job: &Job) -> Option<Report> {
    let filter = match job.filter.as_deref() {
        None | Some("") => None,
        Some(filter) => Some(Filter::parse(filter)?),
    };
    let columns: Vec<&str> = if job.select.is_empty() {
        COLUMNS.to_vec()
    } else {
        job.select.iter().map(String::as_str).collect()
    };
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(&columns).ok()?;
    let fleet = &world.fleet;
    let there =
        |device: &u32| fleet.in_intune(*device) && fleet.operating_system(*device) == "Windows";
    for device in (0..fleet.count()).filter(there) {
        let programs = Program::ALL
            .into_iter()
            .filter_map(|program| Some((program.name(), fleet.device(device).inventory(program)?)));
        // A neighbour of each that has the same name in it.
        let webview = fleet
            .device(device)
            .inventory(Program::Edge)
            .map(|version| ("Microsoft Edge WebView2 Runtime", version));
        for (name, version) in programs.chain(webview) {
            let row = Row { world, device, name, version };
            let property = |of: &str| Datum::Text(row.cell(of));
            if filter.as_ref().is_some_and(|filter| !filter.holds(&property)) {
                continue;
            }
            table.write_record(columns.iter().map(|column| row.cell(column).into_owned())).ok()?;
        }
    }
    Some(Report { name: format!("{}_{}.csv", job.report, job.id), table: table.into_inner().ok()? })
}
