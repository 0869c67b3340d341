//! What stands in one column of one row.

use std::cmp::Ordering;
use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};

/// A value. Columns hold one sort of value each, or nothing.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Empty,
    Text(String),
    /// A word of ours: never a formula, never quoted.
    Word(&'static str),
    Number(i64),
    /// In percent.
    Share(f64),
    Flag(bool),
    Time(DateTime<Utc>),
    Day(NaiveDate),
}

/// In the order of the report's columns.
pub(super) type Row = Vec<Cell>;

impl Cell {
    pub(super) fn maybe<T: Into<Self>>(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }

    /// As it stands in a file of text.
    pub(super) fn write(&self, to: &mut String) {
        // A text takes whatever is written to it.
        let _ = match self {
            Self::Empty => Ok(()),
            Self::Text(text) => to.write_str(text),
            Self::Word(word) => to.write_str(word),
            Self::Number(number) => write!(to, "{number}"),
            Self::Share(share) => write!(to, "{share:.1}"),
            Self::Flag(flag) => write!(to, "{flag}"),
            Self::Time(at) => to.write_str(&at.to_rfc3339_opts(SecondsFormat::Secs, true)),
            Self::Day(day) => write!(to, "{day}"),
        };
    }

    pub(super) fn to_text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    /// Held against what somebody wrote: numbers by their value, everything else by its letters.
    pub(super) fn compare(&self, with: &str) -> Option<Ordering> {
        match self {
            Self::Number(number) => Some(number.cmp(&with.parse().ok()?)),
            Self::Share(share) => share.partial_cmp(&with.parse().ok()?),
            Self::Text(text) => Some(text.as_str().cmp(with)),
            Self::Word(word) => Some((*word).cmp(with)),
            Self::Empty | Self::Flag(_) | Self::Time(_) | Self::Day(_) => {
                Some(self.to_text().as_str().cmp(with))
            }
        }
    }

    /// For sorting; nothing comes first.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => one.cmp(other),
            (Self::Share(one), Self::Share(other)) => one.total_cmp(other),
            (_, _) => self.to_text().cmp(&other.to_text()),
        }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&'static str> for Cell {
    fn from(word: &'static str) -> Self {
        Self::Word(word)
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Cell {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<f64> for Cell {
    fn from(share: f64) -> Self {
        Self::Share(share)
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<DateTime<Utc>> for Cell {
    fn from(at: DateTime<Utc>) -> Self {
        Self::Time(at)
    }
}

impl From<NaiveDate> for Cell {
    fn from(day: NaiveDate) -> Self {
        Self::Day(day)
    }
}

impl From<uuid::Uuid> for Cell {
    fn from(id: uuid::Uuid) -> Self {
        Self::Text(id.to_string())
    }
}
