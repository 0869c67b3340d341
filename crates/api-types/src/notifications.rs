//! Notifications: contacts, channels, and the letters they are sent.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// How bad it is, in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertSeverity {
    Information,
    Warning,
    Critical,
}

/// What somebody sees to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Focus {
    /// Registration, health of devices, access to the tenant.
    Devices,
    /// Releases and how they go.
    Updates,
}

/// What somebody is to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NotificationWants {
    /// Their areas; both if not given.
    #[schema(min_items = 1, max_items = 2)]
    pub focus: Vec<Focus>,
    /// Sorts of messages, as `rollout_paused`; empty: all of them. docs/notifications.md has the catalogue.
    #[schema(max_items = 50)]
    pub topics: Vec<String>,
    /// Nothing below it.
    pub least: AlertSeverity,
    /// What is not critical comes once a day, at 06:00 UTC.
    pub digest: bool,
}

impl Default for NotificationWants {
    fn default() -> Self {
        Self {
            focus: vec![Focus::Devices, Focus::Updates],
            topics: Vec::new(),
            least: AlertSeverity::Information,
            digest: false,
        }
    }
}

/// A person who is to be told by e-mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateContact {
    #[schema(min_length = 1, max_length = 100, pattern = r"\S")]
    pub name: String,
    #[schema(min_length = 3, max_length = 254)]
    pub email: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 50, pattern = r"\S")]
    pub phone: Option<String>,
    #[serde(default)]
    pub wants: NotificationWants,
    /// One that is not is told nothing.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub enabled: bool,
    /// Why, for the history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 500, pattern = r"\S")]
    pub reason: Option<String>,
}

const fn yes() -> bool {
    true
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Contact {
    pub id: Uuid,
    pub name: String,
    pub email: String,
    pub phone: Option<String>,
    pub wants: NotificationWants,
    pub enabled: bool,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

/// Where a channel leads.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ChannelTo {
    /// A workflow of Microsoft Teams that posts what its webhook receives.
    Teams {
        /// A secret: never shown again. When a channel is replaced, none keeps the one that is there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(min_length = 9, max_length = 2000)]
        url: Option<String>,
    },
    /// An incoming webhook of Slack.
    Slack {
        /// A secret: never shown again. When a channel is replaced, none keeps the one that is there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(min_length = 9, max_length = 2000)]
        url: Option<String>,
    },
    /// A list of addresses; each gets an e-mail of its own.
    Email {
        #[schema(min_items = 1, max_items = 50)]
        addresses: Vec<String>,
    },
}

impl std::fmt::Debug for ChannelTo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Teams { .. } => "Teams(..)",
            Self::Slack { .. } => "Slack(..)",
            Self::Email { .. } => "Email(..)",
        })
    }
}

/// A chat, or a list of addresses, that is to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateChannel {
    #[schema(min_length = 1, max_length = 100, pattern = r"\S")]
    pub name: String,
    pub to: ChannelTo,
    #[serde(default)]
    pub wants: NotificationWants,
    /// One that is not is told nothing.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub enabled: bool,
    /// Why, for the history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 500, pattern = r"\S")]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    Teams,
    Slack,
    Email,
}

/// A channel. The address of a chat is not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Channel {
    pub id: Uuid,
    pub name: String,
    pub kind: ChannelKind,
    /// Of the chat.
    pub host: Option<String>,
    /// Of the list.
    pub addresses: Vec<String>,
    pub wants: NotificationWants,
    pub enabled: bool,
    /// Since when the chat takes nothing.
    pub failing_since: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LetterState {
    Pending,
    Delivered,
    /// It was refused for good, or tried for three days.
    GivenUp,
}

/// One try of a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LetterTry {
    pub at: DateTime<Utc>,
    /// The reply code of the mail server or the status of the chat; none: there was no answer.
    pub code: Option<u16>,
    pub latency_ms: u32,
    /// Why it was not taken, as `unreachable`; docs/notifications.md lists the words.
    pub refusal: Option<String>,
}

/// Something that was, or is to be, sent, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Letter {
    pub id: Uuid,
    /// What it is about: a sort of message, `digest` or `test`.
    pub kind: String,
    /// Of e-mail; none: a chat.
    pub address: Option<String>,
    pub channel_id: Option<Uuid>,
    pub subject: String,
    pub written_at: DateTime<Utc>,
    pub state: LetterState,
    /// None: it is not tried again.
    pub next_at: Option<DateTime<Utc>>,
    /// Of the last try.
    pub refusal: Option<String>,
    pub ended_at: Option<DateTime<Utc>>,
    /// The newest twenty, oldest first.
    pub tries: Vec<LetterTry>,
}

/// What a letter says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LetterContent {
    pub subject: String,
    pub text: String,
    pub html: Option<String>,
}

/// A letter with what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LetterWithContent {
    #[serde(flatten)]
    pub letter: Letter,
    pub content: LetterContent,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LetterQuery {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub state: Option<LetterState>,
    /// A sort of message, `digest` or `test`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(max_length = 50)]
    pub kind: Option<String>,
    /// How many; 50 if not given, 500 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 500)]
    pub page_size: Option<u16>,
    /// `next_page_token` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}

/// A letter that will be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LetterSent {
    pub id: Uuid,
}

/// A sort of message, with an example of how it reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NotificationTopic {
    pub topic: String,
    pub severity: AlertSeverity,
    /// When it is sent.
    pub when: String,
    pub example: LetterContent,
}
