//! Calendars of rings, freezes and holidays.

use std::num::NonZeroU32;

use api_types as wire;
use chrono::{DateTime, NaiveTime, Utc, Weekday};
use domain::calendar::{
    Anchor, CalendarError, Held, Holiday, Offset, Opening, Period, RingCalendar, Rule, When, Why,
    Window, WindowError, Zone,
};
use store::freezes::{CrossingRow, FreezeRow};
use store::holidays::HolidaysRow;

use crate::checks::Checks;
use crate::words::calendar::why;

pub(crate) fn calendar(calendar: &RingCalendar) -> wire::RingCalendar {
    let opening = &calendar.opening;
    let (days, business_days) = match opening.offset {
        Offset::Days(days) => (days, 0),
        Offset::BusinessDays(days) => (0, days),
    };
    wire::RingCalendar {
        time_zone: calendar.zone.name().to_owned(),
        opening: wire::Opening {
            from: match opening.from {
                Anchor::Start => wire::OpeningFrom::Start,
                Anchor::PatchTuesday => wire::OpeningFrom::PatchTuesday,
            },
            days,
            business_days,
            weekdays: opening.weekdays.iter().map(|day| weekday(*day)).collect(),
            not_first_days_of_month: opening.not_first_days,
            not_last_days_of_month: opening.not_last_days,
        },
        windows: calendar
            .windows
            .iter()
            .map(|window| wire::Window {
                rule: window.rule().to_string(),
                first_day: window.first_day(),
                start: window.start().format("%H:%M").to_string(),
                minutes: window.minutes(),
            })
            .collect(),
        max_devices_per_hour: calendar.max_per_hour.map(NonZeroU32::get),
        holidays: calendar.holidays.clone(),
    }
}

/// What a caller wants for a calendar; what is wrong with it is noted.
pub(crate) fn calendar_in(
    calendar: wire::RingCalendar,
    at: &str,
    checks: &mut Checks,
) -> Option<RingCalendar> {
    let zone = calendar.time_zone.parse::<Zone>();
    if let Err(error) = &zone {
        checks.wrong(format!("{at}/time_zone"), error.to_string());
    }
    if let Some(name) = &calendar.holidays {
        checks.text(&format!("{at}/holidays"), name, 64);
    }
    if let Some(most) = calendar.max_devices_per_hour {
        checks.range(format!("{at}/max_devices_per_hour"), &most, 1..=u32::MAX);
    }
    let opening = opening_in(calendar.opening, &format!("{at}/opening"), checks);
    let mut windows = Vec::with_capacity(calendar.windows.len());
    for (index, window) in calendar.windows.iter().enumerate() {
        windows.extend(window_in(window, &format!("{at}/windows/{index}"), checks));
    }
    Some(RingCalendar {
        zone: zone.ok()?,
        opening,
        windows,
        max_per_hour: calendar.max_devices_per_hour.and_then(NonZeroU32::new),
        holidays: calendar.holidays,
    })
}

/// The field of a calendar that a refusal speaks of.
pub(crate) const fn field(error: CalendarError) -> &'static str {
    match error {
        CalendarError::Opening(_) => "/opening",
        CalendarError::Windows => "/windows",
        CalendarError::Holidays => "/holidays",
        CalendarError::NeverOpens => "",
    }
}

fn opening_in(opening: wire::Opening, at: &str, checks: &mut Checks) -> Opening {
    checks.range(format!("{at}/days"), &opening.days, 0..=90);
    checks.range(format!("{at}/business_days"), &opening.business_days, 0..=90);
    if opening.days > 0 && opening.business_days > 0 {
        let why = "days or business_days, not both: one of them must be 0";
        checks.wrong(format!("{at}/business_days"), why);
    }
    Opening {
        from: match opening.from {
            wire::OpeningFrom::Start => Anchor::Start,
            wire::OpeningFrom::PatchTuesday => Anchor::PatchTuesday,
        },
        offset: match opening.business_days {
            0 => Offset::Days(opening.days),
            days => Offset::BusinessDays(days),
        },
        weekdays: opening.weekdays.into_iter().map(weekday_in).collect(),
        not_first_days: opening.not_first_days_of_month,
        not_last_days: opening.not_last_days_of_month,
    }
}

fn window_in(window: &wire::Window, at: &str, checks: &mut Checks) -> Option<Window> {
    let rule = Rule::new(&window.rule);
    if let Err(error) = &rule {
        checks.wrong(format!("{at}/rule"), error.to_string());
    }
    let start = NaiveTime::parse_from_str(&window.start, "%H:%M");
    let start = start.ok().filter(|_| window.start.len() == 5);
    if start.is_none() {
        let found = &window.start;
        let found = if found.len() <= 20 { found.as_str() } else { "this" };
        checks.wrong(format!("{at}/start"), format!("{found} is no time of day; 22:00 would be"));
    }
    match Window::new(rule.ok()?, window.first_day, start?, window.minutes) {
        Ok(window) => Some(window),
        Err(error) => {
            let field = match error {
                WindowError::Length => "minutes",
                WindowError::Start => "start",
                WindowError::FirstDay | WindowError::FirstDayOfMonth => "first_day",
                WindowError::Never => "rule",
            };
            checks.wrong(format!("{at}/{field}"), error.to_string());
            None
        }
    }
}

