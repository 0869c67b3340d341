//! What each ring of a plan can prove, before anybody starts, and plans whose gates could never pass.

use std::fmt;

use chrono::TimeDelta;

use super::plan::Plan;
use crate::evidence::certificate::certified;
use crate::evidence::power::smallest_rate_caught;
use crate::evidence::verdict::Setting;
use crate::evidence::{Alpha, Limit, Power, Weight};
use crate::gate::policy::{Policy, Signal};
use crate::gate::success::{SuccessBy, SuccessRule, wilson_can_tell};
use crate::ring::{Ring, RingIndex};
use crate::update::Delivery;

/// What one ring can prove.
#[derive(Debug, Clone, PartialEq)]
pub struct RingProof {
    pub ring: RingIndex,
    /// Devices of the ring.
    pub devices: u32,
    /// Devices of it and all rings before it, whose outcomes are weighed together.
    pub pooled: u32,
    /// The smallest share of failed installs that stops the release, 19 times in 20, by the time all
    /// pooled devices reported. None: nothing would.
    pub smallest_rate: Option<f64>,
    /// Whether so many devices can ever earn the certificate.
    pub can_certify: bool,
    /// How the gate decides whether few enough devices failed.
    pub success_by: SuccessBy,
    pub notes: Vec<Note>,
}

/// Something to know about the gate of one ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// A rollout waits here for members.
    Empty,
    /// No evidence of so few devices, all of them failed, stops a release.
    StopsNothing,
    /// One failure is more than the gate allows, so it then waits for a person.
    OneFailure { devices: u32, limit_bp: u16 },
    /// Not even a ring without a failure earns the certificate that the gate asks for.
    NeverCertified { devices: u32 },
    /// Devices are given up before it can be seen that they did as they were told.
    ShortWindow { hours: i64, least: i64 },
    /// The bake is longer than anybody waits.
    LongBake { days: i64 },
}

/// The longest bake.
pub const LONGEST_BAKE: TimeDelta = TimeDelta::days(90);

impl Note {
    /// Whether the gate could never pass, so that the plan is refused.
    #[must_use]
    pub const fn refuses(self) -> bool {
        match self {
            Self::NeverCertified { .. } | Self::LongBake { .. } => true,
            Self::Empty | Self::StopsNothing | Self::OneFailure { .. } => false,
            Self::ShortWindow { .. } => false,
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Empty => write!(f, "no device: a rollout waits here for members"),
            Self::StopsNothing => {
                write!(f, "too few devices up to here to stop a release, whatever fails")
            }
            Self::OneFailure { devices, limit_bp } => write!(
                f,
                "one failure of {devices} is more than {} %: the gate then waits for a person",
                f64::from(limit_bp) / 100.0
            ),
            Self::NeverCertified { devices } => write!(
                f,
                "{devices} devices can never earn a certificate, even if none fails; success by \
                 point, more devices or a higher max_failed_percent is right"
            ),
            Self::ShortWindow { hours, least } => write!(
                f,
                "an observation window of {hours} hours: the inventory shows a version after up to \
                 {least}, so devices that took it may be given up before"
            ),
            Self::LongBake { days } => {
                write!(f, "a bake of {days} days; at most {} is right", LONGEST_BAKE.num_days())
            }
        }
    }
}

/// What each ring can prove with so many members, in the order of the rings; a ring left out is
/// empty. Of members, those that turn out not to be eligible prove nothing. Cost: devices to the power
/// of 1.5, up to seconds for a large fleet.
#[must_use]
pub fn prove(plan: &Plan, members: &[u32]) -> Vec<RingProof> {
    let policy = plan.policy();
    let alpha = alpha(policy);
    let mut pooled = 0_u32;
    let each = plan.indices().zip(plan.rings()).map(|(index, ring)| {
        let devices = members.get(index.slot()).copied().unwrap_or(0);
        pooled = pooled.saturating_add(devices);
        let limit = policy.failed.limit();
        let rate = smallest_rate_caught(pooled.into(), limit, alpha, Power::DEFAULT);
        let mut notes = notes(ring, devices);
        if devices > 0 && rate.is_none() {
            notes.push(Note::StopsNothing);
        }
        RingProof {
            ring: index,
            devices,
            pooled,
            smallest_rate: rate,
            can_certify: can_certify(ring, devices),
            success_by: success_by(ring, devices, limit),
            notes,
        }
    });
    each.collect()
}

/// Notes the rings whose devices are given up too soon for updates that are delivered like this.
pub fn note_windows(plan: &Plan, delivery: &Delivery, proofs: &mut [RingProof]) {
    let Some(least) = delivery.least_window() else { return };
    for proof in proofs {
        let window = plan.ring(proof.ring).map(|ring| ring.gate.observation_window);
        if let Some(window) = window.filter(|window| *window < least) {
            let (hours, least) = (window.num_hours(), least.num_hours());
            proof.notes.push(Note::ShortWindow { hours, least });
        }
    }
}

/// Rings whose gate could never pass, and why. Cost: the rings.
#[must_use]
pub fn refusals(plan: &Plan, members: &[u32]) -> Vec<(RingIndex, Note)> {
    let each = plan.indices().zip(plan.rings()).flat_map(|(index, ring)| {
        let devices = members.get(index.slot()).copied().unwrap_or(0);
        notes(ring, devices).into_iter().map(move |note| (index, note))
    });
    each.filter(|(_, note)| note.refuses()).collect()
}

/// The share of error that the failed installs of all rings together have, as a release is weighed.
pub(super) fn alpha(policy: &Policy) -> Alpha {
    let setting = Setting {
        levels: policy.levels,
        planned_rings: 0,
        planned_segments: policy.segments.len(),
        // Who is suspected is no matter of what is stopped.
        false_suspects: Weight::TENTH,
    };
    let pause = Alpha::new((-policy.levels.pause().ln()).exp()).unwrap_or(Alpha::DEFAULT);
    pause.times(setting.share_of_pooled(Signal::Failed.weight()))
}

