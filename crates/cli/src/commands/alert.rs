//! `concentric alert`: what somebody should look at.

use api_types::{AcknowledgeAlert, Alert, MuteAlert, Reason};
use chrono::{DateTime, Utc};
use clap::Subcommand;

use super::Context;
use crate::client::{Document, Query};
use crate::failure::{Exit, Failure};
use crate::{find, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the alerts that are open, oldest first.
    List {
        /// With those that have ended.
        #[arg(long)]
        resolved: bool,
        /// Only this kind: `rollout_paused`, `policy_drift`, ...
        #[arg(long)]
        kind: Option<String>,
        /// critical, warning or information.
        #[arg(long)]
        severity: Option<String>,
    },
    /// Show one alert, and what to do about it.
    Get {
        /// Its id, or the beginning of its id.
        alert: String,
    },
    /// Say that you see to it; it stays open until what it is about has ended.
    Ack {
        /// Its id, or the beginning of its id.
        alert: String,
        /// Kept with the alert and in the history.
        #[arg(long)]
        note: Option<String>,
    },
    /// Have nobody told of it for a while.
    Mute {
        /// Its id, or the beginning of its id.
        alert: String,
        /// For how long (3d, 12h), or until when (RFC 3339).
        #[arg(long, value_name = "TIME", value_parser = text::moment, required_unless_present = "end")]
        until: Option<DateTime<Utc>>,
        /// Have people told again.
        #[arg(long, conflicts_with = "until")]
        end: bool,
    },
    /// Raise its severity by one step.
    Escalate {
        /// Its id, or the beginning of its id.
        alert: String,
        /// Kept in the history.
        #[arg(long)]
        reason: String,
    },
}

pub(crate) async fn run(command: Command, context: &Context<'_>) -> Result<Exit, Failure> {
    let (client, tenant) = (&context.client, context.tenant().await?);
    let alerts = ["tenants", tenant.as_str(), "alerts"];
    match command {
        Command::List { resolved, kind, severity } => {
            let mut query = Query::new();
            query.extend(resolved.then(|| ("resolved", "true".to_owned())));
            query.extend(kind.map(|kind| ("kind", kind)));
            query.extend(severity.map(|severity| ("severity", severity)));
            context.output.list(&HEAD, &client.all(&alerts, &query).await?, row)?;
        }
        Command::Get { alert } => {
            let found = find_one(context, &tenant, &alert).await?;
            show(context, &found)?;
        }
        Command::Ack { alert, note } => {
            let id = find_one(context, &tenant, &alert).await?.typed.id.to_string();
            let path = ["tenants", tenant.as_str(), "alerts", &id, "acknowledge"];
            show(context, &client.post(&path, &AcknowledgeAlert { note }).await?)?;
        }
        Command::Mute { alert, until, end: _ } => {
            let id = find_one(context, &tenant, &alert).await?.typed.id.to_string();
            let path = ["tenants", tenant.as_str(), "alerts", &id, "mute"];
            show(context, &client.post(&path, &MuteAlert { until }).await?)?;
        }
        Command::Escalate { alert, reason } => {
            let id = find_one(context, &tenant, &alert).await?.typed.id.to_string();
            let path = ["tenants", tenant.as_str(), "alerts", &id, "escalate"];
            show(context, &client.post(&path, &Reason { reason }).await?)?;
        }
    }
    Ok(Exit::Ok)
}

async fn find_one(
    context: &Context<'_>,
    tenant: &str,
    wanted: &str,
) -> Result<Document<Alert>, Failure> {
    let all = vec![("resolved", "true".to_owned())];
    let alerts = context.client.all(&["tenants", tenant, "alerts"], &all).await?;
    find::choose("alert", wanted, alerts, |alert: &Alert| (alert.id, &alert.kind))
}

const HEAD: [&str; 6] = ["severity", "kind", "opened", "state", "what is the matter", "id"];

fn row(alert: &Alert) -> Vec<String> {
    vec![
        alert.severity.clone(),
        alert.kind.clone(),
        text::time(alert.opened_at),
        state(alert),
        alert.text.clone(),
        alert.id.to_string(),
    ]
}

fn state(alert: &Alert) -> String {
    match (&alert.resolved_at, &alert.muted_until, &alert.acknowledged_by) {
        (Some(at), _, _) => format!("ended {}", text::time(*at)),
        (None, Some(until), _) => format!("muted until {}", text::time(*until)),
        (None, None, Some(by)) => format!("acknowledged by {by}"),
        (None, None, None) => "open".to_owned(),
    }
}

fn show(context: &Context<'_>, alert: &Document<Alert>) -> Result<(), Failure> {
    let a = &alert.typed;
    context.output.one(
        &alert.json,
        &[
            ("id", a.id.to_string()),
            ("kind", a.kind.clone()),
            ("severity", a.severity.clone()),
            (
                "about",
                if a.subject.is_empty() { "the tenant".to_owned() } else { a.subject.clone() },
            ),
            ("what is the matter", a.text.clone()),
            ("what to do", a.fix.clone()),
            ("opened", text::time(a.opened_at)),
            ("state", state(a)),
            ("note", text::maybe(a.note.as_deref())),
            ("escalated by", text::maybe(a.escalated_by.as_deref())),
        ],
    )
}
