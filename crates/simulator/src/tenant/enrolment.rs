//! Enrolment of devices in update management, per update category.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::clock::{MINUTE, Seconds, stamp};

/// How long a device stays `enrolling` or `unenrolling`.
const ENROLMENT_DELAY: Seconds = 5 * MINUTE;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Category {
    Feature,
    Quality,
    Driver,
}

impl Category {
    pub(crate) const ALL: [Self; 3] = [Self::Feature, Self::Quality, Self::Driver];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.name() == text)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Feature => "feature",
            Self::Quality => "quality",
            Self::Driver => "driver",
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Wish {
    enrolled: bool,
    at: Seconds,
}

impl Wish {
    fn state(self, now: Seconds) -> &'static str {
        match (self.enrolled, now >= self.at.saturating_add(ENROLMENT_DELAY)) {
            (true, true) => "enrolled",
            (true, false) => "enrolling",
            (false, true) => "notEnrolled",
            (false, false) => "unenrolling",
        }
    }
}

/// Every device that was ever asked to enrol.
#[derive(Debug, Default)]
pub(crate) struct Enrolments(BTreeMap<u32, [Option<Wish>; 3]>);

impl Enrolments {
    pub(crate) fn set(&mut self, device: u32, category: Category, enrolled: bool, now: Seconds) {
        let wish = &mut self.0.entry(device).or_default()[category as usize];
        // Asking again for what holds already starts nothing anew.
        if wish.is_none_or(|wish| wish.enrolled != enrolled) {
            *wish = Some(Wish { enrolled, at: now });
        }
    }

    pub(crate) fn forget(&mut self, device: u32) -> bool {
        self.0.remove(&device).is_some()
    }

    pub(crate) fn quality(&self, device: u32, now: Seconds) -> bool {
        self.0
            .get(&device)
            .and_then(|wishes| wishes[Category::Quality as usize])
            .is_some_and(|wish| wish.state(now) == "enrolled")
    }

    pub(crate) fn from(&self, first: u32) -> impl Iterator<Item = u32> {
        self.0.range(first..).map(|(device, _)| *device)
    }

    pub(crate) fn knows(&self, device: u32) -> bool {
        self.0.contains_key(&device)
    }

    pub(crate) fn json(&self, device: u32, now: Seconds) -> Value {
        let mut shown = serde_json::Map::new();
        let wishes = self.0.get(&device).copied().unwrap_or_default();
        for category in Category::ALL {
            let Some(wish) = wishes[category as usize] else { continue };
            let state = json!({
                "enrollmentState": wish.state(now),
                "lastModifiedDateTime": stamp(wish.at),
            });
            shown.insert(category.name().to_owned(), state);
        }
        Value::Object(shown)
    }
}
