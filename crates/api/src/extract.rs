//! Extractors whose refusals are problems that name the field.

mod json;
mod path;
mod query;

pub(crate) use json::{Json, OptionalJson, whole};
pub(crate) use path::{Path, not_an_id};
pub(crate) use query::Query;

use std::borrow::Cow;

use api_types::FieldError;
use serde_path_to_error::Segment;

/// Where in the input something was wrong, as a JSON pointer, and what, in words for people.
fn field_error(path: &serde_path_to_error::Path, message: &str) -> FieldError {
    let mut pointer = String::new();
    for segment in path {
        let step = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
            // Inside of a tagged variant; the tag is not a level of the JSON.
            Segment::Enum { .. } | Segment::Unknown => continue,
        };
        pointer.push('/');
        pointer.push_str(&step);
    }
    // A field that is not there is no step of the path to where it was missed.
    if let Some((name, _)) = message.strip_prefix("missing field `").and_then(|m| m.split_once('`'))
    {
        pointer = format!("{pointer}/{name}");
    }
    FieldError { pointer, detail: in_words(&without_addresses(message)) }
}

/// An address may be a secret, as that of a chat is; whoever sent it knows what it was.
fn without_addresses(message: &str) -> Cow<'_, str> {
    let Some(at) = message.find("://") else { return message.into() };
    let head =
        message.get(..at).and_then(|head| head.rfind(['`', '"']).and_then(|q| head.get(..q)));
    // A list of what would be right stands behind it.
    let tail = message.rsplit_once(", expected ").map(|(_, expected)| expected);
    match (head, tail.filter(|tail| !tail.contains("://"))) {
        (Some(head), Some(tail)) => format!("{head}an address, expected {tail}").into(),
        (_, _) => "this is not what is expected here".into(),
    }
}

/// Types of Rust in the words of JSON.
fn in_words(message: &str) -> String {
    // The position in the text says nothing that the pointer does not say better.
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    if let Some(name) = message.strip_prefix("missing field ") {
        return format!("the field {name} is missing");
    }
    if let Some(why) = message.strip_prefix("UUID parsing failed: ") {
        return format!("this is not a UUID: {why}");
    }
    // What the standard library says of numbers in a query.
    if message.starts_with("number too ") {
        return "this number is out of range".to_owned();
    }
    if message.ends_with("found in string") || message.ends_with("from empty string") {
        return "this is not a whole number".to_owned();
    }
    let Some((what, expected)) = message.rsplit_once(", expected ") else {
        return message.to_owned();
    };
    let expected = match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" => "a whole number, 0 or more",
        "i32" | "i64" => "a whole number",
        "f64" => "a number",
        other => other.strip_prefix("struct ").map_or(other, |_| "an object"),
    };
    format!("{what}, expected {expected}")
}
