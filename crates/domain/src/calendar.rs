//! When a ring may open, and when its devices may be offered an update.
//!
//! Four things hold a ring, each by itself: its **opening** (days after the release, weekdays, days of the
//! month), its **windows**, **freezes** that touch it and **holidays** of the site it names. None of them ever
//! stops a device that was offered the update already, nor a removal.
//!
//! # What clocks do
//!
//! Windows and days are local to the ring's time zone; lengths are elapsed time.
//!
//! 1. A local time that a clock skips (it is set forward) stands for the first moment after the gap.
//! 2. A local time that a clock shows twice (it is set back) stands for the first of the two.
//! 3. A window of six hours lasts six hours, whatever a clock does meanwhile.
//! 4. A day begins at its first moment, which is not always 00:00.

mod days;
mod freeze;
mod holidays;
mod import;
mod local;
mod opening;
pub(crate) mod rate;
mod recurrence;
mod rule;
mod times;
mod window;
mod zone;

use std::num::NonZeroU32;

use chrono::{DateTime, TimeDelta};
use serde::{Deserialize, Serialize};

pub use days::patch_tuesday;
pub use freeze::{Crossing, Freeze, Scope, crossable};
pub use holidays::{Holiday, Holidays, When};
pub use import::{ImportError, MAX_HOLIDAYS, import};
pub use opening::{Anchor, Offset, Opening, OpeningError};
pub use rate::{MOST_WAVES_AN_HOUR, Offered};
pub use recurrence::Recurrence;
pub use rule::{Rule, RuleError};
pub use times::{Held, Period, State, Times, Why};
pub use window::{Window, WindowError};
pub use zone::{UnknownZone, Zone};

/// The most windows a ring may have.
pub const MAX_WINDOWS: usize = 10;

/// The calendar of one ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingCalendar {
    /// Of the ring, not of each device: Intune does not report where a device's clock stands.
    pub zone: Zone,
    #[serde(default)]
    pub opening: Opening,
    /// Offers are made in any of these; none: at any time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<Window>,
    /// Most devices offered the update in any hour; none: as the waves allow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_per_hour: Option<NonZeroU32>,
    /// The holiday calendar of the ring's site, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holidays: Option<String>,
}

/// Why a calendar is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    #[error(transparent)]
    Opening(#[from] OpeningError),
    #[error("more than 10 windows")]
    Windows,
    #[error("on no day on which the ring may open is there a window, so it never would")]
    NeverOpens,
    #[error("the name of a holiday calendar needs 1 to 64 characters")]
    Holidays,
}

impl RingCalendar {
    /// Always open, in UTC.
    pub const ALWAYS: Self = Self {
        zone: Zone::UTC,
        opening: Opening::ANY,
        windows: Vec::new(),
        max_per_hour: None,
        holidays: None,
    };

    pub(crate) fn check(&self) -> Result<(), CalendarError> {
        self.opening.check()?;
        if self.windows.len() > MAX_WINDOWS {
            return Err(CalendarError::Windows);
        }
        let named = |name: &String| !name.trim().is_empty() && name.chars().count() <= 64;
        if !self.holidays.as_ref().is_none_or(named) {
            return Err(CalendarError::Holidays);
        }
        // Any day will do: what recurs within two years recurs after each.
        let weekly = Self { holidays: None, ..self.clone() };
        let times = Times { calendar: Some(&weekly), ring: "", known: &Known::default() };
        let start = DateTime::from_timestamp(1_767_225_600, 0).unwrap_or_default();
        match times.opening(start, TimeDelta::zero(), start) {
            Some(Held { until: None, .. }) => Err(CalendarError::NeverOpens),
            Some(Held { until: Some(_), .. }) | None => Ok(()),
        }
    }
}

/// What is known of freezes and holidays, as far as it touches one rollout.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Known {
    /// Neither ended nor over when they were read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub freezes: Vec<Freeze>,
    /// What people allowed the rollout to cross.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub crossings: Vec<Crossing>,
    /// Of every calendar that a ring names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<Holidays>,
}

impl Known {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.freezes.is_empty() && self.crossings.is_empty() && self.holidays.is_empty()
    }
}
