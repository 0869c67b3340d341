//! Patch Tuesdays, business days, and the days on which a ring opens.

use chrono::{Datelike as _, NaiveDate, TimeDelta, Weekday};
use domain::calendar::{
    Anchor, Holidays, Known, Offset, Opening, OpeningError, RingCalendar, Times, Why, patch_tuesday,
};

use super::{at, calendar, day, holiday, zone};

#[test]
fn patch_tuesday_is_the_second_tuesday() {
    let of_2026: Vec<u32> =
        (1..=12).map(|month| patch_tuesday(2026, month).expect("a month").day()).collect();
    // As Microsoft announced them.
    assert_eq!(of_2026, [13, 10, 10, 14, 12, 9, 14, 11, 8, 13, 10, 8]);
    assert_eq!(patch_tuesday(2026, 13), None);
}

fn site() -> Holidays {
    let days = vec![
        holiday("2026-12-25", "2026-12-26", "Christmas"),
        holiday("2027-01-01", "2027-01-01", "New Year"),
    ];
    Holidays { name: "Zurich".to_owned(), days }
}

fn first_day(from: Anchor, offset: Offset, starts_at: &str) -> NaiveDate {
    let opening = Opening { from, offset, ..Opening::ANY };
    opening.first_day(zone("Europe/Zurich"), at(starts_at), Some(&site()))
}

#[test]
fn days_are_counted_from_the_start_or_from_patch_tuesday() {
    use Anchor::{PatchTuesday, Start};
    use Offset::{BusinessDays, Days};
    // Published on Patch Tuesday, 18:00 UTC.
    let tuesday = "2026-11-10T18:00:00Z";
    assert_eq!(first_day(Start, Days(0), tuesday), day("2026-11-10"));
    assert_eq!(first_day(PatchTuesday, Days(3), tuesday), day("2026-11-13"));
    assert_eq!(first_day(PatchTuesday, BusinessDays(3), tuesday), day("2026-11-13"));
    assert_eq!(first_day(PatchTuesday, BusinessDays(4), tuesday), day("2026-11-16"));
    // A person starts it a week later: the Patch Tuesday is still the one before.
    let later = "2026-11-17T09:00:00Z";
    assert_eq!(first_day(PatchTuesday, Days(10), later), day("2026-11-20"));
    assert_eq!(first_day(Start, Days(10), later), day("2026-11-27"));
    // Early in a month it is last month's.
    assert_eq!(first_day(PatchTuesday, Days(0), "2026-12-07T23:00:00Z"), day("2026-11-10"));
    // The local day of the start: half past eleven in the evening is tomorrow in Zurich.
    assert_eq!(first_day(Start, Days(1), "2026-12-07T23:30:00Z"), day("2026-12-09"));
    // Over Christmas, which falls on a Friday and a Saturday, and New Year's Day, a Friday.
    assert_eq!(first_day(Start, BusinessDays(1), "2026-12-24T10:00:00Z"), day("2026-12-28"));
    assert_eq!(first_day(Start, BusinessDays(5), "2026-12-24T10:00:00Z"), day("2027-01-04"));
}

#[test]
fn an_opening_allows_days_by_weekday_and_by_the_month() {
    let opening = Opening {
        weekdays: vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu],
        not_first_days: 1,
        not_last_days: 3,
        ..Opening::ANY
    };
    let allowed = |month: u32, length: u32| -> Vec<u32> {
        let day = |day| NaiveDate::from_ymd_opt(2027, month, day).expect("a day");
        (1..=length).filter(|number| opening.allows(day(*number))).collect()
    };
    // February 2027 begins on a Monday and has 28 days.
    assert_eq!(allowed(2, 28), [2, 3, 4, 8, 9, 10, 11, 15, 16, 17, 18, 22, 23, 24, 25]);
    // March ends on Wednesday the 31st.
    assert_eq!(allowed(3, 31).last(), Some(&25));
    let every_month = |opening: &Opening| {
        (1..=12).all(|month| {
            (1..=28).any(|number| {
                opening.allows(NaiveDate::from_ymd_opt(2027, month, number).expect("a day"))
            })
        })
    };
    // The most that is taken leaves a day for every weekday in every month.
    for weekday in [Weekday::Mon, Weekday::Sun] {
        let tight = Opening {
            weekdays: vec![weekday],
            not_first_days: 10,
            not_last_days: 10,
            ..Opening::ANY
        };
        assert_eq!(tight.check(), Ok(()));
        assert!(every_month(&tight), "{weekday}");
    }
    let wrong = |opening: Opening| opening.check().expect_err("too much");
    assert_eq!(wrong(Opening { not_first_days: 21, ..Opening::ANY }), OpeningError::MonthDays);
    assert_eq!(
        wrong(Opening { offset: Offset::Days(91), ..Opening::ANY }),
        OpeningError::Offset(91)
    );
    let twice = vec![Weekday::Mon, Weekday::Mon];
    assert_eq!(wrong(Opening { weekdays: twice, ..Opening::ANY }), OpeningError::RepeatedWeekday);
}

#[test]
fn a_ring_opens_on_the_first_allowed_day_that_is_late_enough() {
    let opening = Opening {
        from: Anchor::PatchTuesday,
        offset: Offset::BusinessDays(3),
        weekdays: vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu],
        not_last_days: 3,
        ..Opening::ANY
    };
    let calendar = RingCalendar { opening, ..calendar("Europe/Zurich", Vec::new()) };
    let known = Known::default();
    let times = Times { calendar: Some(&calendar), ring: "Broad", known: &known };
    let starts_at = at("2026-11-10T18:00:00Z");
    let opens = |deferral: i64, now: &str| {
        let held = times.opening(starts_at, TimeDelta::days(deferral), at(now))?;
        Some((held.until.expect("it opens"), held.why))
    };
    // Three business days are Friday the 13th, no day to open on; Monday is, from its local midnight on.
    let monday = at("2026-11-15T23:00:00Z");
    assert_eq!(opens(0, "2026-11-10T18:00:00Z"), Some((monday, Why::Deferral)));
    assert_eq!(opens(0, "2026-11-13T10:00:00Z"), Some((monday, Why::Day)));
    assert_eq!(opens(0, "2026-11-15T22:59:59Z"), Some((monday, Why::Day)));
    assert_eq!(opens(0, "2026-11-15T23:00:00Z"), None);
    // The deferral holds too, and to the hour.
    assert_eq!(opens(7, "2026-11-16T10:00:00Z"), Some((at("2026-11-17T18:00:00Z"), Why::Deferral)));
    assert_eq!(opens(7, "2026-11-17T18:00:00Z"), None);
    // Passed by on Friday the 27th at the latest: the month ends with Monday, so December it is.
    assert_eq!(opens(0, "2026-11-27T10:00:00Z"), Some((at("2026-11-30T23:00:00Z"), Why::Day)));
}
