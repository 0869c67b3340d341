//! A fleet of 100,000 in five rings, evidence carried over their borders, 500 devices in flight:
//! how many devices have the update when it is stopped.

use domain::evidence::rate::RateTest;
use domain::evidence::{Alpha, EValue, Weight, combine};

use super::limit;
use crate::figures::{percent, percentile, real, share, stopped};
use crate::play::{self, Size};
use crate::report::Report;
use crate::rules::Rule;

/// Where the rings end: 100, 1,000, 9,000, 30,000 and 59,900 devices.
pub(super) const ENDS: [u64; 5] = [100, 1_100, 10_100, 40_100, 100_000];

/// Devices that are offered and have not reported.
const IN_FLIGHT: u64 = 500;

const RATES: [f64; 7] = [0.02, 0.025, 0.03, 0.04, 0.06, 0.1, 0.2];

/// How the rules of a row are called.
const NAMES: [&str; 5] = [
    "T1 pooled",
    "T1 pooled and by ring, as in production",
    "half pooled, half to the current ring (not used)",
    "hawkBit 3 %",
    "AWS IoT 3 %, min 100",
];

pub(crate) fn play(report: &mut Report, size: Size, seed: u64) {
    let pooled = Rule::evidence(limit(0.02), Alpha::DEFAULT, ENDS[4]);
    let test = RateTest::new(limit(0.02));
    let played: Vec<Vec<Vec<Option<u64>>>> = (100..)
        .zip(RATES)
        .map(|(scenario, rate)| {
            let runs = play::play(size.runs(), seed, scenario, |chance| {
                let failures = chance.failures(ENDS[4], rate);
                let [ours, naive] = by_ring(&test, &failures);
                let aws = Rule::Aws { percent: 3, least: 100 };
                [
                    pooled.stops(&failures, ENDS[4]),
                    ours,
                    naive,
                    group_by_group(&failures),
                    aws.stops(&failures, ENDS[4]),
                ]
                .map(|stop| stop.map(exposed))
            });
            (0..NAMES.len()).map(|rule| runs.iter().map(|run| run[rule]).collect()).collect()
        })
        .collect();
    let rows = (0..NAMES.len())
        .map(|rule| {
            let mut row = vec![NAMES[rule].to_owned()];
            row.extend(played.iter().map(|rate| stopped(&rate[rule])));
            row
        })
        .collect();
    let note = "Rings of 100, 1,000, 9,000, 30,000 and 59,900, at most 500 devices offered and not \
                reported.\nShare stopped, devices exposed at the stop p50 / p95.";
    let head = ["rule", "2 % (healthy)", "2.5 %", "3 %", "4 % (2x)", "6 %", "10 %", "20 %"];
    report.section("A fleet in five rings", note, &head, rows);
    checks(report, size, &played);
}

fn checks(report: &mut Report, size: Size, played: &[Vec<Vec<Option<u64>>>]) {
    for (rule, name) in [(0, "pooled"), (1, "pooled and by ring")] {
        let healthy = share(&played[0][rule], Option::is_some);
        let reference = if rule == 0 { "0.57 %" } else { "-" };
        let what = format!("false halt: healthy release through five rings, {name}");
        report.check(
            what,
            "<= 1 %",
            reference,
            (percent(healthy), size.at_most(healthy, 0.01, size.runs())),
        );
        let p95 = percentile(&played[3][rule], 95).map_or(f64::INFINITY, real);
        let reference = if rule == 0 { "2.3 %" } else { "-" };
        let what = format!("exposure of 2x at the stop, p95 of the fleet, {name}");
        let found = p95 / real(ENDS[4]);
        let met = found <= 0.025 * size.slack();
        report.check(what, "<= 2.5 %", reference, (percent(found), met));
    }
    let p99 = percentile(&played[6][0], 99).map_or(f64::INFINITY, real);
    let what = "10x regression stays in the first ring, p99 of devices exposed";
    report.check(what, "<= 100", "100", (p99.to_string(), p99 <= 100.0));
}

pub(super) fn exposed(reported: u64) -> u64 {
    (reported + IN_FLIGHT).min(end_of(reported))
}

fn end_of(device: u64) -> u64 {
    ENDS.into_iter().find(|end| device <= *end).unwrap_or(ENDS[4])
}

/// As in production, and with half of the error for each ring in turn.
fn by_ring(test: &RateTest, failures: &[u64]) -> [Option<u64>; 2] {
    let threshold = Alpha::DEFAULT.threshold();
    let mut stops = [None, None];
    let mut done: Vec<EValue> = Vec::new();
    let (mut start, mut before) = (0, 0);
    for (failed, &device) in (1_u64..).zip(failures) {
        while device > ENDS[done.len()] {
            let end = ENDS[done.len()];
            done.push(test.evidence(failed - 1 - before, end - start - (failed - 1 - before)));
            (start, before) = (end, failed - 1);
        }
        let pooled = test.evidence(failed, device - failed);
        let ring = test.evidence(failed - before, device - start - (failed - before));
        if stops[1].is_none() {
            let naive = EValue::average(&[(Weight::HALF, pooled), (Weight::HALF, ring)]);
            stops[1] = naive.reaches(threshold).then_some(device);
        }
        done.push(ring);
        let ours = combine::rings(pooled, &done, ENDS.len());
        done.pop();
        if stops[0].is_none() && ours.reaches(threshold) {
            stops[0] = Some(device);
        }
        if stops.iter().all(Option::is_some) {
            break;
        }
    }
    stops
}

/// Each ring is a group with its own share.
fn group_by_group(failures: &[u64]) -> Option<u64> {
    let mut start = 0;
    ENDS.into_iter().find_map(|end| {
        let in_group: Vec<u64> = failures
            .iter()
            .filter(|device| (start + 1..=end).contains(*device))
            .map(|device| device - start)
            .collect();
        let stop = Rule::HawkBit { percent: 3 }.stops(&in_group, end - start);
        let stop = stop.map(|device| device + start);
        start = end;
        stop
    })
}
