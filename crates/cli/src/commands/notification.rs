//! `concentric notification`.

mod channel;
pub(crate) mod wants;

use api_types::{Letter, LetterState, LetterWithContent, NotificationTopic};
use clap::Subcommand;
use serde_json::json;

use super::Context;
use crate::client::{Document, Query};
use crate::failure::{Exit, Failure};
use crate::output::{self, Form};
use crate::text;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Chats and lists of addresses that are told what happens.
    #[command(subcommand)]
    Channel(channel::Command),
    /// List what was sent, newest first, and what became of it.
    Letters {
        /// Only those that stand so.
        #[arg(long, value_parser = ["pending", "delivered", "given_up"])]
        state: Option<String>,
        /// Only this sort of message.
        #[arg(long, value_name = "MESSAGE")]
        kind: Option<String>,
    },
    /// Show a letter, with what it says.
    Get {
        /// Its id.
        letter: String,
    },
    /// Send a letter again that was given up.
    Retry {
        /// Its id.
        letter: String,
    },
    /// List the sorts of messages.
    Topics,
    /// Show how a sort of message reads.
    Preview {
        /// A sort of message, as `rollout_paused`.
        message: String,
        /// As HTML.
        #[arg(long)]
        html: bool,
    },
}

pub(crate) async fn run(command: Command, context: &Context<'_>) -> Result<Exit, Failure> {
    match command {
        Command::Channel(command) => channel::run(command, context).await?,
        Command::Letters { state, kind } => letters(context, state, kind).await?,
        Command::Get { letter } => {
            let tenant = context.tenant().await?;
            let path = ["tenants", &tenant, "notifications", &letter];
            let found: Document<LetterWithContent> =
                context.client.get(&path, &Query::new()).await?;
            let mut fields = fields(&found.typed.letter);
            fields.push(("text", found.typed.content.text.clone()));
            context.output.one(&found.json, &fields)?;
        }
        Command::Retry { letter } => {
            let tenant = context.tenant().await?;
            let path = ["tenants", &tenant, "notifications", &letter, "retry"];
            let found: Document<Letter> = context.client.post(&path, &json!({})).await?;
            context.output.one(&found.json, &fields(&found.typed))?;
        }
        Command::Topics => {
            let all = context.client.all(&["notification-topics"], &Query::new()).await?;
            context.output.list(
                &["message", "severity", "when"],
                &all,
                |one: &NotificationTopic| {
                    vec![
                        one.topic.clone(),
                        wants::severity(one.severity).to_owned(),
                        one.when.clone(),
                    ]
                },
            )?;
        }
        Command::Preview { message, html } => preview(context, &message, html).await?,
    }
    Ok(Exit::Ok)
}

async fn letters(
    context: &Context<'_>,
    state: Option<String>,
    kind: Option<String>,
) -> Result<(), Failure> {
    let tenant = context.tenant().await?;
    let state = state.map(|state| ("state", state));
    let query: Query = state.into_iter().chain(kind.map(|kind| ("kind", kind))).collect();
    let all = context.client.all(&["tenants", &tenant, "notifications"], &query).await?;
    let head = ["message", "to", "subject", "state", "tries", "last said", "written at", "id"];
    context.output.list(&head, &all, |one: &Letter| {
        vec![
            one.kind.clone(),
            recipient(one),
            one.subject.clone(),
            state_word(one).to_owned(),
            one.tries.len().to_string(),
            text::maybe(last(one).as_deref()),
            text::time(one.written_at),
            one.id.to_string(),
        ]
    })
}

fn recipient(letter: &Letter) -> String {
    match (&letter.address, letter.channel_id) {
        (Some(address), _) => address.clone(),
        (None, Some(channel)) => format!("channel {channel}"),
        (None, None) => String::new(),
    }
}

const fn state_word(letter: &Letter) -> &'static str {
    match letter.state {
        LetterState::Pending => "pending",
        LetterState::Delivered => "delivered",
        LetterState::GivenUp => "given up",
    }
}

fn last(letter: &Letter) -> Option<String> {
    letter.tries.last().map(|last| match (&last.refusal, last.code) {
        (None, _) => format!("taken in {} ms", last.latency_ms),
        (Some(refusal), Some(code)) => format!("{refusal} ({code})"),
        (Some(refusal), None) => refusal.clone(),
    })
}

fn fields(letter: &Letter) -> Vec<(&'static str, String)> {
    vec![
        ("message", letter.kind.clone()),
        ("id", letter.id.to_string()),
        ("to", recipient(letter)),
        ("subject", letter.subject.clone()),
        ("state", state_word(letter).to_owned()),
        ("tries", letter.tries.len().to_string()),
        ("last said", text::maybe(last(letter).as_deref())),
        ("tried again at", text::maybe_time(letter.next_at)),
        ("written at", text::time(letter.written_at)),
    ]
}

async fn preview(context: &Context<'_>, message: &str, html: bool) -> Result<(), Failure> {
    let all: Vec<Document<NotificationTopic>> =
        context.client.all(&["notification-topics"], &Query::new()).await?;
    let Some(found) = all.into_iter().find(|one| one.typed.topic == message) else {
        let why = "there is no such message; `concentric notification topics` lists what there is";
        return Err(Failure::Usage(why.to_owned()));
    };
    if let Form::Data(_) = context.output.form {
        return context.output.one(&found.json, &[]);
    }
    let example = found.typed.example;
    match (html, example.html) {
        (true, Some(html)) => output::write(&html),
        (true, None) | (false, _) => {
            output::write(&format!("Subject: {}\n\n{}", example.subject, example.text))
        }
    }
}
