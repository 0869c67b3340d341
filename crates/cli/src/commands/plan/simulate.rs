//! `concentric plan simulate`.

use api_types::{PlanSimulation, SimulatePlan};
use clap::Args;

use crate::client::Document;
use crate::commands::Context;
use crate::failure::Failure;
use crate::output::{Form, say, table, write, write_lines};
use crate::{find, forecast, text};

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// Id, beginning of the id, or name of the release.
    plan: String,
    /// A share of installs that fail; may be given several times. Once, twice and five times what is
    /// healthy and 10 % if not given.
    #[arg(long, value_name = "PERCENT")]
    failed_percent: Vec<f64>,
    /// A past rollout, to ask the plan's evidence policy what it makes of it.
    #[arg(long, value_name = "ROLLOUT")]
    rollout: Option<String>,
}

impl Simulate {
    pub(crate) async fn run(self, context: &Context<'_>, tenant: &str) -> Result<(), Failure> {
        let plan = find::plan(&context.client, tenant, &self.plan).await?.typed;
        let rollout_id = match self.rollout {
            Some(rollout) => Some(find::rollout(&context.client, tenant, &rollout).await?.typed.id),
            None => None,
        };
        let body = SimulatePlan { failed_percent: self.failed_percent, rollout_id };
        let id = plan.id.unwrap_or_default().to_string();
        let path = ["tenants", tenant, "plans", &id, "simulate"];
        show(context, &context.client.post(&path, &body).await?)
    }
}

fn show(context: &Context<'_>, found: &Document<PlanSimulation>) -> Result<(), Failure> {
    let rates = &found.typed.rates;
    let rows = rates.iter().map(|rate| {
        let first = format!("{:.2} % ({:.1}x)", rate.failed_percent, rate.times_healthy);
        let stopped = rate.rings.iter().map(|ring| format!("{:.1} %", ring.stopped_percent));
        let exposed = format!("{:.0}", rate.exposed);
        std::iter::once(first).chain(stopped).chain([exposed]).collect::<Vec<_>>()
    });
    match context.output.form {
        Form::Table => {
            let names = rates.first().map(|rate| &rate.rings).into_iter().flatten();
            let names: Vec<String> = names.map(|ring| format!("by {}", ring.name)).collect();
            let head: Vec<&str> = std::iter::once("failing")
                .chain(names.iter().map(String::as_str))
                .chain(["devices reached"])
                .collect();
            say("Chance that the release is stopped by the end of each ring:");
            write(&table(&head, rows.collect()))?;
            let lines = forecast::lines(&found.typed.forecast);
            write_lines(std::iter::once(String::new()).chain(lines))?;
        }
        Form::Plain => {
            write_lines(rows.map(|row| row.join("\t")))?;
            write_lines(forecast::plain(&found.typed.forecast))?;
        }
        Form::Data(data) => return data.document(&found.json),
    }
    let Some(replay) = &found.typed.replay else { return Ok(()) };
    say(&replay.summary);
    if let Some(stop) = &replay.would_stop {
        let (at, offered) = (text::time(stop.at), text::devices(stop.offered));
        say(&format!("It would have stopped at {at}, {offered} offered: {}", stop.text));
    }
    Ok(())
}
