//! `concentric audit`.

mod verify;

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use api_types::{AuditSigning, Event};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use futures_util::StreamExt as _;

use super::Context;
use crate::client::{Document, Query};
use crate::failure::{Exit, Failure};
use crate::output::{say, write_lines};
use crate::text;

/// How often `tail --follow` looks.
const PACE: Duration = Duration::from_secs(2);
const PAGE: usize = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the last entries.
    Tail {
        #[command(flatten)]
        of: Of,
        /// Go on as entries are added.
        #[arg(long, short)]
        follow: bool,
        /// How many.
        #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
        last: u16,
    },
    /// List entries, oldest first.
    List {
        #[command(flatten)]
        of: Of,
        /// Signed with this name.
        #[arg(long, value_name = "NAME")]
        actor: Option<String>,
        /// Of this kind, like `requested` or `ring_opened`.
        #[arg(long)]
        kind: Option<String>,
        /// Made then or later (RFC 3339).
        #[arg(long, value_name = "TIME")]
        since: Option<DateTime<Utc>>,
        /// Made before (RFC 3339).
        #[arg(long, value_name = "TIME")]
        until: Option<DateTime<Utc>>,
        /// Id of a rollout.
        #[arg(long, value_name = "ID")]
        rollout: Option<uuid::Uuid>,
        /// At most so many.
        #[arg(long, value_name = "N", default_value_t = 1_000)]
        limit: usize,
    },
    /// Write the whole trail with its checkpoints, for somebody else to verify.
    Export {
        #[command(flatten)]
        of: Of,
        /// Where to; stdout if not given.
        #[arg(long, short, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Verify an export, without any server; or the trail on the server. Exit code 17 if damaged.
    Verify(verify::Verify),
    /// Show the public keys that checkpoints are verified with; save them before they are needed.
    Key,
    /// Show how checkpoints are signed and copied.
    Status,
}

/// Which trail.
#[derive(Debug, Args)]
pub(crate) struct Of {
    /// That of the service, which holds what belongs to no tenant.
    #[arg(long)]
    service: bool,
}

impl Of {
    /// The path of the trail, and what is behind it.
    async fn path(&self, context: &Context<'_>, rest: &[&str]) -> Result<Vec<String>, Failure> {
        let mut path: Vec<String> = Vec::new();
        if !self.service {
            path.extend(["tenants".to_owned(), context.tenant().await?]);
        }
        path.push("audit".to_owned());
        path.extend(rest.iter().map(|&part| part.to_owned()));
        Ok(path)
    }
}

pub(crate) async fn run(command: Command, context: &Context<'_>) -> Result<Exit, Failure> {
    match command {
        Command::Tail { of, follow, last } => {
            tail(context, &of.path(context, &[]).await?, follow, last).await?;
        }
        Command::List { of, actor, kind, since, until, rollout, limit } => {
            let mut query = Query::new();
            query.extend(actor.map(|actor| ("actor", actor)));
            query.extend(kind.map(|kind| ("kind", kind)));
            query.extend(since.map(|at| ("since", at.to_rfc3339())));
            query.extend(until.map(|at| ("until", at.to_rfc3339())));
            query.extend(rollout.map(|id| ("rollout_id", id.to_string())));
            let path = of.path(context, &[]).await?;
            let (entries, has_more) = context.client.list(&parts(&path), &query, limit).await?;
            context.output.list(&HEAD, &entries, row)?;
            if has_more {
                say(&format!("There are more than these {limit}; --limit shows more."));
            }
        }
        Command::Export { of, file } => {
            let path = of.path(context, &[]).await?;
            export(context, &path, file.as_deref()).await?;
        }
        Command::Verify(verify) => return verify.run(context).await,
        Command::Key => {
            let signing = signing(context).await?;
            write_lines(signing.typed.keys)?;
        }
        Command::Status => status(context, &signing(context).await?)?,
    }
    Ok(Exit::Ok)
}

