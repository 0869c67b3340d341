//! What makes a number an e-value, checked by enumeration: for every healthy truth its mean is at
//! most 1, and it passes 1/alpha with probability at most alpha.

use chrono::TimeDelta;
use domain::evidence::control::{ControlError, Interval, Side};
use domain::evidence::delay::{DelayCurve, Knot};
use domain::evidence::expected::{self, Expected};
use domain::evidence::interval::confidence_band;
use domain::evidence::power::chance_of_halt;
use domain::evidence::{EValue, certificate, rate};
use proptest::prelude::*;

use super::reference::stream;
use super::{alpha, close, limit};

/// The mean over the number of hits among `n` that hit with `p`.
fn mean(n: u64, p: f64, value: impl Fn(u64) -> EValue) -> f64 {
    // As (1-p)^n, times (n-k)/(k+1) p/(1-p) for each further hit.
    let mut chance = (1.0 - p).powi(i32::try_from(n).expect("small"));
    let mut sum = 0.0;
    for hits in 0..=n {
        sum += chance * value(hits).value();
        let (left, next) = (real(n - hits), real(hits + 1));
        chance *= left / next * p / (1.0 - p);
    }
    sum
}

fn real(count: u64) -> f64 {
    f64::from(u32::try_from(count).expect("small"))
}

#[test]
fn the_mean_of_a_healthy_release_is_at_most_one() {
    for n in [1, 2, 5, 20, 60] {
        for healthy in [0.005, 0.02, 0.3, 0.9] {
            let at = |p: f64| mean(n, p, |failed| rate::ln_e(failed, n - failed, limit(healthy)));
            close(at(healthy), 1.0, 1e-9);
            for part in [0.0, 0.1, 0.5, 0.99] {
                assert!(at(healthy * part) <= 1.0 + 1e-9, "{n} devices, {part} of {healthy}");
            }
            assert!(at((healthy * 1.5).min(0.99)) > 1.0);
            let mirror = |p: f64| mean(n, p, |f| certificate::ln_e(f, n - f, limit(healthy)));
            close(mirror(healthy), 1.0, 1e-9);
            assert!(mirror(f64::midpoint(healthy, 1.0)) <= 1.0 + 1e-9);
        }
    }
}

#[test]
fn the_mean_against_a_control_is_at_most_one_whatever_the_drift() {
    for (updated, control, incidents) in [(100, 900, 7), (500, 500, 12), (9, 1, 5)] {
        for ratio in [0.2, 1.0, 1.2] {
            let odds = real(updated) / real(control) * ratio;
            let found = mean(incidents, odds / (1.0 + odds), |on_updated| {
                stream(&[(updated, control, on_updated, incidents - on_updated)]).evidence()
            });
            assert!(found <= 1.0 + 1e-9, "{found}");
            assert!(ratio < 1.2 || found > 1.0 - 1e-9);
        }
    }
}

/// Devices with an incident, not incidents: both sides are drawn without replacement, which is less
/// spread than the formula assumes.
#[test]
fn the_mean_against_a_control_is_at_most_one_for_counts_of_devices() {
    for (updated, control) in [(10, 10), (20, 60), (45, 5)] {
        for rate in [0.01, 0.1, 0.5, 0.8] {
            let found = mean(updated, rate * 1.2, |on_updated| {
                let inner = mean(control, rate, |on_control| {
                    stream(&[(updated, control, on_updated, on_control)]).evidence()
                });
                EValue::from_ln(inner.ln()).expect("above zero")
            });
            assert!(found <= 1.0, "{found}");
        }
    }
}

/// One device, watched all the time, stopped at its first failure: the mean of the formula as
/// quality.md A3 has it is above 1, that of ours is not.
#[test]
fn expected_counts_stay_valid_for_who_stops_at_the_first_failure() {
    const STEPS: u32 = 20_000;
    let healthy = 0.4;
    let mean = |lambda: &dyn Fn(f64) -> f64| {
        let value = |failed: u64, age: f64| {
            expected::ln_e(failed, Expected::new(lambda(age)).expect("a number")).value()
        };
        let step = 1.0 / f64::from(STEPS);
        let failing: f64 = (0..STEPS)
            .map(|place| healthy * step * value(1, (f64::from(place) + 0.5) * step))
            .sum();
        failing + (1.0 - healthy) * value(0, 1.0)
    };
    let as_printed = mean(&|age| healthy * age);
    let curve = DelayCurve::new(vec![Knot { age: TimeDelta::days(1), share: 1.0 }]).expect("good");
    let ours = mean(&|age| {
        #[allow(clippy::cast_possible_truncation, reason = "milliseconds of a day")]
        let age = TimeDelta::milliseconds((age * 86_400_000.0) as i64);
        Expected::of([(age, 1)], limit(healthy), &curve).get()
    });
    assert!(as_printed > 1.05, "{as_printed}");
    close(ours, 1.0, 1e-3);
}

