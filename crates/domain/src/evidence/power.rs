//! What a ring can prove, before anybody starts: exact chances under the halt line, device by
//! device. For plans and pages; no decision is made by these.

use serde::{Deserialize, Serialize};

use super::FORMULA;
use super::bounds::{Alpha, Limit, Power};
use super::certificate::CertificateTest;
use super::exact;
use super::grid::real;
use super::rate::halt_line;
use super::walk::{Walk, chance_of_fewer};

/// Rings are walked device by device up to this size; beyond it a bound takes over that only the
/// last look enters, so that the answer errs on the careful side by a few percent of itself.
const WALKED: u64 = 50_000;

/// Precision of a rate, relative to itself.
const PRECISION: f64 = 5e-4;

/// What a ring can prove.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    pub formula: u16,
    pub devices: u64,
    pub limit: Limit,
    pub alpha: Alpha,
    /// Stopped with a chance of 95 % by the time all devices have reported. None: this ring is too
    /// small to stop anything.
    pub smallest_rate: Option<Rate>,
}

/// A share of devices that fail, for people to read.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate(#[serde(with = "exact")] pub f64);

/// What a ring of `devices` can prove about a limit.
#[must_use]
pub fn prove(devices: u64, limit: Limit, alpha: Alpha) -> Proof {
    let smallest_rate = smallest_rate_caught(devices, limit, alpha, Power::DEFAULT).map(Rate);
    Proof { formula: FORMULA, devices, limit, alpha, smallest_rate }
}

/// The chance that a ring of `devices` failing at `rate` is halted by its last report. Cost grows
/// with `devices` to the power of 1.5.
#[must_use]
pub fn chance_of_halt(devices: u64, rate: f64, limit: Limit, alpha: Alpha) -> f64 {
    walk_to(&halt_line(limit, alpha, devices), devices, rate, 1.0).stopped()
}

/// The smallest failure rate that a ring of `devices` is halted for with at least this `power`; none
/// if it can never be halted.
#[must_use]
pub fn smallest_rate_caught(devices: u64, limit: Limit, alpha: Alpha, power: Power) -> Option<f64> {
    let line = halt_line(limit, alpha, devices.min(WALKED));
    let walked = smallest_walked(&line, devices.min(WALKED), limit, power)?;
    if devices <= WALKED {
        return Some(walked);
    }
    let test = super::rate::RateTest::new(limit);
    let threshold = alpha.threshold();
    let (mut few, mut enough) = (0, devices);
    while enough - few > 1 {
        let middle = few + (enough - few) / 2;
        let halts = test.evidence(middle, devices - middle).reaches(threshold);
        if halts { enough = middle } else { few = middle }
    }
    Some(walked.min(smallest_bounded(enough, devices, power)))
}

fn smallest_walked(line: &[u64], devices: u64, limit: Limit, power: Power) -> Option<f64> {
    let failures = u64::try_from(line.len()).unwrap_or(u64::MAX);
    if line.last().is_none_or(|device| *device < devices) {
        return None;
    }
    let caught = |rate: f64| walk_to(line, devices, rate, power.get()).stopped() >= power.get();
    let mut high = smallest_bounded(failures, devices, power);
    let mut low = (real(failures) / real(devices)).max(limit.get()).min(high);
    if caught(low) {
        low = limit.get();
    }
    while high - low > PRECISION * high {
        let middle = f64::midpoint(low, high);
        if caught(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

/// A rate at which at least `failures` of `devices` fail with this `power`.
fn smallest_bounded(failures: u64, devices: u64, power: Power) -> f64 {
    let miss = 1.0 - power.get();
    let (mut low, mut high) = (0.0, 1.0);
    while high - low > PRECISION / 10.0 * high {
        let middle = f64::midpoint(low, high);
        let enough = chance_of_fewer(failures.saturating_sub(1), devices, middle) <= miss;
        if enough { high = middle } else { low = middle }
    }
    high
}

/// Walks until all devices reported or `enough` of the paths were stopped.
fn walk_to(line: &[u64], devices: u64, rate: f64, enough: f64) -> Walk {
    let mut walk = Walk::new(rate);
    let mut failures = 1_u64;
    let mut rest = line.iter().copied().peekable();
    for device in 1..=devices {
        while rest.next_if(|last| *last < device).is_some() {
            failures += 1;
        }
        walk.step();
        if rest.peek().is_some() {
            walk.stop_from(failures);
        }
        if walk.stopped() >= enough {
            break;
        }
    }
    walk
}

/// The devices after which a release failing at `rate` was halted with this `power`; none if that
/// takes more than `upto`.
#[must_use]
pub fn devices_until_halt(
    rate: f64,
    limit: Limit,
    alpha: Alpha,
    power: Power,
    upto: u64,
) -> Option<u64> {
    let mut line = halt_line(limit, alpha, upto).into_iter().peekable();
    let mut walk = Walk::new(rate);
    let mut failures = 1_u64;
    (1..=upto).find(|device| {
        while line.next_if(|last| last < device).is_some() {
            failures += 1;
        }
        walk.step();
        walk.stop_from(failures);
        walk.stopped() >= power.get()
    })
}

/// The devices after which a release failing at `rate` has its certificate with this `power`; none
/// if that takes more than `upto`.
#[must_use]
pub fn devices_until_certified(
    rate: f64,
    limit: Limit,
    beta: Alpha,
    power: Power,
    upto: u64,
) -> Option<u64> {
    certify(rate, limit, beta, upto, power.get()).0
}

/// The chance that a release failing at `rate` is certified within `devices` devices.
#[must_use]
pub fn chance_of_certificate(rate: f64, limit: Limit, beta: Alpha, devices: u64) -> f64 {
    certify(rate, limit, beta, devices, 1.0).1
}

fn certify(rate: f64, limit: Limit, beta: Alpha, upto: u64, enough: f64) -> (Option<u64>, f64) {
    let test = CertificateTest::new(limit);
    let threshold = beta.threshold();
    let mut walk = Walk::new(rate);
    let mut failures = 0;
    let mut next = test.passes_from(failures, threshold);
    for device in 1..=upto {
        walk.step();
        while next <= device {
            failures += 1;
            next = test.passes_from(failures, threshold);
        }
        walk.stop_below(failures);
        if walk.stopped() >= enough {
            return (Some(device), walk.stopped());
        }
    }
    (None, walk.stopped())
}

/// The chances that a release failing at `rate` is halted by its first, second, .. report: one for each
/// of `devices`, but at most 50,000, after which the last one stands. Cost as `chance_of_halt`.
#[must_use]
pub fn chances_of_halt(devices: u64, rate: f64, limit: Limit, alpha: Alpha) -> Vec<f64> {
    let devices = devices.min(WALKED);
    let mut line = halt_line(limit, alpha, devices).into_iter().peekable();
    let (mut walk, mut failures) = (Walk::new(rate), 1_u64);
    let each = (1..=devices).map(|device| {
        // As good as certain: what is left of the walk changes no digit that is shown.
        if walk.stopped() > CERTAIN {
            return 1.0;
        }
        while line.next_if(|last| *last < device).is_some() {
            failures += 1;
        }
        walk.step();
        if line.peek().is_some() {
            walk.stop_from(failures);
        }
        walk.stopped()
    });
    each.collect()
}

const CERTAIN: f64 = 1.0 - 1e-9;
