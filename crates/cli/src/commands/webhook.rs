//! `concentric webhook`.

use api_types::{
    CreateWebhook, DeliveryState, MessageSent, ReplayWebhook, RotateSecret, Webhook,
    WebhookDelivery, WebhookDisabled, WebhookReplay, WebhookWithSecret,
};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use serde_json::json;

use super::Context;
use crate::client::{Document, Query};
use crate::failure::{Exit, Failure};
use crate::output::{Form, say};
use crate::{confirm, find, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add a receiver of events; its secret is shown this once.
    Create {
        name: String,
        /// Where it is: `https://...`.
        #[arg(long, value_name = "URL")]
        to: String,
        /// An event to be told, as `rollout.paused`; can be repeated; all of them if not given.
        #[arg(long = "event", value_name = "EVENT")]
        events: Vec<String>,
        /// Why, for the history.
        #[arg(long)]
        reason: Option<String>,
    },
    /// List the webhooks.
    List,
    /// Show a webhook.
    Get {
        /// Name, id, or beginning of its id.
        webhook: String,
    },
    /// Change a webhook; what is not given stays.
    Update(Update),
    /// Delete a webhook, with what was still to be told to it.
    Delete(Delete),
    /// Give a webhook a new secret, shown this once; the one before signs too for a while.
    RotateSecret {
        /// Name, id, or beginning of its id.
        webhook: String,
        /// How long the one before signs too; 24 if not given.
        #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u16).range(0..=168))]
        overlap_hours: Option<u16>,
    },
    /// Send `webhook.test` to a webhook.
    Test {
        /// Name, id, or beginning of its id.
        webhook: String,
    },
    /// List what was sent to a webhook, newest first.
    Deliveries {
        /// Name, id, or beginning of its id.
        webhook: String,
        /// Only those that stand so.
        #[arg(long, value_parser = ["pending", "delivered", "given_up"])]
        state: Option<String>,
    },
    /// Send again: one message, or all that happened in a stretch of time.
    Replay(Replay),
}

#[derive(Debug, Args)]
pub(crate) struct Update {
    /// Name, id, or beginning of its id.
    webhook: String,
    #[arg(long)]
    name: Option<String>,
    /// Where it is from now on.
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// The events to be told from now on; can be repeated.
    #[arg(long = "event", value_name = "EVENT", conflicts_with = "all_events")]
    events: Vec<String>,
    /// Tell it all events.
    #[arg(long)]
    all_events: bool,
    /// Tell it again what happens.
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// Tell it nothing more.
    #[arg(long)]
    disable: bool,
    /// Why, for the history.
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// Name, id, or beginning of its id.
    webhook: String,
    /// Why, for the history.
    #[arg(long)]
    reason: String,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// Name, id, or beginning of its id.
    webhook: String,
    /// The id of one delivery.
    #[arg(long, value_name = "ID", conflicts_with = "from", required_unless_present = "from")]
    delivery: Option<String>,
    /// What happened since, as `2026-11-10T18:00:00Z`.
    #[arg(long, value_name = "TIME")]
    from: Option<DateTime<Utc>>,
    /// And before this; now if not given.
    #[arg(long, value_name = "TIME", requires = "from")]
    until: Option<DateTime<Utc>>,
}

pub(crate) async fn run(command: Command, context: &Context<'_>) -> Result<Exit, Failure> {
    match command {
        Command::Create { name, to, events, reason } => {
            let body = CreateWebhook { name, url: to, events, enabled: true, reason };
            let tenant = context.tenant().await?;
            let made: Document<WebhookWithSecret> =
                context.client.post(&["tenants", &tenant, "webhooks"], &body).await?;
            with_secret(context, &made)?;
        }
        Command::List => list(context).await?,
        Command::Get { webhook } => show(context, &found(context, &webhook).await?.1)?,
        Command::Update(update) => update.run(context).await?,
        Command::Delete(delete) => delete.run(context).await?,
        Command::RotateSecret { webhook, overlap_hours } => {
            let (tenant, webhook) = found(context, &webhook).await?;
            let id = webhook.typed.id.to_string();
            let path = ["tenants", &tenant, "webhooks", &id, "rotate-secret"];
            let rotated: Document<WebhookWithSecret> =
                context.client.post(&path, &RotateSecret { overlap_hours }).await?;
            with_secret(context, &rotated)?;
        }
        Command::Test { webhook } => {
            let (tenant, webhook) = found(context, &webhook).await?;
            let id = webhook.typed.id.to_string();
            let path = ["tenants", &tenant, "webhooks", &id, "test"];
            let sent: Document<MessageSent> = context.client.post(&path, &json!({})).await?;
            context.output.one(&sent.json, &[("delivery", sent.typed.id.to_string())])?;
            say("`concentric webhook deliveries` shows what becomes of it.");
        }
        Command::Deliveries { webhook, state } => deliveries(context, &webhook, state).await?,
        Command::Replay(replay) => replay.run(context).await?,
    }
    Ok(Exit::Ok)
}

/// The tenant, and a webhook of it.
async fn found(
    context: &Context<'_>,
    wanted: &str,
) -> Result<(String, Document<Webhook>), Failure> {
    let tenant = context.tenant().await?;
    let webhook = find::webhook(&context.client, &tenant, wanted).await?;
    Ok((tenant, webhook))
}