#[test]
fn looking_all_the_time_does_not_raise_the_error() {
    for healthy in [0.005, 0.02, 0.2] {
        for level in [0.1, 0.01] {
            for part in [0.5, 0.9, 1.0] {
                let chance = chance_of_halt(3_000, healthy * part, limit(healthy), alpha(level));
                assert!(chance <= level, "{chance} at {part} of {healthy}, {level}");
            }
        }
    }
}

#[test]
fn incidents_where_nobody_is_are_refused_and_an_interval_without_control_says_nothing() {
    let mut stream = stream(&[(10, 10, 1, 1)]);
    let before = stream.clone();
    let side = |exposure, incidents| Side { exposure, incidents };
    let nobody = Interval { updated: side(0, 1), control: side(5, 0) };
    assert_eq!(stream.add(&nobody), Err(ControlError::Nobody));
    let alone = Interval { updated: side(9, 4), control: side(0, 0) };
    assert_eq!(stream.add(&alone), Ok(()));
    assert_eq!(stream, before);
}

proptest! {
    #[test]
    fn always_finite(failures in 0_u64..=1_000_000_000, successes in 0_u64..=1_000_000_000,
                     healthy in 1e-6_f64..0.999_999) {
        for found in [
            rate::ln_e(failures, successes, limit(healthy)),
            certificate::ln_e(failures, successes, limit(healthy)),
            stream(&[(successes + 1, failures + 1, failures, successes)]).evidence(),
            expected::ln_e(failures, Expected::new(healthy * 1e9).expect("a number")),
        ] {
            prop_assert!(found.ln().is_finite() && found.value().is_finite());
        }
        let wilson = certificate::wilson_upper(failures, successes);
        prop_assert!((0.0..=1.0).contains(&wilson));
    }

    #[test]
    fn more_failures_never_weigh_less(failures in 0_u64..100_000, successes in 1_u64..1_000_000,
                                      healthy in 0.001_f64..0.9) {
        let healthy = limit(healthy);
        let here = rate::ln_e(failures, successes, healthy).ln();
        let slack = 1e-12 * (1.0 + here.abs()) * 1e3;
        prop_assert!(rate::ln_e(failures + 1, successes - 1, healthy).ln() >= here - slack);
        prop_assert!(rate::ln_e(failures + 1, successes, healthy).ln() >= here - slack);
        prop_assert!(rate::ln_e(failures, successes + 1, healthy).ln() <= here + slack);
        let good = certificate::ln_e(failures, successes, healthy).ln();
        prop_assert!(certificate::ln_e(failures + 1, successes - 1, healthy).ln() <= good + slack);
    }

    #[test]
    fn intervals_count_in_any_order_and_any_portions(
        parts in proptest::collection::vec((1_u64..5_000, 1_u64..5_000, 0_u64..50, 0_u64..50), 1..20),
    ) {
        let forth = stream(&parts).evidence().ln();
        let mut turned = parts.clone();
        turned.reverse();
        let mut halves = Vec::new();
        for (updated, control, left, right) in parts {
            halves.push((updated, control, left / 2, right));
            halves.push((updated, control, left - left / 2, 0));
        }
        prop_assert!((stream(&turned).evidence().ln() - forth).abs() < 1e-9);
        prop_assert!((stream(&halves).evidence().ln() - forth).abs() < 1e-9);
    }

    #[test]
    fn the_band_holds_the_rate_seen(failures in 0_u64..2_000, successes in 0_u64..20_000) {
        let band = confidence_band(failures, successes, alpha(0.05));
        prop_assert!(band.low <= band.high);
        if failures + successes > 0 {
            let seen = real(failures) / real(failures + successes);
            prop_assert!(band.low <= seen && seen <= band.high, "{band:?} {seen}");
        }
    }
}
