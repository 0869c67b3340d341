//! `concentric contact`.

use api_types::{Contact, CreateContact, LetterSent};
use clap::{Args, Subcommand};
use serde_json::json;

use super::Context;
use super::notification::wants::{self, Wants};
use crate::client::{Document, Query};
use crate::failure::{Exit, Failure};
use crate::output::{Form, say};
use crate::{confirm, find, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add a person who is told what happens, by e-mail.
    Create(Create),
    /// List the contacts.
    List,
    /// Show a contact.
    Get {
        /// Name, id, or beginning of its id.
        contact: String,
    },
    /// Change a contact; what is not given stays.
    Update(Update),
    /// Delete a contact.
    Delete(Delete),
    /// Send an e-mail to a contact, to see whether it arrives.
    Test {
        /// Name, id, or beginning of its id.
        contact: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    name: String,
    #[arg(long)]
    email: String,
    #[arg(long)]
    phone: Option<String>,
    #[command(flatten)]
    wants: Wants,
    /// Why, for the history.
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Update {
    /// Name, id, or beginning of its id.
    contact: String,
    #[arg(long)]
    name: Option<String>,
    #[arg(long)]
    email: Option<String>,
    #[arg(long)]
    phone: Option<String>,
    #[command(flatten)]
    wants: Wants,
    /// Tell them again what happens.
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// Tell them nothing more.
    #[arg(long)]
    disable: bool,
    /// Why, for the history.
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// Name, id, or beginning of its id.
    contact: String,
    /// Why, for the history.
    #[arg(long)]
    reason: String,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

pub(crate) async fn run(command: Command, context: &Context<'_>) -> Result<Exit, Failure> {
    match command {
        Command::Create(create) => create.run(context).await?,
        Command::List => list(context).await?,
        Command::Get { contact } => show(context, &found(context, &contact).await?.1)?,
        Command::Update(update) => update.run(context).await?,
        Command::Delete(delete) => delete.run(context).await?,
        Command::Test { contact } => {
            let (tenant, contact) = found(context, &contact).await?;
            let id = contact.typed.id.to_string();
            let path = ["tenants", &tenant, "contacts", &id, "test"];
            let sent: Document<LetterSent> = context.client.post(&path, &json!({})).await?;
            context.output.one(&sent.json, &[("letter", sent.typed.id.to_string())])?;
            say("`concentric notification letters` shows what becomes of it.");
        }
    }
    Ok(Exit::Ok)
}

/// The tenant, and a contact of it.
async fn found(
    context: &Context<'_>,
    wanted: &str,
) -> Result<(String, Document<Contact>), Failure> {
    let tenant = context.tenant().await?;
    let contact = find::contact(&context.client, &tenant, wanted).await?;
    Ok((tenant, contact))
}

async fn list(context: &Context<'_>) -> Result<(), Failure> {
    let tenant = context.tenant().await?;
    let contacts = context.client.all(&["tenants", &tenant, "contacts"], &Query::new()).await?;
    let head = ["name", "email", "focus", "messages", "from", "state", "id"];
    context.output.list(&head, &contacts, |contact: &Contact| {
        vec![
            contact.name.clone(),
            contact.email.clone(),
            wants::focus(&contact.wants),
            wants::topics(&contact.wants),
            wants::least(&contact.wants),
            state(contact),
            contact.id.to_string(),
        ]
    })
}

fn state(contact: &Contact) -> String {
    let word = match (contact.enabled, contact.wants.digest) {
        (false, _) => "disabled",
        (true, true) => "once a day",
        (true, false) => "at once",
    };
    word.to_owned()
}

impl Create {
    async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let wants = self.wants.over(api_types::NotificationWants::default());
        let Self { name, email, phone, reason, .. } = self;
        let body = CreateContact { name, email, phone, wants, enabled: true, reason };
        let tenant = context.tenant().await?;
        let made: Document<Contact> =
            context.client.post(&["tenants", &tenant, "contacts"], &body).await?;
        show(context, &made)
    }
}

impl Update {
    async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let (tenant, there) = found(context, &self.contact).await?;
        let there = there.typed;
        let body = CreateContact {
            name: self.name.unwrap_or(there.name),
            email: self.email.unwrap_or(there.email),
            phone: self.phone.or(there.phone),
            wants: self.wants.over(there.wants),
            enabled: (there.enabled || self.enable) && !self.disable,
            reason: self.reason,
        };
        let id = there.id.to_string();
        let changed = context.client.put(&["tenants", &tenant, "contacts", &id], &body).await?;
        show(context, &changed)
    }
}

impl Delete {
    async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        confirm::can_ask(self.yes)?;
        let (tenant, contact) = found(context, &self.contact).await?;
        let contact = contact.typed;
        if !self.yes {
            say(&format!("This deletes contact {}, who is told nothing more.", contact.name));
            confirm::typed(&contact.name)?;
        }
        let id = contact.id.to_string();
        let query = vec![("reason", self.reason)];
        context.client.delete_with(&["tenants", &tenant, "contacts", &id], &query).await?;
        if let Form::Data(_) = context.output.form {
            context.output.one(&json!({ "deleted": id }), &[])?;
        }
        say(&format!("Deleted contact {}.", contact.name));
        Ok(())
    }
}

fn show(context: &Context<'_>, contact: &Document<Contact>) -> Result<(), Failure> {
    let one = &contact.typed;
    let fields = [
        ("name", one.name.clone()),
        ("id", one.id.to_string()),
        ("email", one.email.clone()),
        ("phone", text::maybe(one.phone.as_deref())),
        ("focus", wants::focus(&one.wants)),
        ("messages", wants::topics(&one.wants)),
        ("from severity", wants::least(&one.wants)),
        ("told", state(one)),
        ("changed at", text::time(one.changed_at)),
    ];
    context.output.one(&contact.json, &fields)
}
