//! What should be there, computed whole from the settings and the ring set.
//!
//! Never looks at what is there, but for the organisation's update rings that our devices are kept
//! away from.

use super::key::Key;
use super::object::{
    Assigned, DriversPayload, EdgePayload, FeaturePayload, GroupPayload, GroupRef, Observed,
    OfficePayload, Payload, Target, UpdateRingPayload,
};
use super::settings::{DriverApproval, Settings};
use crate::ids::TenantId;
use crate::ring::{Cadence, Ring, RingIndex, RingSet};

/// What the names of all our objects begin with.
pub const NAMES: &str = "Concentric - ";

/// Feature updates come by version, not by deferral (facts/autopatch.md 4.2).
const FEATURE_DEFERRAL_DAYS: u8 = 0;
const FEATURE_DEADLINE_DAYS: u8 = 5;
/// Days in which a feature update can be taken back (facts/autopatch.md 2.4 and 4.2).
const FEATURE_ROLLBACK_DAYS: u8 = 30;
/// The most that a driver policy takes (facts/autopatch.md 4.4).
const MAX_DRIVER_DEFERRAL_DAYS: u8 = 14;

/// Every object of the enrollment in the order of its key. `foreign_rings` are the organisation's
/// update rings as they stand; `_tenant` is in no object, only in the tags that the adapter writes.
#[must_use]
pub fn desired(
    _tenant: TenantId,
    set: &RingSet,
    settings: &Settings,
    foreign_rings: &[Observed],
) -> Vec<(Key, Payload)> {
    let mut all = Vec::new();
    let mut ring_groups = Vec::new();
    for (index, ring) in (0..).map(RingIndex).zip(set.rings()) {
        let group = Key::RingGroup(index);
        let name = name(set, &ring.name);
        all.push((group.clone(), Payload::Group(GroupPayload { name, nested: Vec::new() })));
        ring_groups.push(group);
        all.extend(policies(set, settings, index, ring));
    }
    let devices = GroupPayload { name: name(set, "Devices"), nested: ring_groups };
    all.push((Key::Devices, Payload::Group(devices)));
    if settings.exclude_from_foreign_rings {
        all.extend(foreign_rings.iter().filter_map(exclusion));
    }
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}

fn name(set: &RingSet, of: &str) -> String {
    format!("{NAMES}{} - {of}", set.name())
}

fn policies(
    set: &RingSet,
    settings: &Settings,
    index: RingIndex,
    ring: &Ring,
) -> Vec<(Key, Payload)> {
    let cadence = ring.cadence;
    let update_ring = assigned(set, index, &ring.name, update_ring(cadence));
    let mut all = vec![(Key::UpdateRing(index), Payload::UpdateRing(update_ring))];
    let named = |what: &str| format!("{} - {what}", ring.name);
    if let Some(feature) = &settings.feature {
        let payload = FeaturePayload { version: feature.version.clone() };
        let policy = assigned(set, index, &named("Feature updates"), payload);
        all.push((Key::Feature(index), Payload::Feature(policy)));
    }
    if let Some(drivers) = settings.drivers {
        let payload = drivers_payload(drivers.approval, cadence);
        let policy = assigned(set, index, &named("Drivers"), payload);
        all.push((Key::Drivers(index), Payload::Drivers(policy)));
    }
    if let Some(edge) = settings.edge {
        let payload = EdgePayload { beta: Some(index.0 < edge.beta_rings) };
        let policy = assigned(set, index, &named("Edge"), payload);
        all.push((Key::Edge(index), Payload::Edge(policy)));
    }
    if let Some(office) = settings.office {
        let payload = OfficePayload {
            channel: Some(office.channel),
            delay_days: cadence.deferral_days,
            deadline_days: Some(office.deadline_days),
        };
        let policy = assigned(set, index, &named("Microsoft 365 Apps"), payload);
        all.push((Key::Office(index), Payload::Office(policy)));
    }
    all
}

fn assigned<P>(set: &RingSet, index: RingIndex, of: &str, settings: P) -> Assigned<P> {
    let ring_group = GroupRef::Ours(Key::RingGroup(index));
    Assigned { name: name(set, of), settings, targets: vec![Target::Group(ring_group)] }
}

fn update_ring(cadence: Cadence) -> UpdateRingPayload {
    UpdateRingPayload {
        quality_deferral_days: cadence.deferral_days,
        quality_deadline_days: Some(cadence.deadline_days),
        feature_deferral_days: FEATURE_DEFERRAL_DAYS,
        feature_deadline_days: Some(FEATURE_DEADLINE_DAYS),
        grace_days: Some(cadence.grace_days),
        feature_rollback_days: Some(FEATURE_ROLLBACK_DAYS),
        drivers_excluded: false,
        postpone_reboot_until_after_deadline: false,
        microsoft_update_allowed: true,
    }
}

fn drivers_payload(approval: DriverApproval, cadence: Cadence) -> DriversPayload {
    match approval {
        DriverApproval::Automatic => DriversPayload {
            automatic: true,
            deferral_days: Some(cadence.deferral_days.min(MAX_DRIVER_DEFERRAL_DAYS)),
        },
        DriverApproval::Manual => DriversPayload { automatic: false, deferral_days: None },
    }
}

/// What it targets now and our exclusion, if it targets everybody: a ring that names groups was
/// aimed, and is left alone.
fn exclusion(ring: &Observed) -> Option<(Key, Payload)> {
    let everybody = [Target::AllDevices, Target::AllUsers];
    let is_foreign = !ring.key.is_ours();
    if !is_foreign || !ring.payload.targets().iter().any(|target| everybody.contains(target)) {
        return None;
    }
    let mut targets = ring.payload.targets().to_vec();
    targets.push(Target::our_exclusion());
    targets.sort();
    targets.dedup();
    Some((ring.key.clone(), Payload::Exclusion { targets }))
}
