//! Which failure rate is healthy, learnt from releases that were.

use serde::{Deserialize, Serialize};

use super::bounds::Limit;
use super::exact;
use super::grid::real;

/// How a limit is learnt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BaselinePolicy {
    /// Used while there is not enough history.
    pub configured: Limit,
    /// No limit below this one, however good the past was.
    pub floor: Limit,
    /// Room above the past, as a share of it. Without it, sites that fail together halt healthy
    /// releases (quality.md A4, "Clusters").
    #[serde(with = "exact")]
    pub margin: f64,
    /// Healthy releases needed before history counts.
    pub least_releases: usize,
}

impl BaselinePolicy {
    /// Floor 0.5 %, a quarter of room, 8 releases.
    #[must_use]
    pub const fn new(configured: Limit) -> Self {
        Self { configured, floor: Limit::HALF_PERCENT, margin: 0.25, least_releases: 8 }
    }
}

/// How a healthy release ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastRelease {
    pub failures: u64,
    pub successes: u64,
}

/// Where a limit comes from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// Too few healthy releases; a person's word.
    Configured { limit: Limit, releases: usize },
    /// Learnt.
    History { limit: Limit, releases: usize },
}

impl Baseline {
    #[must_use]
    pub fn limit(self) -> Limit {
        match self {
            Self::Configured { limit, .. } | Self::History { limit, .. } => limit,
        }
    }
}

/// `max(floor, (1 + margin) * q90)` of the failure rates of the given healthy releases (quality.md
/// A3). The 90 % quantile lies on the line between the two nearest releases. Releases without
/// outcomes are left out.
#[must_use]
pub fn learn(past: &[PastRelease], policy: &BaselinePolicy) -> Baseline {
    let mut rates: Vec<f64> = past
        .iter()
        .map(|release| (real(release.failures), real(release.successes)))
        .filter(|(failures, successes)| failures + successes > 0.0)
        .map(|(failures, successes)| failures / (failures + successes))
        .collect();
    let releases = rates.len();
    rates.sort_by(f64::total_cmp);
    let learnt = quantile_90(&rates)
        .filter(|_| releases >= policy.least_releases)
        // A past that fails on every device leaves nothing to compare with.
        .and_then(|rate| Limit::new((1.0 + policy.margin.max(0.0)) * rate.max(1e-9)).ok());
    match learnt {
        None => Baseline::Configured { limit: policy.configured, releases },
        Some(limit) if limit > policy.floor => Baseline::History { limit, releases },
        Some(_) => Baseline::History { limit: policy.floor, releases },
    }
}

fn quantile_90(sorted: &[f64]) -> Option<f64> {
    // In tenths of a step, to stay with whole numbers.
    let tenths = sorted.len().checked_sub(1)? * 9;
    let low = *sorted.get(tenths / 10)?;
    let high = sorted.get(tenths / 10 + 1).copied().unwrap_or(low);
    let way = real(u64::try_from(tenths % 10).unwrap_or(0)) / 10.0;
    Some(low + way * (high - low))
}
