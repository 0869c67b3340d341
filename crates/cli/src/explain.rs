//! `concentric rollout explain`: the gates of a rollout, their evidence, and what can be done.

use api_types::{Condition, Explanation, Rollout};

use crate::client::Document;
use crate::commands::update::issue;
use crate::failure::Failure;
use crate::output::{Form, Output, Tone, write_lines};
use crate::{forecast, pauses, text};

pub(crate) fn show(
    output: Output,
    rollout: &Rollout,
    why: &Document<Explanation>,
) -> Result<(), Failure> {
    match output.form {
        Form::Table => write_lines(panel(output, rollout, &why.typed)),
        Form::Plain => write_lines(plain(&why.typed)),
        Form::Data(data) => data.document(&why.json),
    }
}

/// For people: marks say by word and symbol what colour says too.
pub(crate) fn panel(output: Output, rollout: &Rollout, why: &Explanation) -> Vec<String> {
    let (mark, tone) = text::phase_mark(why.phase.name);
    let phase = output.paint(tone, &format!("{mark} {}", text::phase(&why.phase)));
    let mut lines = vec![
        format!(
            "{}  {phase}  at {}",
            output.paint(Tone::Strong, &rollout.release_name),
            text::time(why.at)
        ),
        format!("  {}", why.summary),
    ];
    lines.extend(why.next_look.map(|at| format!("  looks again at {}", text::time(at))));
    lines.extend(pauses::lines(&why.pauses));
    for gate in &why.gates {
        let vouched = if gate.vouched { "  (vouched for by a person)" } else { "" };
        lines.push(String::new());
        lines.push(format!("gate of {} (ring {}){vouched}", gate.name, gate.ring));
        lines.extend(gate.conditions.iter().map(|condition| row(output, condition)));
    }
    if let Some(forecast) = &why.forecast {
        lines.push(String::new());
        lines.extend(forecast::lines(forecast));
    }
    if !why.known_issues.is_empty() {
        lines.push(String::new());
        lines.push("known issues of the update".to_owned());
    }
    lines.extend(why.known_issues.iter().map(|issue| {
        let (id, status, product) = (&issue.id, &issue.status, &issue.product);
        let address = issue.url.as_deref().map(|url| format!("  {url}")).unwrap_or_default();
        format!("  {id}  {status}  {product}: {}{address}", issue.title)
    }));
    if !why.safeguards.is_empty() {
        lines.push(String::new());
        lines.push("held by Microsoft".to_owned());
    }
    lines.extend(why.safeguards.iter().map(|held| {
        let issue = held.issue.as_deref().map(|issue| format!("  {issue}")).unwrap_or_default();
        format!("  {}{issue}", held.text)
    }));
    if !why.actions.is_empty() {
        lines.push(String::new());
        lines.push("what can be done".to_owned());
    }
    for action in &why.actions {
        let can = if action.allowed {
            output.paint(Tone::Good, "✓ can   ")
        } else {
            output.paint(Tone::Dim, "✗ cannot")
        };
        lines.push(format!("  {can}  {:8}  {}", action.action, action.text));
    }
    lines
}

fn row(output: Output, condition: &Condition) -> String {
    let (mark, word, tone) = text::verdict(condition.verdict);
    let verdict = output.paint(tone, &format!("{mark} {word:7}"));
    format!("  {verdict}  {:8}  {}", condition.name, condition.text)
}

fn plain(why: &Explanation) -> Vec<String> {
    let mut lines = vec![
        format!("phase\t{}", text::phase(&why.phase)),
        format!("summary\t{}", why.summary),
        format!("next look\t{}", text::maybe_time(why.next_look)),
    ];
    lines.extend(pauses::plain(&why.pauses));
    for gate in &why.gates {
        lines.extend(gate.conditions.iter().map(|condition| {
            let (_, word, _) = text::verdict(condition.verdict);
            let until = text::maybe_time(condition.until);
            let (name, text) = (&condition.name, &condition.text);
            format!("gate\t{}\t{name}\t{word}\t{until}\t{text}", gate.name)
        }));
    }
    lines.extend(why.forecast.iter().flat_map(forecast::plain));
    lines.extend(why.known_issues.iter().map(issue));
    lines.extend(why.safeguards.iter().map(|held| {
        let (id, issue) = (held.id.as_deref(), held.issue.as_deref());
        format!(
            "safeguard\t{}\t{}\t{}",
            id.unwrap_or("unknown"),
            held.devices,
            issue.unwrap_or("-")
        )
    }));
    lines.extend(why.actions.iter().map(|action| {
        let can = if action.allowed { "can" } else { "cannot" };
        format!("action\t{}\t{can}\t{}", action.action, action.text)
    }));
    lines
}
