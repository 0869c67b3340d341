//! What a ring set can prove about a release.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// What is healthy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProofQuery {
    /// The share of failed installs that is healthy, until 8 releases were completed to learn it
    /// from; 2 if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 0.01, maximum = 50)]
    pub healthy_failed_percent: Option<f64>,
}

/// What each ring can prove about a release whose rollout would start now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RingSetProof {
    pub ring_set_id: Uuid,
    /// The share of failed installs that a release is held against, learnt or given.
    pub healthy_failed_percent: f64,
    /// Devices after which a doubled failure rate has stopped a release, 19 times in 20; none if even
    /// 20,000 do not show it.
    pub doubled_after: Option<u32>,
    pub rings: Vec<RingProof>,
}

/// One ring with the rings before it, whose outcomes are weighed together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RingProof {
    pub ring: u8,
    pub name: String,
    /// Devices of the ring; those that a rollout leaves out, as they are inactive, prove nothing.
    pub devices: u32,
    /// Devices of it and all rings before it.
    pub pooled: u32,
    /// The smallest share of failed installs that stops a release, 19 times in 20, by the time the
    /// pooled devices reported; none: nothing would.
    pub smallest_percent: Option<f64>,
    /// How the gate decides that few enough failed: `rate`, `wilson` (upper bound, 95 %) or
    /// `certificate`.
    pub success_by: String,
    /// Whether so many devices can ever earn the certificate.
    pub can_certify: bool,
    /// The gate could never pass: a rollout is refused.
    pub refused: bool,
    /// What to know about it.
    pub notes: Vec<String>,
}
