//! Saved views of reports.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A report as somebody wants to see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportView {
    pub id: Uuid,
    pub name: String,
    /// `quality-status`, `trending`, ...
    pub report: String,
    pub filter: Option<String>,
    pub order_by: Option<String>,
    /// In this order; none: all of them.
    pub columns: Vec<String>,
    /// Who made it.
    pub owner: String,
    /// Everybody of the tenant sees it; else its maker alone.
    pub is_shared: bool,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveReportView {
    /// Unique among one's own, or among those of everybody.
    #[schema(min_length = 1, max_length = 100, pattern = r"\S")]
    pub name: String,
    #[schema(max_length = 40)]
    pub report: String,
    /// Conditions on columns: `status=not_up_to_date and ring!=Broad`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000)]
    pub filter: Option<String>,
    /// A column, and `asc` or `desc` behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    pub order_by: Option<String>,
    #[serde(default)]
    #[schema(max_items = 50)]
    pub columns: Vec<String>,
    #[serde(default)]
    pub is_shared: bool,
    /// Kept in the history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}
