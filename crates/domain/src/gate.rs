//! The gate of a ring: what must be true before the next ring opens.
//!
//! Eight conditions (quality.md A5). Every one is always evaluated and answers pass, wait, fail or
//! unknown with its evidence; the screen needs them all. Missing data is never a pass and never a
//! failure. Failing pauses the release, so only what is beyond chance fails; what merely cannot pass
//! is unknown, and holds until a person decides.

mod judge;
pub mod policy;
mod report;
pub mod success;
pub mod weigh;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::seconds;
use success::SuccessRule;

pub use judge::GateInput;
pub use report::{Condition, ConditionKind, Evidence, GateReport, Silent, Verdict};

/// What the conditions of one ring are held against. Rates are in hundredths of a percent (basis
/// points).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Least share of eligible devices whose outcome is known.
    pub min_judged_bp: u16,
    /// How long to watch after that share is reached; and on average every device that has to be
    /// judged ran the update for so long.
    #[serde(with = "seconds")]
    pub bake: TimeDelta,
    /// Most devices that failed or were lost, as a share of the eligible ones.
    pub max_failed_bp: u16,
    /// How that is shown.
    #[serde(default)]
    pub success: SuccessRule,
    /// Most devices lost during install, as a share of the eligible ones.
    pub max_lost_bp: u16,
    /// How old the newest observation of the fleet may be.
    #[serde(with = "seconds")]
    pub max_data_age: TimeDelta,
    /// How long after the offer, or after the last sign of life of an install, a device's
    /// outcome is waited for.
    #[serde(with = "seconds")]
    pub observation_window: TimeDelta,
}

impl Gate {
    /// 80 % judged, one day of bake, 5 % failed, 2 % lost, data at most 12 hours old, five days of
    /// observation.
    pub const DEFAULT: Self = Self {
        min_judged_bp: 8_000,
        bake: TimeDelta::hours(24),
        max_failed_bp: 500,
        success: SuccessRule::Point,
        max_lost_bp: 200,
        max_data_age: TimeDelta::hours(12),
        observation_window: TimeDelta::days(5),
    };

    pub(crate) fn check(&self) -> Result<(), &'static str> {
        if !(1..=10_000).contains(&self.min_judged_bp) {
            return Err("the least judged share must be above 0 and at most 100 percent");
        }
        if self.max_failed_bp >= 10_000 || self.max_lost_bp >= 10_000 {
            return Err("a gate that allows every device to fail decides nothing");
        }
        if self.bake < TimeDelta::zero() {
            return Err("the bake time cannot be negative");
        }
        if self.max_data_age <= TimeDelta::zero() || self.observation_window <= TimeDelta::zero() {
            return Err("the age of data and the observation window must be above zero");
        }
        Ok(())
    }
}
