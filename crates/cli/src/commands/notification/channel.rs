//! `concentric notification channel`.

use api_types::{Channel, ChannelKind, ChannelTo, CreateChannel, LetterSent};
use clap::{Args, Subcommand};
use serde_json::json;

use super::super::Context;
use super::wants::{self, Wants};
use crate::client::{Document, Query};
use crate::failure::Failure;
use crate::output::{Form, say};
use crate::{confirm, find, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add a chat or a list of addresses that is told what happens.
    Create(Create),
    /// List the channels.
    List,
    /// Show a channel.
    Get {
        /// Name, id, or beginning of its id.
        channel: String,
    },
    /// Change a channel; what is not given stays, the address of a chat too.
    Update(Update),
    /// Delete a channel.
    Delete(Delete),
    /// Send something to a channel, to see whether it arrives.
    Test {
        /// Name, id, or beginning of its id.
        channel: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    name: String,
    /// A chat of Microsoft Teams or Slack, whose address is read from a file (`-`: stdin): whoever knows it may post.
    #[arg(long, value_parser = ["teams", "slack"], requires = "url_file", required_unless_present = "addresses")]
    chat: Option<String>,
    /// File with the address of the webhook; `-`: stdin.
    #[arg(long, value_name = "FILE")]
    url_file: Option<std::path::PathBuf>,
    /// An e-mail address; can be repeated.
    #[arg(long = "address", value_name = "ADDRESS", conflicts_with = "chat")]
    addresses: Vec<String>,
    #[command(flatten)]
    wants: Wants,
    /// Why, for the history.
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Update {
    /// Name, id, or beginning of its id.
    channel: String,
    #[arg(long)]
    name: Option<String>,
    /// File with another address of the webhook; `-`: stdin.
    #[arg(long, value_name = "FILE")]
    url_file: Option<std::path::PathBuf>,
    /// The e-mail addresses from now on; can be repeated.
    #[arg(long = "address", value_name = "ADDRESS")]
    addresses: Vec<String>,
    #[command(flatten)]
    wants: Wants,
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
    channel: String,
    /// Why, for the history.
    #[arg(long)]
    reason: String,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

pub(super) async fn run(command: Command, context: &Context<'_>) -> Result<(), Failure> {
    match command {
        Command::Create(create) => create.run(context).await,
        Command::List => list(context).await,
        Command::Get { channel } => show(context, &found(context, &channel).await?.1),
        Command::Update(update) => update.run(context).await,
        Command::Delete(delete) => delete.run(context).await,
        Command::Test { channel } => {
            let (tenant, channel) = found(context, &channel).await?;
            let id = channel.typed.id.to_string();
            let path = ["tenants", &tenant, "notification-channels", &id, "test"];
            let sent: Document<LetterSent> = context.client.post(&path, &json!({})).await?;
            context.output.one(&sent.json, &[("letter", sent.typed.id.to_string())])?;
            say("`concentric notification letters` shows what becomes of it.");
            Ok(())
        }
    }
}

/// The tenant, and a channel of it.
async fn found(
    context: &Context<'_>,
    wanted: &str,
) -> Result<(String, Document<Channel>), Failure> {
    let tenant = context.tenant().await?;
    let channel = find::channel(&context.client, &tenant, wanted).await?;
    Ok((tenant, channel))
}

async fn list(context: &Context<'_>) -> Result<(), Failure> {
    let tenant = context.tenant().await?;
    let path = ["tenants", &tenant, "notification-channels"];
    let channels = context.client.all(&path, &Query::new()).await?;
    let head = ["name", "kind", "to", "focus", "messages", "from", "state", "id"];
    context.output.list(&head, &channels, |channel: &Channel| {
        vec![
            channel.name.clone(),
            kind(channel).to_owned(),
            to(channel),
            wants::focus(&channel.wants),
            wants::topics(&channel.wants),
            wants::least(&channel.wants),
            state(channel).to_owned(),
            channel.id.to_string(),
        ]
    })
}

const fn kind(channel: &Channel) -> &'static str {
    match channel.kind {
        ChannelKind::Teams => "teams",
        ChannelKind::Slack => "slack",
        ChannelKind::Email => "email",
    }
}

fn to(channel: &Channel) -> String {
    channel.host.clone().unwrap_or_else(|| channel.addresses.join(", "))
}

const fn state(channel: &Channel) -> &'static str {
    match (channel.enabled, channel.failing_since, channel.wants.digest) {
        (false, _, _) => "disabled",
        (true, Some(_), _) => "failing",
        (true, None, true) => "once a day",
        (true, None, false) => "at once",
    }
}

/// The address that a file holds.
fn url(file: Option<&std::path::PathBuf>) -> Result<Option<String>, Failure> {
    let read = |file: &std::path::PathBuf| super::super::read_text(file);
    Ok(file.map(read).transpose()?.map(|text| text.trim().to_owned()))
}

impl Create {
    async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let wants = self.wants.over(api_types::NotificationWants::default());
        let url = url(self.url_file.as_ref())?;
        let to = match self.chat.as_deref() {
            Some("teams") => ChannelTo::Teams { url },
            Some(_) => ChannelTo::Slack { url },
            None => ChannelTo::Email { addresses: self.addresses },
        };
        let Self { name, reason, .. } = self;
        let body = CreateChannel { name, to, wants, enabled: true, reason };
        let tenant = context.tenant().await?;
        let path = ["tenants", &tenant, "notification-channels"];
        let made: Document<Channel> = context.client.post(&path, &body).await?;
        show(context, &made)
    }
}

