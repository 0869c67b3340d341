//! Desks: where support requests are handed on to.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{DeliveryState, SupportCategory, SupportSeverity};

/// How a ticket system knows us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum DeskLogin {
    /// The secret is the password; of Jira in the cloud, an API token.
    Basic {
        #[schema(min_length = 1, max_length = 200)]
        user: String,
    },
    /// The secret is the token.
    Bearer,
}

/// What a desk is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum DeskWay {
    /// Signed as Standard Webhooks describes it; its secret is made here and shown once.
    Webhook,
    /// E-mail to the addresses of its URL: `mailto:a@example.com,b@example.com`.
    Mail,
    /// A record of the Table API for each request, and a comment for each note.
    ServiceNow {
        /// `incident` if not given.
        #[serde(default = "incident")]
        #[schema(pattern = "^[a-z0-9_]{1,80}$", default = "incident")]
        table: String,
        /// Name, address or `sys_id` of who is said to call.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(min_length = 1, max_length = 200)]
        caller: Option<String>,
        /// Name or `sys_id`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(min_length = 1, max_length = 200)]
        assignment_group: Option<String>,
        login: DeskLogin,
    },
    /// An issue for each request, and a comment for each note.
    Jira {
        /// Its key.
        #[schema(pattern = "^[A-Z][A-Z0-9_]{1,49}$")]
        project: String,
        /// `Task` if not given.
        #[serde(default = "task")]
        #[schema(min_length = 1, max_length = 60, default = "Task")]
        issue_type: String,
        login: DeskLogin,
    },
}

fn incident() -> String {
    "incident".to_owned()
}

fn task() -> String {
    "Task".to_owned()
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SupportDesk {
    pub id: Uuid,
    pub name: String,
    pub url: String,
    pub way: DeskWay,
    /// Requests of less are handed on only when somebody says so.
    pub at_least: SupportSeverity,
    /// None: all of them.
    pub categories: Vec<SupportCategory>,
    pub enabled: bool,
    /// Of the first failure after its last success.
    pub failing_since: Option<DateTime<Utc>>,
    /// What waits to be told.
    pub pending: u64,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSupportDesk {
    /// Unique in the tenant.
    #[schema(min_length = 1, max_length = 100, pattern = r"\S")]
    pub name: String,
    /// Of a webhook its address; of a ticket system where it begins: `https://example.service-now.com`; of e-mail
    /// `mailto:a@example.com`, 20 addresses at most with commas between them.
    #[schema(max_length = 2000)]
    pub url: String,
    pub way: DeskWay,
    /// Not for a webhook, which has its own, nor for e-mail. Needed to make a desk; without it, a desk that is replaced keeps the one
    /// it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 1000)]
    pub secret: Option<String>,
    #[serde(default = "minimal")]
    pub at_least: SupportSeverity,
    #[serde(default)]
    #[schema(max_items = 6)]
    pub categories: Vec<SupportCategory>,
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Kept in the history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}

fn minimal() -> SupportSeverity {
    SupportSeverity::Minimal
}

fn yes() -> bool {
    true
}

/// A desk that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SupportDeskMade {
    #[serde(flatten)]
    pub desk: SupportDesk,
    /// Of a webhook: what it is signed with, shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// To which desk a request is handed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOn {
    pub desk_id: Uuid,
}

/// One thing that was or is to be told to a desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeskDelivery {
    pub id: Uuid,
    pub request_id: Uuid,
    /// What was said; none: the request was filed.
    pub note_id: Option<Uuid>,
    pub state: DeliveryState,
    pub tries: u32,
    pub due_since: DateTime<Utc>,
    /// None: it is not tried again.
    pub next_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Of the last try; none: there was no answer.
    pub status: Option<u16>,
    /// Why the last try failed: `unreachable`, `timeout`, `refused`, `broken`, ...
    pub refusal: Option<String>,
}

/// What a desk calls a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeskReference {
    pub desk_id: Uuid,
    pub desk: String,
    /// `INC0010023`, `UPD-12`.
    pub name: String,
}
