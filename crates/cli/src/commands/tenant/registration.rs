//! `concentric tenant registration`: how many devices can be served, and why the others cannot.

use api_types::{Asked, Counted, RegistrationSummary};
use clap::Args;

use crate::client::{Document, Query};
use crate::commands::Context;
use crate::failure::Failure;
use crate::output::{Form, Output, Tone, table, write, write_lines};
use crate::text;
use crate::wait::{Look, Patience, Wait};

#[derive(Debug, Args)]
pub(crate) struct Registration {
    /// Judge every device again first.
    #[arg(long)]
    run: bool,
    #[command(flatten)]
    patience: Patience,
}

impl Registration {
    pub(crate) async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let (client, tenant) = (&context.client, context.tenant().await?);
        let path = ["tenants", tenant.as_str(), "registration"];
        if self.run {
            let _: Document<Asked> = client.post(&path, &serde_json::json!({})).await?;
        }
        let mut wait = Wait::new(self.patience, "`concentric tenant registration`");
        let summary = wait
            .until(async || {
                let summary = client.get::<RegistrationSummary>(&path, &Query::new()).await?;
                Ok(match summary.typed.due {
                    due if due > 0 && self.run => {
                        Look::NotYet(format!("{} to be judged", text::devices(due)))
                    }
                    _ => Look::Done(summary),
                })
            })
            .await?;
        show(context.output, &summary)
    }
}

fn show(output: Output, summary: &Document<RegistrationSummary>) -> Result<(), Failure> {
    let s = &summary.typed;
    let rows = |all: &[Counted]| -> Vec<Vec<String>> {
        let row = |c: &Counted| vec![c.name.clone(), text::number(c.devices), c.title.clone()];
        all.iter().map(row).collect()
    };
    let plain = |kind: &'static str, all: &[Counted]| -> Vec<String> {
        let line = |c: &Counted| format!("{kind}\t{}\t{}\t{}", c.name, c.devices, c.title);
        all.iter().map(line).collect()
    };
    match output.form {
        Form::Table => {
            let due = text::number(s.due);
            let head = output.paint(Tone::Strong, &text::devices(s.devices));
            let mut text = format!("{head}, {due} waiting to be judged\n\n");
            text.push_str(&table(&["standing", "devices", "meaning"], rows(&s.standings)));
            if !s.reasons.is_empty() {
                text.push('\n');
                text.push_str(&table(&["reason", "devices", "meaning"], rows(&s.reasons)));
                text.push_str(
                    "\n`concentric device list --standing not-ready` names them; `concentric device \
                     explain NAME` says what to do about one.\n",
                );
            }
            write(&text)
        }
        Form::Plain => {
            let mut lines = vec![format!("devices\t{}", s.devices), format!("due\t{}", s.due)];
            lines.extend(plain("standing", &s.standings));
            lines.extend(plain("reason", &s.reasons));
            write_lines(lines)
        }
        Form::Data(data) => data.document(&summary.json),
    }
}
