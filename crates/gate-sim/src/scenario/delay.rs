//! Failures are reported after an hour, successes after a day: what counts as the denominator
//! decides whether healthy releases are stopped.

use domain::evidence::Alpha;
use domain::evidence::rate::halt_line;

use super::limit;
use crate::figures::{count, percent, real, share, stopped};
use crate::play::{self, Size};
use crate::random::Chance;
use crate::report::Report;

const DEVICES: u64 = 20_000;
/// Offers an hour.
const PACE: f64 = 1_000.0;
const RATES: [f64; 3] = [0.01, 0.02, 0.04];
const NAMES: [&str; 4] = [
    "AWS IoT: failed/executed >= 5 %, min 100",
    "T1 on reports as they come in (not used)",
    "**T1, matured cohort**",
    "**T1, offered denominator**",
];

pub(crate) fn play(report: &mut Report, size: Size, seed: u64) {
    let line = halt_line(limit(0.02), Alpha::DEFAULT, DEVICES);
    let played: Vec<Vec<[Option<u64>; 4]>> = (300..)
        .zip(RATES)
        .map(|(scenario, rate)| {
            play::play(size.dear_runs(), seed, scenario, |chance| release(chance, rate, &line))
        })
        .collect();
    let of = |rate: usize, rule: usize| -> Vec<Option<u64>> {
        played[rate].iter().map(|run| run[rule]).collect()
    };
    let rows = (0..NAMES.len())
        .map(|rule| {
            let mut row = vec![NAMES[rule].to_owned()];
            row.extend((0..RATES.len()).map(|rate| stopped(&of(rate, rule))));
            row
        })
        .collect();
    let note = "20,000 devices, 1,000 offers an hour; failures are reported after 1 h on average, \
                successes after 20 h\n(both exponential), limit 2 %. Share stopped; reports at the \
                stop p50 / p95, for the last two rules devices\nmatured and offered.";
    let head = ["rule", "1 % (healthy)", "2 % (healthy)", "4 % (2x)"];
    report.section("Reports that take their time", note, &head, rows);
    for (rule, name, reference) in
        [(2, "matured cohort", "0.1 % / 0.3 %"), (3, "offered denominator", "0.00 %")]
    {
        let [low, at_limit] = [0, 1].map(|rate| share(&of(rate, rule), Option::is_some));
        let what = format!("delay: healthy release stopped at 1 % / 2 %, {name}");
        let found = format!("{} / {}", percent(low), percent(at_limit));
        let met = |share| size.at_most(share, 0.01, size.dear_runs());
        report.check(what, "<= 1 %", reference, (found, met(low) && met(at_limit)));
    }
}

fn release(chance: &mut Chance, rate: f64, line: &[u64]) -> [Option<u64>; 4] {
    // (hours of the report, whether the device failed), by offer
    let devices: Vec<(f64, f64, bool)> = (0..DEVICES)
        .map(|place| {
            let offered = real(place) / PACE;
            let failed = chance.happens(rate);
            let delay = chance.exponential(if failed { 1.0 } else { 20.0 });
            (offered, offered + delay, failed)
        })
        .collect();
    let mut reports: Vec<(f64, bool)> =
        devices.iter().map(|(_, reported, failed)| (*reported, *failed)).collect();
    reports.sort_by(|left, right| left.0.total_cmp(&right.0));
    let mut stops = [None; 4];
    let mut failed = 0;
    for (executed, (time, fails)) in (1_u64..).zip(&reports) {
        failed += usize::from(*fails);
        if executed >= 100 && count(failed) * 20 >= executed {
            stops[0] = stops[0].or(Some(executed));
        }
        let last = failed.checked_sub(1).and_then(|before| line.get(before)).copied().unwrap_or(0);
        if *fails {
            stops[1] = stops[1].or((executed <= last).then_some(executed));
            let offered = count(devices.partition_point(|(offered, _, _)| offered <= time));
            stops[3] = stops[3].or((offered <= last).then_some(offered));
        }
    }
    let in_order = (1_u64..).zip(&devices).filter(|(_, (_, _, failed))| *failed);
    stops[2] = in_order.zip(line).find(|((device, _), last)| device <= last).map(|(d, _)| d.0);
    stops
}
