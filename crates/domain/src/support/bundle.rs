//! The evidence that is filed with a support request: one JSON document, redacted and of a bounded size.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::redact::redact;

/// The largest document, in bytes.
pub const LARGEST: usize = 256 * 1024;

/// What is known when a request is filed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bundle {
    /// Of the service: its version.
    pub service: Value,
    /// The tenant with its settings, without secrets.
    pub tenant: Value,
    /// How the fleet stands, and how fresh each source is.
    pub health: Value,
    /// What the request is filed from, as it was shown then.
    pub subject: Value,
    /// Why it stands as it does, from the functions that decide it.
    pub explain: Value,
    /// Decisions with the evidence they were made from, newest first.
    pub decisions: Vec<Value>,
    /// Entries of the audit trail about it, newest first, without evidence.
    pub timeline: Vec<Value>,
}

/// A document that is not changed any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    pub text: String,
    /// What it would have been too large with: names of parts, the least needed first.
    pub omitted: Vec<&'static str>,
}

impl Bundle {
    /// Writes it down. The oldest entries are left out of what is too large, the timeline's last; then whole
    /// parts. What was left out is said in the document.
    #[must_use]
    pub fn close(self, made_at: DateTime<Utc>) -> Closed {
        let mut parts = Map::new();
        for (name, part) in [
            ("service", self.service),
            ("tenant", self.tenant),
            ("health", self.health),
            ("subject", self.subject),
            ("explain", self.explain),
        ] {
            parts.insert(name.to_owned(), redact(part));
        }
        let mut decisions: Vec<Value> = self.decisions.into_iter().map(redact).collect();
        let mut timeline: Vec<Value> = self.timeline.into_iter().map(redact).collect();
        let mut omitted = Vec::new();
        loop {
            let text = written(&parts, &decisions, &timeline, &omitted, made_at);
            if text.len() <= LARGEST {
                return Closed { text, omitted };
            }
            let left_out = if shorten(&mut decisions) {
                "decisions"
            } else if shorten(&mut timeline) {
                "timeline"
            } else {
                // A part of any size is one value: whole, or not there.
                let largest = ["health", "tenant", "explain", "subject", "service"];
                let Some(name) = largest.into_iter().find(|name| parts.contains_key(*name)) else {
                    return Closed { text, omitted };
                };
                parts.remove(name);
                name
            };
            if !omitted.contains(&left_out) {
                omitted.push(left_out);
            }
        }
    }
}

/// Halves a list, from its old end.
fn shorten(list: &mut Vec<Value>) -> bool {
    let half = list.len() / 2;
    let had_any = !list.is_empty();
    list.truncate(half);
    had_any
}

fn written(
    parts: &Map<String, Value>,
    decisions: &[Value],
    timeline: &[Value],
    omitted: &[&str],
    made_at: DateTime<Utc>,
) -> String {
    let mut all = parts.clone();
    all.insert("format".to_owned(), json!("concentric.support.bundle/1"));
    all.insert("made_at".to_owned(), json!(made_at));
    all.insert("omitted".to_owned(), json!(omitted));
    all.insert("decisions".to_owned(), json!(decisions));
    all.insert("timeline".to_owned(), json!(timeline));
    Value::Object(all).to_string()
}
