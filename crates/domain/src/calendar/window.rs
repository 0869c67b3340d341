//! Windows: recurring stretches of time in which offers are made.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveTime, TimeDelta, Timelike as _, Utc};
use rrule::Frequency;
use serde::{Deserialize, Serialize};

use super::days::later;
use super::rule::{Rule, two_years};
use super::{Zone, local};

/// The longest window, in minutes: a week.
pub(super) const LONGEST_WINDOW: u16 = 7 * 24 * 60;

/// What days are counted from when nobody says: a Monday.
const FIRST_DAY: Option<NaiveDate> = NaiveDate::from_ymd_opt(2024, 1, 1);

/// A window: it begins on the days of a rule, at a local time, and lasts for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Window {
    rule: Rule,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_day: Option<NaiveDate>,
    start: NaiveTime,
    minutes: u16,
}

#[derive(Deserialize)]
struct Unchecked {
    rule: Rule,
    first_day: Option<NaiveDate>,
    start: NaiveTime,
    minutes: u16,
}

impl TryFrom<Unchecked> for Window {
    type Error = WindowError;
    fn try_from(window: Unchecked) -> Result<Self, WindowError> {
        Self::new(window.rule, window.first_day, window.start, window.minutes)
    }
}

/// Why a window is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    #[error("a window lasts 1 to 10080 minutes (a week)")]
    Length,
    #[error("a window starts at a whole minute")]
    Start,
    #[error("a rule with an INTERVAL needs a first day to count from")]
    FirstDay,
    #[error(
        "the first day must lie between 2000 and 2100, in months and years on one of days 1 to 28"
    )]
    FirstDayOfMonth,
    #[error("this rule names no day within two years")]
    Never,
}

impl Window {
    /// A window. `first_day` matters to rules that count (every second week), or take the day they begin
    /// on for granted; none: the first of January 2024, a Monday.
    pub fn new(
        rule: Rule,
        first_day: Option<NaiveDate>,
        start: NaiveTime,
        minutes: u16,
    ) -> Result<Self, WindowError> {
        if !(1..=LONGEST_WINDOW).contains(&minutes) {
            return Err(WindowError::Length);
        }
        if start.second() != 0 || start.nanosecond() != 0 {
            return Err(WindowError::Start);
        }
        let (frequency, interval) = rule.pace().unwrap_or((Frequency::Daily, 1));
        if interval > 1 && first_day.is_none() {
            return Err(WindowError::FirstDay);
        }
        let window = Self { rule, first_day, start, minutes };
        let counts_from = window.counts_from();
        let by_month = matches!(frequency, Frequency::Monthly | Frequency::Yearly);
        if !(2000..=2100).contains(&counts_from.year()) || by_month && counts_from.day() > 28 {
            return Err(WindowError::FirstDayOfMonth);
        }
        let comes_after = |day: NaiveDate| {
            let next = window.rule.days(counts_from, day).next();
            next.is_some_and(|next| next < two_years(day))
        };
        if !comes_after(counts_from) || !comes_after(two_years(counts_from)) {
            return Err(WindowError::Never);
        }
        Ok(window)
    }

    fn counts_from(&self) -> NaiveDate {
        self.first_day.or(FIRST_DAY).unwrap_or_default()
    }

    #[must_use]
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// What the rule counts from, as somebody said.
    #[must_use]
    pub fn first_day(&self) -> Option<NaiveDate> {
        self.first_day
    }

    /// When it starts, by the clock of the zone.
    #[must_use]
    pub fn start(&self) -> NaiveTime {
        self.start
    }

    /// How long it is open, in minutes that pass.
    #[must_use]
    pub fn minutes(&self) -> u16 {
        self.minutes
    }

    /// The windows that end after `at`, in order. Without end.
    pub fn spans(
        &self,
        zone: Zone,
        at: DateTime<Utc>,
    ) -> impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)> + use<> {
        let (length, start) = (TimeDelta::minutes(self.minutes.into()), self.start);
        // A day more on either side, for what clocks do.
        let earliest = local::day(zone, at - length - TimeDelta::days(1)).max(self.counts_from());
        let spans = self.rule.days(self.counts_from(), earliest).map(move |day| {
            let from = local::moment(zone, day.and_time(start));
            (from, from + length)
        });
        spans.skip_while(move |(_, until)| *until <= at)
    }

    /// Whether the window is open at `at`, and until when; else when it opens next. None: not within two
    /// years.
    pub(super) fn look(&self, zone: Zone, at: DateTime<Utc>) -> Option<Look> {
        let horizon = local::start_of(zone, later(local::day(zone, at), 731));
        let (from, until) = self.spans(zone, at).next()?;
        if from <= at {
            Some(Look::Open { until })
        } else {
            (from < horizon).then_some(Look::Closed { until: from })
        }
    }
}

/// What a window says of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Open { until: DateTime<Utc> },
    Closed { until: DateTime<Utc> },
}
