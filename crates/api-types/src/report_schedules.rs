//! Reports that are sent again and again.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::ExportFormat;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportSchedule {
    pub id: Uuid,
    pub name: String,
    pub view_id: Uuid,
    /// The name of the view.
    pub view: String,
    pub rule: String,
    pub first_day: Option<NaiveDate>,
    pub start: String,
    pub time_zone: String,
    pub format: ExportFormat,
    pub to: Vec<String>,
    /// Whose views it sees: who changed it last.
    pub owner: String,
    pub enabled: bool,
    /// None: it is disabled.
    pub next_at: Option<DateTime<Utc>>,
    /// The moment that it was sent for last.
    pub last_at: Option<DateTime<Utc>>,
    /// Why the last try failed; it is tried again.
    pub error: Option<String>,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveReportSchedule {
    /// Unique in the tenant.
    #[schema(min_length = 1, max_length = 100, pattern = r"\S")]
    pub name: String,
    /// A saved view that one sees.
    pub view_id: Uuid,
    /// A recurrence rule (RFC 5545) of days, without an end: `FREQ=WEEKLY;BYDAY=MO`.
    #[schema(min_length = 1, max_length = 200)]
    pub rule: String,
    /// What a rule with INTERVAL counts from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_day: Option<NaiveDate>,
    /// By the clock of the time zone: `07:00`. A time that the clock skips is the moment it goes on at; of a time that it
    /// shows twice the first is meant.
    #[schema(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    pub start: String,
    /// A name of the IANA database: `Europe/Zurich`.
    #[schema(min_length = 1, max_length = 64)]
    pub time_zone: String,
    #[serde(default)]
    pub format: ExportFormat,
    /// Addresses for e-mail. A file that is too large for a mail comes as a link.
    #[schema(min_items = 1, max_items = 20)]
    pub to: Vec<String>,
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Kept in the history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}

fn yes() -> bool {
    true
}
