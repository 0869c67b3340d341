//! Enrolment of devices in update management, per update category.

use serde_json::{Value, json};

use crate::clock::{MINUTE, Packed, Seconds, stamp};
use crate::fleet::slot;

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

    pub(crate) const fn name(self) -> &'static str {
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
    at: Packed,
}

impl Wish {
    fn state(self, now: Seconds) -> State {
        match (self.enrolled, now >= self.at.seconds() + ENROLMENT_DELAY) {
            (true, true) => State::Enrolled,
            (true, false) => State::Enrolling,
            (false, true) => State::NotEnrolled,
            (false, false) => State::Unenrolling,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    NotEnrolled,
    Enrolling,
    Enrolled,
    Unenrolling,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::NotEnrolled => "notEnrolled",
            Self::Enrolling => "enrolling",
            Self::Enrolled => "enrolled",
            Self::Unenrolling => "unenrolling",
        }
    }
}

/// What was asked for each device, by its index; as long as the last device asked for.
#[derive(Debug, Default)]
pub(crate) struct Enrolments(Vec<[Option<Wish>; 3]>);

impl Enrolments {
    pub(crate) fn set(&mut self, device: u32, category: Category, enrolled: bool, now: Seconds) {
        let place = slot(device);
        if self.0.len() <= place {
            self.0.resize(place + 1, [None; 3]);
        }
        let wish = &mut self.0[place][category as usize];
        // Asking again for what holds already starts nothing anew.
        if wish.is_none_or(|wish| wish.enrolled != enrolled) {
            *wish = Some(Wish { enrolled, at: Packed::from(now) });
        }
    }

    pub(crate) fn forget(&mut self, device: u32) {
        if let Some(wishes) = self.0.get_mut(slot(device)) {
            *wishes = [None; 3];
        }
    }

    pub(crate) fn has(&self, device: u32, category: Category, now: Seconds) -> bool {
        self.0
            .get(slot(device))
            .and_then(|wishes| wishes[category as usize])
            .is_some_and(|wish| wish.state(now) == State::Enrolled)
    }

    /// Whether the device was asked to be enrolled, be it so by now or not.
    pub(crate) fn wants(&self, device: u32, category: Category) -> bool {
        let wishes = self.0.get(slot(device)).copied().unwrap_or_default();
        wishes[category as usize].is_some_and(|wish| wish.enrolled)
    }

    pub(crate) fn from(&self, first: u32) -> impl Iterator<Item = u32> {
        let wishes = self.0.iter().zip(0_u32..).skip(slot(first));
        wishes.filter_map(|(wishes, device)| wishes.iter().any(Option::is_some).then_some(device))
    }

    pub(crate) fn knows(&self, device: u32) -> bool {
        self.0.get(slot(device)).is_some_and(|wishes| wishes.iter().any(Option::is_some))
    }

    pub(crate) fn json(&self, device: u32, now: Seconds) -> Value {
        let mut shown = serde_json::Map::new();
        let wishes = self.0.get(slot(device)).copied().unwrap_or_default();
        for category in Category::ALL {
            let Some(wish) = wishes[category as usize] else { continue };
            let state = json!({
                "enrollmentState": wish.state(now).name(),
                "lastModifiedDateTime": stamp(wish.at.seconds()),
            });
            shown.insert(category.name().to_owned(), state);
        }
        Value::Object(shown)
    }
}
