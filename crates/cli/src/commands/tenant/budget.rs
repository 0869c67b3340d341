//! `concentric tenant budget`.

use api_types::{Budget as Body, SetBudget};
use clap::Args;

use super::Context;
use crate::client::{Document, Query};
use crate::failure::Failure;
use crate::text;

#[derive(Debug, Args)]
pub(crate) struct Budget {
    /// The most devices; `none`: no limit; 0: nothing new is offered. Shown if not given.
    #[arg(value_name = "DEVICES", value_parser = limit)]
    devices: Option<Limit>,
}

#[derive(Debug, Clone, Copy)]
struct Limit(Option<u32>);

fn limit(word: &str) -> Result<Limit, String> {
    if word == "none" {
        return Ok(Limit(None));
    }
    let number = word.parse().map_err(|_| "a number of devices, or `none`".to_owned());
    number.map(|number| Limit(Some(number)))
}

impl Budget {
    pub(super) async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let tenant = context.tenant().await?;
        let path = ["tenants", tenant.as_str(), "budget"];
        let budget: Document<Body> = match self.devices {
            None => context.client.get(&path, &Query::new()).await?,
            Some(Limit(devices)) => context.client.put(&path, &SetBudget { devices }).await?,
        };
        let Body { devices, in_flight, waiting_rollouts } = budget.typed;
        let free = devices.map(|most| text::number(most.saturating_sub(in_flight)));
        context.output.one(
            &budget.json,
            &[
                ("budget", devices.map_or_else(|| "none".to_owned(), text::devices)),
                ("in flight", text::devices(in_flight)),
                ("free", free.unwrap_or_else(|| "-".to_owned())),
                ("rollouts waiting", text::number(waiting_rollouts)),
            ],
        )
    }
}
