//! Days: Patch Tuesday, business days, and how far a month has come.

use chrono::{Datelike as _, Days, Months, NaiveDate, Weekday};

use super::Holidays;

/// The second Tuesday of a month, on which Microsoft releases the monthly update; none for a month there
/// is not.
#[must_use]
pub fn patch_tuesday(year: i32, month: u32) -> Option<NaiveDate> {
    NaiveDate::from_weekday_of_month_opt(year, month, Weekday::Tue, 2)
}

/// The newest Patch Tuesday that is not after `day`.
pub(super) fn patch_tuesday_before(day: NaiveDate) -> NaiveDate {
    let of = |day: NaiveDate| patch_tuesday(day.year(), day.month());
    let here = of(day).filter(|tuesday| *tuesday <= day);
    here.or_else(|| day.checked_sub_months(Months::new(1)).and_then(of)).unwrap_or(day)
}

/// The day so many days later; the end of time where there is none.
pub(super) fn later(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX)
}

/// The `count`-th business day after `day`: Monday to Friday, and no holiday.
pub(super) fn business_days_later(
    day: NaiveDate,
    count: u16,
    holidays: Option<&Holidays>,
) -> NaiveDate {
    let (mut at, mut left) = (day, count);
    // No calendar makes a year of holidays; one that says so does not hold up anything for ever.
    for _ in 0..=u32::from(count) + 366 {
        if left == 0 || at == NaiveDate::MAX {
            break;
        }
        at = later(at, 1);
        let is_weekend = matches!(at.weekday(), Weekday::Sat | Weekday::Sun);
        if !is_weekend && !holidays.is_some_and(|holidays| holidays.has(at)) {
            left -= 1;
        }
    }
    at
}

/// Days of the month before `day`, and after it.
pub(super) fn around_in_month(day: NaiveDate) -> (u32, u32) {
    let before = day.day() - 1;
    let next = day.with_day(1).and_then(|first| first.checked_add_months(Months::new(1)));
    let length = next.and_then(|next| next.pred_opt()).map_or(31, |last| last.day());
    (before, length - day.day())
}
