//! `concentric ring-set prove`.

use api_types::{RingProof, RingSetProof};
use clap::Args;

use crate::client::Document;
use crate::commands::Context;
use crate::failure::Failure;
use crate::output::{Form, table, write, write_lines};
use crate::{find, text};

#[derive(Debug, Args)]
pub(crate) struct Prove {
    /// Name, id, or beginning of its id.
    ring_set: String,
    /// The share of failed installs that is healthy, until history says more; 2 if not given.
    #[arg(long, value_name = "PERCENT")]
    healthy_failed_percent: Option<f64>,
}

impl Prove {
    pub(crate) async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let tenant = context.tenant().await?;
        let set = find::ring_set(&context.client, &tenant, &self.ring_set).await?.typed;
        let percent = self.healthy_failed_percent;
        let query = percent.map(|percent| ("healthy_failed_percent", percent.to_string()));
        let id = set.id.to_string();
        let path = ["tenants", tenant.as_str(), "ring-sets", &id, "proof"];
        let proof = context.client.get(&path, &query.into_iter().collect()).await?;
        show(context, &set.name, &proof)
    }
}

fn show(context: &Context<'_>, name: &str, proof: &Document<RingSetProof>) -> Result<(), Failure> {
    let p = &proof.typed;
    let doubled = p.doubled_after.map_or_else(
        || "not shown by 20,000 devices".to_owned(),
        |devices| format!("stopped within {} devices", text::number(devices)),
    );
    context.output.one(
        &proof.json,
        &[
            ("ring set", name.to_owned()),
            ("healthy", format!("up to {} failed", percent(p.healthy_failed_percent))),
            ("twice that", doubled),
        ],
    )?;
    let rows = p.rings.iter().map(row);
    match context.output.form {
        Form::Table => {
            let head = ["ring", "name", "devices", "stops from", "success by", "notes"];
            write(&format!("\n{}", table(&head, rows.collect())))
        }
        Form::Plain => write_lines(rows.map(|row| format!("ring\t{}", row.join("\t")))),
        Form::Data(_) => Ok(()),
    }
}

fn row(ring: &RingProof) -> Vec<String> {
    let stops = ring.smallest_percent.map_or_else(|| "-".to_owned(), percent);
    let mut notes = ring.notes.join("; ");
    if ring.refused {
        notes = format!("refused: {notes}");
    }
    vec![
        ring.ring.to_string(),
        ring.name.clone(),
        text::number(ring.devices),
        stops,
        ring.success_by.clone(),
        text::maybe(Some(notes.as_str()).filter(|notes| !notes.is_empty())),
    ]
}

/// Rounded up, so that it is true.
fn percent(percent: f64) -> String {
    format!("{:.1} %", (percent * 10.0 - 1e-9).ceil() / 10.0)
}
