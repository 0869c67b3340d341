//! The scenarios of quality.md A4 and A6, one file each: what is played, and what must come out.

pub(crate) mod brick;
pub(crate) mod certificate;
pub(crate) mod cluster;
pub(crate) mod cost;
pub(crate) mod delay;
pub(crate) mod drift;
pub(crate) mod fleet;
pub(crate) mod levels;
pub(crate) mod proof;
pub(crate) mod ring;
pub(crate) mod segment;
pub(crate) mod whole;

use domain::evidence::{Alpha, Limit};

/// A limit written down in a scenario.
#[allow(clippy::expect_used, reason = "a scenario with a limit out of range cannot be played")]
fn limit(share: f64) -> Limit {
    Limit::new(share).expect("a share between 0 and 1")
}

#[allow(clippy::expect_used, reason = "as above")]
fn alpha(share: f64) -> Alpha {
    Alpha::new(share).expect("a share between 0 and 1")
}
