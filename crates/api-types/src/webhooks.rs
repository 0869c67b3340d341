//! Webhooks: receivers that are told what happens.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// What a receiver is to be told, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWebhook {
    #[schema(min_length = 1, max_length = 100, pattern = r"\S")]
    pub name: String,
    /// `https://...`; what the operator of the server allows can be called by plain http too.
    #[schema(min_length = 1, max_length = 2000)]
    pub url: String,
    /// Names of events, as `rollout.paused`; empty: all of them. docs/webhooks.md has the catalogue.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub events: Vec<String>,
    /// One that is not is told nothing. One that was disabled by the service and is enabled again is told
    /// what happens from then on.
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

/// Why nothing more is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookDisabled {
    /// Somebody disabled it.
    Person,
    /// It answered 410.
    Gone,
    /// It took nothing for three days.
    Failing,
}

/// A receiver. Its secret is not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Webhook {
    pub id: Uuid,
    pub name: String,
    pub url: String,
    pub events: Vec<String>,
    pub enabled: bool,
    pub disabled: Option<WebhookDisabled>,
    pub disabled_at: Option<DateTime<Utc>>,
    /// Until then the secret before this one signs too.
    pub old_secret_until: Option<DateTime<Utc>>,
    /// Since when it takes nothing.
    pub failing_since: Option<DateTime<Utc>>,
    /// Messages that are not delivered yet.
    pub pending: u64,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

/// A receiver with the secret that signs for it, which is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookWithSecret {
    #[serde(flatten)]
    pub webhook: Webhook,
    /// `whsec_` and a key in base64.
    pub secret: String,
}

impl std::fmt::Debug for WebhookWithSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookWithSecret").field("webhook", &self.webhook).finish_non_exhaustive()
    }
}

/// How long the secret of before signs too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateSecret {
    /// 24 if not given; 0: not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 168)]
    pub overlap_hours: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    Pending,
    Delivered,
    /// It was tried for three days, or the receiver wants nothing more.
    GivenUp,
}

/// One try of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryTry {
    pub at: DateTime<Utc>,
    /// None: there was no answer.
    pub status: Option<u16>,
    pub latency_ms: u32,
    /// Why it was not taken, as `timeout`; docs/webhooks.md lists the words.
    pub refusal: Option<String>,
}

/// A message to a receiver, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookDelivery {
    pub id: Uuid,
    /// What the header `webhook-id` says, in every try.
    pub webhook_id: String,
    /// The sort of event.
    #[serde(rename = "type")]
    pub event: String,
    /// The entry of the audit trail that it tells of.
    pub entry: i64,
    pub state: DeliveryState,
    pub due_since: DateTime<Utc>,
    /// None: it is not tried again.
    pub next_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    /// The newest twenty, oldest first.
    pub tries: Vec<DeliveryTry>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveryQuery {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub state: Option<DeliveryState>,
    /// How many; 50 if not given, 500 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 500)]
    pub page_size: Option<u16>,
    /// `next_page_token` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}

/// Which stretch of time is told again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayWebhook {
    pub from: DateTime<Utc>,
    /// What happened then is not part of it; now if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

/// What will be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookReplay {
    pub messages: u64,
}

/// A message that will be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageSent {
    /// Of the delivery.
    pub id: Uuid,
}
