//! `concentric support desk`: where requests are handed on to.

use std::path::PathBuf;

use api_types::{
    CreateSupportDesk, DeliveryState, DeskDelivery, DeskLogin, DeskWay, SupportDesk,
    SupportDeskMade,
};
use clap::{Args, Subcommand};

use super::{Category, Severity, category, severity, word};
use crate::client::{Document, Query};
use crate::commands::{Context, read_text};
use crate::failure::{Exit, Failure};
use crate::output::say;
use crate::{confirm, find, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the desks.
    List,
    /// Show one desk.
    Get {
        /// Its name, id, or the beginning of its id.
        desk: String,
    },
    /// Add a desk: a signed webhook, a table of `ServiceNow`, or a project of Jira.
    #[command(subcommand)]
    Create(Create),
    /// Enable a desk again, and have what waits told at once.
    Enable {
        /// Its name, id, or the beginning of its id.
        desk: String,
    },
    /// Tell a desk nothing more for now.
    Disable {
        /// Its name, id, or the beginning of its id.
        desk: String,
        /// Kept in the history.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Delete a desk, with what was still to be told to it.
    Delete {
        /// Its name, id, or the beginning of its id.
        desk: String,
        /// Kept in the history.
        #[arg(long)]
        reason: String,
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
    },
    /// List what was and is to be told to a desk.
    Deliveries {
        /// Its name, id, or the beginning of its id.
        desk: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Create {
    /// Signed as Standard Webhooks describes it.
    Webhook(Common),
    /// E-mail, by the mail server of the service.
    Mail {
        /// Unique in the tenant.
        name: String,
        /// Addresses, with commas between them.
        #[arg(long, value_name = "ADDRESS", value_delimiter = ',', required = true)]
        to: Vec<String>,
        #[command(flatten)]
        taking: Taking,
    },
    /// A record for each request, and a comment for each note.
    ServiceNow {
        #[command(flatten)]
        common: Common,
        #[arg(long, default_value = "incident")]
        table: String,
        /// Name, address or `sys_id` of who is said to call.
        #[arg(long)]
        caller: Option<String>,
        /// Name or `sys_id`.
        #[arg(long)]
        assignment_group: Option<String>,
        #[command(flatten)]
        login: Login,
    },
    /// An issue for each request, and a comment for each note.
    Jira {
        #[command(flatten)]
        common: Common,
        /// The key of the project.
        #[arg(long)]
        project: String,
        #[arg(long, default_value = "Task")]
        issue_type: String,
        #[command(flatten)]
        login: Login,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Unique in the tenant.
    name: String,
    /// Of a webhook its address; of a ticket system where it begins: `https://example.service-now.com`.
    #[arg(long, value_name = "URL")]
    to: String,
    #[command(flatten)]
    taking: Taking,
}

/// Which requests are handed on.
#[derive(Debug, Args)]
pub(crate) struct Taking {
    /// Requests of less are handed on only when somebody says so.
    #[arg(long, value_enum, default_value_t = Severity::Minimal)]
    at_least: Severity,
    /// Only these; all of them if not given.
    #[arg(long, value_enum, value_delimiter = ',')]
    categories: Vec<Category>,
    /// Kept in the history.
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Login {
    /// Log in with a user and a password; with a token if not given.
    #[arg(long)]
    user: Option<String>,
    /// Where the password or the token is; `-` reads it from stdin.
    #[arg(long, value_name = "FILE")]
    secret_file: PathBuf,
}

pub(super) async fn run(
    command: Command,
    context: &Context<'_>,
    tenant: &str,
) -> Result<Exit, Failure> {
    let client = &context.client;
    let desks = ["tenants", tenant, "support-desks"];
    match command {
        Command::List => {
            context.output.list(&HEAD, &client.all(&desks, &Query::new()).await?, row)?;
        }
        Command::Get { desk } => show(context, &found(context, tenant, &desk).await?)?,
        Command::Create(create) => {
            let made = client.post::<SupportDeskMade>(&desks, &create.body()?).await?;
            let mut fields = fields(&made.typed.desk);
            if let Some(secret) = &made.typed.secret {
                fields.push(("secret", secret.clone()));
                say("The secret is shown this once.");
            }
            context.output.one(&made.json, &fields)?;
        }
        Command::Enable { desk } => turn(context, tenant, &desk, (true, None)).await?,
        Command::Disable { desk, reason } => turn(context, tenant, &desk, (false, reason)).await?,
        Command::Delete { desk, reason, yes } => {
            confirm::can_ask(yes)?;
            let desk = found(context, tenant, &desk).await?.typed;
            if !yes {
                say(&format!(
                    "This deletes the desk {}; {} wait to be told.",
                    desk.name, desk.pending
                ));
                confirm::typed(&desk.name)?;
            }
            let id = desk.id.to_string();
            let path = ["tenants", tenant, "support-desks", &id];
            client.delete_with(&path, &vec![("reason", reason)]).await?;
            say(&format!("{} is told nothing more.", desk.name));
        }
        Command::Deliveries { desk } => {
            let id = found(context, tenant, &desk).await?.typed.id.to_string();
            let path = ["tenants", tenant, "support-desks", &id, "deliveries"];
            let head = ["due", "what", "state", "tries", "last", "request", "id"];
            let all = client.all::<DeskDelivery>(&path, &Query::new()).await?;
            context.output.list(&head, &all, delivery)?;
        }
    }
    Ok(Exit::Ok)
}

impl Create {
    fn body(self) -> Result<CreateSupportDesk, Failure> {
        match self {
            Self::Webhook(common) => Ok(common.body(DeskWay::Webhook, None)),
            Self::Mail { name, to, taking } => {
                let url = format!("mailto:{}", to.join(","));
                Ok(Common { name, to: url, taking }.body(DeskWay::Mail, None))
            }
            Self::ServiceNow { common, table, caller, assignment_group, login } => {
                let (login, secret) = login.read()?;
                let way = DeskWay::ServiceNow { table, caller, assignment_group, login };
                Ok(common.body(way, Some(secret)))
            }
            Self::Jira { common, project, issue_type, login } => {
                let (login, secret) = login.read()?;
                Ok(common.body(DeskWay::Jira { project, issue_type, login }, Some(secret)))
            }
        }
    }
}

impl Common {
    fn body(self, way: DeskWay, secret: Option<String>) -> CreateSupportDesk {
        CreateSupportDesk {
            name: self.name,
            url: self.to,
            way,
            secret,
            at_least: severity(self.taking.at_least),
            categories: self.taking.categories.into_iter().map(category).collect(),
            enabled: true,
            reason: self.taking.reason,
        }
    }
}

impl Login {
    fn read(self) -> Result<(DeskLogin, String), Failure> {
        let secret = read_text(&self.secret_file)?.trim().to_owned();
        Ok((self.user.map_or(DeskLogin::Bearer, |user| DeskLogin::Basic { user }), secret))
    }
}

pub(super) async fn found(
    context: &Context<'_>,
    tenant: &str,
    wanted: &str,
) -> Result<Document<SupportDesk>, Failure> {
    let all = context.client.all(&["tenants", tenant, "support-desks"], &Query::new()).await?;
    find::choose("desk", wanted, all, |one: &SupportDesk| (one.id, &one.name))
}

/// Enables or disables, and leaves all else as it was looked at.
async fn turn(
    context: &Context<'_>,
    tenant: &str,
    wanted: &str,
    (enabled, reason): (bool, Option<String>),
) -> Result<(), Failure> {
    let id = found(context, tenant, wanted).await?.typed.id.to_string();
    let path = ["tenants", tenant, "support-desks", &id];
    let desk = context.client.get::<SupportDesk>(&path, &Query::new()).await?.typed;
    let body = CreateSupportDesk {
        name: desk.name,
        url: desk.url,
        way: desk.way,
        secret: None,
        at_least: desk.at_least,
        categories: desk.categories,
        enabled,
        reason,
    };
    show(context, &context.client.put(&path, &body).await?)
}

const HEAD: [&str; 7] = ["name", "kind", "url", "takes", "waiting", "state", "id"];

fn row(desk: &SupportDesk) -> Vec<String> {
    vec![
        desk.name.clone(),
        kind(&desk.way).to_owned(),
        desk.url.clone(),
        takes(desk),
        desk.pending.to_string(),
        state(desk),
        desk.id.to_string(),
    ]
}

const fn kind(way: &DeskWay) -> &'static str {
    match way {
        DeskWay::Webhook => "webhook",
        DeskWay::Mail => "e-mail",
        DeskWay::ServiceNow { .. } => "ServiceNow",
        DeskWay::Jira { .. } => "Jira",
    }
}

fn takes(desk: &SupportDesk) -> String {
    let least = word(&desk.at_least);
    if desk.categories.is_empty() {
        return format!("{least} or worse");
    }
    let categories: Vec<String> = desk.categories.iter().map(word).collect();
    format!("{least} or worse, of {}", categories.join(", "))
}

fn state(desk: &SupportDesk) -> String {
    match (desk.enabled, desk.failing_since) {
        (false, _) => "disabled".to_owned(),
        (true, Some(since)) => format!("failing since {}", text::time(since)),
        (true, None) => "enabled".to_owned(),
    }
}

fn fields(desk: &SupportDesk) -> Vec<(&'static str, String)> {
    let mut fields: Vec<(&str, String)> = HEAD.into_iter().zip(row(desk)).collect();
    let login = |login: &DeskLogin| match login {
        DeskLogin::Basic { user } => format!("as {user}"),
        DeskLogin::Bearer => "by a token".to_owned(),
    };
    match &desk.way {
        DeskWay::Webhook | DeskWay::Mail => {}
        DeskWay::ServiceNow { table, caller, assignment_group, login: of } => {
            fields.push(("table", table.clone()));
            fields.push(("caller", text::maybe(caller.as_deref())));
            fields.push(("assignment group", text::maybe(assignment_group.as_deref())));
            fields.push(("login", login(of)));
        }
        DeskWay::Jira { project, issue_type, login: of } => {
            fields.push(("project", project.clone()));
            fields.push(("issue type", issue_type.clone()));
            fields.push(("login", login(of)));
        }
    }
    fields
}

fn show(context: &Context<'_>, desk: &Document<SupportDesk>) -> Result<(), Failure> {
    context.output.one(&desk.json, &fields(&desk.typed))
}

fn delivery(one: &DeskDelivery) -> Vec<String> {
    let state = match (one.state, one.next_at) {
        (DeliveryState::Pending, Some(at)) => format!("tried at {}", text::time(at)),
        (DeliveryState::Pending, None) => "pending".to_owned(),
        (DeliveryState::Delivered, _) => "delivered".to_owned(),
        (DeliveryState::GivenUp, _) => "given up".to_owned(),
    };
    let status = one.status.map(|status| status.to_string());
    let last: Vec<String> = status.into_iter().chain(one.refusal.clone()).collect();
    vec![
        text::time(one.due_since),
        if one.note_id.is_some() { "note" } else { "request" }.to_owned(),
        state,
        one.tries.to_string(),
        if last.is_empty() { "-".to_owned() } else { last.join(" ") },
        one.request_id.to_string(),
        one.id.to_string(),
    ]
}
