//! `concentric signal`.

use std::path::PathBuf;

use api_types::{
    CreateSignal, SeenSignals, Signal, SignalMeasure, SignalReading, SignalSource, SignalTest,
    SignalVerdict, TestSignal,
};
use clap::{Args, Subcommand};
use serde_json::json;

use super::Context;
use crate::client::{Document, Query};
use crate::failure::{Exit, Failure};
use crate::output::{Form, say, table, write, write_lines};
use crate::{confirm, declared, find, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the signals, or what a rollout sees of them.
    List {
        /// A rollout: id, beginning of its id, or name of its release.
        #[arg(long, value_name = "ROLLOUT")]
        rollout: Option<String>,
    },
    /// Show a signal.
    Show {
        /// Name, id, or beginning of its id.
        signal: String,
    },
    /// Make a signal what a file says, or make it.
    Apply {
        /// The fields of the API's call, YAML or JSON; `-` reads stdin. A secret that is left out
        /// stays as it is.
        #[arg(long, short, value_name = "FILE")]
        file: PathBuf,
        /// Why, for the history.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Delete a signal: gates ask for less then.
    Delete(Delete),
    /// Ask the source of a signal now, and show what a gate would make of it; nothing is kept.
    Test {
        /// Name, id, or beginning of its id.
        signal: String,
        /// The rollout to ask about; the newest that listens to the signal if not given.
        #[arg(long, value_name = "ROLLOUT")]
        rollout: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// Name, id, or beginning of its id.
    signal: String,
    /// Why, for the history.
    #[arg(long)]
    reason: String,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

pub(crate) async fn run(command: Command, context: &Context<'_>) -> Result<Exit, Failure> {
    match command {
        Command::List { rollout: None } => list(context).await?,
        Command::List { rollout: Some(rollout) } => seen(context, &rollout).await?,
        Command::Show { signal } => {
            let tenant = context.tenant().await?;
            show(context, &find::signal(&context.client, &tenant, &signal).await?)?;
        }
        Command::Apply { file, reason } => apply(context, &file, reason).await?,
        Command::Delete(delete) => delete.run(context).await?,
        Command::Test { signal, rollout } => test(context, &signal, rollout.as_deref()).await?,
    }
    Ok(Exit::Ok)
}

async fn list(context: &Context<'_>) -> Result<(), Failure> {
    let tenant = context.tenant().await?;
    let signals = context.client.all(&["tenants", &tenant, "signals"], &Query::new()).await?;
    let head = ["name", "source", "every", "owner", "changed at", "id"];
    context.output.list(&head, &signals, |signal: &Signal| {
        vec![
            signal.name.clone(),
            source(&signal.source).to_owned(),
            format!("{} min", signal.interval_minutes),
            signal.owner.clone(),
            text::time(signal.changed_at),
            signal.id.to_string(),
        ]
    })
}

async fn seen(context: &Context<'_>, rollout: &str) -> Result<(), Failure> {
    let (client, tenant) = (&context.client, context.tenant().await?);
    let rollout = find::rollout(client, &tenant, rollout).await?.typed.id.to_string();
    let path = ["tenants", &tenant, "rollouts", &rollout, "signals"];
    let seen: Document<SeenSignals> = client.get(&path, &Query::new()).await?;
    let rows = seen.typed.signals.iter().map(|signal| {
        let last = signal.last.as_ref();
        vec![
            signal.name.clone(),
            verdict(signal.answer.verdict).to_owned(),
            signal.answer.why.clone(),
            text::maybe(last.map(|last| last.reason.as_str())),
            text::maybe_time(last.map(|last| last.at)),
            signal.owner.clone(),
        ]
    });
    match context.output.form {
        Form::Table => {
            let head = ["signal", "verdict", "why", "last said", "at", "owner"];
            write(&table(&head, rows.collect()))
        }
        Form::Plain => write_lines(rows.map(|row| row.join("\t"))),
        Form::Data(_) => context.output.one(&seen.json, &[]),
    }
}

async fn apply(
    context: &Context<'_>,
    file: &std::path::Path,
    reason: Option<String>,
) -> Result<(), Failure> {
    let mut body: CreateSignal = declared::signal(file)?;
    body.reason = reason.or(body.reason);
    let (client, tenant) = (&context.client, context.tenant().await?);
    let path = ["tenants", tenant.as_str(), "signals"];
    let there = client.all::<Signal>(&path, &Query::new()).await?;
    let there = there.into_iter().find(|signal| signal.typed.name == body.name);
    let signal = if let Some(id) = there.map(|signal| signal.typed.id.to_string()) {
        client.put(&[&path[..], &[&id]].concat(), &body).await?
    } else {
        client.post(&path, &body).await?
    };
    show(context, &signal)?;
    say(&format!("`concentric signal test \"{}\"` shows what it says now.", body.name));
    Ok(())
}

impl Delete {
    async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        confirm::can_ask(self.yes)?;
        let tenant = context.tenant().await?;
        let signal = find::signal(&context.client, &tenant, &self.signal).await?.typed;
        if !self.yes {
            say(&format!("This deletes signal {}; gates go on without it.", signal.name));
            confirm::typed(&signal.name)?;
        }
        let id = signal.id.to_string();
        let query = vec![("reason", self.reason)];
        context.client.delete_with(&["tenants", &tenant, "signals", &id], &query).await?;
        if let Form::Data(_) = context.output.form {
            context.output.one(&json!({ "deleted": id }), &[])?;
        }
        say(&format!("Deleted signal {}.", signal.name));
        Ok(())
    }
}

async fn test(context: &Context<'_>, signal: &str, rollout: Option<&str>) -> Result<(), Failure> {
    let (client, tenant) = (&context.client, context.tenant().await?);
    let id = find::signal(client, &tenant, signal).await?.typed.id.to_string();
    let rollout_id = match rollout {
        Some(rollout) => Some(find::rollout(client, &tenant, rollout).await?.typed.id),
        None => None,
    };
    let path = ["tenants", &tenant, "signals", &id, "test"];
    let tested: Document<SignalTest> = client.post(&path, &TestSignal { rollout_id }).await?;
    let t = &tested.typed;
    let about = t.rollout_id.map_or_else(|| "no rollout".to_owned(), |id| id.to_string());
    let mut fields = vec![("asked about", about)];
    fields.extend(reading(&t.reading));
    fields.push(("a gate would", verdict(t.answer.verdict).to_owned()));
    fields.push(("why", t.answer.why.clone()));
    context.output.one(&tested.json, &fields)
}

fn reading(reading: &SignalReading) -> Vec<(&'static str, String)> {
    let mut fields = vec![("said", reading.reason.clone())];
    fields.extend(reading.value.map(|value| ("value", value.to_string())));
    if let (Some(failures), Some(devices)) = (reading.failures, reading.devices) {
        fields.push(("devices", format!("{failures} of {devices} failed")));
    }
    fields.extend(reading.evidence_url.clone().map(|url| ("evidence", url)));
    fields.extend(reading.valid_until.map(|until| ("valid until", text::time(until))));
    fields
}

fn show(context: &Context<'_>, signal: &Document<Signal>) -> Result<(), Failure> {
    let s = &signal.typed;
    let mut fields = vec![
        ("name", s.name.clone()),
        ("id", s.id.to_string()),
        ("source", source(&s.source).to_owned()),
    ];
    fields.extend(details(&s.source));
    let secret = if s.has_secret { "set" } else { "none" };
    fields.extend([
        ("secret", secret.to_owned()),
        ("every", format!("{} min", s.interval_minutes)),
        ("after the start", format!("{} min", s.initial_delay_minutes)),
        ("oldest reading", format!("{} min", s.max_age_minutes)),
        ("failures put up with", s.failure_limit.to_string()),
        ("passes in a row", s.passes_in_a_row.to_string()),
        ("errors put up with", s.consecutive_error_limit.to_string()),
        ("owner", s.owner.clone()),
        ("runbook", text::maybe(s.runbook.as_deref())),
        ("ring set", s.ring_set_id.map_or_else(|| "any".to_owned(), |id| id.to_string())),
        ("changed at", text::time(s.changed_at)),
    ]);
    context.output.one(&signal.json, &fields)
}

const fn source(source: &SignalSource) -> &'static str {
    match source {
        SignalSource::Prometheus { .. } => "prometheus",
        SignalSource::Webhook { .. } => "webhook",
        SignalSource::Kql { .. } => "kql",
    }
}

fn details(source: &SignalSource) -> Vec<(&'static str, String)> {
    match source {
        SignalSource::Webhook { url } => vec![("url", url.clone())],
        SignalSource::Prometheus { url, measure } => {
            let mut fields = vec![("url", url.clone())];
            fields.extend(queries(measure));
            fields
        }
        SignalSource::Kql { workspace_id, measure, .. } => {
            let mut fields = vec![("workspace", workspace_id.to_string())];
            fields.extend(queries(measure));
            fields
        }
    }
}

fn queries(measure: &SignalMeasure) -> Vec<(&'static str, String)> {
    let line = |query: &str| query.replace('\n', " ");
    match measure {
        SignalMeasure::Value { query, least, most } => {
            let mut fields = vec![("query", line(query))];
            fields.extend(least.map(|least| ("least", least.to_string())));
            fields.extend(most.map(|most| ("most", most.to_string())));
            fields
        }
        SignalMeasure::Counts { failures_query, devices_query, limit_percent } => vec![
            ("failures", line(failures_query)),
            ("devices", line(devices_query)),
            ("limit", format!("{limit_percent} %")),
        ],
    }
}

const fn verdict(verdict: SignalVerdict) -> &'static str {
    match verdict {
        SignalVerdict::Pass => "pass",
        SignalVerdict::Wait => "wait",
        SignalVerdict::Fail => "fail",
        SignalVerdict::Unknown => "unknown",
    }
}
