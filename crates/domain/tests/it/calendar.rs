//! Calendars of rings: what clocks do, days, windows, freezes, holidays, rates.

mod clocks;
mod days;
mod holding;
mod imports;
mod planner;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::calendar::{Freeze, Holiday, Known, RingCalendar, Rule, Scope, When, Window, Zone};
use domain::ids::FreezeId;
use uuid::Uuid;

/// A moment, as `2026-11-10T18:00:00Z`.
fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn zone(name: &str) -> Zone {
    name.parse().expect("a zone")
}

fn window(rule: &str, start: &str, minutes: u16) -> Window {
    let start = NaiveTime::parse_from_str(start, "%H:%M").expect("a time");
    Window::new(Rule::new(rule).expect("a rule"), None, start, minutes).expect("a window")
}

fn calendar(zone_name: &str, windows: Vec<Window>) -> RingCalendar {
    RingCalendar { zone: zone(zone_name), windows, ..RingCalendar::ALWAYS }
}

fn freeze(number: u128, scope: Scope, from: DateTime<Utc>, until: Option<DateTime<Utc>>) -> Freeze {
    Freeze {
        id: FreezeId(Uuid::from_u128(number)),
        scope,
        from,
        until,
        owner: "ana".to_owned(),
        reason: format!("freeze {number}"),
    }
}

fn frozen(freezes: Vec<Freeze>) -> Known {
    Known { freezes, ..Known::default() }
}

fn holiday(first: &str, last: &str, name: &str) -> Holiday {
    let when = When::Days { first: day(first), last: day(last) };
    Holiday { when, name: name.to_owned() }
}

fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}
