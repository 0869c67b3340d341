//! When the rings of a rollout open, and when it is through.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Computed when it is asked for, from the counters as they stand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Forecast {
    pub at: DateTime<Utc>,
    pub pace: ForecastPace,
    pub rings: Vec<RingForecast>,
    /// Every gate passed, and every device was offered the update.
    pub finished: Estimate,
    /// So many percent of the devices that are not excluded have the update.
    pub compliant: Estimate,
    pub compliant_percent: u32,
}

/// How soon devices are expected to come to an outcome, which the likely dates rest on. The earliest ones rest
/// on the plan alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ForecastPace {
    pub basis: PaceBasis,
    /// `measured`: outcomes of this rollout; `earlier`: rollouts of the same kind in this tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaceBasis {
    /// In this rollout.
    Measured,
    /// In earlier rollouts of the same kind.
    Earlier,
    /// What is usual anywhere.
    Usual,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RingForecast {
    pub ring: u8,
    pub name: String,
    /// Local times are by its clock.
    pub time_zone: String,
    pub opens: Estimate,
    /// The last of its devices that wait is offered the update.
    pub last_offer: Estimate,
    pub gate_passes: Estimate,
    /// `compliant_percent` of its devices that are not excluded have the update.
    pub compliant: Estimate,
}

/// One moment: as early as the plan permits, and as is likely.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Estimate {
    pub earliest: Expected,
    pub likely: Expected,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Expected {
    pub state: ExpectedState,
    /// With `at`; with `past`, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
    /// The same by the clock of the ring, with its offset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<String>,
    /// With `after`: so many seconds after what `text` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_seconds: Option<i64>,
    /// With `after`: what it comes after. With `unknown`: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// In words.
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExpectedState {
    /// It happened.
    Past,
    At,
    /// So long after something that a person has to do.
    After,
    /// It cannot be said.
    Unknown,
}
