//! The day from which a ring may open, and the days on which it may.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc, Weekday};
use serde::{Deserialize, Serialize};

use super::days::{around_in_month, business_days_later, later, patch_tuesday_before};
use super::{Holidays, Zone, local};

/// The most days or business days after the release.
pub(super) const MAX_OFFSET: u16 = 90;
/// The most days at the beginning and the end of a month, together: some have 28.
pub(super) const MAX_MONTH_DAYS: u8 = 20;

/// What days are counted from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// The start of the rollout: the release date of the update, or the day a person chose.
    #[default]
    Start,
    /// The newest Patch Tuesday by then.
    PatchTuesday,
}

/// Days after the anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offset {
    Days(u16),
    /// Monday to Friday, and no holiday.
    BusinessDays(u16),
}

/// When a ring may open, on top of its deferral. Offers of a ring that is open do not look at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Opening {
    pub from: Anchor,
    pub offset: Offset,
    /// None: on any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub weekdays: Vec<Weekday>,
    /// Not on so many days at the beginning of a month, nor on so many at its end.
    pub not_first_days: u8,
    pub not_last_days: u8,
}

impl Default for Opening {
    fn default() -> Self {
        Self::ANY
    }
}

/// Why an opening is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpeningError {
    #[error("{0} days after the release are too many; 90 is the most")]
    Offset(u16),
    #[error("so many days of a month leave none of the shortest: 20 together is the most")]
    MonthDays,
    #[error("a weekday stands there twice")]
    RepeatedWeekday,
}

impl Opening {
    /// From the start on, on any day.
    pub const ANY: Self = Self {
        from: Anchor::Start,
        offset: Offset::Days(0),
        weekdays: Vec::new(),
        not_first_days: 0,
        not_last_days: 0,
    };

    /// Whether its numbers can be.
    pub fn check(&self) -> Result<(), OpeningError> {
        let (Offset::Days(days) | Offset::BusinessDays(days)) = self.offset;
        if days > MAX_OFFSET {
            return Err(OpeningError::Offset(days));
        }
        if self.not_first_days.saturating_add(self.not_last_days) > MAX_MONTH_DAYS {
            return Err(OpeningError::MonthDays);
        }
        let repeats = |(at, day)| self.weekdays[..at].contains(day);
        if self.weekdays.iter().enumerate().any(repeats) {
            return Err(OpeningError::RepeatedWeekday);
        }
        Ok(())
    }

    /// The first day that is late enough. Patch Tuesday is a day of Microsoft's calendar, so the day of the
    /// start is read in UTC for it.
    #[must_use]
    pub fn first_day(
        &self,
        zone: Zone,
        starts_at: DateTime<Utc>,
        holidays: Option<&Holidays>,
    ) -> NaiveDate {
        let anchor = match self.from {
            Anchor::Start => local::day(zone, starts_at),
            Anchor::PatchTuesday => patch_tuesday_before(starts_at.date_naive()),
        };
        match self.offset {
            Offset::Days(days) => later(anchor, days.into()),
            Offset::BusinessDays(days) => business_days_later(anchor, days, holidays),
        }
    }

    /// Whether a ring may open on this day, late enough or not.
    #[must_use]
    pub fn allows(&self, day: NaiveDate) -> bool {
        let (before, after) = around_in_month(day);
        (self.weekdays.is_empty() || self.weekdays.contains(&day.weekday()))
            && before >= u32::from(self.not_first_days)
            && after >= u32::from(self.not_last_days)
    }
}
