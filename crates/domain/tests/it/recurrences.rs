//! When reports are sent: by weekday, time and zone, over changes of clocks.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use domain::calendar::{Recurrence, Rule};
use proptest::prelude::*;

fn recurrence(rule: &str, start: &str, zone: &str) -> Recurrence {
    let rule = Rule::new(rule).expect("it is right");
    let start = NaiveTime::parse_from_str(start, "%H:%M").expect("it is right");
    Recurrence::new(rule, None, start, zone.parse().expect("it is right")).expect("it is right")
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("it is right")
}

fn next(of: &Recurrence, from: &str, count: usize) -> Vec<String> {
    let mut last = at(from);
    let mut all = Vec::new();
    for _ in 0..count {
        last = of.next_after(last).expect("it is right");
        all.push(last.format("%a %Y-%m-%d %H:%M").to_string());
    }
    all
}

#[test]
fn weekdays_keep_their_local_time_when_clocks_change() {
    let weekly = recurrence("FREQ=WEEKLY;BYDAY=MO", "07:00", "Europe/Zurich");
    assert_eq!(
        next(&weekly, "2026-10-19T05:00:00Z", 2),
        ["Mon 2026-10-26 06:00", "Mon 2026-11-02 06:00"],
        "summer ends on 25 October"
    );
    assert_eq!(next(&weekly, "2026-10-19T04:59:59Z", 1), ["Mon 2026-10-19 05:00"]);
    let tuesdays = recurrence("FREQ=MONTHLY;BYDAY=4TU", "09:30", "America/New_York");
    assert_eq!(
        next(&tuesdays, "2026-02-01T00:00:00Z", 2),
        ["Tue 2026-02-24 14:30", "Tue 2026-03-24 13:30"]
    );
}

#[test]
fn a_time_that_is_skipped_or_shown_twice_comes_once() {
    let daily = recurrence("FREQ=DAILY", "02:30", "Europe/Zurich");
    assert_eq!(
        next(&daily, "2026-03-28T12:00:00Z", 2),
        ["Sun 2026-03-29 01:00", "Mon 2026-03-30 00:30"],
        "02:30 is skipped"
    );
    assert_eq!(
        next(&daily, "2026-10-24T12:00:00Z", 2),
        ["Sun 2026-10-25 00:30", "Mon 2026-10-26 01:30"],
        "02:30 is shown twice"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The next is after the moment asked for, and there is none between: asking from just before it gives it again.
    #[test]
    fn none_is_left_out(minutes in 0_i64..2_000_000, rule in 0_usize..4, zone in 0_usize..4) {
        let rule = ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,TH", "FREQ=MONTHLY;BYMONTHDAY=28", "FREQ=MONTHLY;BYDAY=2TU"][rule];
        let zone = ["UTC", "Europe/Zurich", "America/New_York", "Australia/Lord_Howe"][zone];
        let of = recurrence(rule, "02:15", zone);
        let from = at("2026-01-01T00:00:00Z") + TimeDelta::minutes(minutes);
        let next = of.next_after(from).expect("it is right");
        prop_assert!(next > from);
        prop_assert!(next - from < TimeDelta::days(40));
        prop_assert_eq!(of.next_after(next - TimeDelta::seconds(1)), Some(next));
        prop_assert!(of.next_after(next).expect("it is right") > next);
        let read: Recurrence = serde_json::from_str(&serde_json::to_string(&of).expect("it is right")).expect("it is right");
        prop_assert_eq!(read, of);
    }
}
