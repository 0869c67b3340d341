//! What another policy would have decided on a past release.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::OnSuspect;

/// Another policy. What is not given is as the rollout has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReplayPolicy {
    /// The share of failed installs that is healthy; takes the place of what was learnt as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0.01, maximum = 50)]
    pub healthy_failed_percent: Option<f64>,
    /// The share of devices lost during the install that is healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0.01, maximum = 50)]
    pub healthy_lost_percent: Option<f64>,
    /// The evidence at which nothing new is offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 2, maximum = 1e12)]
    pub watch_at: Option<f64>,
    /// The evidence at which the release is paused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 2, maximum = 1e12)]
    pub pause_at: Option<f64>,
    /// The evidence at which a rollback is proposed, or started where the plan says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 2, maximum = 1e12)]
    pub roll_back_at: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_suspect: Option<OnSuspect>,
}

/// The decisions on record, and what another policy says to the same observations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Replay {
    pub rollout_id: Uuid,
    /// Whether, and when, the other policy would have stopped the release.
    pub summary: String,
    /// Decisions compared, from the first on.
    pub compared: u32,
    /// Decisions that came after the other policy would have stopped the release: they tell of
    /// devices that it would not have offered the update.
    pub beyond: u32,
    /// Whether all of the record was read; a very long one is cut.
    pub complete: bool,
    /// How many came out differently.
    pub differing: u32,
    /// The first of them.
    pub steps: Vec<ReplayStep>,
    /// When the service stopped the release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<ReplayStop>,
    /// When the other policy would have, at the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub would_stop: Option<ReplayStop>,
}

/// A decision that the other policy would not have made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplayStep {
    /// The event on record.
    pub seq: i64,
    pub at: DateTime<Utc>,
    /// What was decided, in one sentence.
    pub decided: String,
    /// What the other policy says instead.
    pub would: String,
}

/// The release was paused, or a segment held, and no person asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplayStop {
    /// The event on record at that moment.
    pub seq: i64,
    pub at: DateTime<Utc>,
    /// Devices that had been offered the update by then.
    pub offered: u32,
    pub text: String,
}
