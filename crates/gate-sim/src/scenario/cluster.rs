//! Sites whose devices fail together: what the order of the offers and the margin over the past do.

use domain::evidence::Alpha;

use super::limit;
use crate::figures::{percent, share};
use crate::play::{self, Size};
use crate::random::Chance;
use crate::report::Report;
use crate::rules::Rule;

const SITES: usize = 200;
const A_SITE: usize = 50;
const RATE: f64 = 0.02;
/// Correlation of two devices of a site: `1 / (a + b + 1)` of the Beta distribution of its rate.
const CORRELATION: f64 = 0.05;

pub(crate) fn play(report: &mut Report, size: Size, seed: u64) {
    let devices = crate::figures::count(SITES * A_SITE);
    let [exact, roomy] =
        [RATE, RATE * 1.25].map(|healthy| Rule::evidence(limit(healthy), Alpha::DEFAULT, devices));
    let runs = play::play(size.runs(), seed, 400, |chance| {
        let mut failed = fleet(chance);
        let by_site = exact.stops(&positions(&failed), devices).is_some();
        chance.shuffle(&mut failed);
        let shuffled = positions(&failed);
        [
            by_site,
            exact.stops(&shuffled, devices).is_some(),
            roomy.stops(&shuffled, devices).is_some(),
        ]
    });
    let [by_site, shuffled, with_room] = [0, 1, 2].map(|rule| share(&runs, |run| run[rule]));
    let row = |name: &str, share: f64| vec![name.to_owned(), percent(share)];
    let rows = vec![
        row("site by site", by_site),
        row("random order", shuffled),
        row("random order, limit 1.25 of the past", with_room),
    ];
    let note = "200 sites of 50 devices, failing at 2 %, correlated with 0.05 inside a site. Share \
                of healthy releases stopped.";
    report.section("Sites that fail together", note, &["offers", "stopped"], rows);
    let what = "clusters: healthy release stopped, random order and margin";
    let met = size.at_most(with_room, 0.01, size.runs());
    report.check(what, "<= 1 %", "0.2 %", (percent(with_room), met));
}

fn fleet(chance: &mut Chance) -> Vec<bool> {
    let sum = 1.0 / CORRELATION - 1.0;
    let mut failed = Vec::with_capacity(SITES * A_SITE);
    for _ in 0..SITES {
        let rate = chance.beta(sum * RATE, sum * (1.0 - RATE));
        failed.extend((0..A_SITE).map(|_| chance.happens(rate)));
    }
    failed
}

fn positions(failed: &[bool]) -> Vec<u64> {
    (1_u64..).zip(failed).filter(|(_, failed)| **failed).map(|(device, _)| device).collect()
}
