//! A property of an item in the form that is cheapest to compare and to write: lists of many
//! thousand devices are filtered and shown without a tree of JSON values in between.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write as _;

use chrono::DateTime;
use serde_json::Value;
use uuid::Uuid;

use crate::clock::{Seconds, write_stamp};

#[derive(Debug, Clone)]
pub(crate) enum Datum<'source> {
    Flag(bool),
    Text(Cow<'source, str>),
    /// Text that needs no escaping in JSON.
    Plain(&'static str),
    Time(Seconds),
    Id(Uuid),
    Json(Cow<'source, Value>),
}

/// What a filter compares with, read once per request.
#[derive(Debug)]
pub(crate) struct Literal {
    pub(crate) value: Value,
    /// Seconds and nanoseconds, where the value is a timestamp.
    time: Option<(Seconds, u32)>,
}

fn time(text: &str) -> Option<(Seconds, u32)> {
    let at = DateTime::parse_from_rfc3339(text).ok()?;
    Some((at.timestamp(), at.timestamp_subsec_nanos()))
}

impl From<Value> for Literal {
    fn from(value: Value) -> Self {
        let time = value.as_str().and_then(time);
        Self { value, time }
    }
}

impl Datum<'_> {
    pub(crate) const NULL: Datum<'static> = Datum::Json(Cow::Owned(Value::Null));

    pub(crate) fn write(&self, out: &mut String) {
        match self {
            Self::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Self::Plain(text) => {
                out.push('"');
                out.push_str(text);
                out.push('"');
            }
            Self::Time(at) => {
                out.push('"');
                write_stamp(out, *at);
                out.push('"');
            }
            Self::Id(id) => {
                out.push('"');
                out.push_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
                out.push('"');
            }
            Self::Text(text) => write_text(out, text),
            // Writing into a string does not fail.
            Self::Json(value) => drop(write!(out, "{value}")),
        }
    }

    /// Calls `use_text` with the value as text, where it is one.
    pub(crate) fn with_text<Answer>(
        &self,
        use_text: impl FnOnce(&str) -> Answer,
    ) -> Option<Answer> {
        Some(match self {
            Self::Text(text) => use_text(text),
            Self::Plain(text) => use_text(text),
            Self::Id(id) => use_text(id.hyphenated().encode_lower(&mut Uuid::encode_buffer())),
            Self::Time(at) => use_text(&crate::clock::stamp(*at)),
            Self::Json(value) => use_text(value.as_str()?),
            Self::Flag(_) => return None,
        })
    }

    /// The order between this and what a filter asks for; `None` where there is none.
    pub(crate) fn compare(&self, literal: &Literal) -> Option<Ordering> {
        match (self, &literal.value) {
            (Self::Time(at), _) if literal.time.is_some() => {
                Some((*at, 0)).partial_cmp(&literal.time)
            }
            (Self::Flag(flag), wanted) => {
                (wanted.as_bool() == Some(*flag)).then_some(Ordering::Equal)
            }
            (Self::Json(value), wanted) if !(value.is_string() && wanted.is_string()) => {
                match (value.as_f64(), wanted.as_f64()) {
                    (Some(left), Some(right)) => left.partial_cmp(&right),
                    _ => (**value == *wanted).then_some(Ordering::Equal),
                }
            }
            (_, Value::String(wanted)) => self.with_text(|text| match (time(text), literal.time) {
                (Some(left), Some(right)) => left.cmp(&right),
                _ => folded(text).cmp(folded(wanted)),
            }),
            (Self::Text(_) | Self::Plain(_) | Self::Time(_) | Self::Id(_) | Self::Json(_), _) => {
                None
            }
        }
    }
}

/// A text as Graph compares it, without regard to case.
pub(crate) fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

/// A JSON string.
pub(crate) fn write_text(out: &mut String, text: &str) {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&Value::from(text).to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(datum: &Datum<'_>, literal: &str) -> Option<Ordering> {
        datum.compare(&Literal::from(Value::from(literal)))
    }

    #[test]
    fn moments_compare_as_moments_whatever_their_spelling() {
        let nine = Datum::Time(1_794_387_600);
        assert_eq!(order(&nine, "2026-11-11T10:00:00+01:00"), Some(Ordering::Equal));
        assert_eq!(order(&nine, "2026-11-11T09:00:00.001Z"), Some(Ordering::Less));
        let text = Datum::Text("2026-11-11T09:00:00Z".into());
        assert_eq!(order(&text, "2026-11-11T11:00:00+02:00"), Some(Ordering::Equal));
    }

    #[test]
    fn texts_and_ids_compare_without_case() {
        assert_eq!(order(&Datum::Plain("Fabrikam"), "fabRIKAM"), Some(Ordering::Equal));
        let id = Uuid::from_u128(0xABCD);
        assert_eq!(order(&Datum::Id(id), &id.to_string().to_uppercase()), Some(Ordering::Equal));
        assert_eq!(order(&Datum::Flag(true), "true"), None);
    }

    #[test]
    fn texts_are_escaped_where_they_must_be() {
        let mut out = String::new();
        Datum::Text("a \"b\"\n\u{e9}".into()).write(&mut out);
        assert_eq!(serde_json::from_str::<String>(&out).unwrap(), "a \"b\"\n\u{e9}");
    }
}
