//! Small OData spellings: versions, quoting, path segments, tolerant values.
//!
//! Never sends anything.

use std::fmt;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Deserializer};
use uuid::Uuid;

/// Which Graph a route belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    V1,
    Beta,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1 => "v1.0",
            Self::Beta => "beta",
        })
    }
}

/// A string literal for `$filter`, escaped for OData and for a query string.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", escape(&text.replace('\'', "''")))
}

/// One segment of a path, from an id that somebody else made.
pub(crate) fn segment(id: &str) -> String {
    escape(id)
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'\'' => {
                out.push(char::from(byte));
            }
            _ => {
                use fmt::Write as _;
                // Writing to a string cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// A GUID, where empty, odd and all-zero ones mean "none".
pub(crate) fn real_guid(text: Option<&str>) -> Option<Uuid> {
    Uuid::parse_str(text?.trim()).ok().filter(|id| !id.is_nil())
}

/// Graph's "never" is the year 1.
pub(crate) fn real_time(time: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    time.filter(|time| *time > DateTime::UNIX_EPOCH)
}

/// The spellings of a time that reports use.
pub(crate) fn report_time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return real_time(Some(time.to_utc()));
    }
    ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .and_then(|time| real_time(Some(time.and_utc())))
}

/// `null` read like a missing value, where serde's `default` only covers the latter.
pub(crate) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}
