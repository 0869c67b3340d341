//! The scenarios, played small: every promise holds.

use gate_sim::{Size, run};

#[test]
fn every_target_is_met_in_the_quick_run() {
    let report = run(Size::Quick, 1);
    let missed: Vec<_> = report.checks.iter().filter(|check| !check.met).collect();
    assert!(missed.is_empty(), "{missed:#?}\n{}", report.markdown());
    // One for each promise of quality.md A6, so that none is lost on the way.
    assert!(report.checks.len() >= 20, "{}", report.checks.len());
}
