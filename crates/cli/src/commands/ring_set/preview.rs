//! What a ring set would do to the fleet: who would move, and why.

use api_types::{CreateRingSet, DeviceName, RingMove, RingSetPreview};
use uuid::Uuid;

use crate::client::Document;
use crate::commands::Context;
use crate::failure::Failure;
use crate::output::{Form, Output, Tone, table, write_lines};
use crate::text;

/// Tries it. `id`: as the new form of that ring set.
pub(crate) async fn ask(
    context: &Context<'_>,
    tenant: &str,
    id: Option<Uuid>,
    body: &CreateRingSet,
) -> Result<Document<RingSetPreview>, Failure> {
    match id.map(|id| id.to_string()) {
        Some(id) => {
            context.client.post(&["tenants", tenant, "ring-sets", &id, "preview"], body).await
        }
        None => context.client.post(&["tenants", tenant, "ring-sets", "preview"], body).await,
    }
}

pub(crate) fn show(output: Output, preview: &Document<RingSetPreview>) -> Result<(), Failure> {
    match output.form {
        Form::Table => write_lines(panel(output, &preview.typed)),
        Form::Plain => write_lines(plain(&preview.typed)),
        Form::Data(data) => data.document(&preview.json),
    }
}

pub(crate) fn panel(output: Output, preview: &RingSetPreview) -> Vec<String> {
    let rows = preview.rings.iter().map(|ring| {
        let covered = ring.covered.as_ref().map_or_else(
            || "-".to_owned(),
            |covered| format!("{} of {} kinds", covered.covered, covered.strata),
        );
        let number = text::number;
        vec![ring.name.clone(), number(ring.members_before), number(ring.members_after), covered]
    });
    let rows = table(&["ring", "members", "then", "covers"], rows.collect());
    let mut lines: Vec<String> = rows.lines().map(str::to_owned).collect();
    lines.push(String::new());
    lines.extend(moves(preview));
    for ring in &preview.rings {
        let missing = ring.covered.as_ref().map_or(&[][..], |covered| &covered.uncovered);
        if !missing.is_empty() {
            lines.push(format!("{} has none of: {}", ring.name, missing.join(", ")));
        }
    }
    lines.extend(preview.notes.iter().map(|note| output.paint(Tone::Wait, &format!("! {note}"))));
    lines
}

/// A line for each way that devices go.
pub(crate) fn moves(preview: &RingSetPreview) -> Vec<String> {
    if preview.moves.is_empty() {
        return vec!["no device moves".to_owned()];
    }
    preview.moves.iter().map(one).collect()
}

fn one(way: &RingMove) -> String {
    let ring = |ring: &Option<String>| ring.clone().unwrap_or_else(|| "no ring".to_owned());
    format!(
        "{}: {} -> {} ({}){}",
        text::devices(way.devices),
        ring(&way.from),
        ring(&way.to),
        way.why,
        examples(&way.examples, way.devices)
    )
}

/// `: A, B and 40 more`.
pub(crate) fn examples(devices: &[DeviceName], all: u32) -> String {
    let names: Vec<&str> = devices.iter().map(|device| device.name.as_str()).collect();
    let shown = u32::try_from(names.len()).unwrap_or(u32::MAX);
    match (names.is_empty(), all.saturating_sub(shown)) {
        (true, _) => String::new(),
        (false, 0) => format!(": {}", names.join(", ")),
        (false, more) => format!(": {} and {} more", names.join(", "), text::number(more)),
    }
}

fn plain(preview: &RingSetPreview) -> Vec<String> {
    let mut lines = Vec::new();
    for ring in &preview.rings {
        let (before, after) = (ring.members_before, ring.members_after);
        let covered = ring.covered.as_ref().map_or_else(
            || "-\t-".to_owned(),
            |covered| format!("{}\t{}", covered.covered, covered.strata),
        );
        lines.push(format!("ring\t{}\t{before}\t{after}\t{covered}", ring.name));
    }
    lines.extend(preview.moves.iter().map(|way| {
        let (from, to) = (text::maybe(way.from.as_deref()), text::maybe(way.to.as_deref()));
        format!("move\t{}\t{from}\t{to}\t{}", way.devices, way.why)
    }));
    lines.extend(preview.notes.iter().map(|note| format!("note\t{note}")));
    lines
}
