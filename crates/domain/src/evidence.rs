//! Evidence with error control: how sure we are that a release is worse than it may be.
//!
//! Everything here is an e-value: a number that starts at 1 and that a healthy release drives to
//! x, at any time and however often anyone looks, with probability at most 1/x (Ville's
//! inequality). So evidence may be looked at after every report, averaged, and carried on
//! (quality.md A3; docs/gate-statistics.md has the assumptions).
//!
//! Pure functions of counts: no clock, no randomness, no dependency. Only `+ - * /`, `ln`,
//! `ln_1p` and `exp` of `f64` are used. The first four are exact to the bit everywhere; the last
//! three are those of the platform's mathematics library, so a replay is equal to the bit on the
//! platform that decided, and to about 1e-12 elsewhere. Must never read a device, nor decide what
//! happens to a rollout: that is the gate's.

pub mod baseline;
pub mod bounds;
pub mod certificate;
pub mod combine;
pub mod control;
pub mod coverage;
pub mod delay;
pub(crate) mod exact;
pub mod expected;
mod grid;
pub mod interval;
pub mod level;
pub mod power;
pub mod rate;
pub mod value;
pub mod verdict;
mod walk;

pub use bounds::{Alpha, Limit, Power};
pub use level::{Level, Levels};
pub use value::{EValue, Weight};

/// Names the formulas of this module. Stored with every result, and raised whenever the same
/// counts would give another number; old decisions replay only under their own version.
pub const FORMULA: u16 = 1;
