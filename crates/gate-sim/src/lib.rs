//! Plays releases of known quality past the evidence of the gates, and counts how often it is
//! right. The tests are those of `domain::evidence`, the very code that decides in production;
//! this crate adds fleets, chance, other people's rules to compare with, and a report.
//!
//! The same seed gives the same report on the same platform, whatever the number of threads.
//! Must never be imported by another crate.

mod figures;
mod play;
mod random;
mod report;
mod rules;
mod scenario;

pub use play::Size;
pub use report::{Check, Report, Section};

/// Plays every scenario.
#[must_use]
pub fn run(size: Size, seed: u64) -> Report {
    let mut report = Report::new(size, seed);
    scenario::ring::play(&mut report, size, seed);
    scenario::fleet::play(&mut report, size, seed);
    scenario::levels::play(&mut report);
    scenario::proof::play(&mut report, size);
    scenario::drift::play(&mut report, size, seed);
    scenario::delay::play(&mut report, size, seed);
    scenario::cluster::play(&mut report, size, seed);
    scenario::brick::play(&mut report, size, seed);
    scenario::segment::play(&mut report, size, seed);
    scenario::whole::play(&mut report, size, seed);
    scenario::certificate::play(&mut report, size, seed);
    scenario::cost::play(&mut report);
    report
}
