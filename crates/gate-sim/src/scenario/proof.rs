//! What a ring can prove: the smallest rate it is stopped for. Worked out, not played.

use domain::evidence::power::smallest_rate_caught;
use domain::evidence::{Alpha, Power};

use super::limit;
use crate::play::Size;
use crate::report::Report;

const LIMITS: [f64; 4] = [0.005, 0.01, 0.02, 0.05];
const DEVICES: [u64; 10] = [10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000, 50_000];

pub(crate) fn play(report: &mut Report, size: Size) {
    let sizes = match size {
        Size::Quick => &DEVICES[..7],
        Size::Full => &DEVICES[..],
    };
    let rows = LIMITS
        .iter()
        .map(|&healthy| {
            let mut row = vec![format!("{} %", healthy * 100.0)];
            row.extend(sizes.iter().map(|&devices| {
                smallest_rate_caught(devices, limit(healthy), Alpha::DEFAULT, Power::DEFAULT)
                    .map_or_else(|| "nothing".to_owned(), |rate| format!("{:.1} %", rate * 100.0))
            }));
            row
        })
        .collect();
    let names: Vec<String> = sizes.iter().map(|devices| format!("N={devices}")).collect();
    let mut head = vec!["limit"];
    head.extend(names.iter().map(String::as_str));
    let note = "The smallest failure rate that a ring of N devices is paused for with a chance of \
                95 %, alpha 1 %. Exact.";
    report.section("What a ring can prove", note, &head, rows);
}
