//! Plans computed without effect, saved under a hash, and started exactly as saved.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    Delivery, EvidencePolicy, Forecast, OnGateFailure, PlanChange, Replay, Ring, RingProof,
};

/// A rollout to be planned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePlan {
    pub update_id: Uuid,
    /// Of the release. It is made when the plan is started, unless this update has one of this name.
    #[schema(min_length = 1, max_length = 100, pattern = r"\S")]
    pub release_name: String,
    /// For the kind of the update; not given: as that kind is delivered when nobody chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    pub ring_set_id: Uuid,
    /// Deferrals count from here; the release date of the update if not given. At most a year from
    /// now, either way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub on_gate_failure: OnGateFailure,
    /// Devices not heard of for so many days are left out; 28 if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 365)]
    pub inactive_after_days: Option<u16>,
    #[serde(default)]
    pub evidence: EvidencePolicy,
    /// By name or position of a ring: fields of `Ring` that shall be otherwise than in the ring set,
    /// merged as RFC 7396 says.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, Object>)]
    pub rings: BTreeMap<String, Map<String, Value>>,
    /// Only show the plan.
    #[serde(default)]
    pub validate_only: bool,
}

/// A rollout as it would be made, and what is to be known of it before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SavedPlan {
    /// None: it was not saved, as asked.
    pub id: Option<Uuid>,
    /// SHA-256 of all that a rollout is made from; starting the plan names it.
    pub hash: String,
    pub update_id: Uuid,
    pub release_name: String,
    pub delivery: Delivery,
    pub ring_set_id: Uuid,
    pub starts_at: DateTime<Utc>,
    pub on_gate_failure: OnGateFailure,
    pub inactive_after_days: i64,
    /// The share of failed installs that the release will be held against, learnt or given.
    pub healthy_failed_percent: f64,
    pub rings: Vec<PlannedRing>,
    /// When its rings would open and it would be through, if it was started now; not in lists, and nothing
    /// once it was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
    /// Rings that have other members than when the plan was saved. Of a plan that was started, nothing.
    pub membership_changes: Vec<String>,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    /// The rollout it was started as.
    pub rollout_id: Option<Uuid>,
    pub started_by: Option<String>,
    pub started_at: Option<DateTime<Utc>>,
}

/// One ring of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlannedRing {
    pub settings: Ring,
    /// The earliest moment at which it opens, if every gate before it passes in time.
    pub opens_at: DateTime<Utc>,
    /// Devices of the ring when the plan was saved.
    pub devices: u32,
    /// Those that would have been left out.
    pub excluded: Vec<ExcludedDevices>,
    /// What the ring can prove; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<RingProof>,
}

/// Devices that are left out, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExcludedDevices {
    /// `inactive`, `no_content`, `not_applicable`, `already_current`, `ahead`, `not_registered`, `held`.
    pub reason: String,
    pub devices: u32,
}

/// To start a plan exactly as it was saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartPlan {
    /// The `hash` of the plan that was looked at.
    #[schema(min_length = 64, max_length = 64)]
    pub hash: String,
    /// Start it though rings have other members by now.
    #[serde(default)]
    pub accept_changes: bool,
}

/// What a plan is held against.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PlanDifferenceQuery {
    /// Another saved plan; the ring set as it is now if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<Uuid>,
}

/// What another plan, or the ring set as it is now, says differently.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanDifference {
    pub changes: Vec<PlanChange>,
    /// Rings that have other members.
    pub membership_changes: Vec<String>,
}

/// What a plan is tried on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SimulatePlan {
    /// Shares of installs that fail; once, twice and five times what is healthy and 10 % if not given.
    #[schema(max_items = 10)]
    pub failed_percent: Vec<f64>,
    /// A past release: what its observations would have come to by the evidence policy of the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout_id: Option<Uuid>,
}

/// What a plan would come to. Stopped means paused by the evidence of failed installs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlanSimulation {
    pub rates: Vec<SimulatedRate>,
    /// When its rings would open and it would be through, if it was started now and nothing stopped it.
    pub forecast: Forecast,
    /// Of the past release, if one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<Replay>,
}

/// A release that fails at one rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SimulatedRate {
    pub failed_percent: f64,
    /// Against what is healthy.
    pub times_healthy: f64,
    pub rings: Vec<SimulatedRing>,
    /// Devices that are offered the update, on average.
    pub exposed: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SimulatedRing {
    pub ring: u8,
    pub name: String,
    /// Those that would not have been left out when the plan was saved.
    pub devices: u32,
    /// The chance that the release is stopped by the time all of them and those of earlier rings reported.
    pub stopped_percent: f64,
}
