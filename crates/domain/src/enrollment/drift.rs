//! What others changed about objects that Concentric made.
//!
//! Never counts what Concentric does not set, and of a foreign update ring nothing but whether our
//! exclusion is still there.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fields::fields;
use super::find::kept;
use super::key::Key;
use super::object::{Observed, Payload, Recorded, Target};

/// One object that is not as it was left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    pub key: Key,
    /// Of the object that was recorded.
    pub id: String,
    pub what: What,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum What {
    Missing,
    Changed { fields: Vec<FieldChange> },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    pub field: String,
    pub expected: Value,
    pub found: Value,
}

/// What differs from the record, in the order of `recorded`.
#[must_use]
pub fn drift(recorded: &[Recorded], observed: &[Observed]) -> Vec<Difference> {
    let look = |record: &Recorded| difference(record, kept(&record.key, observed, recorded));
    recorded.iter().filter_map(look).collect()
}

/// `None`: it is as it was left.
pub(super) fn difference(record: &Recorded, found: Option<&Observed>) -> Option<Difference> {
    let what = match found {
        None => What::Missing,
        Some(found) => {
            let fields = changes(&record.applied, &found.payload);
            (!fields.is_empty()).then_some(What::Changed { fields })?
        }
    };
    Some(Difference { key: record.key.clone(), id: record.id.clone(), what })
}

fn changes(expected: &Payload, found: &Payload) -> Vec<FieldChange> {
    let (expected, found) = match (expected, found) {
        (Payload::Exclusion { .. }, Payload::Exclusion { targets })
            if targets.contains(&Target::our_exclusion()) =>
        {
            return Vec::new();
        }
        (expected, found) => (fields(expected), fields(found)),
    };
    let value = |of: Option<&Value>| of.cloned().unwrap_or(Value::Null);
    expected
        .iter()
        .map(|(field, expected)| FieldChange {
            field: field.clone(),
            expected: expected.clone(),
            found: value(found.get(field)),
        })
        .filter(|change| change.expected != change.found)
        .collect()
}
