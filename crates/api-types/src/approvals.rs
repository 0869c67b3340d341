//! Approvals: people who agree that the ring after this one opens.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// So many distinct people have to approve before the next ring opens. The author of the plan
/// never counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Quorum {
    #[schema(minimum = 1, maximum = 5)]
    pub needed: u8,
    /// Names of tokens; no fewer than `needed`. None: anybody who may operate.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub approvers: Vec<String>,
}

/// To approve that the ring after `ring` opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApproval {
    pub ring: RingName,
    /// `plan_id` of the rollout, as it was read.
    pub plan_id: Uuid,
    /// `evidence` of the ring, as it was read with the rollout. It is refused when more devices
    /// failed or were lost since.
    #[schema(max_length = 100)]
    pub evidence: String,
    /// Why; kept in the history.
    #[schema(min_length = 1, max_length = 1000, pattern = r"\S")]
    pub comment: String,
}

/// A ring of a rollout by its position (the first is 0) or its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged, expecting = "this is neither the position nor the name of a ring")]
pub enum RingName {
    Position(u8),
    Name(String),
}

/// What was approved in a rollout, and whether it is enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Approvals {
    pub plan_id: Uuid,
    /// Who made the plan, and cannot approve it.
    pub author: String,
    /// The rings that ask for approvals.
    pub rings: Vec<RingApprovals>,
    /// Every approval, withdrawn and expired ones too; latest first, 200 at most.
    pub items: Vec<Approval>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RingApprovals {
    pub ring: u8,
    pub name: String,
    pub needed: u8,
    /// Who may approve; none: anybody who may operate.
    pub approvers: Vec<String>,
    /// Whose approvals count now.
    pub counted: Vec<String>,
    /// Enough people agree.
    pub met: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Approval {
    pub id: Uuid,
    pub ring: u8,
    pub ring_name: String,
    pub plan_id: Uuid,
    /// The evidence that the person saw.
    pub evidence: String,
    pub by: String,
    pub comment: String,
    pub at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub withdrawn_at: Option<DateTime<Utc>>,
    /// Why it does not count; none: it does.
    pub ignored: Option<String>,
}
