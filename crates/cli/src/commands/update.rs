//! `concentric update`.

use api_types::Update;
use clap::Subcommand;

use super::Context;
use crate::client::Query;
use crate::failure::{Exit, Failure};
use crate::text;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the updates of the catalogue, newest first.
    List,
}

pub(crate) async fn run(command: Command, context: &Context<'_>) -> Result<Exit, Failure> {
    match command {
        Command::List => {
            let tenant = context.tenant().await?;
            let updates =
                context.client.all(&["tenants", &tenant, "updates"], &Query::new()).await?;
            let head = ["name", "kind", "classification", "cadence", "released at", "kb", "id"];
            context.output.list(&head, &updates, |update: &Update| {
                vec![
                    update.short_name.clone(),
                    text::update_kind(update.kind).to_owned(),
                    update.classification.clone(),
                    update.cadence.clone(),
                    text::time(update.released_at),
                    text::maybe(update.kb.as_deref()),
                    update.id.to_string(),
                ]
            })?;
        }
    }
    Ok(Exit::Ok)
}
