//! `concentric calendar`.

use api_types::{OfferPeriod, OfferTimes};
use clap::Subcommand;

use super::Context;
use crate::client::{Document, Query};
use crate::failure::{Exit, Failure};
use crate::output::{Form, say, table, write, write_lines};
use crate::{find, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show when the devices of a ring may be offered updates next: its windows, less freezes and holidays.
    Next {
        /// Name or position (the first is 0) of the ring.
        ring: String,
        /// At most so many, 100 at most.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=100))]
        count: u16,
        /// Name, id or beginning of the id of the ring set; not needed when there is only one.
        #[arg(long, value_name = "RING_SET")]
        ring_set: Option<String>,
    },
}

pub(crate) async fn run(command: Command, context: &Context<'_>) -> Result<Exit, Failure> {
    match command {
        Command::Next { ring, count, ring_set } => {
            next(context, &ring, count, ring_set.as_deref()).await?;
        }
    }
    Ok(Exit::Ok)
}

async fn next(
    context: &Context<'_>,
    ring: &str,
    count: u16,
    ring_set: Option<&str>,
) -> Result<(), Failure> {
    let (client, tenant) = (&context.client, context.tenant().await?);
    let set = find::only_ring_set(client, &tenant, ring_set).await?.typed;
    let position = find::ring(&set.name, &set.rings, ring)?;
    let (id, query) = (
        set.id.to_string(),
        Query::from([("ring", position.to_string()), ("count", count.to_string())]),
    );
    let times: Document<OfferTimes> =
        client.get(&["tenants", &tenant, "ring-sets", &id, "calendar"], &query).await?;
    let rows = times.typed.periods.iter().map(row);
    match context.output.form {
        Form::Table => {
            let local_from = format!("from ({})", times.typed.time_zone);
            let head = [local_from.as_str(), "until", "from (utc)", "until (utc)", "before that"];
            write(&table(&head, rows.collect()))?;
        }
        Form::Plain => write_lines(rows.map(|row| row.join("\t")))?,
        Form::Data(_) => context.output.one(&times.json, &[])?,
    }
    if let Some(held) = &times.typed.held {
        let until = match held.until {
            Some(until) => format!("until {}", text::time(until)),
            None => "until somebody changes that".to_owned(),
        };
        say(&format!(
            "Nothing is offered to {} now, {until}: {}.",
            times.typed.ring_name, held.text
        ));
    }
    Ok(())
}

fn row(period: &OfferPeriod) -> Vec<String> {
    vec![
        text::local(&period.local_from),
        period.local_until.as_deref().map_or_else(|| "-".to_owned(), text::local),
        text::time(period.from),
        text::maybe_time(period.until),
        text::maybe(period.after.as_deref()),
    ]
}
