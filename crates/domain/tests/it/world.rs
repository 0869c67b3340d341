//! A small world to decide about: plans, counters and times by short names.

use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use domain::approval::Context;
use domain::attempt::AttemptState;
use domain::gate::Gate;
use domain::gate::policy::{Choices, OnSuspect, Policy, Segment, SegmentKind};
use domain::ids::{DirectoryObjectId, EntraDeviceId, PlanId, RingSetId};
use domain::placement::Candidate;
use domain::ring::{Cadence, Membership, Ring, RingIndex, RingSet, WaveLimit};
use domain::rollout::observations::{Intent, Observations, RingObservation, SegmentCount, Wish};
use domain::rollout::plan::{OnGateFailure, Plan};
use domain::tally::Tally;
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
        calendar: None,
    }
}

pub(crate) fn three_rings() -> RingSet {
    let rings = vec![ring("Canary", 10, 0), ring("Early", 30, 1), ring("Broad", 60, 2)];
    RingSet::new("Three".to_owned(), rings).expect("a good set")
}

/// 2 % failed and 1 % lost are healthy, no segments. Settled once: it walks thousands of devices.
pub(crate) fn policy() -> Policy {
    static SETTLED: LazyLock<Policy> =
        LazyLock::new(|| Policy::settle(Choices::default(), &[], Vec::new()));
    SETTLED.clone()
}

/// The same with models of so many members each.
pub(crate) fn models(on_suspect: OnSuspect, members: &[u32]) -> Policy {
    let segments = members.iter().zip(0..).map(|(members, number)| Segment {
        kind: SegmentKind::Model,
        name: format!("Model {number}"),
        members: *members,
    });
    Policy { on_suspect, segments: segments.collect(), ..policy() }
}

pub(crate) fn plan(on_failure: OnGateFailure) -> Plan {
    plan_by(on_failure, policy())
}

pub(crate) fn plan_by(on_failure: OnGateFailure, policy: Policy) -> Plan {
    Plan::new(&three_rings(), hour(0), on_failure, policy)
}

pub(crate) fn wish(wish: Wish, given_at: i64) -> Intent {
    let (held, released) = (Vec::new(), Vec::new());
    Intent { wish, given_at: hour(given_at), promoted: None, held, released, take_back: false }
}

pub(crate) fn running(at: i64) -> Intent {
    wish(Wish::Run, at)
}

/// A ring with so many devices in each state, no wave decided yet.
pub(crate) fn counted(counts: &[(AttemptState, u32)]) -> RingObservation {
    let tally = Tally::of(counts.iter().copied());
    let confirmed_seconds = i64::from(tally.confirmed()) * hour(0).timestamp();
    RingObservation { tally, confirmed_seconds, ..RingObservation::default() }
}

/// A ring of so many devices, all offered, of which so many failed, and the same for each segment.
pub(crate) fn segmented(segments: &[(u32, u32)]) -> RingObservation {
    let (offered, failed) =
        segments.iter().fold((0, 0), |sum, segment| (sum.0 + segment.0, sum.1 + segment.1));
    let segments = segments.iter().map(|(offered, failed)| SegmentCount {
        offered: *offered,
        failed: *failed,
        lost: 0,
    });
    let states = [(AttemptState::Confirmed, offered - failed), (AttemptState::Failed, failed)];
    RingObservation { segments: segments.collect(), ..counted(&states) }
}

/// Nobody has to agree, and nobody did.
pub(crate) fn nobody(now: DateTime<Utc>) -> Context<'static> {
    let (ring, plan) = (RingIndex(0), PlanId(Uuid::nil()));
    Context { ring, plan, author: "", void_before: None, now }
}

/// Read and heard of at `at`, calm so far.
pub(crate) fn observed(
    intent: Intent,
    rings: Vec<RingObservation>,
    at: Option<DateTime<Utc>>,
) -> Observations {
    Observations { observed_at: at, heard_at: at, ..Observations::new(intent, rings) }
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
