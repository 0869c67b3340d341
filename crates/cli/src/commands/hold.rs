//! `concentric hold`: holds on cohorts. Those on single devices are `concentric device hold`.

use api_types::{CohortHold, CreateCohortHold, Reason};
use chrono::{DateTime, Utc};
use clap::Subcommand;

use super::Context;
use crate::client::Query;
use crate::failure::{Exit, Failure};
use crate::output::say;
use crate::{find, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Hold every device that a filter is true of, those to come too.
    Create {
        /// A condition in CEL: `model == "Latitude 7440" && build < 26100`.
        filter: String,
        /// Kept with the hold and in the history.
        #[arg(long)]
        reason: String,
        /// When it ends by itself (RFC 3339); until somebody ends it if not given.
        #[arg(long, value_name = "TIME")]
        expires_at: Option<DateTime<Utc>>,
    },
    /// List the holds that stand.
    List,
    /// End a hold: what nothing else holds is offered updates again.
    End {
        /// Id of the hold, or beginning of its id.
        hold: String,
        /// Kept in the history.
        #[arg(long)]
        reason: String,
    },
}

pub(crate) async fn run(command: Command, context: &Context<'_>) -> Result<Exit, Failure> {
    let (client, tenant) = (&context.client, context.tenant().await?);
    let path = ["tenants", tenant.as_str(), "holds"];
    match command {
        Command::Create { filter, reason, expires_at } => {
            let body = CreateCohortHold { filter, reason, expires_at };
            let made = client.post::<CohortHold>(&path, &body).await?;
            let fields: Vec<(&str, String)> = HEAD.into_iter().zip(row(&made.typed)).collect();
            context.output.one(&made.json, &fields)?;
        }
        Command::List => {
            context.output.list(&HEAD, &client.all(&path, &Query::new()).await?, row)?;
        }
        Command::End { hold, reason } => {
            let all = client.all(&path, &Query::new()).await?;
            let found = find::choose("hold", &hold, all, |h: &CohortHold| (h.id, &h.filter))?;
            let id = found.typed.id.to_string();
            let path = ["tenants", tenant.as_str(), "holds", &id, "end"];
            client.order_with(&path, &Reason { reason }).await?;
            say(&format!("{}: no longer held.", found.typed.filter));
        }
    }
    Ok(Exit::Ok)
}

const HEAD: [&str; 7] = ["filter", "devices", "reason", "owner", "since", "until", "id"];

fn row(hold: &CohortHold) -> Vec<String> {
    let devices = text::number(u32::try_from(hold.devices).unwrap_or(u32::MAX));
    vec![
        hold.filter.clone(),
        if hold.complete { devices } else { format!("{devices} so far") },
        hold.reason.clone(),
        hold.owner.clone(),
        text::time(hold.since),
        text::maybe_time(hold.expires_at),
        hold.id.to_string(),
    ]
}
