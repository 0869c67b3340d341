//! The audit trail.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditOrder {
    OldestFirst,
    NewestFirst,
}

/// Which entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// At most so many items; 100 if not given, 500 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 500)]
    pub page_size: Option<u16>,
    /// The `next_page_token` of the page before, which is the `seq` of its last entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
    /// `oldest_first` if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<AuditOrder>,
    /// Signed with this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(max_length = 200)]
    pub actor: Option<String>,
    /// Of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(max_length = 100)]
    pub kind: Option<String>,
    /// Made then or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// Made before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// About this rollout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout_id: Option<Uuid>,
}

/// What recomputing a whole trail came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditVerdict {
    /// Every entry is what was hashed, and every checkpoint is signed and agrees.
    pub intact: bool,
    /// How many entries there are; of a damaged trail, how many are good before the damage.
    pub entries: i64,
    /// The last entry that a checkpoint covers; 0 for none.
    pub covered: i64,
    /// Entries behind the last checkpoint: a change of them by somebody who makes the hashes anew is
    /// not found.
    pub uncovered: i64,
    pub checkpoints: u64,
    /// The first damage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damage: Option<AuditDamage>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditDamage {
    /// The first entry in doubt.
    pub seq: i64,
    pub what: String,
}

/// How checkpoints are signed and copied, by the server that answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditSigning {
    /// Ed25519 public keys whose checkpoints count, hexadecimal; this server's first.
    pub keys: Vec<String>,
    /// When it last signed.
    pub signed_at: Option<DateTime<Utc>>,
    /// Chains it does not sign because they are damaged.
    pub damaged_chains: u32,
    pub sinks: Vec<AuditSink>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditSink {
    /// `file` or `syslog`.
    pub name: String,
    /// When it last had every checkpoint there was.
    pub copied_at: Option<DateTime<Utc>>,
    /// Why it has not now.
    pub error: Option<String>,
}
