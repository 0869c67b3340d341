//! `concentric device explain`: why a device is served or not, and what can be done about it.

use api_types::{DeviceControl, DeviceExplanation, RingPlacement};

use super::standing;
use crate::client::Query;
use crate::commands::Context;
use crate::failure::Failure;
use crate::output::{Form, Output, Tone, write_lines};
use crate::{find, text};

pub(super) async fn show(context: &Context<'_>, tenant: &str, wanted: &str) -> Result<(), Failure> {
    let id = find::device(&context.client, tenant, wanted).await?.id.to_string();
    let path = ["tenants", tenant, "devices", &id, "explain"];
    let why = context.client.get::<DeviceExplanation>(&path, &Query::new()).await?;
    match context.output.form {
        Form::Table => write_lines(panel(context.output, &why.typed)),
        Form::Plain => write_lines(plain(&why.typed)),
        Form::Data(data) => data.document(&why.json),
    }
}

fn panel(output: Output, why: &DeviceExplanation) -> Vec<String> {
    let (mark, tone) = match why.standing.as_deref() {
        None => ("?", Tone::Wait),
        Some("ready") => ("✓", Tone::Good),
        Some(_) => ("✗", Tone::Bad),
    };
    let standing = standing::word(why.standing.as_deref());
    let standing = output.paint(tone, &format!("{mark} {standing}"));
    let judged = why.judged_at.map(|at| format!("  judged at {}", text::time(at)));
    let name = output.paint(Tone::Strong, &why.name);
    let mut lines = vec![
        format!("{name}  {standing}{}", judged.unwrap_or_default()),
        format!("  {}", why.summary),
    ];
    if let Some(status) = &why.status {
        lines.extend([String::new(), format!("updates: {}", status.replace('_', " "))]);
    }
    if let Some(one) = &why.primary_reason {
        let evidence = one.evidence.as_ref().map(|evidence| format!(": {evidence}"));
        let since = one.since.map(|since| format!("  since {}", text::time(since)));
        let (evidence, since) = (evidence.unwrap_or_default(), since.unwrap_or_default());
        let mark = output.paint(Tone::Bad, "✗");
        lines.push(format!("  {mark} {} ({}{evidence}){since}", one.title, one.reason));
        lines.push(format!("    {}'s turn: {}", one.owner, one.fix));
    }
    if !why.reasons.is_empty() {
        lines.extend([String::new(), "what stands against it".to_owned()]);
    }
    for reason in &why.reasons {
        let mark = output.paint(Tone::Bad, "✗");
        lines.push(format!("  {mark} {} ({})", reason.title, reason.reason));
        lines.push(format!("    {}'s turn: {}", reason.turn, reason.remedy));
    }
    if !why.rings.is_empty() {
        lines.extend([String::new(), "rings".to_owned()]);
        lines.extend(
            why.rings
                .iter()
                .map(|ring| format!("  {}: {}  {}", ring.ring_set, place(ring), ring.summary)),
        );
    }
    if !why.controls.is_empty() {
        lines.extend([String::new(), "decided by people".to_owned()]);
        lines.extend(why.controls.iter().map(control));
    }
    lines
}

/// `First (ring 1, by percentage)`.
fn place(ring: &RingPlacement) -> String {
    let why = ring.why.as_deref().map(|why| format!(", {why}")).unwrap_or_default();
    match (&ring.ring_name, ring.ring) {
        (Some(name), Some(at)) => format!("{name} (ring {at}{why})"),
        (None, Some(at)) => format!("ring {at}{why}"),
        (_, None) => "in none of its rings".to_owned(),
    }
}

fn control(control: &DeviceControl) -> String {
    let ring = control.ring.map(|ring| format!(" to ring {ring}")).unwrap_or_default();
    let until = control.expires_at.map(|at| format!(" until {}", text::time(at)));
    let (owner, since) = (&control.owner, text::time(control.since));
    format!(
        "  {}{ring}  by {owner} since {since}{}: {}",
        control.control,
        until.unwrap_or_default(),
        control.reason
    )
}

fn plain(why: &DeviceExplanation) -> Vec<String> {
    let mut lines = vec![
        format!("name\t{}", why.name),
        format!("id\t{}", why.id),
        format!("standing\t{}", text::maybe(why.standing.as_deref())),
        format!("judged at\t{}", text::maybe_time(why.judged_at)),
        format!("summary\t{}", why.summary),
    ];
    lines.extend(why.status.iter().map(|status| format!("status\t{status}")));
    lines.extend(why.primary_reason.iter().map(|one| {
        let (since, evidence) = (text::maybe_time(one.since), text::maybe(one.evidence.as_deref()));
        format!(
            "because\t{}\t{}\t{since}\t{evidence}\t{}\t{}",
            one.reason, one.owner, one.title, one.fix
        )
    }));
    lines.extend(why.reasons.iter().map(|reason| {
        format!("reason\t{}\t{}\t{}\t{}", reason.reason, reason.turn, reason.title, reason.remedy)
    }));
    lines.extend(why.rings.iter().map(|ring| {
        let at = ring.ring.map_or_else(|| "-".to_owned(), |at| at.to_string());
        let why = text::maybe(ring.why.as_deref());
        format!("ring\t{}\t{at}\t{why}\t{}", ring.ring_set, ring.summary)
    }));
    lines.extend(why.controls.iter().map(|control| {
        let (since, until) = (text::time(control.since), text::maybe_time(control.expires_at));
        let ring = control.ring.map_or_else(|| "-".to_owned(), |ring| ring.to_string());
        let (what, owner) = (&control.control, &control.owner);
        format!("control\t{what}\t{ring}\t{owner}\t{since}\t{until}\t{}", control.reason)
    }));
    lines
}
