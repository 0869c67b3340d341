//! Signals, rings and segments together.

use domain::evidence::combine::{rings, strongest, suspects};
use domain::evidence::rate::RateTest;
use domain::evidence::verdict::{Setting, Signal, Source, judge};
use domain::evidence::{Alpha, EValue, FORMULA, Level, Levels, Weight};
use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::{Error, StringDeserializer};

use super::{at, close, limit};

fn weight(weight: f64) -> Weight {
    Weight::new(weight).expect("a share")
}

#[test]
fn the_average_is_weighted_and_survives_any_size() {
    let mean = EValue::average(&[(weight(0.25), at(8.0)), (weight(0.75), at(16.0))]);
    close(mean.value(), 14.0, 1e-12);
    let huge = EValue::from_ln(1e9).expect("finite");
    let tiny = EValue::from_ln(-1e9).expect("finite");
    let mean = EValue::average(&[(Weight::HALF, huge), (Weight::HALF, tiny)]);
    close(mean.ln(), 1e9 - 2_f64.ln(), 1e-6);
    assert_eq!(EValue::average(&[]), EValue::ONE);
    // Nobody gets more than the whole.
    let mean = EValue::average(&[(Weight::WHOLE, at(4.0)), (Weight::WHOLE, at(8.0))]);
    close(mean.value(), 6.0, 1e-12);
    assert_eq!(EValue::from_ln(f64::NAN), None);
    assert_eq!(EValue::from_ln(f64::INFINITY), None);
}

#[test]
fn the_strongest_signal_is_named() {
    let found =
        strongest(&[(weight(0.5), at(100.0)), (weight(0.25), at(300.0)), (weight(0.25), at(1.0))]);
    assert_eq!(found.position, Some(1));
    close(found.evidence.value(), 75.0, 1e-9);
    assert_eq!(strongest(&[]).evidence, EValue::ONE);
    let equal = strongest(&[(Weight::HALF, at(3.0)), (Weight::HALF, at(3.0))]);
    assert_eq!(equal.position, Some(0), "the first of equals");
}

/// All fates of two rings of five devices, at the limit: whoever stops as soon as the evidence of
/// the whole release reaches x has a mean of at most 1. With half of the error for each ring
/// anew, the mean is above 1.
#[test]
fn rings_share_one_error() {
    let healthy = 0.3;
    let test = RateTest::new(limit(healthy));
    let mean = |combined: &dyn Fn(EValue, &[EValue]) -> EValue| -> f64 {
        (0_u32..1 << 10)
            .map(|fate| {
                let failed = |from: u32, upto: u32| {
                    u64::from((from..upto).map(|device| (fate >> device) & 1).sum::<u32>())
                };
                let of = |from: u32, upto: u32| {
                    let failures = failed(from, upto);
                    test.evidence(failures, u64::from(upto - from) - failures)
                };
                let values = (1..=10).map(|devices| {
                    let first = of(0, devices.min(5));
                    if devices <= 5 {
                        combined(of(0, devices), &[first])
                    } else {
                        combined(of(0, devices), &[first, of(5, devices)])
                    }
                });
                let mut last = EValue::ONE;
                for value in values {
                    last = value;
                    if value.reaches(at(1.2)) {
                        break;
                    }
                }
                let failures = i32::try_from(failed(0, 10)).expect("small");
                f64::powi(healthy, failures)
                    * f64::powi(1.0 - healthy, 10 - failures)
                    * last.value()
            })
            .sum()
    };
    let ours = mean(&|pooled, opened| rings(pooled, opened, 2));
    close(ours, 1.0, 1e-9);
    let anew = mean(&|pooled, opened| {
        let current = opened.last().copied().unwrap_or(EValue::ONE);
        EValue::average(&[(Weight::HALF, pooled), (Weight::HALF, current)])
    });
    assert!(anew > 1.01, "{anew}");
}

