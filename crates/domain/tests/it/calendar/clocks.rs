//! Windows across every change of a clock from 2026 to 2030.
//!
//! Judged by going through the time minute by minute and reading the clock, never by asking what a local
//! time stands for, which is what is tested.

use std::fmt::Write as _;

use chrono::{
    DateTime, Datelike as _, NaiveDateTime, NaiveTime, Offset as _, TimeDelta, TimeZone as _, Utc,
};
use domain::calendar::{Known, State, Times, Zone};
use proptest::prelude::*;

use super::{at, calendar, minutes, window, zone};

const ZONES: [&str; 8] = [
    "Europe/Zurich",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Pacific/Chatham",
    "Africa/Cairo",
    "America/Santiago",
];

/// What a clock on the wall shows.
fn shown(zone: Zone, at: DateTime<Utc>) -> NaiveDateTime {
    at.with_timezone(&zone.tz()).naive_local()
}

/// Every moment from 2026 to 2030 at which the clock of a zone is changed, to the minute, by how much.
fn changes(zone: Zone) -> Vec<(DateTime<Utc>, i32)> {
    let offset = |at: DateTime<Utc>| {
        zone.tz().offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()
    };
    let mut found = Vec::new();
    let mut now = at("2026-01-01T00:00:00Z");
    while now.year() < 2031 {
        let next = now + TimeDelta::hours(1);
        if offset(now) != offset(next) {
            let exact = (1..=60).map(|minute| now + minutes(minute));
            let exact = exact.into_iter().find(|at| offset(*at) != offset(now)).expect("within it");
            found.push((exact, offset(next) - offset(now)));
        }
        now = next;
    }
    found
}

/// When a clock first shows `local` or more on that day's way from `from`: by looking at it.
fn first_shown(zone: Zone, local: NaiveDateTime, from: DateTime<Utc>) -> DateTime<Utc> {
    let mut now = from;
    while shown(zone, now) < local {
        now += minutes(1);
    }
    now
}

/// Starts of a daily window that lasts `length` minutes, between two moments, as the state says.
fn starts(
    zone: Zone,
    start: NaiveTime,
    length: u16,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let text = start.format("%H:%M").to_string();
    let calendar = calendar(zone.name(), vec![window("FREQ=DAILY", &text, length)]);
    let known = Known::default();
    let times = Times { calendar: Some(&calendar), ring: "", known: &known };
    let mut found = Vec::new();
    let mut open_since = None;
    let mut now = from;
    while now < to {
        match (times.state(now), open_since) {
            (State::Open { .. }, None) => open_since = Some(now),
            (State::Closed(_), Some(since)) => {
                found.push((since, now));
                open_since = None;
            }
            (State::Open { .. }, Some(_)) | (State::Closed(_), None) => {}
        }
        now += minutes(1);
    }
    found
}

