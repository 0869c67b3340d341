//! Weekends and bad days: 2,000 updated devices beside 8,000 that wait, two weeks, hour by hour. The
//! rate of incidents is another one in each release, low on weekends, and high on two days for
//! everybody.

use domain::evidence::control::{Interval, Ratio, Side, Stream};
use domain::evidence::expected::{self, Expected};
use domain::evidence::{Alpha, Levels};

use crate::figures::{percent, percentile, real, share, stopped};
use crate::play::{self, Size};
use crate::random::Chance;
use crate::report::Report;

const UPDATED: u64 = 2_000;
const CONTROL: u64 = 8_000;
const DAYS: u64 = 14;
/// Devices with an incident, a day, in a middling release on a working day.
const BASE: f64 = 0.013;
/// What the absolute rules allow a day: 1.25 of the base and 3 %.
const ALLOWED: f64 = 0.01625;
const A_DAY: u64 = 60;

/// True ratios of updated to control.
const RATIOS: [f64; 4] = [1.0, 1.5, 2.0, 3.0];
const NAMES: [&str; 3] = [
    "fixed: more than 3 % of the updated in a day",
    "absolute sequential test against 1.25 of the base",
    "**T2 against control, ratio 1.2**",
];

pub(crate) fn play(report: &mut Report, size: Size, seed: u64) {
    let played: Vec<Vec<[Option<u64>; 3]>> = (200..)
        .zip(RATIOS)
        .map(|(scenario, ratio)| {
            play::play(size.runs() / 2, seed, scenario, |chance| release(chance, ratio))
        })
        .collect();
    let of = |ratio: usize, rule: usize| -> Vec<Option<u64>> {
        played[ratio].iter().map(|run| run[rule]).collect()
    };
    let rows = (0..NAMES.len())
        .map(|rule| {
            let mut row = vec![NAMES[rule].to_owned()];
            row.extend((0..RATIOS.len()).map(|ratio| stopped(&of(ratio, rule))));
            row
        })
        .collect();
    let note = "2,000 updated, 8,000 control, 14 days by the hour; the base rate of each release is \
                1.3 % a day times a\nlog-normal factor (0.35), 0.4 of it on weekends, 2.5 of it on \
                two bad days. Share stopped, hours p50 / p95.";
    let head = ["rule", "1x (healthy)", "1.5x", "2x", "3x"];
    report.section("A drifting baseline", note, &head, rows);
    let healthy = share(&of(0, 2), Option::is_some);
    let what = "drift: healthy release stopped by T2 in two weeks";
    report.check(
        what,
        "<= 1 %",
        "0.07 %",
        (percent(healthy), size.at_most(healthy, 0.01, size.runs() / 2)),
    );
    let (caught, p50) = (share(&of(2, 2), Option::is_some), percentile(&of(2, 2), 50));
    let hours = p50.map_or(f64::INFINITY, real);
    let found = format!("{}, {hours} h", percent(caught));
    let met = size.at_least(caught, 0.99, size.runs() / 2) && hours <= 48.0 * size.slack();
    report.check("drift: 2x found by T2, median", ">= 99 %, <= 48 h", "100 %, 39 h", (found, met));
}

/// The hour at which each rule stops.
fn release(chance: &mut Chance, ratio: f64) -> [Option<u64>; 3] {
    let level = BASE * (0.35 * chance.normal()).exp();
    let bad_days = [chance.below(14), chance.below(14)];
    let first_day = chance.below(7);
    let threshold = Alpha::DEFAULT.threshold();
    let levels = Levels::default();
    let mut stream = Stream::new(Ratio::DEFAULT);
    let mut stops = [None; 3];
    let (mut in_all, mut today) = (0, 0);
    for hour in 1..=DAYS * 24 {
        let day = usize::try_from((hour - 1) / 24).unwrap_or(0);
        let weekend = if (first_day + day) % 7 >= 5 { 0.4 } else { 1.0 };
        let bad = if bad_days.contains(&day) { 2.5 } else { 1.0 };
        let rate = level * weekend * bad / 24.0;
        let updated = chance.poisson(rate * ratio * real(UPDATED));
        let control = chance.poisson(rate * real(CONTROL));
        in_all += updated;
        today = if (hour - 1).is_multiple_of(24) { updated } else { today + updated };
        let days = real(hour) / 24.0;
        let expected = Expected::new(ALLOWED * real(UPDATED) * days).unwrap_or_default();
        let seen = Interval {
            updated: Side { exposure: UPDATED, incidents: updated },
            control: Side { exposure: CONTROL, incidents: control },
        };
        // Both sides have devices, so it is never refused.
        let counted = stream.add(&seen).is_ok();
        let now = [
            today > A_DAY,
            expected::ln_e(in_all, expected).reaches(threshold),
            counted && stream.evidence().reaches(levels.pause()),
        ];
        for (stop, stops_now) in stops.iter_mut().zip(now) {
            if stops_now && stop.is_none() {
                *stop = Some(hour);
            }
        }
    }
    stops
}
