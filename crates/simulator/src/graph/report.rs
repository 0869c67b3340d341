//! The report of devices by quality update policy, as the zipped CSV that Intune exports.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

use uuid::Uuid;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::choice::Purpose;
use crate::clock::moment;
use crate::fleet::{Device, Phase};
use crate::graph::filter::Filter;
use crate::ledger::CODES;
use crate::tenant::group_ids;
use crate::tenant::jobs::Job;
use crate::tenant::policies::{Policy, Status};
use crate::world::World;

const COLUMNS: [&str; 11] = [
    "PolicyId",
    "DeviceId",
    "AADDeviceId",
    "DeviceName",
    "EventDateTimeUTC",
    "LastWUScanTimeUTC",
    "AggregateState",
    "CurrentDeviceUpdateStatus",
    "CurrentDeviceUpdateSubstate",
    "LatestAlertMessage",
    "UPN",
];

/// How a device stands with the newest content its policy names: aggregate state, status and
/// substate.
type Standing = (&'static str, &'static str, &'static str);

const PENDING: Standing = ("Pending", "Pending", "Pending");
const HELD: Standing = ("OnHold", "OnHold", "Pending");
const REBOOT: Standing = ("InProgress", "Installing", "RebootPending");
const DONE: Standing = ("Success", "Installed", "UpdateInstalled");
const LEAVING: Standing = ("InProgress", "Uninstalling", "RebootPending");

/// The finished report; `None` when its filter or the writing fails.
pub(crate) fn zip(world: &World, job: &Job) -> Option<Vec<u8>> {
    let filter = Filter::parse(job.filter.as_deref()?)?;
    let policy: Uuid = filter.required("PolicyId")?.parse().ok()?;
    let policy = world.tenant.policies.iter().find(|one| one.object.id == policy);
    let columns: Vec<&str> = if job.select.is_empty() {
        COLUMNS.to_vec()
    } else {
        job.select.iter().map(String::as_str).collect()
    };
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(&columns).ok()?;
    if let Some(policy) = policy {
        for (index, paused) in devices(world, policy) {
            let standing = judge(world, policy, world.fleet.device(index), paused);
            let row = columns.iter().map(|column| cell(world, policy, index, standing, column));
            table.write_record(row).ok()?;
        }
    }
    let table = table.into_inner().ok()?;
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let name = format!("{}_{}.csv", job.report, job.id);
    archive.start_file(name, SimpleFileOptions::default()).ok()?;
    archive.write_all(&table).ok()?;
    Some(archive.finish().ok()?.into_inner())
}

/// The devices of the policy's rings by index, and whether their ring is paused.
fn devices(world: &World, policy: &Policy) -> BTreeMap<u32, bool> {
    let mut devices = BTreeMap::new();
    for ring in &policy.rings {
        for group in group_ids(ring.properties.get("includedGroupAssignment")) {
            let Some(group) = world.tenant.groups.get(group) else { continue };
            devices.extend(group.members_from(0).map(|device| (device, ring.flag("isPaused"))));
        }
    }
    devices
}

fn judge(world: &World, policy: &Policy, device: &Device, ring_paused: bool) -> Standing {
    let Some(newest) = policy.approvals.iter().max_by_key(|approval| approval.level) else {
        return PENDING;
    };
    let stopped = ring_paused
        || device.paused
        || device.rolled_back
        || newest.effective(world.now()) == Some(Status::Suspended);
    if device.target != newest.level {
        return match (device.reported >= newest.level, stopped) {
            (true, _) => DONE,
            (false, true) => HELD,
            (false, false) => PENDING,
        };
    }
    // Word of a reboot arrives with the check-in after it.
    let told = device.reported == device.installed;
    match device.phase {
        Phase::Idle | Phase::Held if stopped => HELD,
        Phase::Idle | Phase::Held => PENDING,
        Phase::Offered => ("InProgress", "Offering", "OfferReady"),
        Phase::Downloading => ("InProgress", "Installing", "DownloadStart"),
        Phase::Installing => ("InProgress", "Installing", "InstallStart"),
        Phase::RebootPending => REBOOT,
        Phase::Installed if told => DONE,
        Phase::Installed => REBOOT,
        Phase::Failed => ("Error", "NeedsAttention", "InstallStart"),
        Phase::Uninstalling | Phase::UninstallRebootPending => LEAVING,
        Phase::Uninstalled if told => ("Cancelled", "Uninstalled", "Uninstalled"),
        Phase::Uninstalled => LEAVING,
    }
}

fn cell(world: &World, policy: &Policy, index: u32, standing: Standing, column: &str) -> String {
    let fleet = &world.fleet;
    let device = fleet.device(index);
    let time = |at| moment(at).format("%Y-%m-%d %H:%M:%S.0000000").to_string();
    match column {
        "PolicyId" => policy.object.id.to_string(),
        "DeviceId" => fleet.choices.id(index, Purpose::ManagedId).to_string(),
        "AADDeviceId" => fleet.choices.id(index, Purpose::DeviceId).to_string(),
        "DeviceName" => fleet.name(index),
        "UPN" => format!("user{index:06}@contoso.example"),
        "EventDateTimeUTC" => time(device.phase_since),
        "LastWUScanTimeUTC" => time(device.last_sync),
        "AggregateState" => standing.0.to_owned(),
        "CurrentDeviceUpdateStatus" => standing.1.to_owned(),
        "CurrentDeviceUpdateSubstate" => standing.2.to_owned(),
        "LatestAlertMessage" if standing.0 == "Error" => {
            let code = device.code.and_then(|code| CODES.get(usize::from(code)));
            code.map_or_else(String::new, |code| format!("InstallFailed {code}"))
        }
        _ => String::new(),
    }
}