const HEAD: [&str; 5] = ["seq", "at", "actor", "kind", "text"];

fn row(entry: &Event) -> Vec<String> {
    let Event { seq, at, actor, kind, text: said, rollout_id: _, body: _ } = entry;
    vec![seq.to_string(), text::time(*at), actor.clone(), kind.clone(), said.clone()]
}

fn parts(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

async fn tail(
    context: &Context<'_>,
    path: &[String],
    follow: bool,
    last: u16,
) -> Result<(), Failure> {
    let (path, newest) = (parts(path), vec![("order", "newest_first".to_owned())]);
    let (mut entries, _) = context.client.list(&path, &newest, usize::from(last)).await?;
    entries.reverse();
    context.output.list(&HEAD, &entries, row)?;
    let mut seen = entries.last().map_or(0, |last: &Document<Event>| last.typed.seq);
    if !follow {
        return Ok(());
    }
    loop {
        tokio::time::sleep(PACE).await;
        let query = vec![("page_size", PAGE.to_string()), ("page_token", seen.to_string())];
        let page = context.client.get::<api_types::List<serde_json::Value>>(&path, &query).await?;
        for item in page.typed.items {
            let entry: Document<Event> = Document::read(item)?;
            seen = entry.typed.seq;
            write_lines([match context.output.form {
                crate::output::Form::Table => row(&entry.typed).join("  "),
                crate::output::Form::Plain => row(&entry.typed).join("\t"),
                crate::output::Form::Data(_) => entry.json.to_string(),
            }])?;
        }
    }
}

/// Writes as it comes, to a name of its own until it is whole.
async fn export(
    context: &Context<'_>,
    path: &[String],
    file: Option<&Path>,
) -> Result<(), Failure> {
    let answer = context.client.lines(&parts(path)).await?;
    let mut chunks = answer.bytes_stream();
    let broken = |error: &dyn std::fmt::Display| {
        Failure::Failed(format!("the export broke off ({error}); run it again"))
    };
    let Some(file) = file else {
        let mut out = std::io::stdout().lock();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| broken(&error))?;
            out.write_all(&chunk).map_err(|error| Failure::Failed(error.to_string()))?;
        }
        return Ok(());
    };
    let failed = |error: std::io::Error| Failure::Failed(format!("{}: {error}", file.display()));
    let mut aside = file.as_os_str().to_owned();
    aside.push(".part");
    let aside = PathBuf::from(aside);
    let mut out = BufWriter::new(std::fs::File::create(&aside).map_err(failed)?);
    while let Some(chunk) = chunks.next().await {
        out.write_all(&chunk.map_err(|error| broken(&error))?).map_err(failed)?;
    }
    let out = out.into_inner().map_err(|error| failed(error.into_error()))?;
    out.sync_all().and_then(|()| std::fs::rename(&aside, file)).map_err(failed)?;
    say(&format!("Exported to {}.", file.display()));
    Ok(())
}

async fn signing(context: &Context<'_>) -> Result<Document<AuditSigning>, Failure> {
    context.client.get(&["audit", "signing"], &Query::new()).await
}

fn status(context: &Context<'_>, signing: &Document<AuditSigning>) -> Result<(), Failure> {
    let AuditSigning { keys, signed_at, damaged_chains, sinks } = &signing.typed;
    let mut fields = vec![
        ("key", keys.first().cloned().unwrap_or_else(|| "-".to_owned())),
        ("signed at", text::maybe_time(*signed_at)),
        ("damaged chains", damaged_chains.to_string()),
    ];
    for sink in sinks {
        let copied = text::maybe_time(sink.copied_at);
        let state = sink.error.as_ref().map_or_else(
            || format!("complete at {copied}"),
            |error| format!("failing since {copied}: {error}"),
        );
        fields.push((sink.name.as_str(), state));
    }
    context.output.one(&signing.json, &fields)
}
