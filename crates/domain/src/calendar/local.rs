//! From local times to moments, whatever a clock does (rules 1, 2 and 4 of the calendar).

use chrono::{
    DateTime, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, Offset as _, TimeDelta,
    TimeZone as _, Utc,
};

use super::Zone;

/// The moment that a local time stands for: of two the first, of none the first after the gap.
pub(super) fn moment(zone: Zone, local: NaiveDateTime) -> DateTime<Utc> {
    match zone.0.from_local_datetime(&local) {
        MappedLocalTime::Single(at) => at.to_utc(),
        MappedLocalTime::Ambiguous(one, other) => one.min(other).to_utc(),
        MappedLocalTime::None => after_gap(zone, local),
    }
}

/// The local day of a moment.
pub(super) fn day(zone: Zone, at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&zone.0).date_naive()
}

/// The first moment of a day. Some clocks are set forward at midnight.
pub(super) fn start_of(zone: Zone, day: NaiveDate) -> DateTime<Utc> {
    moment(zone, day.and_time(NaiveTime::MIN))
}

/// The first moment after the gap that `local` falls into: where the clock is set forward. By bisection,
/// down to a second: the clock shows `local` or more exactly from there on.
fn after_gap(zone: Zone, local: NaiveDateTime) -> DateTime<Utc> {
    let shows = |at: DateTime<Utc>| at.with_timezone(&zone.0).naive_local();
    let offset = |around: NaiveDateTime| {
        TimeDelta::seconds(zone.0.offset_from_utc_datetime(&around).fix().local_minus_utc().into())
    };
    let day = TimeDelta::days(1);
    // Read by the clock before the gap this is after it, and the other way round.
    let mut late = (local - offset(local - day)).and_utc();
    let mut early = (local - offset(local + day)).and_utc();
    while late - early > TimeDelta::seconds(1) {
        let middle = early + TimeDelta::seconds((late - early).num_seconds() / 2);
        if shows(middle) < local {
            early = middle;
        } else {
            late = middle;
        }
    }
    late
}
