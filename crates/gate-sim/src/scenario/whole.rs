//! The whole verdict on a fleet in five rings: three signals, five rings and twenty models share one
//! error. What does the sharing cost? The promise of 2.5 % exposed is about T1 with all of the error;
//! one that shares may cost a tenth more.

use domain::evidence::rate::RateTest;
use domain::evidence::verdict::{Setting, Signal, judge};
use domain::evidence::{Alpha, EValue, Level, Levels, Weight};

use super::fleet::{ENDS, exposed};
use super::limit;
use crate::figures::{percent, percentile, real, share, stopped};
use crate::play::{self, Size};
use crate::report::Report;
use crate::rules::Rule;

const MODELS: u64 = 20;

/// Limit and share of the error of each signal: failed, lost, crashed.
const SIGNALS: [(f64, f64); 3] = [(0.02, 0.7), (0.01, 0.15), (0.01, 0.15)];

/// Rates of the first signal.
const RATES: [f64; 4] = [0.02, 0.04, 0.06, 0.2];

pub(crate) fn play(report: &mut Report, size: Size, seed: u64) {
    let alone = Rule::evidence(limit(0.02), Alpha::DEFAULT, ENDS[4]);
    let played: Vec<Vec<[Option<u64>; 2]>> = (800..)
        .zip(RATES)
        .map(|(scenario, rate)| {
            play::play(size.dearest_runs(), seed, scenario, |chance| {
                let failed = chance.failures(ENDS[4], rate);
                let lost = chance.failures(ENDS[4], SIGNALS[1].0);
                let crashed = chance.failures(ENDS[4], SIGNALS[2].0);
                let first = alone.stops(&failed, ENDS[4]);
                [first, release([&failed, &lost, &crashed])].map(|stop| stop.map(exposed))
            })
        })
        .collect();
    let of = |rate: usize, rule: usize| -> Vec<Option<u64>> {
        played[rate].iter().map(|run| run[rule]).collect()
    };
    let row = |name: &str, rule: usize| {
        let mut row = vec![name.to_owned()];
        row.extend((0..RATES.len()).map(|rate| stopped(&of(rate, rule))));
        row
    };
    let rows = vec![
        row("failed installs alone, pooled, all of the error", 0),
        row("**whole verdict**", 1),
    ];
    let note = "Failed, lost and crashed devices (70, 15 and 15 % of the error, all three failing at \
                their limits of 2, 1 and 1 %),\nfive rings, twenty models. Share stopped, devices \
                exposed p50 / p95.";
    let head = ["rule", "2 % (healthy)", "4 % (2x)", "6 %", "20 %"];
    report.section("The whole verdict", note, &head, rows);
    let healthy = share(&of(0, 1), Option::is_some);
    let what = "whole verdict: healthy release stopped (3 signals, 5 rings, 20 models)";
    let met = size.at_most(healthy, 0.01, size.dearest_runs());
    report.check(what, "<= 1 %", "-", (percent(healthy), met));
    let p95 = percentile(&of(1, 1), 95).map_or(f64::INFINITY, real) / real(ENDS[4]);
    let what = "whole verdict: exposure of 2x, p95 of the fleet";
    let met = p95 <= 0.0275 * size.slack();
    report.check(what, "<= 2.75 % (T1 alone: 2.5 %)", "-", (percent(p95), met));
}

/// What is known of one signal.
struct Watched {
    test: RateTest,
    failed: u64,
    /// Failures in each ring and each model.
    by_ring: [u64; 5],
    by_model: Vec<u64>,
    signal: Signal,
}

impl Watched {
    fn new((healthy, weight): (f64, f64)) -> Self {
        let one = EValue::ONE;
        let weight = Weight::new(weight).unwrap_or(Weight::WHOLE);
        let segments = (0..MODELS).map(|_| one).collect();
        Self {
            test: RateTest::new(limit(healthy)),
            failed: 0,
            by_ring: [0; 5],
            by_model: (0..MODELS).map(|_| 0).collect(),
            signal: Signal { weight, pooled: one, rings: Vec::new(), segments },
        }
    }

    /// The report of `device`, which failed. Offers go round the models, so that each has had its
    /// share at any time. What did not change since its last failure only fell, so it is let be.
    fn failed(&mut self, device: u64) {
        let ring = ENDS.iter().filter(|end| **end < device).count();
        let model = usize::try_from((device - 1) % MODELS).unwrap_or(0);
        self.failed += 1;
        self.by_ring[ring] += 1;
        self.by_model[model] += 1;
        self.signal.pooled = self.test.evidence(self.failed, device - self.failed);
        let start = if ring == 0 { 0 } else { ENDS[ring - 1] };
        let in_ring = self.by_ring[ring];
        self.signal.rings.resize(ring + 1, EValue::ONE);
        self.signal.rings[ring] = self.test.evidence(in_ring, device - start - in_ring);
        let in_model = self.by_model[model];
        let seen = (device - 1) / MODELS + 1;
        self.signal.segments[model] = self.test.evidence(in_model, seen - in_model);
    }
}

/// The device at whose report the verdict pauses.
fn release(failures: [&[u64]; 3]) -> Option<u64> {
    let setting = Setting {
        levels: Levels::default(),
        planned_rings: ENDS.len(),
        planned_segments: usize::try_from(MODELS).unwrap_or(usize::MAX),
        false_suspects: Weight::one_of(10),
    };
    let mut reports: Vec<(u64, usize)> = Vec::new();
    for (signal, devices) in failures.into_iter().enumerate() {
        reports.extend(devices.iter().map(|device| (*device, signal)));
    }
    reports.sort_unstable();
    let mut watched = SIGNALS.map(Watched::new);
    let mut signals: Vec<Signal> = watched.iter().map(|one| one.signal.clone()).collect();
    reports.into_iter().find_map(|(device, signal)| {
        watched[signal].failed(device);
        signals[signal].clone_from(&watched[signal].signal);
        (judge(&signals, &setting).level >= Level::Pause).then_some(device)
    })
}