async fn list(context: &Context<'_>) -> Result<(), Failure> {
    let tenant = context.tenant().await?;
    let webhooks = context.client.all(&["tenants", &tenant, "webhooks"], &Query::new()).await?;
    let head = ["name", "url", "events", "state", "pending", "id"];
    context.output.list(&head, &webhooks, |webhook: &Webhook| {
        vec![
            webhook.name.clone(),
            webhook.url.clone(),
            events(webhook),
            state(webhook),
            webhook.pending.to_string(),
            webhook.id.to_string(),
        ]
    })
}

async fn deliveries(
    context: &Context<'_>,
    webhook: &str,
    state: Option<String>,
) -> Result<(), Failure> {
    let (tenant, webhook) = found(context, webhook).await?;
    let id = webhook.typed.id.to_string();
    let query: Query = state.map(|state| ("state", state)).into_iter().collect();
    let path = ["tenants", &tenant, "webhooks", &id, "deliveries"];
    let all = context.client.all(&path, &query).await?;
    let head = ["type", "entry", "state", "tries", "last said", "due since", "id"];
    context.output.list(&head, &all, |one: &WebhookDelivery| {
        let last = one.tries.last().map(|last| match (&last.refusal, last.status) {
            (None, _) => format!("taken in {} ms", last.latency_ms),
            (Some(refusal), Some(status)) => format!("{refusal} ({status})"),
            (Some(refusal), None) => refusal.clone(),
        });
        let state = match one.state {
            DeliveryState::Pending => "pending",
            DeliveryState::Delivered => "delivered",
            DeliveryState::GivenUp => "given up",
        };
        vec![
            one.event.clone(),
            one.entry.to_string(),
            state.to_owned(),
            one.tries.len().to_string(),
            text::maybe(last.as_deref()),
            text::time(one.due_since),
            one.id.to_string(),
        ]
    })
}

impl Update {
    async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let (tenant, there) = found(context, &self.webhook).await?;
        let there = there.typed;
        let events = match (self.all_events, self.events.is_empty()) {
            (true, _) => Vec::new(),
            (false, true) => there.events,
            (false, false) => self.events,
        };
        let body = CreateWebhook {
            name: self.name.unwrap_or(there.name),
            url: self.to.unwrap_or(there.url),
            events,
            enabled: (there.enabled || self.enable) && !self.disable,
            reason: self.reason,
        };
        let id = there.id.to_string();
        let changed = context.client.put(&["tenants", &tenant, "webhooks", &id], &body).await?;
        show(context, &changed)
    }
}

impl Delete {
    async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        confirm::can_ask(self.yes)?;
        let (tenant, webhook) = found(context, &self.webhook).await?;
        let webhook = webhook.typed;
        if !self.yes {
            say(&format!("This deletes webhook {}; it is told nothing more.", webhook.name));
            confirm::typed(&webhook.name)?;
        }
        let id = webhook.id.to_string();
        let query = vec![("reason", self.reason)];
        context.client.delete_with(&["tenants", &tenant, "webhooks", &id], &query).await?;
        if let Form::Data(_) = context.output.form {
            context.output.one(&json!({ "deleted": id }), &[])?;
        }
        say(&format!("Deleted webhook {}.", webhook.name));
        Ok(())
    }
}

impl Replay {
    async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let (tenant, webhook) = found(context, &self.webhook).await?;
        let id = webhook.typed.id.to_string();
        let base = ["tenants", tenant.as_str(), "webhooks", id.as_str()];
        if let Some(from) = self.from {
            let path = [&base[..], &["replay"]].concat();
            let body = ReplayWebhook { from, until: self.until };
            let replayed: Document<WebhookReplay> = context.client.post(&path, &body).await?;
            let messages = replayed.typed.messages.to_string();
            return context.output.one(&replayed.json, &[("messages", messages)]);
        }
        let delivery = self.delivery.unwrap_or_default();
        let path = [&base[..], &["deliveries", &delivery, "replay"]].concat();
        let sent: Document<MessageSent> = context.client.post(&path, &json!({})).await?;
        context.output.one(&sent.json, &[("delivery", sent.typed.id.to_string())])
    }
}

fn events(webhook: &Webhook) -> String {
    if webhook.events.is_empty() { "all".to_owned() } else { webhook.events.join(", ") }
}

fn state(webhook: &Webhook) -> String {
    let word = match webhook.disabled {
        None if webhook.failing_since.is_some() => "failing",
        None => "enabled",
        Some(WebhookDisabled::Person) => "disabled",
        Some(WebhookDisabled::Gone) => "disabled: it answered 410",
        Some(WebhookDisabled::Failing) => "disabled: it took nothing for days",
    };
    word.to_owned()
}

fn fields(webhook: &Webhook) -> Vec<(&'static str, String)> {
    vec![
        ("name", webhook.name.clone()),
        ("id", webhook.id.to_string()),
        ("url", webhook.url.clone()),
        ("events", events(webhook)),
        ("state", state(webhook)),
        ("failing since", text::maybe_time(webhook.failing_since)),
        ("old secret until", text::maybe_time(webhook.old_secret_until)),
        ("pending", webhook.pending.to_string()),
        ("changed at", text::time(webhook.changed_at)),
    ]
}

fn show(context: &Context<'_>, webhook: &Document<Webhook>) -> Result<(), Failure> {
    context.output.one(&webhook.json, &fields(&webhook.typed))
}

fn with_secret(
    context: &Context<'_>,
    webhook: &Document<WebhookWithSecret>,
) -> Result<(), Failure> {
    let mut all = fields(&webhook.typed.webhook);
    all.push(("secret", webhook.typed.secret.clone()));
    context.output.one(&webhook.json, &all)?;
    say("The secret is shown this once: keep it where the receiver finds it.");
    Ok(())
}
