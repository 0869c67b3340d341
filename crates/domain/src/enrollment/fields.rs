//! Payloads field by field, for comparing what three sides say.
//!
//! Knows no field by name, so a new one is compared from its first day on. Lists are sets: the order
//! in which Graph lists members or targets says nothing.

use std::collections::BTreeMap;

use serde_json::Value;

use super::object::Payload;

/// The fields of a payload by name.
pub(super) fn fields(payload: &Payload) -> BTreeMap<String, Value> {
    match serde_json::to_value(payload) {
        Ok(Value::Object(map)) => map
            .into_iter()
            .filter(|(name, _)| name != "kind")
            .map(|(name, value)| (name, in_order(value)))
            .collect(),
        // Payloads are structs of plain values; there is nothing in them that JSON lacks.
        Ok(_) | Err(_) => BTreeMap::new(),
    }
}

fn in_order(value: Value) -> Value {
    match value {
        Value::Array(mut list) => {
            list.sort_by_cached_key(Value::to_string);
            list.dedup();
            Value::Array(list)
        }
        other @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Object(_)) => other,
    }
}

/// Whether both say the same.
pub(super) fn is_same(one: &Payload, other: &Payload) -> bool {
    fields(one) == fields(other)
}

/// Whether `found` lies on the way from `applied` to `desired`: every field, and every element of a
/// list, is as one of them says. So a write that was cut off half way is not taken for somebody
/// else's change. With nothing under way (`applied` equal to `desired`) this is equality.
pub(super) fn is_between(found: &Payload, applied: &Payload, desired: &Payload) -> bool {
    let [found, applied, desired] = [found, applied, desired].map(fields);
    found.iter().all(|(name, value)| match (value, applied.get(name), desired.get(name)) {
        (Value::Array(found), Some(Value::Array(applied)), Some(Value::Array(desired))) => {
            is_between_lists(found, applied, desired)
        }
        (value, applied, desired) => Some(value) == applied || Some(value) == desired,
    })
}

fn is_between_lists(found: &[Value], applied: &[Value], desired: &[Value]) -> bool {
    let known = |element: &Value| applied.contains(element) || desired.contains(element);
    let kept = |element: &Value| !desired.contains(element) || found.contains(element);
    found.iter().all(known) && applied.iter().all(kept)
}

/// A value as people say it.
pub(super) fn words(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.replace('_', " "),
        Value::Array(list) if list.is_empty() => "nothing".to_owned(),
        Value::Array(list) => list.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::Object(map) => {
            let pairs = map
                .iter()
                .map(|(name, value)| format!("{} {}", name.replace('_', " "), words(value)));
            pairs.collect::<Vec<_>>().join(", ")
        }
    }
}
