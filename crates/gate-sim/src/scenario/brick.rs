//! Devices that die without a word: "install started", then silence. No error is ever reported.

use domain::evidence::Alpha;

use super::limit;
use crate::figures::{percent, percentile, real, share, stopped};
use crate::play::{self, Size};
use crate::report::Report;
use crate::rules::Rule;

const DEVICES: u64 = 2_000;
/// Devices of a healthy release that go silent during the install.
const LOST: f64 = 0.005;
const BRICKS: [f64; 3] = [0.0, 0.02, 0.05];

pub(crate) fn play(report: &mut Report, size: Size, seed: u64) {
    let ours = Rule::evidence(limit(0.01), Alpha::DEFAULT, DEVICES);
    let timeouts = Rule::Aws { percent: 3, least: 100 };
    let errors = Rule::HawkBit { percent: 3 };
    let played: Vec<Vec<[Option<u64>; 3]>> = (500..)
        .zip(BRICKS)
        .map(|(scenario, bricks)| {
            play::play(size.runs(), seed, scenario, |chance| {
                let lost = chance.failures(DEVICES, LOST + bricks);
                // hawkBit waits for an answer of each device for ever.
                let reported = [];
                [
                    ours.stops(&lost, DEVICES),
                    errors.stops(&reported, DEVICES),
                    timeouts.stops(&lost, DEVICES),
                ]
            })
        })
        .collect();
    let of = |bricks: usize, rule: usize| -> Vec<Option<u64>> {
        played[bricks].iter().map(|run| run[rule]).collect()
    };
    let names = [
        "**lost during install, T1 against 1 %**",
        "hawkBit: errors/group > 3 %",
        "AWS IoT: timed out or failed >= 3 %, min 100",
    ];
    let rows = names
        .iter()
        .enumerate()
        .map(|(rule, name)| {
            let mut row = vec![(*name).to_owned()];
            row.extend((0..BRICKS.len()).map(|bricks| stopped(&of(bricks, rule))));
            row
        })
        .collect();
    let note = "2,000 devices updated, of which 0.5 % go silent anyway. Share stopped, devices \
                judged p50 / p95.";
    let head = ["rule", "no bricks (healthy)", "2 % bricks", "5 % bricks"];
    report.section("Silent bricks", note, &head, rows);
    let healthy = share(&of(0, 0), Option::is_some);
    let found = percent(healthy);
    let what = "bricks: healthy release stopped by lost-during-install";
    report.check(what, "<= 1 %", "0.06 %", (found, size.at_most(healthy, 0.01, size.runs())));
    let caught = share(&of(1, 0), Option::is_some);
    let p50 = percentile(&of(1, 0), 50).map_or(f64::INFINITY, real);
    let found = format!("{}, {p50} devices", percent(caught));
    let met = size.at_least(caught, 0.95, size.runs()) && p50 <= 750.0 * size.slack();
    let what = "bricks: 2 % stopped, median devices judged";
    report.check(what, ">= 95 %, <= 750", "97.0 %, 666", (found, met));
}