fn notes(ring: &Ring, devices: u32) -> Vec<Note> {
    let gate = &ring.gate;
    let mut notes = Vec::new();
    if gate.bake > LONGEST_BAKE {
        notes.push(Note::LongBake { days: gate.bake.num_days() });
    }
    if devices == 0 {
        notes.push(Note::Empty);
        return notes;
    }
    match gate.success {
        SuccessRule::Certified if !can_certify(ring, devices) => {
            notes.push(Note::NeverCertified { devices });
        }
        SuccessRule::Certified | SuccessRule::Point => {}
    }
    let limit_bp = gate.max_failed_bp;
    if u64::from(devices) * u64::from(limit_bp) < 10_000 {
        notes.push(Note::OneFailure { devices, limit_bp });
    }
    notes
}

fn limit(ring: &Ring) -> Limit {
    Limit::new(f64::from(ring.gate.max_failed_bp) / 10_000.0).unwrap_or(Limit::LEAST)
}

fn can_certify(ring: &Ring, devices: u32) -> bool {
    certified(0, devices.into(), limit(ring), Alpha::CERTIFICATE)
}

fn success_by(ring: &Ring, devices: u32, healthy: Limit) -> SuccessBy {
    match ring.gate.success {
        SuccessRule::Certified => SuccessBy::Certificate,
        SuccessRule::Point if wilson_can_tell(devices, healthy, limit(ring)) => SuccessBy::Wilson,
        SuccessRule::Point => SuccessBy::Rate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Gate;
    use crate::gate::policy::Choices;
    use crate::ring::{Cadence, Membership, RingSet, WaveLimit};
    use crate::rollout::plan::OnGateFailure;

    fn plan(success: SuccessRule, bake: TimeDelta) -> Plan {
        let ring = |name: &str| Ring {
            name: name.to_owned(),
            membership: Membership { percent: 50, groups: Vec::new() },
            cadence: Cadence { deferral_days: 0, deadline_days: 2, grace_days: 2 },
            gate: Gate { bake, success, ..Gate::DEFAULT },
            waves: WaveLimit::DEFAULT,
            approvals: None,
            calendar: None,
        };
        let set = RingSet::new("Two".to_owned(), vec![ring("First"), ring("Second")]);
        let policy = Policy::settle(Choices::default(), &[], Vec::new());
        let starts_at = chrono::DateTime::UNIX_EPOCH;
        Plan::new(&set.expect("a good set"), starts_at, OnGateFailure::Pause, policy)
    }

    #[test]
    fn rings_prove_together_and_more_with_more_devices() {
        let proofs = prove(&plan(SuccessRule::Point, TimeDelta::hours(24)), &[20, 980]);
        let rates: Vec<f64> = proofs.iter().filter_map(|proof| proof.smallest_rate).collect();
        assert_eq!(proofs.iter().map(|proof| proof.pooled).collect::<Vec<_>>(), [20, 1_000]);
        // 20 devices stop what fails every other time, 1,000 a little more than double the limit.
        assert!((0.3..0.6).contains(&rates[0]) && (0.03..0.06).contains(&rates[1]), "{rates:?}");
        assert_eq!(proofs[0].success_by, SuccessBy::Rate);
        assert_eq!(proofs[1].success_by, SuccessBy::Wilson);
        assert!(proofs.iter().all(|proof| proof.notes.is_empty()), "{proofs:?}");
    }

    #[test]
    fn tiny_and_empty_rings_are_told_of_and_not_refused() {
        let plan = plan(SuccessRule::Point, TimeDelta::hours(24));
        let proofs = prove(&plan, &[1]);
        let one = Note::OneFailure { devices: 1, limit_bp: 500 };
        assert_eq!(proofs[0].notes, [one, Note::StopsNothing]);
        assert_eq!((proofs[0].smallest_rate, &proofs[1].notes), (None, &vec![Note::Empty]));
        assert_eq!(refusals(&plan, &[1]), []);
    }

    #[test]
    fn a_window_that_ends_before_the_inventory_comes_is_told_of() {
        let plan = plan(SuccessRule::Point, TimeDelta::hours(24));
        let noted = |delivery: Delivery| {
            let mut proofs = prove(&plan, &[20, 980]);
            note_windows(&plan, &delivery, &mut proofs);
            let notes = proofs.into_iter().flat_map(|proof| proof.notes);
            notes.filter(|note| matches!(note, Note::ShortWindow { .. })).count()
        };
        assert_eq!(noted(Delivery::Edge), 0, "five days are enough");
        assert_eq!(noted(Delivery::Microsoft365Apps { deadline_days: 7 }), 2);
        assert_eq!(noted(Delivery::Microsoft365Apps { deadline_days: 1 }), 0);
        assert_eq!(noted(Delivery::Quality { expedite: None }), 0);
    }

    #[test]
    fn a_gate_that_could_never_pass_is_refused() {
        let certified = plan(SuccessRule::Certified, TimeDelta::hours(24));
        let (first, never) = (RingIndex::FIRST, Note::NeverCertified { devices: 20 });
        assert_eq!(refusals(&certified, &[20, 5_000]), [(first, never)]);
        let proofs = prove(&certified, &[20, 500]);
        assert_eq!((proofs[0].can_certify, proofs[1].can_certify), (false, true));
        let long = plan(SuccessRule::Point, TimeDelta::days(91));
        assert_eq!(refusals(&long, &[0, 500]).len(), 2);
    }
}