const fn weekday(day: Weekday) -> wire::Weekday {
    match day {
        Weekday::Mon => wire::Weekday::Monday,
        Weekday::Tue => wire::Weekday::Tuesday,
        Weekday::Wed => wire::Weekday::Wednesday,
        Weekday::Thu => wire::Weekday::Thursday,
        Weekday::Fri => wire::Weekday::Friday,
        Weekday::Sat => wire::Weekday::Saturday,
        Weekday::Sun => wire::Weekday::Sunday,
    }
}

const fn weekday_in(day: wire::Weekday) -> Weekday {
    match day {
        wire::Weekday::Monday => Weekday::Mon,
        wire::Weekday::Tuesday => Weekday::Tue,
        wire::Weekday::Wednesday => Weekday::Wed,
        wire::Weekday::Thursday => Weekday::Thu,
        wire::Weekday::Friday => Weekday::Fri,
        wire::Weekday::Saturday => Weekday::Sat,
        wire::Weekday::Sunday => Weekday::Sun,
    }
}

pub(crate) fn held(held: &Held) -> wire::Held {
    let because = match held.why {
        Why::Deferral => "deferral",
        Why::Day => "day",
        Why::Window => "window",
        Why::Freeze { .. } => "freeze",
        Why::Holiday { .. } => "holiday",
        Why::UnknownHolidays { .. } => "unknown_holidays",
        Why::Rate { .. } => "rate",
    };
    wire::Held { because: because.to_owned(), text: why(&held.why), until: held.until }
}

pub(crate) fn period(period: &Period, zone: Zone) -> wire::OfferPeriod {
    let local = |at: DateTime<Utc>| at.with_timezone(&zone.tz()).to_rfc3339();
    wire::OfferPeriod {
        from: period.from,
        until: period.until,
        local_from: local(period.from),
        local_until: period.until.map(local),
        after: period.after.as_ref().map(why),
    }
}

pub(crate) fn freeze(row: &FreezeRow, now: DateTime<Utc>) -> wire::Freeze {
    let freeze = &row.freeze;
    let ring = match &freeze.scope {
        domain::calendar::Scope::Tenant | domain::calendar::Scope::RingSet { .. } => None,
        domain::calendar::Scope::Ring { ring, .. } => Some(ring.clone()),
    };
    let is_over = row.ended.is_some() || freeze.until.is_some_and(|until| until <= now);
    let state = match (is_over, freeze.from <= now) {
        (true, _) => wire::FreezeState::Over,
        (false, true) => wire::FreezeState::Standing,
        (false, false) => wire::FreezeState::Planned,
    };
    wire::Freeze {
        id: freeze.id.0,
        scope: freeze.scope.name().to_owned(),
        ring_set_id: freeze.scope.ring_set().map(|set| set.0),
        ring,
        from: freeze.from,
        until: freeze.until,
        state,
        owner: freeze.owner.clone(),
        reason: freeze.reason.clone(),
        created_at: row.created_at,
        ended_at: row.ended.as_ref().map(|ended| ended.at),
        ended_by: row.ended.as_ref().map(|ended| ended.by.clone()),
        end_reason: row.ended.as_ref().map(|ended| ended.reason.clone()),
        crossings: row.crossings.iter().map(crossing).collect(),
    }
}

fn crossing(row: &CrossingRow) -> wire::FreezeCrossing {
    wire::FreezeCrossing {
        rollout_id: row.rollout.0,
        release_name: row.release_name.clone(),
        by: row.crossing.by.clone(),
        reason: row.crossing.reason.clone(),
        at: row.crossing.at,
    }
}

pub(crate) fn holidays(row: &HolidaysRow) -> wire::HolidayCalendar {
    wire::HolidayCalendar {
        id: row.id.0,
        name: row.holidays.name.clone(),
        holidays: row.holidays.days.iter().map(holiday).collect(),
        imported_by: row.imported_by.clone(),
        imported_at: row.imported_at,
    }
}

fn holiday(holiday: &Holiday) -> wire::Holiday {
    let mut shown = wire::Holiday {
        name: holiday.name.clone(),
        first_day: None,
        last_day: None,
        from: None,
        until: None,
    };
    match holiday.when {
        When::Days { first, last } => {
            (shown.first_day, shown.last_day) = (Some(first), Some(last));
        }
        When::Hours { from, until } => (shown.from, shown.until) = (Some(from), Some(until)),
    }
    shown
}
