//! The reports of one feature update profile: how far its devices are, and what failed. Intune shows states
//! as numbers with their names beside them; the two whose numbers are known are shown so here.

use uuid::Uuid;

use crate::choice::Purpose;
use crate::clock::{Packed, write_moment};
use crate::fleet::{Device, Phase};
use crate::graph::filter::Filter;
use crate::graph::report::Report;
use crate::ledger::CODES;
use crate::tenant::assignments::Reach;
use crate::tenant::catalog::FEATURE;
use crate::tenant::documents::{Document, Kind};
use crate::tenant::groups::Member;
use crate::tenant::jobs::Job;
use crate::world::World;

pub(crate) const STATE: &str = "FeatureUpdateDeviceState";
pub(crate) const FAILURES: &str = "DeviceFailuresByFeatureUpdatePolicy";

/// How a device stands: aggregate state, status with its name, substatus, alert.
#[derive(Debug, Clone, Copy)]
struct Standing {
    aggregate: &'static str,
    status: (&'static str, &'static str),
    substatus: &'static str,
    alert: (&'static str, &'static str),
}

const NO_ALERT: (&str, &str) = ("0", "Not applicable");

const fn in_progress(status: (&'static str, &'static str), substatus: &'static str) -> Standing {
    Standing { aggregate: "InProgress", status, substatus, alert: NO_ALERT }
}

const OFFERING: Standing = in_progress(("2", "Offering"), "OfferReady");
const HELD: Standing = Standing {
    aggregate: "OnHold",
    status: ("OnHold", "On hold"),
    substatus: "ServicePaused",
    alert: ("SafeguardHold", "Safeguard hold"),
};
const DONE: Standing = Standing {
    aggregate: "Success",
    status: ("8", "Installed"),
    substatus: "UpdateInstalled",
    alert: NO_ALERT,
};
const FAILED: Standing = Standing {
    aggregate: "Error",
    status: ("NeedsAttention", "Needs attention"),
    substatus: "InstallStart",
    alert: ("InstallIssue", "Install issue"),
};
const fn installing(substatus: &'static str) -> Standing {
    in_progress(("Installing", "Installing"), substatus)
}
const fn leaving(substatus: &'static str) -> Standing {
    in_progress(("Uninstalling", "Uninstalling"), substatus)
}

/// The finished report; `None` when its filter or the writing fails.
pub(crate) fn make(world: &World, job: &Job) -> Option<Report> {
    let filter = Filter::parse(job.filter.as_deref()?)?;
    let id: Uuid = filter.required("PolicyId")?.parse().ok()?;
    let mut documents = world.tenant.documents.iter();
    let profile = documents.find(|one| one.kind == Kind::FeatureProfile && one.object.id == id);
    let mut columns: Vec<String> = job.select.clone();
    // What is asked to be localised comes a second time, with its name.
    for name in
        ["AggregateState", "CurrentDeviceUpdateStatus", "LatestAlertMessage", "AlertMessage"]
    {
        if job.select.iter().any(|one| one == name) {
            columns.push(format!("{name}_loc"));
        }
    }
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(&columns).ok()?;
    for index in profile.map(|profile| devices(world, profile)).unwrap_or_default() {
        let standing = judge(world, index);
        if job.report == FAILURES && standing.alert == NO_ALERT {
            continue;
        }
        let cells = columns.iter().map(|column| cell(world, id, index, standing, column));
        table.write_record(cells).ok()?;
    }
    let name = format!("{}_{}.csv", job.report, job.id);
    Some(Report { name, table: table.into_inner().ok()? })
}

fn devices(world: &World, profile: &Document) -> Vec<u32> {
    let groups = &world.tenant.groups;
    let (mut included, mut excluded) = (Vec::new(), Vec::new());
    for assignment in &profile.assignments {
        match assignment.reach() {
            Some(Reach::Group(id)) => included.extend(groups.reach(id)),
            Some(Reach::NotGroup(id)) => excluded.extend(groups.reach(id)),
            Some(Reach::Everybody | Reach::Users) | None => {}
        }
    }
    let groups_of = |slots: Vec<_>| slots.into_iter().filter_map(|slot| groups.get(slot));
    let excluded: Vec<_> = groups_of(excluded).collect();
    let mut devices: Vec<u32> =
        groups_of(included).flat_map(|group| group.devices_from(0)).collect();
    devices.retain(|device| !excluded.iter().any(|group| group.has(Member::Device(*device))));
    devices.sort_unstable();
    devices.dedup();
    devices
}

fn judge(world: &World, index: u32) -> Standing {
    let device: &Device = world.fleet.device(index);
    if device.target != FEATURE {
        return match (device.upgrade.reported, world.fleet.is_safeguarded(&world.tenant, index)) {
            (true, _) => DONE,
            (false, true) => HELD,
            (false, false) => OFFERING,
        };
    }
    match device.phase {
        Phase::Idle | Phase::Held | Phase::Offered
            if world.fleet.is_safeguarded(&world.tenant, index) =>
        {
            HELD
        }
        Phase::Idle | Phase::Held | Phase::Offered => OFFERING,
        Phase::Downloading => installing("DownloadStart"),
        Phase::Installing => installing("InstallStart"),
        Phase::RebootPending => installing("RestartRequired"),
        // Word of a restart arrives with the check-in after it.
        Phase::Installed if device.upgrade.reported => DONE,
        Phase::Installed => installing("RestartRequired"),
        Phase::Failed => FAILED,
        Phase::Uninstalling | Phase::UninstallRebootPending => leaving("Uninstall"),
        Phase::Uninstalled => leaving("UpdateUninstalled"),
    }
}

fn cell(world: &World, policy: Uuid, index: u32, standing: Standing, column: &str) -> String {
    let device = world.fleet.device(index);
    let id = |purpose| world.choices.id(index, purpose).to_string();
    let time = |at: Packed| {
        let mut out = String::new();
        write_moment(&mut out, at.seconds(), ' ');
        out + ".0000000"
    };
    let held = standing.aggregate == HELD.aggregate;
    match column {
        "PolicyId" => policy.to_string(),
        "DeviceId" => id(Purpose::ManagedId),
        "AADDeviceId" => id(Purpose::DeviceId),
        "EventDateTimeUTC" => time(device.phase_since),
        "AggregateState" | "AggregateState_loc" => standing.aggregate.to_owned(),
        "CurrentDeviceUpdateStatus" => standing.status.0.to_owned(),
        "CurrentDeviceUpdateStatus_loc" => standing.status.1.to_owned(),
        "CurrentDeviceUpdateSubstatus" => standing.substatus.to_owned(),
        "LatestAlertMessage" | "AlertMessage" => standing.alert.0.to_owned(),
        "LatestAlertMessage_loc" | "AlertMessage_loc" => standing.alert.1.to_owned(),
        "AlertMessageData" if held => {
            world.tenant.safeguard.as_ref().map(|hold| hold.id.to_string()).unwrap_or_default()
        }
        "Win32ErrorCode" if standing.aggregate == FAILED.aggregate => device
            .code
            .and_then(|code| CODES.get(usize::from(code)))
            .map(|code| (*code).to_owned())
            .unwrap_or_default(),
        _ => String::new(),
    }
}
