//! What Microsoft says is wrong with a version of Windows.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One issue of the Windows release health dashboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownIssue {
    /// Microsoft's id.
    pub id: String,
    /// The product as the dashboard calls it: `Windows 11, version 24H2`.
    pub product: String,
    pub title: String,
    pub description: String,
    /// In Microsoft's words (facts/graph.md 4.1), among them `resolved` and `resolvedExternal`.
    pub status: String,
    pub started_at: Option<DateTime<Utc>>,
    pub updated_at: Option<DateTime<Utc>>,
    pub resolved_at: Option<DateTime<Utc>>,
    /// The update that it was first seen with, and the one that ends it: `KB5068861`.
    pub originating_kb: Option<String>,
    pub resolving_kb: Option<String>,
    /// Safeguard holds that keep updates from the devices concerned.
    pub safeguard_hold_ids: Vec<u32>,
    pub url: Option<String>,
}

impl KnownIssue {
    /// Whether nothing has ended it yet. A mitigation is a way around it, not an end; words that we do
    /// not know are taken for open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !matches!(self.status.as_str(), "resolved" | "resolvedExternal")
    }
}