#[test]
fn suspects_by_e_bh() {
    let q = weight(0.1);
    // m = 4: one needs 40, two need 20 each, three 13.4, four 10.
    assert!(suspects(&[at(39.0), at(1.0), at(1.0), at(1.0)], q).is_empty());
    assert_eq!(suspects(&[at(1.0), at(41.0), at(1.0), at(1.0)], q), [1]);
    assert_eq!(suspects(&[at(21.0), at(1.0), at(39.0), at(1.0)], q), [2, 0]);
    assert_eq!(suspects(&[at(11.0), at(11.0), at(11.0), at(11.0)], q), [0, 1, 2, 3]);
    assert!(suspects(&[], q).is_empty());
}

fn setting(planned_rings: usize, planned_segments: usize) -> Setting {
    Setting {
        levels: Levels::default(),
        planned_rings,
        planned_segments,
        false_suspects: weight(0.1),
    }
}

fn signal(share: f64, pooled: f64, segments: &[f64]) -> Signal {
    Signal {
        weight: weight(share),
        pooled: at(pooled),
        rings: vec![at(pooled)],
        segments: segments.iter().map(|value| at(*value)).collect(),
    }
}

#[test]
fn the_verdict_names_level_and_source() {
    let none = judge(&[], &setting(5, 0));
    assert_eq!((none.level, none.source, none.formula), (Level::Calm, None, FORMULA));
    let pooled = judge(&[signal(0.5, 250.0, &[]), signal(0.5, 1.0, &[])], &setting(1, 0));
    assert_eq!(pooled.level, Level::Pause);
    assert_eq!(pooled.source, Some(Source::Signal { signal: 0 }));
    // Half of the error, a tenth of it for each segment, half of that for the signal.
    let in_one = |value: f64| {
        judge(&[signal(0.5, 1.0, &[]), signal(0.5, 2.0, &[1.0, value])], &setting(1, 10))
    };
    assert_eq!(in_one(3_900.0).level, Level::Watch);
    let found = in_one(4_100.0);
    assert_eq!(found.level, Level::Pause);
    assert_eq!(found.source, Some(Source::Segment { segment: 1, signal: 1 }));
    assert_eq!(found.suspects, [1]);
    // Less of a segment than is planned stands at 1 and takes its share.
    assert_eq!(judge(&[signal(1.0, 1.0, &[])], &setting(1, 10)).level, Level::Calm);
}

/// What a plan may count on is enough to halt, whatever the rings and segments say.
#[test]
fn the_share_of_the_pooled_evidence_is_enough_to_halt() {
    for (rings, segments) in [(1, 0), (5, 0), (5, 50)] {
        let setting = setting(rings, segments);
        let alpha = Alpha::DEFAULT.times(setting.share_of_pooled(weight(0.5)));
        let silent = at(1e-9);
        let signal = |pooled| Signal {
            weight: weight(0.5),
            pooled,
            rings: vec![silent; rings],
            segments: vec![silent; segments],
        };
        let enough = EValue::from_ln(alpha.threshold().ln() + 1e-9).expect("finite");
        let verdict = judge(&[signal(enough), signal(silent)], &setting);
        assert_eq!(verdict.level, Level::Pause, "{rings} rings, {segments} segments");
    }
}

#[test]
fn levels_turn_at_their_values() {
    let levels = Levels::default();
    for (value, level) in [
        (9.99, Level::Calm),
        (10.0, Level::Watch),
        (99.9, Level::Watch),
        (100.0, Level::Pause),
        (9_999.0, Level::Pause),
        (10_000.0, Level::RollBack),
    ] {
        assert_eq!(levels.of(at(value)), level, "{value}");
    }
    assert!(Levels::new(1.0, 100.0, 10_000.0).is_err());
    assert!(Levels::new(20.0, 10.0, 10_000.0).is_err());
    assert!(Levels::new(f64::NAN, 10.0, 10_000.0).is_err());
}

/// What is stored is text, and it reads back as the same bits.
#[test]
fn evidence_is_stored_to_the_bit() {
    for failures in 0..500 {
        let found = RateTest::new(limit(0.017)).evidence(failures, 9_999);
        let text: StringDeserializer<Error> = found.ln().to_string().into_deserializer();
        let read = EValue::deserialize(text).expect("a number");
        assert_eq!(read.ln().to_bits(), found.ln().to_bits());
    }
    let text: StringDeserializer<Error> = "NaN".to_owned().into_deserializer();
    assert!(EValue::deserialize(text).is_err());
}
