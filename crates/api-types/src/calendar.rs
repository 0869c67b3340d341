//! Calendars of rings, freezes and holidays.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// When a ring may open, and when its devices may be offered an update. What is offered already goes on
/// when a window closes; removals are never held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RingCalendar {
    /// A name of the IANA database: `Europe/Zurich`.
    #[schema(min_length = 1, max_length = 64)]
    pub time_zone: String,
    #[serde(default)]
    pub opening: Opening,
    /// Offers are made in any of these; none: at any time.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub windows: Vec<Window>,
    /// Most devices offered the update in any hour; none: as the waves allow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub max_devices_per_hour: Option<u32>,
    /// The name of a holiday calendar: nothing is offered on its days, and they are no business days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"\S")]
    pub holidays: Option<String>,
}

/// When a ring may open, on top of its deferral.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Opening {
    /// What days are counted from.
    pub from: OpeningFrom,
    /// So many days later at the earliest; not together with `business_days`.
    #[schema(maximum = 90)]
    pub days: u16,
    /// So many days later, from Monday to Friday and no holidays counted.
    #[schema(maximum = 90)]
    pub business_days: u16,
    /// Only on these; none: on any.
    #[schema(max_items = 7)]
    pub weekdays: Vec<Weekday>,
    /// Not on so many days at the beginning of a month; with those at its end 20 at most.
    #[schema(maximum = 20)]
    pub not_first_days_of_month: u8,
    #[schema(maximum = 20)]
    pub not_last_days_of_month: u8,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OpeningFrom {
    /// `starts_at` of the rollout: the release date of the update, or the day a person chose.
    #[default]
    Start,
    /// The newest second Tuesday of a month by then.
    PatchTuesday,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// A window begins on the days of a rule at a local time, and lasts for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// A recurrence rule (RFC 5545) of days, without an end: `FREQ=WEEKLY;BYDAY=MO,TU,WE,TH`.
    #[schema(min_length = 1, max_length = 200)]
    pub rule: String,
    /// What a rule with INTERVAL counts from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_day: Option<NaiveDate>,
    /// By the clock of the ring's time zone: `22:00`. A time that the clock skips is the moment it goes on at;
    /// of a time that it shows twice the first is meant.
    #[schema(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    pub start: String,
    /// In minutes that pass, a week at most.
    #[schema(minimum = 1, maximum = 10080)]
    pub minutes: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CalendarQuery {
    /// Name or position (the first is 0) of the ring.
    pub ring: String,
    /// At most so many; 10 if not given, 100 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 100)]
    pub count: Option<u16>,
}

/// When the devices of a ring may be offered updates, with windows, freezes and holidays taken together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OfferTimes {
    pub ring_set_id: Uuid,
    pub ring: u8,
    pub ring_name: String,
    pub time_zone: String,
    pub at: DateTime<Utc>,
    /// What holds offers now; none: nothing does.
    pub held: Option<Held>,
    /// The next ones, up to two years ahead.
    pub periods: Vec<OfferPeriod>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OfferPeriod {
    pub from: DateTime<Utc>,
    /// None: without an end that is known.
    pub until: Option<DateTime<Utc>>,
    /// The same by the clock of the time zone, with its offset.
    pub local_from: String,
    pub local_until: Option<String>,
    /// What held offers back just before.
    pub after: Option<String>,
}

/// Something is held back by a calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Held {
    /// `deferral`, `day`, `window`, `freeze`, `holiday`, `unknown_holidays`, `rate`.
    pub because: String,
    /// The same in words.
    pub text: String,
    /// None: until somebody ends it.
    pub until: Option<DateTime<Utc>>,
}

/// To offer nothing for a while, in the name of the token. Of all rollouts if no ring set is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateFreeze {
    /// Only rollouts over this ring set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring_set_id: Option<Uuid>,
    /// Only this ring of the set, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, pattern = r"\S")]
    pub ring: Option<String>,
    /// Now if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// Until somebody ends it if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    #[schema(min_length = 1, max_length = 1000, pattern = r"\S")]
    pub reason: String,
}

/// To let a rollout of a security update, or one out of band, go on in a freeze. Not for the owner of the
/// freeze, nor for the author of the rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CrossFreeze {
    pub rollout_id: Uuid,
    #[schema(min_length = 1, max_length = 1000, pattern = r"\S")]
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Freeze {
    pub id: Uuid,
    /// `tenant`, `ring_set`, `ring`.
    pub scope: String,
    pub ring_set_id: Option<Uuid>,
    pub ring: Option<String>,
    pub from: DateTime<Utc>,
    pub until: Option<DateTime<Utc>>,
    pub state: FreezeState,
    pub owner: String,
    pub reason: String,
    pub created_at: DateTime<Utc>,
    /// Somebody ended it before its time.
    pub ended_at: Option<DateTime<Utc>>,
    pub ended_by: Option<String>,
    pub end_reason: Option<String>,
    pub crossings: Vec<FreezeCrossing>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FreezeState {
    Planned,
    Standing,
    Over,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FreezeCrossing {
    pub rollout_id: Uuid,
    pub release_name: String,
    pub by: String,
    pub reason: String,
    pub at: DateTime<Utc>,
}

/// The holidays of a site, out of an iCalendar file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportHolidays {
    /// What rings refer to; one that is there already is replaced.
    #[schema(min_length = 1, max_length = 64, pattern = r"\S")]
    pub name: String,
    /// The text of the file. Events of days and of times in a named zone, recurring ones for five years.
    #[schema(min_length = 1, max_length = 500_000)]
    pub ics: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HolidayCalendar {
    pub id: Uuid,
    pub name: String,
    /// In order of time, whole days before stretches of time.
    pub holidays: Vec<Holiday>,
    pub imported_by: String,
    pub imported_at: DateTime<Utc>,
}

/// Whole days, local to each ring, or a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Holiday {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_day: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_day: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}