#[test]
fn the_clocks_that_are_changed_and_how_often() {
    let mut table = String::new();
    for name in ZONES {
        let changes = changes(zone(name));
        let by: std::collections::BTreeSet<i32> = changes.iter().map(|(_, by)| by / 60).collect();
        writeln!(table, "{name}: {} changes, by {by:?} minutes", changes.len()).expect("a string");
    }
    insta::assert_snapshot!(table, @"
    Europe/Zurich: 10 changes, by {-60, 60} minutes
    America/New_York: 10 changes, by {-60, 60} minutes
    Australia/Lord_Howe: 10 changes, by {-30, 30} minutes
    America/Sao_Paulo: 0 changes, by {} minutes
    Asia/Kolkata: 0 changes, by {} minutes
    Pacific/Chatham: 10 changes, by {-60, 60} minutes
    Africa/Cairo: 10 changes, by {-60, 60} minutes
    America/Santiago: 10 changes, by {-60, 60} minutes
    ");
}

/// Around every change, a daily window begins when the clock first shows its start, or, if the clock
/// skips it, when it goes on; once; and is open for as long as it says.
#[test]
fn a_window_begins_once_and_lasts_its_time_over_every_change() {
    let mut seen = 0;
    for name in ZONES {
        let zone = zone(name);
        for (change, by) in changes(zone) {
            let local = shown(zone, change - minutes(1));
            // Starts inside of the gap or the fold, on its edges, and an hour around.
            for shift in [-60, -1, 0, 1, 15, 29, 30, 31, 59, 60] {
                let start =
                    local + minutes(shift) - minutes(if by < 0 { i64::from(-by / 60) } else { 0 });
                let (from, to) = (change - TimeDelta::hours(4), change + TimeDelta::hours(4));
                let expected = first_shown(zone, start, from);
                let found = starts(zone, start.time(), 45, (from, to));
                let near = found
                    .iter()
                    .filter(|(at, _)| shown(zone, *at).date() == start.date() || *at == expected);
                let near: Vec<_> = near.collect();
                assert_eq!(
                    near,
                    [&(expected, expected + minutes(45))],
                    "{name} {start} around {change}"
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 500, "only {seen} edges were tried");
}

/// By hand, from the tables that governments publish.
#[test]
fn known_nights() {
    let open = |name: &str, start: &str, length: u16, from: &str, to: &str| {
        let start = NaiveTime::parse_from_str(start, "%H:%M").expect("a time");
        let found = starts(zone(name), start, length, (at(from), at(to)));
        found
            .iter()
            .map(|(from, to)| format!("{} {}", from.format("%d %H:%MZ"), to.format("%d %H:%MZ")))
            .collect::<Vec<_>>()
    };
    // 2026-03-29 02:00 becomes 03:00: half past two is skipped, and the night is an hour shorter by its clock.
    let zurich = ["2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"];
    assert_eq!(open("Europe/Zurich", "02:30", 60, zurich[0], zurich[1]), ["29 01:00Z 29 02:00Z"]);
    assert_eq!(open("Europe/Zurich", "22:00", 360, zurich[0], zurich[1]), ["28 21:00Z 29 03:00Z"]);
    // 2026-11-01 02:00 becomes 01:00: half past one comes twice, and counts once.
    let york = ["2026-11-01T00:00:00Z", "2026-11-01T12:00:00Z"];
    assert_eq!(open("America/New_York", "01:30", 60, york[0], york[1]), ["01 05:30Z 01 06:30Z"]);
    // Lord Howe moves by half an hour: 2026-10-04 02:00 becomes 02:30.
    let howe = ["2026-10-03T12:00:00Z", "2026-10-04T00:00:00Z"];
    assert_eq!(open("Australia/Lord_Howe", "02:15", 30, howe[0], howe[1]), ["03 15:30Z 03 16:00Z"]);
    // Chatham is a quarter of an hour off and changes at 02:45: 2026-09-27.
    let chatham = ["2026-09-26T06:00:00Z", "2026-09-27T00:00:00Z"];
    assert_eq!(
        open("Pacific/Chatham", "03:00", 60, chatham[0], chatham[1]),
        ["26 14:00Z 26 15:00Z"]
    );
    // Santiago skips midnight itself: 2026-09-06 begins at 01:00.
    let santiago = ["2026-09-05T18:00:00Z", "2026-09-06T12:00:00Z"];
    assert_eq!(
        open("America/Santiago", "00:00", 60, santiago[0], santiago[1]),
        ["06 04:00Z 06 05:00Z"]
    );
}

fn some_zone() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(ZONES.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// What is said of the end of a state is so: nothing changes before, and something does then.
    #[test]
    fn a_state_ends_when_it_says(
        name in some_zone(),
        start in 0_u32..1440,
        length in 1_u16..3000,
        days in proptest::sample::subsequence(vec!["MO", "TU", "WE", "TH", "FR", "SA", "SU"], 1..=7),
        from in 0_i64..2_500_000,
    ) {
        let start = format!("{:02}:{:02}", start / 60, start % 60);
        let rule = format!("FREQ=WEEKLY;BYDAY={}", days.join(","));
        let calendar = calendar(name, vec![window(&rule, &start, length)]);
        let known = Known::default();
        let times = Times { calendar: Some(&calendar), ring: "", known: &known };
        let now = at("2026-01-01T00:00:00Z") + minutes(from);
        let is_open = |at| matches!(times.state(at), State::Open { .. });
        let end = match times.state(now) {
            State::Open { until } => until,
            State::Closed(held) => held.until,
        };
        let end = end.expect("weekly windows come and go");
        prop_assert!(end > now);
        let step = ((end - now) / 20).max(minutes(1));
        let mut between = now;
        while between < end {
            prop_assert_eq!(is_open(between), is_open(now), "{}", between);
            between += step;
        }
        prop_assert_eq!(is_open(end - TimeDelta::seconds(1)), is_open(now));
        // An open window may run into the next one; a closed one ends.
        prop_assert!(is_open(now) || is_open(end));
    }
}
