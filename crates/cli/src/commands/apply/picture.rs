//! What people and scripts see of the changes a file makes.

use serde_json::{Value, json};

use super::plan::{Deed, Item, Verb};
use crate::failure::Failure;
use crate::output::{Data, Form, Output, Tone, say, write_lines};

/// Before anybody is asked. Stdout belongs to the one document at the end where it is JSON.
pub(super) fn before(output: Output, items: &[Item]) -> Result<(), Failure> {
    match output.form {
        Form::Table | Form::Plain => show(output, items, false),
        Form::Data(_) => {
            for line in panel(output, items) {
                say(&line);
            }
            Ok(())
        }
    }
}

/// When all is done.
pub(super) fn after(output: Output, items: &[Item]) -> Result<(), Failure> {
    match output.form {
        Form::Table | Form::Plain => Ok(()),
        Form::Data(_) => show(output, items, true),
    }
}

pub(super) fn show(output: Output, items: &[Item], is_applied: bool) -> Result<(), Failure> {
    match output.form {
        Form::Table => write_lines(panel(output, items)),
        Form::Plain => write_lines(items.iter().flat_map(plain)),
        Form::Data(data @ (Data::Json | Data::Yaml)) => {
            let changes: Vec<Value> = items.iter().map(json).collect();
            data.document(&json!({ "applied": is_applied, "changes": changes }))
        }
        Form::Data(data @ (Data::Jsonl | Data::Name)) => {
            items.iter().try_for_each(|item| data.document(&json(item)))
        }
    }
}

const fn word(verb: Verb) -> (&'static str, &'static str, Tone) {
    match verb {
        Verb::Same => ("=", "same", Tone::Dim),
        Verb::Create => ("+", "create", Tone::Good),
        Verb::Update => ("~", "update", Tone::Wait),
    }
}

fn panel(output: Output, items: &[Item]) -> Vec<String> {
    let mut lines = Vec::new();
    for item in items {
        let (sign, verb, tone) = word(item.verb);
        let verb = output.paint(tone, &format!("{sign} {verb:6}"));
        lines.push(format!("{verb}  {} {}", item.kind, output.paint(Tone::Strong, &item.name)));
        match (&item.deed, item.verb) {
            // Rings that are new are told by their shares, not by each of their many fields.
            (Deed::RingSet { body, .. }, Verb::Create) => {
                lines.extend(body.rings.iter().map(|ring| {
                    let groups = match ring.groups.len() {
                        0 => String::new(),
                        count => format!(", {count} groups"),
                    };
                    format!("          {}: {} %{groups}", ring.name, ring.percent)
                }));
            }
            _ => lines.extend(item.fields.iter().map(|c| format!("          {}", c.line()))),
        }
        lines.extend(item.notes.iter().map(|note| format!("          {note}")));
    }
    let count = |verb| items.iter().filter(|item| item.verb == verb).count();
    lines.push(String::new());
    lines.push(format!(
        "{} to create, {} to update, {} the same",
        count(Verb::Create),
        count(Verb::Update),
        count(Verb::Same)
    ));
    lines
}

/// A line for each field; one without a field where nothing changes.
fn plain(item: &Item) -> Vec<String> {
    let (_, verb, _) = word(item.verb);
    let start = format!("{verb}\t{}\t{}", item.kind, item.name);
    if item.fields.is_empty() {
        return vec![format!("{start}\t-\t-\t-")];
    }
    let value =
        |value: &Option<Value>| value.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    let line = |change: &crate::diff::Change| {
        format!("{start}\t{}\t{}\t{}", change.path, value(&change.from), value(&change.to))
    };
    item.fields.iter().map(line).collect()
}

fn json(item: &Item) -> Value {
    let (_, verb, _) = word(item.verb);
    json!({ "change": verb, "kind": item.kind, "name": item.name, "fields": item.fields,
        "notes": item.notes })
}
