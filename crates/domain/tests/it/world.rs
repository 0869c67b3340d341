//! A small world to decide about: plans, counters and times by short names.

use chrono::{DateTime, TimeDelta, Utc};
use domain::gate::Gate;
use domain::ids::{DirectoryObjectId, EntraDeviceId, RingSetId};
use domain::placement::Candidate;
use domain::ring::{Cadence, Membership, Ring, RingIndex, RingSet, WaveLimit};
use domain::rollout::observations::{Intent, Observations, RingObservation, Wish};
use domain::rollout::plan::{OnGateFailure, Plan};
use uuid::Uuid;

pub(crate) fn hour(hours: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::hours(hours)
}

pub(crate) fn group(number: u128) -> DirectoryObjectId {
    DirectoryObjectId(Uuid::from_u128(number))
}

pub(crate) fn ring(name: &str, percent: u8, deferral_days: u8) -> Ring {
    Ring {
        name: name.to_owned(),
        membership: Membership { percent, groups: Vec::new() },
        cadence: Cadence { deferral_days, deadline_days: 2, grace_days: 2 },
        gate: Gate::DEFAULT,
        waves: WaveLimit { least: 10, most: 100, percent: 10 },
        approvals: None,
    }
}

pub(crate) fn three_rings() -> RingSet {
    let rings = vec![ring("Canary", 10, 0), ring("Early", 30, 1), ring("Broad", 60, 2)];
    RingSet::new("Three".to_owned(), rings).expect("a good set")
}

pub(crate) fn plan(on_failure: OnGateFailure) -> Plan {
    Plan::new(&three_rings(), hour(0), on_failure)
}

pub(crate) fn seen(
    wish: Wish,
    given_at: DateTime<Utc>,
    rings: Vec<RingObservation>,
) -> Observations {
    let intent = Intent { wish, given_at, promoted: None };
    Observations { intent, rings, observed_at: Some(hour(1_000_000)) }
}

pub(crate) const RINGS: [RingIndex; 3] = [RingIndex(0), RingIndex(1), RingIndex(2)];

pub(crate) const SET: RingSetId = RingSetId(Uuid::from_u128(7));

pub(crate) fn device(number: u128) -> EntraDeviceId {
    EntraDeviceId(Uuid::from_u128(number.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)))
}

/// A device that nothing is decided about.
pub(crate) fn candidate(number: u128) -> Candidate {
    Candidate { device: device(number), pinned: None, assigned: None, current: None, stratum: None }
}
