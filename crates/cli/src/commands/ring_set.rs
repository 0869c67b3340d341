//! `concentric ring-set`.

pub(crate) mod change;
pub(crate) mod preview;
mod prove;

use std::path::PathBuf;

use api_types::{Ring, RingSet};
use clap::Subcommand;

use super::Context;
use crate::client::{Document, Query};
use crate::failure::{Exit, Failure};
use crate::output::{Form, say, table, write, write_lines};
use crate::{declared, find, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the ring sets.
    List,
    /// Show the rings of a ring set.
    Get {
        /// Name, id, or beginning of its id.
        ring_set: String,
    },
    /// Make a ring set from a YAML or JSON file.
    Create {
        /// The fields of the API's call; `-` reads stdin.
        #[arg(long, short, value_name = "FILE")]
        file: PathBuf,
    },
    /// Show who would move, and why, without saving anything.
    Preview {
        /// A YAML or JSON file with a ring set, `-` for stdin; or the name of a ring set, to see what
        /// placing the devices again would do.
        #[arg(value_name = "FILE|NAME")]
        what: String,
    },
    /// Make a ring set what a file says, or make it: first shows who moves, then asks.
    Apply(change::Apply),
    /// Delete a ring set.
    Delete(change::Delete),
    /// Show what each ring can prove: the smallest failure rate that a rollout is stopped for there.
    Prove(prove::Prove),
    /// Place the devices of the fleet into the rings again.
    Place {
        /// Name, id, or beginning of its id.
        ring_set: String,
    },
}

pub(crate) async fn run(command: Command, context: &Context<'_>) -> Result<Exit, Failure> {
    let client = &context.client;
    match command {
        Command::List => {
            let tenant = context.tenant().await?;
            let sets = client.all(&["tenants", &tenant, "ring-sets"], &Query::new()).await?;
            let head = ["name", "rings", "members", "placed at", "id"];
            context.output.list(&head, &sets, |set: &RingSet| {
                let names: Vec<&str> = set.rings.iter().map(|ring| ring.name.as_str()).collect();
                vec![
                    set.name.clone(),
                    names.join(", "),
                    set.members.iter().sum::<u32>().to_string(),
                    text::maybe_time(set.placed_at),
                    set.id.to_string(),
                ]
            })?;
        }
        Command::Get { ring_set } => {
            let tenant = context.tenant().await?;
            show(context, &find::ring_set(client, &tenant, &ring_set).await?)?;
        }
        Command::Create { file } => {
            // Before the first request, so that a typing error costs nothing.
            let body = declared::ring_set(&file)?;
            let tenant = context.tenant().await?;
            let set = client.post(&["tenants", &tenant, "ring-sets"], &body).await?;
            show(context, &set)?;
        }
        Command::Preview { what } => change::preview(context, &what).await?,
        Command::Apply(apply) => apply.run(context).await?,
        Command::Delete(delete) => delete.run(context).await?,
        Command::Prove(prove) => prove.run(context).await?,
        Command::Place { ring_set } => {
            let tenant = context.tenant().await?;
            let set = find::ring_set(client, &tenant, &ring_set).await?.typed;
            let id = set.id.to_string();
            client.order(&["tenants", &tenant, "ring-sets", &id, "place"]).await?;
            say(&format!("Placing devices into {}.", set.name));
        }
    }
    Ok(Exit::Ok)
}

/// `2 of ben, cleo`, `1`; `-` when nobody has to approve.
fn approvals(ring: &Ring) -> String {
    match &ring.approvals {
        None => "-".to_owned(),
        Some(quorum) if quorum.approvers.is_empty() => quorum.needed.to_string(),
        Some(quorum) => format!("{} of {}", quorum.needed, quorum.approvers.join(", ")),
    }
}

pub(crate) fn show(context: &Context<'_>, set: &Document<RingSet>) -> Result<(), Failure> {
    let s = &set.typed;
    context.output.one(
        &set.json,
        &[
            ("name", s.name.clone()),
            ("id", s.id.to_string()),
            ("placed at", text::maybe_time(s.placed_at)),
            ("created at", text::time(s.created_at)),
        ],
    )?;
    let rows = s.rings.iter().zip(0_usize..).map(|(ring, at)| {
        vec![
            at.to_string(),
            ring.name.clone(),
            s.members.get(at).copied().unwrap_or(0).to_string(),
            format!("{} %", ring.percent),
            ring.groups.len().to_string(),
            ring.deferral_days.to_string(),
            ring.deadline_days.to_string(),
            ring.grace_days.to_string(),
            format!("{} h", ring.gate.bake_hours),
            format!("{} %", ring.gate.max_failed_percent),
            approvals(ring),
        ]
    });
    match context.output.form {
        Form::Table => {
            let head = [
                "ring",
                "name",
                "members",
                "share",
                "groups",
                "deferral",
                "deadline",
                "grace",
                "bake",
                "failed at most",
                "approvals",
            ];
            write(&format!("\n{}", table(&head, rows.collect())))
        }
        Form::Plain => write_lines(rows.map(|row| format!("ring\t{}", row.join("\t")))),
        Form::Data(_) => Ok(()),
    }
}
