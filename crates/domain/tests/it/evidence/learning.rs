//! What is learnt from the past, and what a person may write.

use chrono::TimeDelta;
use domain::evidence::baseline::{Baseline, BaselinePolicy, PastRelease, learn};
use domain::evidence::certificate::{Matured, certified, wilson_upper};
use domain::evidence::control::Ratio;
use domain::evidence::delay::{DelayCurve, DelayError, Knot};
use domain::evidence::expected::Expected;
use domain::evidence::{Alpha, Limit, Power, Weight};

use super::{close, limit};

fn past(rates: &[u64]) -> Vec<PastRelease> {
    // Failures among 1,000 devices.
    rates.iter().map(|&failures| PastRelease { failures, successes: 1_000 - failures }).collect()
}

#[test]
fn the_limit_is_learnt_from_eight_healthy_releases() {
    let policy = BaselinePolicy::new(limit(0.03));
    let few = learn(&past(&[10; 7]), &policy);
    assert_eq!(few, Baseline::Configured { limit: limit(0.03), releases: 7 });
    // Between the 9th and the 10th of eleven: exactly the 10th.
    let learnt = learn(&past(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 90]), &policy);
    close(learnt.limit().get(), 0.02 * 1.25, 1e-12);
    // 0.9 * 7 = 6.3: three tenths of the way from the 7th to the 8th.
    let learnt = learn(&past(&[8, 8, 8, 8, 8, 8, 10, 20]), &policy);
    close(learnt.limit().get(), 0.013 * 1.25, 1e-12);
    let floor = learn(&past(&[0; 9]), &policy);
    assert_eq!(floor, Baseline::History { limit: limit(0.005), releases: 9 });
    // Releases that nobody reported on are no releases.
    let mut empty = past(&[10; 7]);
    empty.push(PastRelease { failures: 0, successes: 0 });
    assert!(matches!(learn(&empty, &policy), Baseline::Configured { .. }));
    assert!(matches!(learn(&past(&[1_000; 9]), &policy), Baseline::Configured { .. }));
}

#[test]
fn a_delay_curve_is_straight_between_its_knots() {
    let ages = [4, 1, 2, 2].map(TimeDelta::hours);
    let curve = DelayCurve::from_ages(&ages).expect("ages");
    for (minutes, share) in [
        (-5, 0.0),
        (0, 0.0),
        (30, 0.125),
        (60, 0.25),
        (90, 0.5),
        (120, 0.75),
        (180, 0.875),
        (9_999, 1.0),
    ] {
        close(curve.share(TimeDelta::minutes(minutes)), share, 1e-12);
    }
    assert_eq!(DelayCurve::from_ages(&[]), Err(DelayError::Empty));
    let knot = |hours, share| Knot { age: TimeDelta::hours(hours), share };
    for bad in [
        vec![knot(0, 0.5)],
        vec![knot(1, 0.5), knot(1, 0.6)],
        vec![knot(1, 0.5), knot(2, 0.4)],
        vec![knot(1, 1.1)],
        vec![knot(1, f64::NAN)],
    ] {
        assert_eq!(DelayCurve::new(bad), Err(DelayError::Order));
    }
    let offers = [(TimeDelta::hours(1), 100), (TimeDelta::hours(10), 50)];
    let expected = Expected::of(offers, limit(0.02), &curve).get();
    close(expected, -100.0 * 0.995_f64.ln() - 50.0 * 0.98_f64.ln(), 1e-12);
}

#[test]
fn certificates_and_wilson() {
    assert!(!certified(0, 100, limit(0.02), Alpha::CERTIFICATE));
    assert!(certified(0, 200, limit(0.02), Alpha::CERTIFICATE));
    assert!(!certified(3, 197, limit(0.02), Alpha::CERTIFICATE));
    close(wilson_upper(0, 0), 1.0, 0.0);
    close(wilson_upper(5, 95), 0.099_161_085, 1e-9);
    let judged = |unknown| Matured { failures: 2, successes: 93, unknown }.failures_to_judge();
    assert_eq!((judged(0), judged(5), judged(6)), (2, 2, 8));
}

#[test]
fn shares_are_written_as_shares_or_percentages() {
    assert_eq!("0.02".parse(), Ok(limit(0.02)));
    assert_eq!("2%".parse(), Ok(limit(0.02)));
    assert_eq!("1 %".parse::<Alpha>(), Ok(Alpha::DEFAULT));
    for bad in ["2", "0", "1", "100%", "-0.1", "NaN", "inf", "", "%", "two", "1e-400"] {
        assert!(bad.parse::<Limit>().is_err(), "{bad}");
        assert!(bad.parse::<Alpha>().is_err(), "{bad}");
    }
    assert!(Power::new(1.0).is_err());
    assert!(
        Weight::new(0.0).is_err() && Weight::new(1.1).is_err() && Weight::new(f64::NAN).is_err()
    );
    assert!(Ratio::new(f64::INFINITY).is_err() && Ratio::new(0.0).is_err());
}
