//! What an administrator decided about a single device. Never overruled by placement or a rollout.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::RingSetId;
use crate::ring::RingIndex;

/// One decision. A device has at most one of each sort, and one pin per ring set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "control")]
pub enum Control {
    /// No update is offered while it lasts; the device keeps its ring and its registration.
    Hold,
    /// Not registered, in no ring.
    Exclude,
    /// In this ring, whatever groups and percentages say.
    Pin { ring_set: RingSetId, ring: RingIndex },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceControl {
    pub control: Control,
    pub reason: String,
    /// Who decided, and answers for it.
    pub owner: String,
    pub since: DateTime<Utc>,
    /// None: until somebody lifts it.
    pub expires_at: Option<DateTime<Utc>>,
}
