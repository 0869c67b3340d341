//! Holidays out of an iCalendar file (RFC 5545).

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use icalendar::parser::{Component, ParseString, Property, read_calendar, unfold};
use rrule::RRuleSet;

use super::rule::{RuleError, days_of, midnight, parse};
use super::{Holiday, When, Zone, local};

/// The most holidays of one calendar, recurring ones counted each time.
pub const MAX_HOLIDAYS: usize = 1_000;
/// The longest holiday.
const LONGEST: TimeDelta = TimeDelta::days(60);

/// Why a file is refused. `event` is what it calls itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    #[error("this is no iCalendar file (BEGIN:VCALENDAR ... END:VCALENDAR): {0}")]
    Unreadable(String),
    #[error("there is no event in it that falls into the time asked for")]
    Empty,
    #[error("{0} holidays are too many; 1000 is the most")]
    TooMany(usize),
    #[error("event {event:?}: {why}")]
    Event { event: String, why: String },
}

/// The holidays of a file from `from` to `until`, in order; recurring ones each time. Cancelled events are
/// left out. A time without a zone is refused: sites differ in what it would mean.
pub fn import(text: &str, from: NaiveDate, until: NaiveDate) -> Result<Vec<Holiday>, ImportError> {
    let text = unfold(text.trim_start_matches('\u{feff}').trim());
    let calendar = read_calendar(&text).map_err(|error| ImportError::Unreadable(place(&error)))?;
    let events: Vec<&Component<'_>> =
        calendar.components.iter().filter(|component| component.name == "VEVENT").collect();
    // Single times of a recurring event that were moved stand in the file again, as events of their own.
    let moved: Vec<(&str, NaiveDateTime)> = events
        .iter()
        .filter_map(|event| {
            let time = read_time(event.find_prop("RECURRENCE-ID")?).ok()?;
            Some((value(event, "UID").unwrap_or_default(), time.local))
        })
        .collect();
    let mut holidays = Vec::new();
    for event in events {
        let found = of_event(event, &moved, (from, until)).map_err(|why| {
            let event = value(event, "SUMMARY").or_else(|| value(event, "UID"));
            ImportError::Event { event: event.unwrap_or("without a name").to_owned(), why }
        })?;
        holidays.extend(found);
        if holidays.len() > MAX_HOLIDAYS {
            return Err(ImportError::TooMany(holidays.len()));
        }
    }
    holidays.sort();
    holidays.dedup();
    if holidays.is_empty() { Err(ImportError::Empty) } else { Ok(holidays) }
}

/// Where a parser says it stopped, in words that people know.
fn place(error: &str) -> String {
    let line = error.split_once("at line ").map(|(_, rest)| rest);
    let line = line.and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
    line.map_or_else(
        || "it ends too early".to_owned(),
        |line| format!("line {line} is not understood"),
    )
}

/// A DATE or a DATE-TIME.
#[derive(Debug, Clone, Copy)]
struct Time {
    local: NaiveDateTime,
    /// None: a day.
    zone: Option<Zone>,
}

fn of_event(
    event: &Component<'_>,
    moved: &[(&str, NaiveDateTime)],
    (from, until): (NaiveDate, NaiveDate),
) -> Result<Vec<Holiday>, String> {
    if value(event, "STATUS").is_some_and(|status| status.eq_ignore_ascii_case("CANCELLED")) {
        return Ok(Vec::new());
    }
    if event.find_prop("RDATE").is_some() {
        return Err("RDATE is not understood; give each date an event of its own".to_owned());
    }
    let name = value(event, "SUMMARY").map(str::trim).filter(|name| !name.is_empty());
    let name: String = name.unwrap_or("Holiday").replace(char::is_control, " ");
    let name: String = name.chars().take(100).collect();
    let start = read_time(event.find_prop("DTSTART").ok_or("it has no DTSTART")?)?;
    let length = length(event, start)?;
    if length <= TimeDelta::zero() || length > LONGEST {
        return Err("it must last at least a minute, and 60 days at most".to_owned());
    }
    let uid = value(event, "UID").unwrap_or_default();
    let mut left_out: HashSet<NaiveDateTime> = HashSet::new();
    if event.find_prop("RECURRENCE-ID").is_none() {
        left_out.extend(moved.iter().filter(|(of, _)| *of == uid).map(|(_, at)| *at));
    }
    for property in event.properties.iter().filter(|property| property.name == "EXDATE") {
        for text in property.val.as_str().split(',') {
            left_out.insert(time_of(text, property)?.local);
        }
    }
    let starts = match value(event, "RRULE") {
        None => vec![start.local],
        Some(rule) => recurring(rule, start, (from, until)).map_err(|error| error.to_string())?,
    };
    let holidays = starts.into_iter().filter(|at| !left_out.contains(at)).map(|at| {
        let when = match start.zone {
            None => {
                When::Days { first: at.date(), last: (at + length - TimeDelta::days(1)).date() }
            }
            Some(zone) => {
                let from = local::moment(zone, at);
                When::Hours { from, until: from + length }
            }
        };
        ((at, at + length), Holiday { when, name: name.clone() })
    });
    let inside = |(first, last): &(NaiveDateTime, NaiveDateTime)| {
        first.date() <= until && last.date() >= from
    };
    Ok(holidays.filter(|(span, _)| inside(span)).map(|(_, holiday)| holiday).collect())
}

