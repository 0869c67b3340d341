//! Sentences for operators: what is waited for, what happened, what could be done.
//!
//! One place for the words, so that a page, a terminal and a log say the same. Nothing here
//! decides; it is given what was decided.

pub mod actions;
pub mod calendar;
pub mod events;
pub mod evidence;
pub mod forecast;
pub mod gate;
pub mod replay;
pub mod revisions;
pub mod signals;
pub mod waiting;

use std::fmt::Display;

use chrono::{DateTime, TimeDelta, Utc};
use domain::evidence::Level;
use domain::gate::ConditionKind;
use domain::gate::policy::{Segment, Signal};
use domain::gate::weigh::Culprit;
use domain::ring::RingIndex;
use domain::rollout::phase::PauseCause;

/// The names of a rollout's rings and segments, by position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rings {
    rings: Vec<String>,
    segments: Vec<String>,
}

impl Rings {
    #[must_use]
    pub fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        Self { rings: names.map(str::to_owned).collect(), segments: Vec::new() }
    }

    /// The same, with the names of segments.
    #[must_use]
    pub fn with_segments(self, segments: &[Segment]) -> Self {
        let name = |segment: &Segment| format!("{} {}", segment.kind.name(), segment.name);
        Self { segments: segments.iter().map(name).collect(), ..self }
    }

    /// `model Contoso Notebook 7`.
    #[must_use]
    pub fn segment(&self, position: u16) -> String {
        let name = self.segments.get(usize::from(position)).cloned();
        name.unwrap_or_else(|| format!("segment {position}"))
    }

    /// `ring 2 (Fast)`: the position as it stands in JSON, and the name.
    #[must_use]
    pub fn name(&self, ring: RingIndex) -> String {
        match self.rings.get(ring.slot()) {
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
        ConditionKind::NoHalt => match cause.culprit {
            Some(Culprit::Release { signal }) => found(signal).to_owned(),
            Some(Culprit::Segment { segment, signal }) => {
                format!("{} of {}", found(signal), rings.segment(segment))
            }
            None => "evidence against the release".to_owned(),
        },
        ConditionKind::Success => "too many failed devices".to_owned(),
        ConditionKind::Stall => "too many lost devices".to_owned(),
        ConditionKind::Exposure => "too few outcomes".to_owned(),
        ConditionKind::Bake => "too short a bake".to_owned(),
        ConditionKind::Signals => "a failed signal".to_owned(),
        ConditionKind::Approvals => "missing approvals".to_owned(),
        ConditionKind::Calendar => "a day that has not come".to_owned(),
    };
    format!("{found} in {}", rings.name(cause.ring))
}

fn found(signal: Signal) -> &'static str {
    match signal {
        Signal::Failed => "too many failed devices",
        Signal::Lost => "too many lost devices",
        Signal::Dark => "too many silent devices",
    }
}

/// `the no_halt condition of ring 2 (Fast) failed: too many devices failed, beyond chance`.
#[must_use]
pub fn failure(cause: PauseCause, rings: &Rings) -> String {
    let found = match cause.condition {
        ConditionKind::NoHalt => match cause.culprit {
            Some(Culprit::Release { signal }) => format!("{}, beyond chance", fails(signal)),
            Some(Culprit::Segment { segment, signal }) => {
                format!("{} among {}, beyond chance", fails(signal), rings.segment(segment))
            }
            None => "the evidence against the release is beyond chance".to_owned(),
        },
        ConditionKind::Success => "too many devices failed, beyond chance".to_owned(),
        ConditionKind::Stall => {
            "too many devices went silent during the install, beyond chance".to_owned()
        }
        ConditionKind::Exposure => "too few devices have an outcome".to_owned(),
        ConditionKind::Bake => "it was not watched long enough".to_owned(),
        ConditionKind::Signals => "a custom signal failed".to_owned(),
        ConditionKind::Approvals => "too few people approved".to_owned(),
        ConditionKind::Calendar => "the day of the next ring has not come".to_owned(),
    };
    let (condition, ring) = (cause.condition.name(), rings.name(cause.ring));
    format!("the {condition} condition of {ring} failed: {found}")
}

fn fails(signal: Signal) -> &'static str {
    match signal {
        Signal::Failed => "too many devices failed",
        Signal::Lost => "too many devices went silent during the install",
        Signal::Dark => "updated devices are silent more often than others",
    }
}

/// What a level of evidence means.
#[must_use]
pub fn level(level: Level) -> &'static str {
    match level {
        Level::Calm => "is what a healthy release shows",
        Level::Watch => "would be seen of one healthy release in ten; nothing new is offered",
        Level::Pause => "would be seen of one healthy release in a hundred",
        Level::RollBack => "would be seen of one healthy release in ten thousand",
    }
}

/// A sentence begins with a capital letter.
#[must_use]
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
