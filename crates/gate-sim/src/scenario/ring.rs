//! One ring of 100,000, a look after every report: false halts, how soon a regression is stopped,
//! and other rules on the same runs.

use domain::evidence::Alpha;
use domain::evidence::rate::{RateTest, halt_line};

use super::{alpha, limit};
use crate::figures::{maybe, percent, percentile, real, share, stopped, upper_99, when};
use crate::play::{self, Size};
use crate::report::Report;
use crate::rules::Rule;

const DEVICES: u64 = 100_000;

/// Failure rates; 2 % is the limit.
const RATES: [f64; 7] = [0.01, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2];

pub(crate) fn play(report: &mut Report, size: Size, seed: u64) {
    let rules = rules();
    let played: Vec<Vec<Vec<Option<u64>>>> = (1..)
        .zip(RATES)
        .map(|(scenario, rate)| {
            let runs = play::play(size.runs(), seed, scenario, |chance| {
                let failures = chance.failures(DEVICES, rate);
                rules.iter().map(|rule| rule.stops(&failures, DEVICES)).collect::<Vec<_>>()
            });
            (0..rules.len())
                .map(|rule| runs.iter().map(|run| run.get(rule).copied().flatten()).collect())
                .collect()
        })
        .collect();
    let rows = rules
        .iter()
        .enumerate()
        .map(|(rule, named)| {
            let mut row = vec![named.name()];
            row.extend(played.iter().map(|rate| stopped(&rate[rule])));
            row
        })
        .collect();
    let head = ["rule", "1 % (healthy)", "2 % (healthy)", "3 %", "4 % (2x)", "6 %", "10 %", "20 %"];
    let note = "Ring of 100,000, a look after every report. Share stopped, devices reported at the \
                stop p50 / p95.";
    report.section("One ring, side by side", note, &head, rows);
    checks(report, size, seed, &played);
}

/// Ours first, the tuned one second.
fn rules() -> Vec<Rule> {
    vec![
        Rule::evidence(limit(0.02), Alpha::DEFAULT, DEVICES),
        Rule::Sprt { alpha: 0.01 },
        Rule::HawkBit { percent: 3 },
        Rule::Aws { percent: 3, least: 10 },
        Rule::Aws { percent: 3, least: 100 },
        Rule::Aws { percent: 3, least: 1_000 },
        Rule::Aws { percent: 5, least: 100 },
    ]
}

fn checks(report: &mut Report, size: Size, seed: u64, played: &[Vec<Vec<Option<u64>>>]) {
    let healthy = share(&played[1][0], Option::is_some);
    let upper = upper_99(healthy, size.runs());
    let upper_met = upper <= 0.013 || size == Size::Quick;
    let met = size.at_most(healthy, 0.01, size.runs()) && upper_met;
    report.check(
        "false halt: healthy release of 100,000, a look per report",
        "<= 1 %, 99 % upper <= 1.3 %",
        "0.57 %",
        (format!("{}, upper {}", percent(healthy), percent(upper)), met),
    );
    let watched = play::play(size.runs(), seed, 9, {
        let watch = Rule::evidence(limit(0.02), alpha(0.1), DEVICES);
        move |chance| watch.stops(&chance.failures(DEVICES, 0.02), DEVICES)
    });
    let held = share(&watched, Option::is_some);
    let worst = "false hold: the same, for watch";
    report.check(worst, "<= 10 %", "-", (percent(held), size.at_most(held, 0.1, size.runs())));
    let slack = size.slack();
    for (rate, name, p50, p95, reference) in [
        (3, "2x", 750.0, 1_900.0, "706 / 1,829"),
        (4, "3x", 210.0, 560.0, "197 / 533"),
        (5, "10 %", 65.0, 180.0, "61 / 170"),
        (6, "20 %", 18.0, 50.0, "17 / 49"),
    ] {
        let runs = &played[rate][0];
        let at = |p| percentile(runs, p).map_or(f64::INFINITY, real);
        let met = at(50) <= p50 * slack && at(95) <= p95 * slack;
        let what = format!("detection of {name}, devices reported at the halt, p50 / p95");
        report.check(what, format!("<= {p50} / {p95}"), reference, (when(runs), met));
    }
    let (ours, tuned) = (percentile(&played[3][0], 50), percentile(&played[3][1], 50));
    let ratio = ours.map_or(f64::INFINITY, real) / tuned.map_or(f64::NAN, real);
    let found = format!("{ratio:.2}x ({} against {})", maybe(ours), maybe(tuned));
    report.check(
        "efficiency at 2x, p50 against the tuned SPRT",
        "<= 1.5x",
        "1.42x",
        (found, ratio <= 1.5 * slack),
    );
    agreement(report, size, seed);
}

/// The halt line is only a way to read the evidence: both must name the same report.
fn agreement(report: &mut Report, size: Size, seed: u64) {
    let test = RateTest::new(limit(0.02));
    let threshold = Alpha::DEFAULT.threshold();
    let line = Rule::Evidence(halt_line(limit(0.02), Alpha::DEFAULT, 2_000));
    let runs = size.runs() * 10;
    let equal = play::play(runs, seed, 10, |chance| {
        let failures = chance.failures(2_000, 0.04);
        let direct = (1_u64..).zip(&failures).find_map(|(failed, device)| {
            test.evidence(failed, device - failed).reaches(threshold).then_some(*device)
        });
        direct == line.stops(&failures, 2_000)
    });
    let same = share(&equal, |equal| *equal);
    let what = format!("halt line and evidence halt at the same report, {runs} runs");
    report.check(what, "100 %", "100 %", (percent(same), same >= 1.0));
}
