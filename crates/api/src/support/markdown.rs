//! A support request for people, in Markdown. What people wrote is quoted, so that it cannot pass for more.

use std::fmt::Write as _;

use api_types::{SupportNote, SupportRequestDetail};
use serde::Serialize;

/// The request with its conversation.
pub(super) fn written(detail: &SupportRequestDetail) -> String {
    let request = &detail.request;
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "# {}\n", line(&request.title));
    let rows = [
        ("request", request.id.to_string()),
        ("about", format!("{} {}", word(&request.about.kind), line(&request.about.name))),
        ("id of that", request.about.id.to_string()),
        ("severity", word(&request.severity)),
        ("category", word(&request.category)),
        ("status", format!("{} since {}", word(&request.status), request.status_at.to_rfc3339())),
        ("filed by", line(&request.requester)),
        ("filed at", request.created_at.to_rfc3339()),
        ("assigned to", request.assignee.as_deref().map_or_else(|| "-".to_owned(), line)),
        ("follows", request.follows.map_or_else(|| "-".to_owned(), |id| id.to_string())),
        ("evidence", format!("SHA-256 {}", request.bundle_sha256)),
    ];
    let references = detail
        .references
        .iter()
        .map(|one| ("known as", format!("{} at {}", line(&one.name), line(&one.desk))));
    out.push_str("| | |\n|---|---|\n");
    for (name, value) in rows.into_iter().chain(references) {
        let _ = writeln!(out, "| {name} | {value} |");
    }
    let _ = write!(
        out,
        "\n## What is the matter\n\n{}\n## Conversation\n",
        quoted(&request.description)
    );
    if detail.conversation.is_empty() {
        out.push_str("\nNothing was said yet.\n");
    }
    for note in &detail.conversation {
        said(&mut out, note);
    }
    out
}

fn said(out: &mut String, note: &SupportNote) {
    let _ = write!(out, "\n**{}**, {}", line(&note.author), note.at.to_rfc3339());
    if let Some(status) = &note.status {
        let _ = write!(out, ", now {}", word(status));
    }
    if let Some(assignee) = &note.assignee {
        let _ = write!(out, ", assigned to {}", line(assignee));
    }
    out.push('\n');
    if let Some(text) = &note.text {
        let _ = write!(out, "\n{}", quoted(text));
    }
}

/// The word of an enumeration, as it is in JSON.
fn word(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().replace('_', " ")
}

/// One line, in which nothing is markup.
fn line(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        if letter.is_control() {
            out.push(' ');
            continue;
        }
        if "\\`*_{}[]<>()#+!|~".contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

fn quoted(text: &str) -> String {
    let quoted = |part: &str| {
        if part.trim().is_empty() { ">\n".to_owned() } else { format!("> {}\n", line(part)) }
    };
    text.lines().map(quoted).collect()
}
