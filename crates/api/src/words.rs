//! Sentences for operators: what is waited for, what happened, what could be done.
//!
//! One place for the words, so that a page, a terminal and a log say the same. Nothing here
//! decides; it is given what was decided.

pub mod actions;
pub mod events;
pub mod gate;
pub mod signals;
pub mod waiting;

use std::fmt::Display;

use chrono::{DateTime, TimeDelta, Utc};
use domain::gate::ConditionKind;
use domain::ring::RingIndex;
use domain::rollout::phase::PauseCause;

/// The names of a rollout's rings, by position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rings(Vec<String>);

impl Rings {
    #[must_use]
    pub fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        Self(names.map(str::to_owned).collect())
    }

    /// `ring 2 (Fast)`: the position as it stands in JSON, and the name.
    #[must_use]
    pub fn name(&self, ring: RingIndex) -> String {
        match self.0.get(ring.slot()) {
            Some(name) => format!("ring {ring} ({name})", ring = ring.0),
            None => format!("ring {}", ring.0),
        }
    }
}

/// `1,234,567`.
#[must_use]
pub fn number(number: impl Into<u64>) -> String {
    let digits = number.into().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 device`, `1,234 devices`.
#[must_use]
pub fn devices(count: u32) -> String {
    let noun = if count == 1 { "device" } else { "devices" };
    format!("{} {noun}", number(count))
}

/// `2026-11-10 18:00 UTC`.
#[must_use]
pub fn moment(at: DateTime<Utc>) -> impl Display {
    at.format("%Y-%m-%d %H:%M UTC")
}

/// `36 hours`, `5 days`, `90 minutes`.
#[must_use]
pub fn length(length: TimeDelta) -> String {
    let seconds = length.num_seconds();
    let (count, unit) = match seconds {
        s if s % 86_400 == 0 && s >= 172_800 => (s / 86_400, "day"),
        s if s % 3_600 == 0 && s != 0 => (s / 3_600, "hour"),
        s if s % 60 == 0 => (s / 60, "minute"),
        s => (s, "second"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// `too many failed devices in ring 2 (Fast)`.
#[must_use]
pub fn cause(cause: PauseCause, rings: &Rings) -> String {
    let found = match cause.condition {
        ConditionKind::Success => "too many failed devices",
        ConditionKind::Silence => "too many lost devices",
        ConditionKind::Exposure => "too few outcomes",
        ConditionKind::Bake => "too short a bake",
        ConditionKind::Data => "too old data",
    };
    format!("{found} in {}", rings.name(cause.ring))
}

/// `the success condition of ring 2 (Fast) failed: too many devices failed`.
#[must_use]
pub fn failure(cause: PauseCause, rings: &Rings) -> String {
    let found = match cause.condition {
        ConditionKind::Success => "too many devices failed",
        ConditionKind::Silence => "too many devices went silent during the install",
        ConditionKind::Exposure => "too few devices have an outcome",
        ConditionKind::Bake => "it was not watched long enough",
        ConditionKind::Data => "the data is too old",
    };
    let (condition, ring) = (cause.condition.name(), rings.name(cause.ring));
    format!("the {condition} condition of {ring} failed: {found}")
}

/// A sentence begins with a capital letter.
#[must_use]
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