/// How long an event lasts: to its end, for its duration, or the one day it names.
fn length(event: &Component<'_>, start: Time) -> Result<TimeDelta, String> {
    if let Some(end) = event.find_prop("DTEND") {
        let end = read_time(end)?;
        return match (start.zone, end.zone) {
            (None, None) => Ok(end.local - start.local),
            (Some(of_start), Some(of_end)) => {
                Ok(local::moment(of_end, end.local) - local::moment(of_start, start.local))
            }
            (None, Some(_)) | (Some(_), None) => {
                Err("DTSTART and DTEND must both be days, or both be times".to_owned())
            }
        };
    }
    match (value(event, "DURATION"), start.zone) {
        (None, None) => Ok(TimeDelta::days(1)),
        (None, Some(_)) => Err("it has a time, and neither DTEND nor DURATION".to_owned()),
        (Some(text), zone) => {
            let length = duration(text).ok_or_else(|| format!("{text:?} is no duration"))?;
            let whole_days = length.num_seconds() % 86_400 == 0;
            match zone {
                None if !whole_days => Err("a day lasts whole days".to_owned()),
                None | Some(_) => Ok(length),
            }
        }
    }
}

/// `P1D`, `P2W`, `PT4H30M`: a duration of RFC 5545, which knows neither months nor years.
fn duration(text: &str) -> Option<TimeDelta> {
    let mut seconds = 0_i64;
    let mut number = String::new();
    for letter in text.trim().strip_prefix('P')?.chars() {
        let unit = match letter {
            '0'..='9' => {
                number.push(letter);
                continue;
            }
            'T' if number.is_empty() => continue,
            'W' => 604_800,
            'D' => 86_400,
            'H' => 3_600,
            'M' => 60,
            'S' => 1,
            _ => return None,
        };
        seconds = seconds.checked_add(number.parse::<i64>().ok()?.checked_mul(unit)?)?;
        number.clear();
    }
    number.is_empty().then(|| TimeDelta::try_seconds(seconds)).flatten()
}

/// The starts of a recurring event from `from` to `until`, and some before.
fn recurring(
    rule: &str,
    start: Time,
    (from, until): (NaiveDate, NaiveDate),
) -> Result<Vec<NaiveDateTime>, RuleError> {
    let rule = parse(&with_last_day(rule, start))?;
    let first = start.local.date();
    let unreadable = |error: rrule::RRuleError| RuleError::Unreadable(error.to_string());
    let set: RRuleSet = rule.build(midnight(first)).map_err(unreadable)?;
    // Early ones may still last. More than enough of them are counted as too many.
    let early = from.checked_sub_signed(LONGEST).unwrap_or(from);
    let days = days_of(set)
        .skip_while(|day| *day < early)
        .take_while(|day| *day <= until)
        .take(MAX_HOLIDAYS + 100);
    Ok(days.map(|day| day.and_time(start.local.time())).collect())
}

/// Rules are asked for days alone, so their end is put as the last day on which the event can start.
fn with_last_day(rule: &str, start: Time) -> String {
    let part = |part: &str| {
        let Some((name, text)) = part.split_once('=') else { return part.to_owned() };
        if !name.eq_ignore_ascii_case("UNTIL") {
            return part.to_owned();
        }
        let until = if let (Some(at), Some(zone)) = (utc(text), start.zone) {
            Some(at.with_timezone(&zone.tz()).naive_local())
        } else {
            let time = NaiveDateTime::parse_from_str(text.trim_end_matches('Z'), "%Y%m%dT%H%M%S");
            time.ok().or_else(|| day(text).map(|day| day.and_time(start.local.time())))
        };
        until.map_or_else(
            || part.to_owned(),
            |until| {
                let day = if until.time() < start.local.time() {
                    until.date().pred_opt().unwrap_or(until.date())
                } else {
                    until.date()
                };
                format!("UNTIL={}T000000Z", day.format("%Y%m%d"))
            },
        )
    };
    rule.split(';').map(part).collect::<Vec<_>>().join(";")
}

fn value<'a>(event: &'a Component<'_>, name: &str) -> Option<&'a str> {
    event.find_prop(name).map(|property| property.val.as_str())
}

fn read_time(property: &Property<'_>) -> Result<Time, String> {
    time_of(property.val.as_str(), property)
}

/// A day, a time in UTC, or one in the zone that the property names.
fn time_of(text: &str, property: &Property<'_>) -> Result<Time, String> {
    let (text, name) = (text.trim(), property.name.as_str());
    if let Some(day) = day(text) {
        return Ok(Time { local: day.and_time(NaiveTime::MIN), zone: None });
    }
    if let Some(at) = utc(text) {
        return Ok(Time { local: at.naive_utc(), zone: Some(Zone::UTC) });
    }
    let local = NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S")
        .map_err(|_| format!("{name} {text:?} is neither a day nor a time"))?;
    let named = property.params.iter().find(|parameter| parameter.key == "TZID");
    let named = named.and_then(|parameter| parameter.val.as_ref()).map(ParseString::as_str);
    let named = named.ok_or_else(|| format!("{name} has a time without a time zone"))?;
    let zone = named.trim_matches('"').parse::<Zone>().map_err(|error| error.to_string())?;
    Ok(Time { local, zone: Some(zone) })
}

fn day(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y%m%d").ok().filter(|_| text.len() == 8)
}

fn utc(text: &str) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ").ok().map(|at| at.and_utc())
}
