//! How a plan would meet releases of stated quality, before anybody starts it. For people; no decision
//! is made by these numbers.
//!
//! Devices report in the order of their offers, rings one after the other, and each fails with the
//! stated chance, whatever the others do. Stopped means paused by the evidence of failed installs, as
//! `lint::prove` counts it; limits of single rings, lost devices and segments would stop it sooner.

use super::lint::alpha;
use super::plan::Plan;
use crate::evidence::power::chances_of_halt;
use crate::ring::RingIndex;

/// A plan and a release that fails at one rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Met {
    /// The share of installs that fail.
    pub rate: f64,
    pub rings: Vec<RingMet>,
    /// Devices that are offered the update, on average: up to the stop, with the wave that is in
    /// flight then, or all.
    pub exposed: f64,
}

/// By the time every device of one ring and those before it has reported.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RingMet {
    pub ring: RingIndex,
    pub devices: u32,
    /// The chance that the release is stopped by then.
    pub stopped: f64,
}

/// What becomes of a release failing at `rate`. `members` in the order of the rings; a ring left out is
/// empty. Cost: devices, of which 50,000 at most are walked, to the power of 1.5.
#[must_use]
pub fn meet(plan: &Plan, members: &[u32], rate: f64) -> Met {
    let sizes: Vec<u32> =
        plan.indices().map(|ring| members.get(ring.slot()).copied().unwrap_or(0)).collect();
    let all: u64 = sizes.iter().map(|devices| u64::from(*devices)).sum();
    let policy = plan.policy();
    let chances = chances_of_halt(all, rate, policy.failed.limit(), alpha(policy));
    let by = |device: u64| -> f64 {
        let at = usize::try_from(device).unwrap_or(usize::MAX).min(chances.len());
        at.checked_sub(1).and_then(|at| chances.get(at)).copied().unwrap_or(0.0)
    };
    let mut before = 0_u64;
    let rings = plan.indices().zip(&sizes).map(|(ring, devices)| {
        before += u64::from(*devices);
        RingMet { ring, devices: *devices, stopped: by(before) }
    });
    let rings: Vec<RingMet> = rings.collect();
    Met { rate, rings, exposed: exposed(plan, &sizes, &chances) }
}

/// Of a release that is stopped at its n-th report, n devices and the rest of the wave were exposed.
fn exposed(plan: &Plan, sizes: &[u32], chances: &[f64]) -> f64 {
    let all: f64 = sizes.iter().map(|devices| f64::from(*devices)).sum();
    let mut reports = chances.iter();
    let (mut device, mut stopped, mut sum) = (0.0, 0.0, 0.0);
    for (ring, members) in plan.rings().iter().zip(sizes) {
        let in_flight = f64::from(ring.waves.for_ring(*members).saturating_sub(1));
        for chance in reports.by_ref().take(usize::try_from(*members).unwrap_or(usize::MAX)) {
            device += 1.0;
            sum += (chance - stopped) * (device + in_flight).min(all);
            stopped = *chance;
        }
    }
    sum + (1.0 - stopped) * all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Gate;
    use crate::gate::policy::{Choices, Policy};
    use crate::ring::{Cadence, Membership, Ring, RingSet, WaveLimit};
    use crate::rollout::plan::OnGateFailure;

    fn plan() -> Plan {
        let ring = |name: &str| Ring {
            name: name.to_owned(),
            membership: Membership { percent: 50, groups: Vec::new() },
            cadence: Cadence { deferral_days: 0, deadline_days: 2, grace_days: 2 },
            gate: Gate::DEFAULT,
            waves: WaveLimit { least: 10, most: 100, percent: 10 },
            approvals: None,
            calendar: None,
        };
        let set = RingSet::new("Two".to_owned(), vec![ring("First"), ring("Second")]);
        let policy = Policy::settle(Choices::default(), &[], Vec::new());
        let starts_at = chrono::DateTime::UNIX_EPOCH;
        Plan::new(&set.expect("a good set"), starts_at, OnGateFailure::Pause, policy)
    }

    #[test]
    fn worse_releases_are_stopped_sooner_and_reach_fewer_devices() {
        let plan = plan();
        let met = |rate: f64| meet(&plan, &[100, 1_900], rate);
        let (healthy, doubled, bad) = (met(0.02), met(0.04), met(0.2));
        // A healthy release is paused once in a hundred at most, by all signals together.
        assert!(healthy.rings[1].stopped < 0.01 && healthy.exposed > 1_980.0, "{healthy:?}");
        assert!(doubled.rings[1].stopped > 0.9, "{doubled:?}");
        assert!(bad.rings[0].stopped > 0.99 && bad.exposed < 60.0, "{bad:?}");
        assert!(healthy.exposed > doubled.exposed && doubled.exposed > bad.exposed);
        for met in [&healthy, &doubled, &bad] {
            assert!(met.rings[0].stopped <= met.rings[1].stopped, "{met:?}");
        }
    }

    /// Held against what `lint::prove` says of the same plan, which searches from the other side.
    #[test]
    fn the_smallest_rate_that_a_ring_proves_is_stopped_by_it_19_times_in_20() {
        let plan = plan();
        let proofs = crate::rollout::lint::prove(&plan, &[100, 1_900]);
        for proof in proofs {
            let rate = proof.smallest_rate.expect("large enough");
            let stopped = meet(&plan, &[100, 1_900], rate).rings[proof.ring.slot()].stopped;
            assert!((stopped - 0.95).abs() < 0.005, "{rate}: {stopped}");
        }
    }

    #[test]
    fn empty_rings_and_certain_failures_are_no_trouble() {
        let plan = plan();
        assert_eq!(meet(&plan, &[], 0.5).exposed.to_bits(), 0.0_f64.to_bits());
        let all = meet(&plan, &[0, 40], 1.0);
        assert!(all.rings[0].stopped < 1e-12 && all.rings[1].stopped > 0.999, "{all:?}");
        assert!(all.exposed >= 10.0 && all.exposed < 40.0, "{all:?}");
    }
}