impl Update {
    async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let (tenant, there) = found(context, &self.channel).await?;
        let there = there.typed;
        let url = url(self.url_file.as_ref())?;
        let to = match there.kind {
            ChannelKind::Teams => ChannelTo::Teams { url },
            ChannelKind::Slack => ChannelTo::Slack { url },
            ChannelKind::Email if self.addresses.is_empty() => {
                ChannelTo::Email { addresses: there.addresses }
            }
            ChannelKind::Email => ChannelTo::Email { addresses: self.addresses },
        };
        let body = CreateChannel {
            name: self.name.unwrap_or(there.name),
            to,
            wants: self.wants.over(there.wants),
            enabled: (there.enabled || self.enable) && !self.disable,
            reason: self.reason,
        };
        let id = there.id.to_string();
        let path = ["tenants", &tenant, "notification-channels", &id];
        let changed = context.client.put(&path, &body).await?;
        show(context, &changed)
    }
}

impl Delete {
    async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        confirm::can_ask(self.yes)?;
        let (tenant, channel) = found(context, &self.channel).await?;
        let channel = channel.typed;
        if !self.yes {
            say(&format!("This deletes channel {}; it is told nothing more.", channel.name));
            confirm::typed(&channel.name)?;
        }
        let id = channel.id.to_string();
        let query = vec![("reason", self.reason)];
        let path = ["tenants", &tenant, "notification-channels", &id];
        context.client.delete_with(&path, &query).await?;
        if let Form::Data(_) = context.output.form {
            context.output.one(&json!({ "deleted": id }), &[])?;
        }
        say(&format!("Deleted channel {}.", channel.name));
        Ok(())
    }
}

fn show(context: &Context<'_>, channel: &Document<Channel>) -> Result<(), Failure> {
    let one = &channel.typed;
    let fields = [
        ("name", one.name.clone()),
        ("id", one.id.to_string()),
        ("kind", kind(one).to_owned()),
        ("to", to(one)),
        ("focus", wants::focus(&one.wants)),
        ("messages", wants::topics(&one.wants)),
        ("from severity", wants::least(&one.wants)),
        ("told", state(one).to_owned()),
        ("failing since", text::maybe_time(one.failing_since)),
        ("changed at", text::time(one.changed_at)),
    ];
    context.output.one(&channel.json, &fields)
}
