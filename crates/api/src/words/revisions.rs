//! What is different in a plan, in the words of the API.

use domain::rollout::revision::Change;
use serde_json::{Value, json};

use super::Rings;

/// A change as the API names it: hours for seconds, percent for hundredths of a percent.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    pub field: String,
    pub before: Value,
    pub after: Value,
}

/// The same change under the names and in the units of the API.
#[must_use]
pub fn shown(change: &Change) -> Shown {
    let Change { field, before, after, .. } = change;
    let field = field.strip_prefix("cadence.").unwrap_or(field);
    let in_units = |name: String, unit: f64| Shown {
        field: name,
        before: scaled(before, unit),
        after: scaled(after, unit),
    };
    if let Some(name) = field.strip_suffix("_bp") {
        return in_units(format!("{name}_percent"), 100.0);
    }
    match field {
        "gate.bake" | "gate.max_data_age" | "gate.observation_window" => {
            in_units(format!("{field}_hours"), 3600.0)
        }
        other => Shown { field: other.to_owned(), before: before.clone(), after: after.clone() },
    }
}

fn scaled(value: &Value, unit: f64) -> Value {
    value.as_f64().map_or_else(|| value.clone(), |number| json!(number / unit))
}

/// `ring 2 (Fast): gate.bake_hours 24 -> 48`.
#[must_use]
pub fn change(change: &Change, rings: &Rings) -> String {
    let Shown { field, before, after } = shown(change);
    let at = change.ring.map(|ring| format!("{}: ", rings.name(ring))).unwrap_or_default();
    format!("{at}{field} {} -> {}", plain(&before), plain(&after))
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => {
            number.as_f64().map_or_else(|| number.to_string(), |n| n.to_string())
        }
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}
