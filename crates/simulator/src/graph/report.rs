//! The report of devices by quality update policy, as the zipped CSV that Intune exports.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use uuid::Uuid;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::choice::Purpose;
use crate::clock::{Packed, write_moment};
use crate::fleet::{Device, Phase};
use crate::graph::filter::Filter;
use crate::ledger::CODES;
use crate::tenant::group_ids;
use crate::tenant::groups::{Group, Member};
use crate::tenant::jobs::Job;
use crate::tenant::policies::{Policy, Ring, Status};
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

/// A finished report before it is zipped.
#[derive(Debug)]
pub(crate) struct Report {
    pub(super) name: String,
    pub(super) table: Vec<u8>,
}

impl Report {
    /// The archive as it is fetched. It is made outside the lock of the world: packing a large
    /// fleet takes longer than everything else about a report.
    pub(crate) fn zip(&self) -> Option<Vec<u8>> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let fast = SimpleFileOptions::default().compression_level(Some(1));
        archive.start_file(self.name.as_str(), fast).ok()?;
        archive.write_all(&self.table).ok()?;
        Some(archive.finish().ok()?.into_inner())
    }
}

/// The finished report; `None` when its filter or the writing fails.
pub(crate) fn make(world: &World, job: &Job) -> Option<Report> {
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
        let id = policy.object.id.to_string();
        let mut cell = String::new();
        for (index, paused) in devices(world, policy) {
            let standing = judge(world, policy, world.fleet.device(index), paused);
            for column in &columns {
                cell.clear();
                write_cell(world, (&id, index), standing, column, &mut cell);
                table.write_field(&cell).ok()?;
            }
            table.write_record(None::<&[u8]>).ok()?;
        }
    }
    let name = format!("{}_{}.csv", job.report, job.id);
    Some(Report { name, table: table.into_inner().ok()? })
}

/// The devices of the policy's rings by index, and whether their ring is paused; of several rings
/// the first counts.
fn devices(world: &World, policy: &Policy) -> Vec<(u32, bool)> {
    let mut devices = Vec::new();
    let groups = &world.tenant.groups;
    let named = |ring: &Ring, of: &str| -> Vec<&Group> {
        let ids = group_ids(ring.object.properties.get(of)).into_iter();
        ids.flat_map(|id| groups.reach(id)).filter_map(|slot| groups.get(slot)).collect()
    };
    for ring in &policy.rings {
        let paused = ring.paused.effective(world.now());
        let excluded = named(ring, "excludedGroupAssignment");
        let excluded = |device| excluded.iter().any(|group| group.has(Member::Device(device)));
        for group in named(ring, "includedGroupAssignment") {
            let included = group.devices_from(0).filter(|device| !excluded(*device));
            devices.extend(included.map(|device| (device, paused)));
        }
    }
    devices.sort_by_key(|(device, _)| *device);
    devices.dedup_by_key(|(device, _)| *device);
    devices
}

fn judge(world: &World, policy: &Policy, device: &Device, ring_paused: bool) -> Standing {
    let Some(newest) = policy.approvals.iter().max_by_key(|approval| approval.level) else {
        return PENDING;
    };
    let stopped = ring_paused
        || device.quality.paused
        || device.quality.rolled_back
        || newest.status.effective(world.now()) == Some(Status::Suspended);
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

fn write_cell(
    world: &World,
    (policy, index): (&str, u32),
    standing: Standing,
    column: &str,
    out: &mut String,
) {
    let fleet = &world.fleet;
    let device = fleet.device(index);
    let write_id = |out: &mut String, purpose| {
        let id = fleet.choices.id(index, purpose);
        out.push_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
    };
    let write_time = |out: &mut String, at: Packed| {
        write_moment(out, at.seconds(), ' ');
        out.push_str(".0000000");
    };
    match column {
        "PolicyId" => out.push_str(policy),
        "DeviceId" => write_id(out, Purpose::ManagedId),
        "AADDeviceId" => write_id(out, Purpose::DeviceId),
        "DeviceName" => out.push_str(&fleet.name(index)),
        // Writing into a string does not fail.
        "UPN" => drop(write!(out, "user{index:06}@contoso.example")),
        "EventDateTimeUTC" => write_time(out, device.phase_since),
        "LastWUScanTimeUTC" => write_time(out, device.last_sync),
        "AggregateState" => out.push_str(standing.0),
        "CurrentDeviceUpdateStatus" => out.push_str(standing.1),
        "CurrentDeviceUpdateSubstate" => out.push_str(standing.2),
        "LatestAlertMessage" if standing.0 == "Error" => {
            if let Some(code) = device.code.and_then(|code| CODES.get(usize::from(code))) {
                out.push_str("InstallFailed ");
                out.push_str(code);
            }
        }
        _ => {}
    }
}
