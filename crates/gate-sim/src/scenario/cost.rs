//! What one evaluation costs: 6 signals, 5 rings, 50 segments.

use std::hint::black_box;
use std::time::{Duration, Instant};

use domain::evidence::rate::RateTest;
use domain::evidence::verdict::{Setting, Signal, Verdict, judge};
use domain::evidence::{Levels, Weight};

use super::limit;
use crate::report::Report;

const SIGNALS: usize = 6;
const RINGS: u64 = 5;
const SEGMENTS: u64 = 50;

pub(crate) fn play(report: &mut Report) {
    let mut best = Duration::MAX;
    for failures in 0..20 {
        let start = Instant::now();
        black_box(evaluate(black_box(failures)));
        best = best.min(start.elapsed());
    }
    // What a debug build costs says nothing.
    let met = best < Duration::from_millis(1) || cfg!(debug_assertions);
    let what = "cost of one evaluation: 6 signals, 5 rings, 50 segments, from counts";
    report.check(what, "< 1 ms", "-", (format!("{} us", best.as_micros()), met));
}

/// From counts to a verdict, nothing kept from the last time.
fn evaluate(failures: u64) -> Verdict {
    let signals: Vec<Signal> = (0..SIGNALS)
        .map(|_| {
            let test = RateTest::new(limit(0.02));
            Signal {
                weight: Weight::one_of(SIGNALS),
                pooled: test.evidence(failures * 60, 10_000),
                rings: (1..=RINGS).map(|ring| test.evidence(failures * ring, 2_000)).collect(),
                segments: (0..SEGMENTS).map(|one| test.evidence(failures + one, 600)).collect(),
            }
        })
        .collect();
    let setting = Setting {
        levels: Levels::default(),
        planned_rings: 5,
        planned_segments: 50,
        false_suspects: Weight::one_of(10),
    };
    judge(&signals, &setting)
}
