//! What differs between two JSON values, field by field. Knows nothing of what they mean.

use serde::Serialize;
use serde_json::{Map, Value};

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Change {
    /// For example `rings[1].gate.bake_hours`; empty: the whole value.
    pub(crate) path: String,
    /// None: it was not there.
    pub(crate) from: Option<Value>,
    /// None: it will be gone.
    pub(crate) to: Option<Value>,
}

impl Change {
    /// `rings[1].percent: 9 -> 10`.
    pub(crate) fn line(&self) -> String {
        let value = |value: &Option<Value>| match value {
            None | Some(Value::Null) => "(none)".to_owned(),
            Some(value) => value.to_string(),
        };
        let path = if self.path.is_empty() { "all" } else { &self.path };
        format!("{path}: {} -> {}", value(&self.from), value(&self.to))
    }
}

/// Every field that differs, in the order of the fields. A null and a missing field are the same.
pub(crate) fn changes(from: &Value, to: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    compare("", Some(from), Some(to), &mut found);
    found
}

fn compare(path: &str, from: Option<&Value>, to: Option<&Value>, found: &mut Vec<Change>) {
    let (from, to) = (from.filter(|value| !value.is_null()), to.filter(|value| !value.is_null()));
    if from == to {
        return;
    }
    let nothing = Map::new();
    match (from, to) {
        (Some(Value::Object(from)), Some(Value::Object(to))) => {
            fields(path, from, to, found);
        }
        // A whole object that comes or goes reads better field by field, except at the top.
        (None, Some(Value::Object(to))) if !path.is_empty() => fields(path, &nothing, to, found),
        (Some(Value::Object(from)), None) if !path.is_empty() => {
            fields(path, from, &nothing, found);
        }
        (Some(Value::Array(from)), Some(Value::Array(to))) if holds_objects(from, to) => {
            for at in 0..from.len().max(to.len()) {
                compare(&format!("{path}[{at}]"), from.get(at), to.get(at), found);
            }
        }
        (from, to) => {
            found.push(Change { path: path.to_owned(), from: from.cloned(), to: to.cloned() });
        }
    }
}

/// Short lists of plain values are told whole.
fn holds_objects(from: &[Value], to: &[Value]) -> bool {
    from.iter().chain(to).any(|value| value.is_object() || value.is_array())
}

fn fields(path: &str, from: &Map<String, Value>, to: &Map<String, Value>, found: &mut Vec<Change>) {
    let new = to.keys().filter(|name| !from.contains_key(*name));
    for name in from.keys().chain(new) {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        compare(&path, from.get(name), to.get(name), found);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(from: &Value, to: &Value) -> Vec<String> {
        changes(from, to).iter().map(Change::line).collect()
    }

    #[test]
    fn each_field_that_differs_is_named_with_both_values() {
        let from = json!({ "name": "A", "rings": [{ "percent": 9, "groups": [] },
            { "percent": 91 }], "old": 1 });
        let to = json!({ "name": "A", "rings": [{ "percent": 10, "groups": ["x"] },
            { "percent": 80 }, { "percent": 10 }], "office": { "days": 3 } });
        assert_eq!(
            lines(&from, &to),
            [
                "old: 1 -> (none)",
                "rings[0].groups: [] -> [\"x\"]",
                "rings[0].percent: 9 -> 10",
                "rings[1].percent: 91 -> 80",
                "rings[2].percent: (none) -> 10",
                "office.days: (none) -> 3",
            ]
        );
    }

    #[test]
    fn null_is_as_good_as_missing() {
        assert_eq!(lines(&json!({ "a": null }), &json!({})), [""; 0]);
        assert_eq!(lines(&json!({ "a": 1 }), &json!({ "a": 1 })), [""; 0]);
    }
}
