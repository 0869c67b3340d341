//! Steps and differences in sentences for administrators.
//!
//! Never the source of a decision: programs read the values.

use serde_json::Value;

use super::drift::{Difference, FieldChange, What};
use super::fields::{fields, words};
use super::key::Key;
use super::object::Payload;
use super::plan::{Change, Step};

impl Step {
    /// What it does, as an order.
    #[must_use]
    pub fn sentence(&self) -> String {
        let noun = noun(&self.key);
        let named = |payload: &Payload| match payload.name() {
            Some(name) => format!("{noun} \"{name}\""),
            None => noun.clone(),
        };
        match &self.change {
            Change::Create { to } => format!("Create {}.", named(to)),
            Change::Adopt { holds, .. } => {
                format!("Take over {}, which is there but not as recorded.", named(holds))
            }
            Change::Update { .. } if !self.key.is_ours() => {
                format!("Exclude our devices from {noun}.")
            }
            Change::Update { from, to, .. } => {
                format!("Change {}: {}.", named(from), changed(from, to))
            }
            Change::Delete { holds, .. } => format!("Delete {}.", named(holds)),
            Change::Restore { .. } => format!("Take our exclusion out of {noun}."),
            Change::Release { why, .. } => format!("Forget {noun}: {why}."),
        }
    }
}

impl Difference {
    /// What others did.
    #[must_use]
    pub fn sentence(&self) -> String {
        let noun = noun(&self.key);
        match &self.what {
            What::Missing => format!("Somebody deleted {noun}."),
            What::Changed { .. } if !self.key.is_ours() => {
                format!("Somebody took our exclusion out of {noun}.")
            }
            What::Changed { fields } => {
                let changes: Vec<String> = fields.iter().map(change).collect();
                format!("Somebody changed {noun}: {}.", changes.join("; "))
            }
        }
    }
}

impl FieldChange {
    /// What others did to one field.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!("{}.", change(self))
    }
}

fn noun(key: &Key) -> String {
    match key {
        Key::RingGroup(ring) => format!("the group of ring {}", ring.0),
        Key::Devices => "the group of all devices".to_owned(),
        Key::UpdateRing(ring) => format!("the update ring of ring {}", ring.0),
        Key::Feature(ring) => format!("the feature update policy of ring {}", ring.0),
        Key::Drivers(ring) => format!("the driver policy of ring {}", ring.0),
        Key::Edge(ring) => format!("the Edge policy of ring {}", ring.0),
        Key::Office(ring) => format!("the Microsoft 365 Apps policy of ring {}", ring.0),
        Key::Exclusion(id) => format!("the organisation's update ring {id}"),
    }
}

fn change(change: &FieldChange) -> String {
    let [found, expected] = [&change.found, &change.expected].map(|value| said(value, change));
    format!("{} is {found}, not {expected}", change.field.replace('_', " "))
}

/// Names are quoted as they are.
fn said(value: &Value, change: &FieldChange) -> String {
    if change.field == "name" { value.to_string() } else { words(value) }
}

fn changed(from: &Payload, to: &Payload) -> String {
    let (from, to) = (fields(from), fields(to));
    let changes: Vec<String> = to
        .iter()
        .filter(|(field, value)| from.get(*field) != Some(*value))
        .map(|(field, value)| match field.as_str() {
            "name" => format!("name becomes {value}"),
            field => format!("{} becomes {}", field.replace('_', " "), words(value)),
        })
        .collect();
    // A group that came back under another id: the same words, other ids.
    if changes.is_empty() { "its groups are set anew".to_owned() } else { changes.join("; ") }
}
