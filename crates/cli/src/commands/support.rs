//! `concentric support`: requests for help, with their evidence.

mod create;
mod desk;

use std::path::PathBuf;

use api_types::{
    CommentSupportRequest, HandOn, MoveSupportRequest, Reason, SupportCategory, SupportNote,
    SupportRequest, SupportRequestDetail, SupportSeverity, SupportStatus, SupportStep,
};
use chrono::Utc;
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

use super::Context;
use crate::client::{Document, Query};
use crate::failure::{Exit, Failure};
use crate::output::say;
use crate::save::save;
use crate::{find, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// File a request about the tenant or a thing of it; what is known of it now is kept with it.
    Create(Box<create::Create>),
    /// List the requests that are not resolved, oldest first.
    List {
        /// Those that are resolved too.
        #[arg(long)]
        all: bool,
        /// A condition on the fields of a request: `severity == "critical" && is_late`. All that match are shown.
        #[arg(long, value_name = "CONDITION")]
        filter: Option<String>,
        /// Up to three fields: `created_at desc,title`.
        #[arg(long, value_name = "FIELDS")]
        order_by: Option<String>,
    },
    /// Show one request, with its conversation.
    Get {
        /// Its title, id, or the beginning of its id.
        request: String,
    },
    /// Say something about a request.
    Comment {
        /// Its title, id, or the beginning of its id.
        request: String,
        text: String,
    },
    /// Bring a request into another status, into somebody's hands, or to another severity.
    Status(Status),
    /// Have a request go on that was mitigated less than 24 hours ago.
    Reopen {
        /// Its title, id, or the beginning of its id.
        request: String,
        /// What is the matter again; part of the conversation.
        #[arg(long)]
        reason: String,
    },
    /// Hand a request on to a desk that does not take it by itself, or once more after that was given up.
    HandOn {
        /// Its title, id, or the beginning of its id.
        request: String,
        /// Name, id, or beginning of the id of the desk.
        #[arg(long)]
        desk: String,
    },
    /// Desks: where requests are handed on to.
    #[command(subcommand)]
    Desk(desk::Command),
    /// Write a request with its conversation, as JSON with its evidence or as Markdown.
    Export {
        /// Its title, id, or the beginning of its id.
        request: String,
        #[arg(long, value_enum, default_value_t = Format::Markdown)]
        format: Format,
        /// Where to; stdout if not given.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Write the evidence of a request, byte for byte as it was hashed.
    Bundle {
        /// Its title, id, or the beginning of its id.
        request: String,
        /// Where to; stdout if not given.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
#[expect(clippy::struct_field_names, reason = "what the API calls it")]
pub(crate) struct Status {
    /// Its title, id, or the beginning of its id.
    request: String,
    #[arg(value_enum, required_unless_present_any = ["severity", "assignee"])]
    status: Option<Step>,
    #[arg(long, value_enum)]
    severity: Option<Severity>,
    /// Who works on it from now on.
    #[arg(long, value_name = "NAME")]
    assignee: Option<String>,
    /// Said with it, in the conversation.
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    InProgress,
    Waiting,
    Mitigated,
    Resolved,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Severity {
    /// C: work goes on.
    Minimal,
    /// B: work goes on with difficulty.
    Moderate,
    /// A: work stands still, or updates do harm.
    Critical,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Category {
    Updates,
    Devices,
    Policies,
    Access,
    Reports,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Json,
    Markdown,
}

const fn step(step: Step) -> SupportStep {
    match step {
        Step::InProgress => SupportStep::InProgress,
        Step::Waiting => SupportStep::Waiting,
        Step::Mitigated => SupportStep::Mitigated,
        Step::Resolved => SupportStep::Resolved,
    }
}

const fn severity(severity: Severity) -> SupportSeverity {
    match severity {
        Severity::Minimal => SupportSeverity::Minimal,
        Severity::Moderate => SupportSeverity::Moderate,
        Severity::Critical => SupportSeverity::Critical,
    }
}

const fn category(category: Category) -> SupportCategory {
    match category {
        Category::Updates => SupportCategory::Updates,
        Category::Devices => SupportCategory::Devices,
        Category::Policies => SupportCategory::Policies,
        Category::Access => SupportCategory::Access,
        Category::Reports => SupportCategory::Reports,
        Category::Other => SupportCategory::Other,
    }
}

pub(crate) async fn run(command: Command, context: &Context<'_>) -> Result<Exit, Failure> {
    let (client, tenant) = (&context.client, context.tenant().await?);
    match command {
        Command::Create(create) => create.run(context, &tenant).await?,
        Command::List { all, filter, order_by } => {
            let keeps_all = all || filter.is_some();
            let mut query = Query::new();
            query.extend(filter.map(|filter| ("filter", filter)));
            query.extend(order_by.map(|order| ("order_by", order)));
            let path = ["tenants", tenant.as_str(), "support-requests"];
            let mut found: Vec<Document<SupportRequest>> = client.all(&path, &query).await?;
            found.retain(|one| keeps_all || one.typed.status != SupportStatus::Resolved);
            context.output.list(&HEAD, &found, row)?;
        }
        Command::Get { request } => {
            let id = found(context, &tenant, &request).await?.typed.id.to_string();
            let path = ["tenants", tenant.as_str(), "support-requests", &id];
            let detail = client.get::<SupportRequestDetail>(&path, &Query::new()).await?;
            let mut fields = fields(&detail.typed.request);
            let references = detail.typed.references.iter();
            fields.extend(
                references.map(|one| ("known as", format!("{} at {}", one.name, one.desk))),
            );
            fields.extend(detail.typed.conversation.iter().map(said));
            context.output.one(&detail.json, &fields)?;
        }
        Command::Comment { request, text } => {
            let id = found(context, &tenant, &request).await?.typed.id.to_string();
            let path = ["tenants", tenant.as_str(), "support-requests", &id, "comments"];
            show(context, &client.post(&path, &CommentSupportRequest { text }).await?)?;
        }
        Command::Status(status) => {
            let id = found(context, &tenant, &status.request).await?.typed.id.to_string();
            let path = ["tenants", tenant.as_str(), "support-requests", &id, "move"];
            let body = MoveSupportRequest {
                status: status.status.map(step),
                severity: status.severity.map(severity),
                assignee: status.assignee,
                comment: status.comment,
            };
            show(context, &client.post(&path, &body).await?)?;
        }
        Command::Reopen { request, reason } => {
            let id = found(context, &tenant, &request).await?.typed.id.to_string();
            let path = ["tenants", tenant.as_str(), "support-requests", &id, "reopen"];
            show(context, &client.post(&path, &Reason { reason }).await?)?;
        }
        Command::HandOn { request, desk } => {
            let request = found(context, &tenant, &request).await?.typed;
            let desk = desk::found(context, &tenant, &desk).await?.typed;
            let id = request.id.to_string();
            let path = ["tenants", tenant.as_str(), "support-requests", &id, "hand-on"];
            client.order_with(&path, &HandOn { desk_id: desk.id }).await?;
            say(&format!("{} is handed on to {}.", request.title, desk.name));
        }
        Command::Desk(command) => return desk::run(command, context, &tenant).await,
        Command::Export { request, format, file } => {
            let id = found(context, &tenant, &request).await?.typed.id.to_string();
            let path = ["tenants", tenant.as_str(), "support-requests", &id, "export"];
            let format = match format {
                Format::Json => "json",
                Format::Markdown => "markdown",
            };
            let answer = client.file(&path, &vec![("format", format.to_owned())]).await?;
            save(answer, file.as_deref()).await?;
        }
        Command::Bundle { request, file } => {
            let id = found(context, &tenant, &request).await?.typed.id.to_string();
            let path = ["tenants", tenant.as_str(), "support-requests", &id, "bundle"];
            save(client.file(&path, &Query::new()).await?, file.as_deref()).await?;
        }
    }
    Ok(Exit::Ok)
}

async fn found(
    context: &Context<'_>,
    tenant: &str,
    wanted: &str,
) -> Result<Document<SupportRequest>, Failure> {
    let all = context.client.all(&["tenants", tenant, "support-requests"], &Query::new()).await?;
    find::choose("support request", wanted, all, |one: &SupportRequest| (one.id, &one.title))
}

const HEAD: [&str; 7] = ["severity", "status", "title", "about", "assigned to", "answer", "id"];

fn row(request: &SupportRequest) -> Vec<String> {
    vec![
        word(&request.severity),
        word(&request.status),
        request.title.clone(),
        about(request),
        text::maybe(request.assignee.as_deref()),
        answer(request),
        request.id.to_string(),
    ]
}

fn about(request: &SupportRequest) -> String {
    format!("{} {}", word(&request.about.kind), request.about.name)
}

fn answer(request: &SupportRequest) -> String {
    match (request.answered_at, request.is_late) {
        (Some(_), _) => "answered".to_owned(),
        (None, true) => format!("late since {}", text::time(request.answer_by)),
        (None, false) => format!("by {}", text::time(request.answer_by)),
    }
}

/// The word of an enumeration, as it is in JSON.
fn word(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().replace('_', " ")
}

fn fields(request: &SupportRequest) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("id", request.id.to_string()),
        ("title", request.title.clone()),
        ("about", about(request)),
        ("severity", word(&request.severity)),
        ("category", word(&request.category)),
        ("status", format!("{} since {}", word(&request.status), text::time(request.status_at))),
        ("filed", format!("{} by {}", text::time(request.created_at), request.requester)),
        ("assigned to", text::maybe(request.assignee.as_deref())),
        ("answer", answer(request)),
    ];
    if let Some(until) = request.reopen_until {
        let verb = if until > Utc::now() { "can" } else { "could" };
        fields.push(("reopened", format!("{verb} be until {}", text::time(until))));
    }
    if let Some(follows) = request.follows {
        fields.push(("follows", follows.to_string()));
    }
    let (bytes, hash) = (request.bundle_bytes, &request.bundle_sha256);
    fields.push(("evidence", format!("{} bytes, SHA-256 {hash}", text::number(bytes))));
    fields.push(("description", request.description.clone()));
    fields
}

fn said(note: &SupportNote) -> (&'static str, String) {
    let mut parts = vec![format!("{} {}", text::time(note.at), note.author)];
    parts.extend(note.status.map(|status| format!("now {}", word(&status))));
    parts.extend(note.assignee.as_ref().map(|name| format!("assigned to {name}")));
    let text = note.text.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
    ("said", format!("{}{text}", parts.join(", ")))
}

fn show(context: &Context<'_>, request: &Document<SupportRequest>) -> Result<(), Failure> {
    context.output.one(&request.json, &fields(&request.typed))
}
