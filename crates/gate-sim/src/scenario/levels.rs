//! Watch, pause and roll back in a ring of 100, and the halt line. Worked out, not played.

use domain::evidence::Alpha;
use domain::evidence::power::chance_of_halt;
use domain::evidence::rate::halt_line;

use super::{alpha, limit};
use crate::figures::{count, percent, thousands};
use crate::report::Report;

const RATES: [f64; 5] = [0.02, 0.04, 0.06, 0.1, 0.2];

pub(crate) fn play(report: &mut Report) {
    let chances =
        |level: f64| RATES.map(|rate| chance_of_halt(100, rate, limit(0.02), alpha(level)));
    let row = |name: &str, level: f64| {
        let mut row = vec![name.to_owned()];
        row.extend(chances(level).map(percent));
        row
    };
    let rows =
        vec![row("watch, 10", 0.1), row("pause, 100", 0.01), row("roll back, 10,000", 0.0001)];
    let head = ["level", "2 % (healthy)", "4 %", "6 %", "10 %", "20 %"];
    let note = "Chance that a ring of 100 reaches each level. Exact.";
    report.section("Levels in a ring of 100", note, &head, rows);
    let watched = chances(0.1)[0];
    let what = "false hold: watch in a healthy ring of 100, exact";
    report.check(what, "<= 5 %", "3.2 %", (percent(watched), watched <= 0.05));
    line(report);
}

fn line(report: &mut Report) {
    const EXPECTED: [(usize, u64); 12] = [
        (2, 2),
        (3, 11),
        (4, 21),
        (5, 35),
        (6, 51),
        (8, 89),
        (10, 132),
        (15, 258),
        (20, 400),
        (30, 714),
        (40, 1_054),
        (60, 1_781),
    ];
    let line = halt_line(limit(0.02), Alpha::DEFAULT, 2_000);
    let at = |failure: usize| line.get(failure - 1).copied().unwrap_or(0);
    let equal = EXPECTED.iter().filter(|(failure, device)| at(*failure) == *device).count();
    let found = format!("{equal} of {} equal", EXPECTED.len());
    let met = count(equal) == count(EXPECTED.len());
    report.check(
        "halt line at 2 %, alpha 1 %, against the reference",
        "12 of 12",
        "-",
        (found, met),
    );
    let head: Vec<String> = EXPECTED.iter().map(|(failure, _)| failure.to_string()).collect();
    let mut names = vec!["k-th failure"];
    names.extend(head.iter().map(String::as_str));
    let mut row = vec!["halts by device".to_owned()];
    row.extend(EXPECTED.iter().map(|(failure, _)| thousands(at(*failure))));
    let note = "The rule as people read it: the k-th failure halts if it comes by this device.";
    report.section("Halt line, limit 2 %, alpha 1 %", note, &names, vec![row]);
}
