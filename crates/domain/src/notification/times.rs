//! When time alone makes something worth telling.

use chrono::{
    DateTime, Datelike as _, Days, Months, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday,
};

use super::bulletin::Month;
use super::{DIGEST_AT, digest_before};
use crate::calendar::patch_tuesday;

/// Autopatch tells the schedule seven days ahead or more (facts/autopatch.md 7).
const AHEAD: Days = Days::new(7);
/// What was due longer ago is news no more: a server that was down for a week tells it late or not at all.
const LATE: TimeDelta = TimeDelta::days(3);
/// In office hours of Europe, and before those of America.
const AT: NaiveTime = NaiveTime::from_hms_opt(8, 0, 0).expect("a time of day");

/// Between two updates on an incident, and between two reminders.
const UPDATE_EVERY: TimeDelta = TimeDelta::hours(24);
const REMIND_EVERY: TimeDelta = TimeDelta::days(7);

/// What is due at a moment, and when there will be something again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The month whose release is announced.
    pub schedule: Option<Month>,
    /// The month whose release is summed up.
    pub summary: Option<Month>,
    pub next: DateTime<Utc>,
}

/// What is due at `now` by the calendar alone. What was due up to three days ago still is; whoever told it
/// already knows by its occasion.
#[must_use]
pub fn due(now: DateTime<Utc>) -> Due {
    let months = months_around(now.date_naive());
    let is_due = |at: DateTime<Utc>| at <= now && now - at < LATE;
    let of = |at: fn(Month) -> Option<DateTime<Utc>>| {
        months.iter().copied().find(|month| at(*month).is_some_and(is_due))
    };
    let times = months.iter().flat_map(|month| [day_of_schedule(*month), day_of_summary(*month)]);
    let digest = digest_before(now) + TimeDelta::days(1);
    let next = times.flatten().filter(|at| *at > now).chain([digest]).min().unwrap_or(digest);
    debug_assert!(next.time() == AT || next.time() == DIGEST_AT);
    Due { schedule: of(day_of_schedule), summary: of(day_of_summary), next }
}

/// When the release of a month is announced; none for a month there is not.
#[must_use]
pub fn day_of_schedule(month: Month) -> Option<DateTime<Utc>> {
    let day = patch_tuesday(month.year, month.month)?.checked_sub_days(AHEAD)?;
    Some(day.and_time(AT).and_utc())
}

/// When the release of a month is summed up: on its fourth Tuesday.
#[must_use]
pub fn day_of_summary(month: Month) -> Option<DateTime<Utc>> {
    let day = NaiveDate::from_weekday_of_month_opt(month.year, month.month, Weekday::Tue, 4)?;
    Some(day.and_time(AT).and_utc())
}

fn months_around(day: NaiveDate) -> Vec<Month> {
    let before = day.checked_sub_months(Months::new(1));
    let after = day.checked_add_months(Months::new(1));
    let months = [before, Some(day), after].into_iter().flatten();
    months.map(|day| Month { year: day.year(), month: day.month() }).collect()
}

/// How many updates (or reminders, of what is not critical) an alert that opened at `opened_at` has come to by
/// `now`, and when the next one is due.
#[must_use]
pub fn updates_of(
    is_critical: bool,
    opened_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> (u32, DateTime<Utc>) {
    let every = if is_critical { UPDATE_EVERY } else { REMIND_EVERY };
    let open = (now - opened_at).max(TimeDelta::zero());
    let passed = open.num_seconds() / every.num_seconds();
    let count = i32::try_from(passed).unwrap_or(i32::MAX - 1);
    (count.unsigned_abs(), opened_at + every * (count + 1))
}
